"""Bluesky (AT Protocol): posts, replies, likes, reposts and follows through our own PDS.

Needs a handle and an app password (Settings → Privacy and security → App passwords). What is sent
is written with `putRecord` under a key that comes from the message, so a repeat changes nothing.
Sources: docs.bsky.app (HTTP reference), atproto.com/specs; what real servers do beyond them is in
docs/connectors/bluesky.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

import msgspec
from pydantic import BaseModel, ConfigDict, field_validator

from prospector.sdk import (
    YES,
    Broken,
    Can,
    Capabilities,
    ConnectorError,
    Context,
    Gone,
    Identity,
    Intent,
    NotSent,
    Page,
    ProfileRef,
    Receipt,
    Refused,
    SecretReference,
    Seen,
)

from . import _bluesky_records as records
from . import _walk
from ._bluesky_session import call, read, session
from ._richtext import MOST_BYTES, MOST_GRAPHEMES, facets, graphemes, handles, record_key

PAGE = 50
MOST_URIS = 25
_COLLECTIONS = {
    "like": "app.bsky.feed.like",
    "reply": "app.bsky.feed.post",
    "follow": "app.bsky.graph.follow",
}
_CHAT = "Bluesky's chat is a service of its own: open the conversation in the app and paste the text."
_FEW = Can("yes", "Bluesky asks that automated accounts act seldom and with a person behind each act.", "low")


class Settings(BaseModel):
    """An account on Bluesky. `password` is a reference (`env:NAME`) to an app password.

    `service` is where we sign in. `appview`, if set, answers public reads without our token
    (https://public.api.bsky.app); otherwise they go through our own PDS.
    """

    model_config = ConfigDict(extra="forbid")
    handle: str
    password: SecretReference
    service: str = "https://bsky.social"
    appview: str | None = None

    @field_validator("service", "appview")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname:
            raise ValueError(f"{value!r} is no server's address: write it like https://bsky.social")
        return value.rstrip("/")

    @field_validator("handle")
    @classmethod
    def _handle(cls, value: str) -> str:
        return value.strip().removeprefix("@")


class Posts(msgspec.Struct):
    posts: list[records.PostView]


class Written(msgspec.Struct):
    """What putRecord and getRecord answer, as far as we need it."""

    uri: str
    cid: str = ""


class Bluesky:
    """The connector."""

    name: ClassVar[str] = "bluesky"
    Settings: ClassVar[type[BaseModel]] = Settings
    can: ClassVar[Capabilities] = Capabilities(
        posts=YES,
        interactions=YES,
        like=_FEW,
        reply=_FEW,
        follow=_FEW,
        dm=Can("by_hand", _CHAT),
        longest=MOST_GRAPHEMES,
        find_is_proof=True,
    )
    platforms: ClassVar[frozenset[str]] = frozenset({"bluesky"})

    async def whoami(self, context: Context) -> Identity:
        """By the PDS alone: a fresh account may have no profile at the AppView yet."""
        answer = await call(context, "GET", "com.atproto.server.getSession")
        return records.identity(answer.json(records.Profile))

    async def resolve(self, context: Context, ref: ProfileRef) -> Identity:
        return records.identity(await _profile(context, ref.handle.removeprefix("@")))

    async def poll(self, context: Context, identity: Identity, cursor: str | None) -> Page:
        """One page of what they posted, and reposted of ours, on the way back to what was seen before."""
        walk = _walk.begin(cursor, context.now)
        us = (await session(context)).did
        params = _paged(walk) | {"actor": identity.remote_id, "filter": "posts_with_replies"}
        feed = await read(context, "app.bsky.feed.getAuthorFeed", records.Feed, params)
        items = records.items_of(feed, identity.remote_id)
        seen = tuple(thing for item in items if (thing := records.posted(item, us)))
        page = await _page(context, walk, seen, {item.name: item.time for item in items}, feed.cursor)
        gone = records.deleted_parents(feed, identity.remote_id)
        return replace(page, retracted=page.retracted + gone, moved=_moved(items, identity))

    async def inbox(self, context: Context, cursor: str | None) -> Page:
        """One page of what people did towards us, on the way back to what was seen before."""
        walk = _walk.begin(cursor, context.now)
        us = (await session(context)).did
        answer = await call(context, "GET", "app.bsky.notification.listNotifications", params=_paged(walk))
        notes = answer.json(records.Notifications)
        seen = tuple(thing for note in notes.notifications if (thing := records.notified(note, us)))
        times = {note.uri: note.indexed_at for note in notes.notifications}
        return await _page(context, walk, seen, times, notes.cursor)

    async def act(self, context: Context, intent: Intent) -> Receipt:
        """Write the like, reply or follow; for one `message_id` always the same record."""
        if intent.action not in _COLLECTIONS:
            raise Refused(self.can.act(intent.action).why or f"Bluesky has no {intent.action}.")
        check_text(intent)
        try:
            return await self._write(context, intent)
        except Broken as problem:
            if done := await self.find(context, intent):
                return done
            raise NotSent(f"It is not in our repository, and may be tried again. {problem}") from problem

    async def _write(self, context: Context, intent: Intent) -> Receipt:
        if intent.action == "follow":
            return await _follow(context, intent)
        target = await _target(context, intent)
        if target is None:
            if done := await self.find(context, intent):
                return done
            raise Gone(f"The post {intent.on} is no longer there: discard this {intent.action}.")
        if intent.action == "like":
            return await _like(context, intent, target)
        return await _reply(context, intent, target)

    async def find(self, context: Context, intent: Intent) -> Receipt | None:
        """The record that `act` would have written, if it is in our repository."""
        if intent.action not in _COLLECTIONS:
            return None
        params: dict[str, str | int] = {
            "repo": (await session(context)).did,
            "collection": _COLLECTIONS[intent.action],
            "rkey": record_key(intent.message_id, intent.approved_at),
        }
        try:
            answer = await call(context, "GET", "com.atproto.repo.getRecord", params=params)
        except Gone:
            return None
        return _receipt(answer.json(Written))


def check_text(intent: Intent) -> None:
    """Raises `Refused` for a reply that Bluesky would not take, before anything is sent."""
    if intent.action != "reply":
        return
    if not intent.body.strip():
        raise Refused("The reply is empty: write a text.")
    length = graphemes(intent.body)
    if length > MOST_GRAPHEMES or len(intent.body.encode(errors="replace")) > MOST_BYTES:
        raise Refused(
            f"The reply has {length} characters and Bluesky takes {MOST_GRAPHEMES}"
            f" (at most {MOST_BYTES:,} bytes): shorten it."
        )


def like_record(intent: Intent, target: records.PostView) -> dict[str, Any]:
    subject = {"uri": target.uri, "cid": target.cid}
    return {"$type": _COLLECTIONS["like"], "subject": subject, "createdAt": _stamp(intent)}


def reply_record(intent: Intent, target: records.PostView, dids: Mapping[str, str]) -> dict[str, Any]:
    """A post that answers `target`; the root is the target's own root, or the target if it is first."""
    parent = {"uri": target.uri, "cid": target.cid}
    record: dict[str, Any] = {
        "$type": _COLLECTIONS["reply"],
        "text": intent.body,
        "reply": {"root": records.root(target.record) or parent, "parent": parent},
        "createdAt": _stamp(intent),
    }
    found = facets(intent.body, dids)
    return record | {"facets": found} if found else record


async def _like(context: Context, intent: Intent, target: records.PostView) -> Receipt:
    already = target.viewer.get("like")
    if isinstance(already, str):
        return Receipt(already, "It was liked before.", records.post_url(target.uri))
    return await _put(context, intent, like_record(intent, target))


async def _reply(context: Context, intent: Intent, target: records.PostView) -> Receipt:
    if target.viewer.get("replyDisabled") is True:
        raise Refused("They let only some people answer this post, and we are not among them.")
    named = handles(intent.body)
    dids = {handle: did for handle in named if (did := await _did(context, handle))}
    return await _put(context, intent, reply_record(intent, target, dids))


async def _follow(context: Context, intent: Intent) -> Receipt:
    profile = await _profile(context, intent.to.remote_id, ours=True)
    already = profile.viewer.get("following")
    if isinstance(already, str):
        return Receipt(already, "We followed them before.", records.profile_url(profile))
    record = {"$type": _COLLECTIONS["follow"], "subject": profile.did, "createdAt": _stamp(intent)}
    return await _put(context, intent, record)


async def _put(context: Context, intent: Intent, record: Mapping[str, Any]) -> Receipt:
    body = {
        "repo": (await session(context)).did,
        "collection": record["$type"],
        "rkey": record_key(intent.message_id, intent.approved_at),
        "record": record,
    }
    answer = await call(context, "POST", "com.atproto.repo.putRecord", json=body)
    return _receipt(answer.json(Written))


async def _target(context: Context, intent: Intent) -> records.PostView | None:
    """The post to act on, as it is now; None if it was deleted. Our own view of it: blocks, likes."""
    if not records.owner(intent.on):
        raise Refused(f"{intent.on!r} is no post on Bluesky.")
    query = "?" + urlencode({"uris": intent.on})
    answer = await call(context, "GET", "app.bsky.feed.getPosts", query=query)
    return next((post for post in answer.json(Posts).posts if post.uri == intent.on), None)


async def _profile(context: Context, actor: str, *, ours: bool = False) -> records.Profile:
    """A profile; `ours` asks our PDS, which knows whether we follow them."""
    params: dict[str, str | int] = {"actor": actor}
    if ours:
        return (await call(context, "GET", "app.bsky.actor.getProfile", params=params)).json(records.Profile)
    return await read(context, "app.bsky.actor.getProfile", records.Profile, params)


async def _did(context: Context, handle: str) -> str | None:
    """Who a mention means; a handle of nobody stays plain text."""
    try:
        return (await _profile(context, handle)).did
    except (Gone, Broken):
        return None


async def _page(
    context: Context, walk: _walk.Walk, seen: Sequence[Seen], times: Mapping[str, Any], following: str | None
) -> Page:
    walk = _walk.advance(walk, times, following, context.now)
    if not _walk.arrived(walk, times.values()):
        # Between this page and the mark nothing has been seen yet, should the walk have to wait here.
        return Page(tuple(seen), _walk.write(walk), more=True, covered_until=walk.floor)
    retracted = await _retracted(context, _walk.missing(walk))
    again = _walk.late(walk, context.now)
    return Page(tuple(seen), _walk.write(_walk.rest(walk, context.now)), again, retracted=retracted)


async def _retracted(context: Context, missing: Sequence[str]) -> tuple[str, ...]:
    """Which of the posts that did not come again are really deleted.

    A post may be missing for other reasons, and the pages just read must not be lost for the
    sake of this question: what cannot be asked now is no news.
    """
    posts = [uri for uri in missing if records.post_url(uri)][:MOST_URIS]
    if not posts:
        return ()
    query = "?" + urlencode({"uris": posts}, doseq=True)
    try:
        there = {post.uri for post in (await read(context, "app.bsky.feed.getPosts", Posts, {}, query)).posts}
    except ConnectorError:
        return ()
    return tuple(uri for uri in posts if uri not in there)


def _paged(walk: _walk.Walk) -> dict[str, str | int]:
    return {"limit": PAGE} | ({"cursor": walk.next} if walk.next else {})


def _moved(items: Sequence[records.FeedItem], identity: Identity) -> str | None:
    """The profile's new URL, where the posts show another handle than we knew."""
    for item in items:
        if item.repost is None:
            url = records.profile_url(item.post.author)
            return (
                url if url != identity.url.lower() and url.rsplit("/", 1)[1] != identity.remote_id else None
            )
    return None


def _stamp(intent: Intent) -> str:
    return intent.approved_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _receipt(written: Written) -> Receipt:
    return Receipt(written.uri, f"cid {written.cid}" if written.cid else "", records.post_url(written.uri))
