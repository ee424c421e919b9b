"""A small Bluesky in memory: accounts, posts, likes, follows, and who is told of what.

    world = BlueskyWorld()
    us, ada = world.account("us.example"), world.account("ada.example")
    uri = world.post(ada, "How do you keep mail out of spam folders?")

What is written by the protocol (`sandbox.bluesky`) is told to `on_interaction`, so that fictitious
people can answer. Everything is plain data and is driven from one event loop.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

POST, LIKE, REPOST = "app.bsky.feed.post", "app.bsky.feed.like", "app.bsky.feed.repost"
FOLLOW = "app.bsky.graph.follow"
PASSWORD = "app-password"  # noqa: S105 (of accounts that exist only here)
_MENTION = re.compile(r"(?<![\w/])@([a-z0-9.-]+\.[a-z]{2,})", re.IGNORECASE)
_KINDS = {POST: "post", LIKE: "like", REPOST: "repost", FOLLOW: "follow"}


@dataclass(frozen=True, slots=True)
class Interaction:
    """Something written over the protocol. `subject` is what it was done to: a post's URI or a DID."""

    kind: str
    actor: str
    uri: str
    subject: str
    text: str
    at: datetime


@dataclass(slots=True)
class Account:
    did: str
    handle: str
    password: str
    name: str
    state: str = "active"


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a repository. `seen_at` is when the network indexed it, `order` breaks ties."""

    uri: str
    cid: str
    did: str
    collection: str
    key: str
    value: Mapping[str, Any]
    seen_at: datetime
    order: int

    @property
    def subject(self) -> str:
        """The URI or DID that a like, repost, follow or reply is about."""
        about = self.value.get("subject", "")
        if self.collection == POST:
            return parent_of(self.value) or quoted_by(self.value)
        return about.get("uri", "") if isinstance(about, dict) else str(about)

    @property
    def place(self) -> str:
        """Where it stands in a timeline; also the cursor that continues after it."""
        return f"{int(self.seen_at.timestamp() * 1_000_000):020d}:{self.order:09d}"


@dataclass(slots=True)
class BlueskyWorld:
    """The network. `now` is its clock; a test may own it."""

    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    accounts: dict[str, Account] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    _listeners: list[Callable[[Interaction], None]] = field(default_factory=list)
    _order: int = 0

    def account(self, handle: str, password: str = PASSWORD, name: str = "") -> str:
        """A new account; its DID."""
        digest = hashlib.sha256(f"{handle}/{len(self.accounts)}".encode()).digest()
        did = "did:plc:" + b32encode(digest).decode().lower()[:24]
        self.accounts[did] = Account(did, handle.lower(), password, name)
        return did

    def post(
        self,
        did: str,
        text: str,
        at: datetime | None = None,
        reply_to: str | None = None,
        quote: str | None = None,
    ) -> str:
        """A post; names with an @ that are accounts here become mentions. Its URI."""
        value: dict[str, Any] = {"$type": POST, "text": text, "createdAt": stamp(at or self.now())}
        if reply_to:
            parent = self.records[reply_to]
            root = parent.value.get("reply", {}).get("root") or reference(parent)
            value["reply"] = {"root": root, "parent": reference(parent)}
        if quote:
            value["embed"] = {"$type": "app.bsky.embed.record", "record": reference(self.records[quote])}
        if found := self._mentions(text):
            value["facets"] = found
        return self.put(did, POST, value, at=at).uri

    def like(self, did: str, uri: str, at: datetime | None = None) -> str:
        return self._about(did, LIKE, reference(self.records[uri]), at)

    def repost(self, did: str, uri: str, at: datetime | None = None) -> str:
        return self._about(did, REPOST, reference(self.records[uri]), at)

    def follow(self, did: str, whom: str, at: datetime | None = None) -> str:
        return self._about(did, FOLLOW, whom, at)

    def delete(self, uri: str) -> None:
        self.records.pop(uri, None)

    def rename(self, did: str, handle: str) -> None:
        self.accounts[did].handle = handle.lower()

    def suspend(self, did: str) -> None:
        """Taken down: whoever asks for the account is told that it is suspended."""
        self.accounts[did].state = "takendown"

    def on_interaction(self, callback: Callable[[Interaction], None]) -> None:
        """Call `callback` after each record that is written over the protocol."""
        self._listeners.append(callback)

    def tell(self, record: Record) -> None:
        text = str(record.value.get("text", ""))
        kind = "reply" if record.collection == POST and parent_of(record.value) else _KINDS[record.collection]
        for listener in list(self._listeners):
            listener(Interaction(kind, record.did, record.uri, record.subject, text, record.seen_at))

    def put(
        self,
        did: str,
        collection: str,
        value: Mapping[str, Any],
        key: str | None = None,
        at: datetime | None = None,
    ) -> Record:
        """Write a record; the same value under the same key changes nothing, as on a real PDS."""
        self._order += 1
        key = key or tid(at or self.now(), self._order)
        uri, cid = f"at://{did}/{collection}/{key}", content_id(value)
        old = self.records.get(uri)
        if old is not None and old.cid == cid:
            return old
        seen_at = old.seen_at if old else at or self.now()
        record = Record(uri, cid, did, collection, key, value, seen_at, self._order)
        self.records[uri] = record
        return record

    def find(self, actor: str) -> Account | None:
        """By DID or by handle; a handle belongs to who has it now."""
        if actor in self.accounts:
            return self.accounts[actor]
        return next((a for a in self.accounts.values() if a.handle == actor.lower()), None)

    def feed(self, did: str) -> list[Record]:
        """Their posts, replies and reposts, newest first."""
        shown = [r for r in self.records.values() if r.did == did and r.collection in (POST, REPOST)]
        shown = [r for r in shown if r.collection == POST or r.subject in self.records]
        return sorted(shown, key=lambda record: record.place, reverse=True)

    def notifications(self, did: str) -> list[tuple[str, Record]]:
        """What others did towards this account: reason and record, newest first."""
        told = [(reason, record) for record in self.records.values() if (reason := self._reason(record, did))]
        return sorted(told, key=lambda pair: pair[1].place, reverse=True)

    def own(self, did: str, collection: str, subject: str) -> str | None:
        """The URI of this account's like, repost or follow of `subject`."""
        found = (
            r for r in self.records.values() if (r.did, r.collection, r.subject) == (did, collection, subject)
        )
        return next((record.uri for record in found), None)

    def _about(self, did: str, collection: str, subject: Any, at: datetime | None) -> str:
        value = {"$type": collection, "subject": subject, "createdAt": stamp(at or self.now())}
        return self.put(did, collection, value, at=at).uri

    def _reason(self, record: Record, did: str) -> str:
        if record.did == did:
            return ""
        if record.collection == POST:
            return _reason_of_post(record.value, did)
        if record.collection == FOLLOW:
            return "follow" if record.subject == did else ""
        return _KINDS[record.collection] if owner(record.subject) == did else ""

    def _mentions(self, text: str) -> list[dict[str, Any]]:
        named = [(match, self.find(match[1].rstrip("."))) for match in _MENTION.finditer(text)]
        return [
            {
                "index": {
                    "byteStart": len(text[: match.start()].encode()),
                    "byteEnd": len(text[: match.end()].encode()),
                },
                "features": [{"$type": "app.bsky.richtext.facet#mention", "did": account.did}],
            }
            for match, account in named
            if account
        ]


