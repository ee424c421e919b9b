"""Bluesky (AT Protocol): posts, replies, likes, reposts and follows through our own PDS.

Needs a handle and an app password (Settings → Privacy and security → App passwords). What is sent
is written with `putRecord` under a key that comes from the message, so a repeat changes nothing.
Sources: docs.bsky.app (HTTP reference), atproto.com/specs; what real servers do beyond them is in
docs/connectors/bluesky.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, field_validator

from prospector.sdk import (
    YES,
    Broken,
    Can,
    Capabilities,
    ConnectorError,
    Context,
    Identity,
    Intent,
    Later,
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
from ._bluesky_writes import COLLECTIONS, Posts, check_text, profile, write, written
from ._richtext import MOST_GRAPHEMES

PAGE = 50
MOST_URIS = 25
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
        return records.identity(await profile(context, ref.handle.removeprefix("@")))

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
        if intent.action not in COLLECTIONS:
            raise Refused(self.can.act(intent.action).why or f"Bluesky has no {intent.action}.")
        check_text(intent)
        try:
            return await write(context, intent)
        except (Broken, Later) as problem:
            if done := await written(context, intent):
                return done
            raise NotSent(f"It is not in our repository, and may be tried again. {problem}") from problem

    async def find(self, context: Context, intent: Intent) -> Receipt | None:
        """The record that `act` would have written, if it is in our repository."""
        return await written(context, intent) if intent.action in COLLECTIONS else None


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
