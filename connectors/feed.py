"""RSS, Atom and JSON Feed: what anybody publishes on a site of their own, and on platforms whose
accounts have a feed (YouTube, Substack, Medium, GitHub), without a key.

Polls are conditional (RFC 9110 section 13), and an unchanged body is not parsed. docs/connectors/feed.md
says what is asked of servers and what becomes of their answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import ClassVar

import msgspec
from pydantic import BaseModel, ConfigDict

from prospector.sdk import (
    YES,
    Broken,
    Can,
    Capabilities,
    Context,
    Gone,
    Identity,
    Intent,
    Page,
    ProfileRef,
    Receipt,
    Refused,
    Response,
    Seen,
    Unauthorised,
)

from . import _feed_discovery as discovery
from . import _feed_fetched as fetched
from . import _feed_formats as formats
from ._feed_addresses import FEEDS, feed_url, profile_url
from ._feed_entries import DAY, Document, Entry, cleaned
from ._feed_fetched import Fetched

# A redirect that a server calls permanent is believed when it has been there so many looks in a row.
CONFIRMATIONS = 3
# Bigger bodies are parsed beside the loop, so that other polls go on.
MOST_INLINE = 65_536
MOST_VALIDATOR = 512

_MAX_AGE = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_BY_HAND = Can("by_hand", "Feeds only tell: open the post, paste your text there, and say that it is done.")
_LIKE_BY_HAND = Can("by_hand", "Feeds only tell: open the post and like it there, where its site lets you.")


class Settings(BaseModel):
    """Feeds need no account, and so no keys."""

    model_config = ConfigDict(extra="forbid")


class Stand(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a poll leaves for the next: validators as they came, what was there, where it may move.

    `known` are digests of the ids in the feed as it was, so that only new entries are cleaned.
    """

    etag: str = ""
    modified: str = ""
    digest: str = ""
    wait: int = 0
    moved: str = ""
    times: int = 0
    known: tuple[str, ...] = ()


_STAND = msgspec.json.Decoder(Stand)
_ENCODER = msgspec.json.Encoder()


class Feed:
    """Follows `sdk.Connector`."""

    name: ClassVar[str] = "feed"
    Settings: ClassVar[type[BaseModel]] = Settings
    can: ClassVar[Capabilities] = Capabilities(posts=YES, like=_LIKE_BY_HAND, reply=_BY_HAND)
    platforms: ClassVar[frozenset[str]] = frozenset({"feed", *FEEDS})

    async def whoami(self, context: Context) -> Identity:
        """Nobody: feeds are read without an account."""
        return Identity("feed", "anonymous", "anonymous", "", "Anonymous reader")

    async def resolve(self, context: Context, ref: ProfileRef) -> Identity:
        """Find the feed of an account, or the feed that a page of a blog names."""
        address = feed_url(ref)
        response = await _get(context, address or ref.url)
        if address and (ref.platform != "feed" or formats.looks_like_feed(response.content)):
            document = await _document(context, response)
            fetched.keep(context, Fetched(address, response, document, context.now))
            return _identity(ref, response.moved or address, document.title)
        named = discovery.links(response.text, response.url)
        if ref.platform != "feed":
            return _account(ref, named)
        return await _discovered(context, ref, [*named, *discovery.usual(response.url)])

    async def poll(self, context: Context, identity: Identity, cursor: str | None) -> Page:
        """What is new in the feed. A first poll takes all that the feed still holds."""
        address = feed_url(ProfileRef(identity.platform, identity.url, identity.handle))
        if address is None:
            raise Gone(f"{identity.url} has no feed of its own.")
        stand = _stand(cursor)
        if cursor is None and (kept := fetched.take(context, address)) is not None:
            return _something_new(identity, stand, kept.response, kept.document)
        response = await _get(context, address, _conditions(stand), _passing(identity))
        if _unchanged(response, stand):
            return _nothing_new(identity, stand, response)
        document = await _document(context, response)
        return _something_new(identity, stand, response, document)

    async def inbox(self, context: Context, cursor: str | None) -> Page:
        """Nothing: nobody can do anything towards a reader."""
        return Page()

    async def act(self, context: Context, intent: Intent) -> Receipt:
        """Raises `Refused`: everything here is done by hand."""
        raise Refused(f"A feed cannot be answered: open {intent.on or intent.to.url} and do it there.")

    async def find(self, context: Context, intent: Intent) -> Receipt | None:
        return None


# --- Finding a feed --------------------------------------------------------------------------------


def _identity(ref: ProfileRef, address: str, title: str) -> Identity:
    if ref.platform == "feed":
        return Identity("feed", address, ref.handle, address, title or None)
    return Identity(ref.platform, ref.handle, ref.handle, ref.url, title or None)


def _account(ref: ProfileRef, named: list[str]) -> Identity:
    """The account whose feed its own page names: how a YouTube handle becomes a channel's id."""
    for address in named:
        url = profile_url(ref.platform, address)
        if url is not None:
            return Identity(ref.platform, url.rpartition("/")[2], ref.handle, url)
    raise Gone(f"{ref.url} names no feed: add this person's blog, channel or publication instead.")


