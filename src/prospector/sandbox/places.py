"""Where people of the sandbox do things, and what a connector would see of each.

Every act writes into the world behind the servers and gives it as the `Seen` that the connector of
that platform gives for it, so that a past which is logged and a poll which finds it again have the
same key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from prospector.sandbox.bluesky_world import FOLLOW, LIKE, BlueskyWorld
from prospector.sandbox.feeds import FeedWorld
from prospector.sandbox.mastodon_world import MastodonWorld
from prospector.sandbox.people import Person
from prospector.sdk import Identity, ProfileRef, Seen


class Place(Protocol):
    """One platform. `at` is when it happens, None for now; acts towards us are done to our newest
    post where they need one."""

    platform: str
    social: bool

    def settle(self, person: Person) -> None: ...
    def identity(self, person: Person) -> Identity: ...
    def publish(self, text: str, at: datetime | None = None) -> None: ...
    def post(self, person: Person, text: str, at: datetime | None = None) -> Seen: ...
    def mention(self, person: Person, text: str, at: datetime | None = None) -> Seen: ...
    def reply(self, person: Person, text: str, at: datetime | None = None, to: str | None = None) -> Seen: ...
    def like(self, person: Person, at: datetime | None = None) -> Seen | None: ...
    def follow(self, person: Person, at: datetime | None = None) -> Seen | None: ...
    def liked_by_us(self, post: Seen, at: datetime) -> None: ...


def ref_of(place: Place, person: Person) -> ProfileRef:
    identity = place.identity(person)
    return ProfileRef(place.platform, identity.url, identity.handle)


@dataclass
class OnBluesky:
    """`us` is our own DID."""

    world: BlueskyWorld
    us: str
    platform: str = "bluesky"
    social: bool = True
    dids: dict[str, str] = field(default_factory=dict)
    ours: list[str] = field(default_factory=list)

    def settle(self, person: Person) -> None:
        self.dids[person.handle] = self.world.account(person.handle, name=person.name)

    def identity(self, person: Person) -> Identity:
        url = f"https://bsky.app/profile/{person.handle}"
        return Identity(self.platform, self.dids[person.handle], person.handle, url, person.name)

    def publish(self, text: str, at: datetime | None = None) -> None:
        self.ours.append(self.world.post(self.us, text, at))

    def post(self, person: Person, text: str, at: datetime | None = None) -> Seen:
        return self._said(person, "post", self.world.post(self._did(person), text, at))

    def mention(self, person: Person, text: str, at: datetime | None = None) -> Seen:
        return self._said(person, "mention", self.world.post(self._did(person), text, at))

    def reply(self, person: Person, text: str, at: datetime | None = None, to: str | None = None) -> Seen:
        uri = self.world.post(self._did(person), text, at, reply_to=to or self.ours[-1])
        return self._said(person, "reply", uri)

    def like(self, person: Person, at: datetime | None = None) -> Seen | None:
        post = _untouched(self.ours, lambda uri: self.world.own(self._did(person), LIKE, uri) is not None)
        if post is None:
            return None
        self.world.like(self._did(person), post, at)
        return self._act(person, "like", post, at)

    def follow(self, person: Person, at: datetime | None = None) -> Seen | None:
        if self.world.own(self._did(person), FOLLOW, self.us):
            return None
        self.world.follow(self._did(person), self.us, at)
        return self._act(person, "follow", self.us, at)

    def liked_by_us(self, post: Seen, at: datetime) -> None:
        self.world.like(self.us, post.object, at)

    def _did(self, person: Person) -> str:
        return self.dids[person.handle]

    def _said(self, person: Person, kind: str, uri: str) -> Seen:
        record = self.world.records[uri]
        identity, address = self.identity(person), uri.removeprefix("at://").split("/")
        root = record.value.get("reply", {}).get("root")
        return Seen(
            kind=kind,
            actor=identity.remote_id,
            object=uri,
            at=record.seen_at,
            actor_url=identity.url,
            actor_name=person.name,
            post=record.subject if kind == "reply" else uri,
            url=f"https://bsky.app/profile/{address[0]}/post/{address[2]}",
            text=str(record.value["text"]),
            attributes={"uri": uri, "cid": record.cid} | ({"root": root} if root else {}),
        )

    def _act(self, person: Person, kind: str, subject: str, at: datetime | None) -> Seen:
        identity, post = self.identity(person), subject if subject.startswith("at://") else None
        time = at or self.world.now()
        return Seen(
            kind, identity.remote_id, subject, time, identity.url, person.name, post=post, url=identity.url
        )


@dataclass
class OnMastodon:
    """People of other instances, as ours knows them; `us` is our own account's id."""

    world: MastodonWorld
    us: str
    platform: str = "mastodon"
    social: bool = True
    ids: dict[str, str] = field(default_factory=dict)
    ours: list[str] = field(default_factory=list)

    def settle(self, person: Person) -> None:
        self.ids[person.handle] = self.world.account(person.handle, name=person.name)

    def identity(self, person: Person) -> Identity:
        user, _, host = person.handle.partition("@")
        remote_id = f"{self.world.domain}/{self.ids[person.handle]}"
        return Identity(self.platform, remote_id, person.handle, f"https://{host}/@{user}", person.name)

    def publish(self, text: str, at: datetime | None = None) -> None:
        self.ours.append(self.world.post(self.us, text, at))

    def post(self, person: Person, text: str, at: datetime | None = None) -> Seen:
        return self._said(person, "post", self.world.post(self._id(person), text, at))

    def mention(self, person: Person, text: str, at: datetime | None = None) -> Seen:
        return self._said(person, "mention", self.world.post(self._id(person), text, at))

    def reply(self, person: Person, text: str, at: datetime | None = None, to: str | None = None) -> Seen:
        status = self.world.post(self._id(person), text, at, reply_to=to or self.ours[-1])
        return self._said(person, "reply", status)

    def like(self, person: Person, at: datetime | None = None) -> Seen | None:
        post = _untouched(self.ours, lambda status: (self._id(person), status) in self.world.favourites)
        if post is None:
            return None
        self.world.like(self._id(person), post, at)
        uri = self.world.uri(self.world.statuses[post])
        return self._act(person, "like", uri, uri, at)

    def follow(self, person: Person, at: datetime | None = None) -> Seen | None:
        if not self.world.follow(self._id(person), self.us, at):
            return None
        return self._act(person, "follow", f"{self.world.domain}/{self.us}", None, at)

    def liked_by_us(self, post: Seen, at: datetime) -> None:
        self.world.like(self.us, str(post.attributes["id"]), at)

    def _id(self, person: Person) -> str:
        return self.ids[person.handle]

    def _said(self, person: Person, kind: str, id_: str) -> Seen:
        status, identity = self.world.statuses[id_], self.identity(person)
        uri = self.world.uri(status)
        return Seen(
            kind=kind,
            actor=identity.remote_id,
            object=uri,
            at=status.at,
            actor_url=identity.url,
            actor_name=person.name,
            post=uri,
            url=f"{identity.url}/{id_}",
            text=status.text,
            attributes={
                "uri": uri,
                "id": id_,
                "instance": self.world.domain,
                "acct": person.handle,
                "visibility": status.visibility,
            },
        )

    def _act(self, person: Person, kind: str, subject: str, post: str | None, at: datetime | None) -> Seen:
        identity, time = self.identity(person), at or self.world.now()
        return Seen(
            kind, identity.remote_id, subject, time, identity.url, person.name, post=post, url=identity.url
        )