def reference(record: Record) -> dict[str, str]:
    return {"uri": record.uri, "cid": record.cid}


def owner(uri: str) -> str:
    return uri.removeprefix("at://").split("/", 1)[0]


def parent_of(value: Mapping[str, Any]) -> str:
    return str(value.get("reply", {}).get("parent", {}).get("uri", ""))


def quoted_by(value: Mapping[str, Any]) -> str:
    return str(value.get("embed", {}).get("record", {}).get("uri", ""))


def mentioned_in(value: Mapping[str, Any]) -> set[str]:
    facets: Sequence[Mapping[str, Any]] = value.get("facets", [])
    return {feature["did"] for facet in facets for feature in facet["features"] if "did" in feature}


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tid(at: datetime, order: int) -> str:
    """A record key of the usual form (atproto.com/specs/tid)."""
    letters = "234567abcdefghijklmnopqrstuvwxyz"
    number = (int(at.timestamp() * 1000) * 1000 + order % 1000) << 10 | (order // 1000) % 1024
    return "".join(letters[number >> shift & 31] for shift in range(60, -1, -5))


def content_id(value: Mapping[str, Any]) -> str:
    """Stands for a CID: the same for the same content, shaped like one."""
    digest = hashlib.sha256(msgspec.json.encode(value, order="sorted")).digest()
    return "bafyrei" + b32encode(digest).decode().lower().rstrip("=")


def _reason_of_post(value: Mapping[str, Any], did: str) -> str:
    if (
        owner(parent_of(value)) == did
        or owner(str(value.get("reply", {}).get("root", {}).get("uri", ""))) == did
    ):
        return "reply"
    if did in mentioned_in(value):
        return "mention"
    return "quote" if owner(quoted_by(value)) == did else ""