async def _discovered(context: Context, ref: ProfileRef, addresses: list[str]) -> Identity:
    for address in dict.fromkeys(addresses):
        try:
            response = await _get(context, address)
            document = await _document(context, response)
        except (Gone, Broken, Refused):
            continue
        fetched.keep(context, Fetched(address, response, document, context.now))
        return _identity(ref, response.moved or address, document.title)
    raise Gone(f"{ref.url} names no feed, and none is where feeds usually are: add the feed's own address.")


# --- One poll -----------------------------------------------------------------------------------


async def _get(
    context: Context,
    address: str,
    conditions: Mapping[str, str] | None = None,
    passing: frozenset[int] = frozenset(),
) -> Response:
    """Raises as `HttpClient.request`, but that a locked feed is its own trouble and not our account's;
    a status in `passing` is trouble that will pass.
    """
    try:
        response = await context.http.request(
            "GET", address, headers={"Accept": _ACCEPT, **(conditions or {})}, accept=passing
        )
    except Unauthorised as error:
        raise Broken(f"{address} is locked for us: it wants a password, or no programs.") from error
    if response.status not in (200, 203, 304):
        raise Broken(f"{address} answered {response.status}, and no feed.")
    return response


def _passing(identity: Identity) -> frozenset[int]:
    """YouTube's feeds answer 404 now and then for channels that are there."""
    return frozenset({404} if identity.platform == "youtube" else ())


async def _document(context: Context, response: Response) -> Document:
    if len(response.content) <= MOST_INLINE:
        return formats.read(response.content, response.url)
    return await context.in_thread(formats.read, response.content, response.url)


def _stand(cursor: str | None) -> Stand:
    """Where the last poll left off; a cursor that cannot be read is no cursor."""
    try:
        return _STAND.decode(cursor) if cursor else Stand()
    except (msgspec.MsgspecError, ValueError):
        return Stand()


def _conditions(stand: Stand) -> dict[str, str]:
    conditions = {"If-None-Match": stand.etag, "If-Modified-Since": stand.modified}
    return {name: value for name, value in conditions.items() if value}


def _unchanged(response: Response, stand: Stand) -> bool:
    if response.status == 304:
        if not stand.digest:
            raise Broken(f"{response.url} said that nothing changed, and was not asked.")
        return True
    return _digest(response.content) == stand.digest


def _nothing_new(identity: Identity, stand: Stand, response: Response) -> Page:
    moved, times = _redirect(stand, response)
    after = msgspec.structs.replace(stand, moved=moved, times=times)
    if response.status == 200:
        after = msgspec.structs.replace(after, **_validators(response))
    cursor = None if after == stand else _ENCODER.encode(after).decode()
    return Page(cursor=cursor, moved=_move(identity, after), wait=_wait(after, response))


def _something_new(identity: Identity, stand: Stand, response: Response, document: Document) -> Page:
    moved, times = _redirect(stand, response)
    marks = {_mark(raw.object): raw for raw in document.entries}
    known = frozenset(stand.known)
    fresh = [cleaned(raw, response.url) for mark, raw in marks.items() if mark not in known]
    after = Stand(
        digest=_digest(response.content),
        wait=document.wait,
        moved=moved,
        times=times,
        known=tuple(marks),
        **_validators(response),
    )
    return Page(
        seen=tuple(_seen(identity, entry, document.title) for entry in fresh),
        cursor=_ENCODER.encode(after).decode(),
        moved=_move(identity, after),
        wait=_wait(after, response),
    )


def _seen(identity: Identity, entry: Entry, title: str) -> Seen:
    return Seen(
        kind="post",
        actor=identity.remote_id,
        actor_url=identity.url,
        actor_name=identity.name or title,
        object=entry.object,
        post=entry.object,
        at=entry.at,
        url=entry.url,
        text=entry.text,
        attributes={"title": entry.title} if entry.title else {},
    )


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=16).hexdigest()


def _mark(object_: str) -> str:
    return blake2b(object_.encode(), digest_size=8).hexdigest()


def _validators(response: Response) -> dict[str, str]:
    named = {"etag": "etag", "modified": "last-modified"}
    return {field: _validator(response.headers.get(header, "")) for field, header in named.items()}


def _validator(value: str) -> str:
    """As it came, unless it is nothing that may be sent back."""
    return value if len(value) <= MOST_VALIDATOR and value.isascii() and value.isprintable() else ""


def _redirect(stand: Stand, response: Response) -> tuple[str, int]:
    """The permanent redirect, and how many looks in a row it has been there."""
    if not response.moved or len(response.moved) > 2048:
        return "", 0
    return response.moved, min(stand.times + 1, CONFIRMATIONS) if response.moved == stand.moved else 1


def _move(identity: Identity, stand: Stand) -> str | None:
    if stand.times < CONFIRMATIONS:
        return None
    return profile_url(identity.platform, stand.moved)


def _wait(stand: Stand, response: Response) -> float:
    """The least wait that the feed or its server asks for, in seconds, at most a day (RFC 9111, 5.2.2.1)."""
    age = _MAX_AGE.search(response.headers.get("cache-control", ""))
    return float(min(DAY, max(stand.wait, int(age[1]) if age else 0)))