@dataclass
class OnBlogs:
    """Blogs at `base`; nobody can do anything towards us there, so those acts become posts."""

    world: FeedWorld
    base: str
    platform: str = "feed"
    social: bool = False

    def settle(self, person: Person) -> None:
        self.world.blog(person.handle, f"{person.name}: {person.company}")

    def identity(self, person: Person) -> Identity:
        address = f"{self.base}/{person.handle}/feed.xml"
        return Identity(self.platform, address, person.handle, address, self.world.blogs[person.handle].title)

    def publish(self, text: str, at: datetime | None = None) -> None:
        """We have no blog here."""

    def post(self, person: Person, text: str, at: datetime | None = None) -> Seen:
        title = text.split(". ", maxsplit=1)[0][:60].rstrip(".?!")
        moment = (at or datetime.now(UTC)).replace(microsecond=0)
        post = self.world.publish(person.handle, title, text, moment)
        identity, uri = self.identity(person), f"{self.base}/id/{post.number}/{post.at:%Y%m%d%H%M%S}"
        return Seen(
            kind="post",
            actor=identity.remote_id,
            object=uri,
            at=moment,
            actor_url=identity.url,
            actor_name=identity.name or "",
            post=uri,
            url=f"{self.base}/{person.handle}/{post.number}",
            text=text,
            attributes={"title": title},
        )

    mention = post

    def reply(self, person: Person, text: str, at: datetime | None = None, to: str | None = None) -> Seen:
        return self.post(person, text, at)

    def like(self, person: Person, at: datetime | None = None) -> Seen | None:
        return None

    def follow(self, person: Person, at: datetime | None = None) -> Seen | None:
        return None

    def liked_by_us(self, post: Seen, at: datetime) -> None:
        """Nothing to see: a feed has no likes."""


def _untouched(ours: list[str], touched: Callable[[str], bool]) -> str | None:
    """The newest post of ours that they have not liked yet."""
    return next((post for post in reversed(ours) if not touched(post)), None)
