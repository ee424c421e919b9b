"""How the AppView shows a `BlueskyWorld`: authors, posts, items of feeds, notifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prospector.sandbox.bluesky_world import (
    LIKE,
    REPOST,
    Account,
    BlueskyWorld,
    Record,
    owner,
    reference,
    stamp,
)


def author_view(account: Account) -> dict[str, Any]:
    return {"did": account.did, "handle": account.handle, "displayName": account.name}


def post_view(world: BlueskyWorld, record: Record, us: str | None) -> dict[str, Any]:
    liked = world.own(us, LIKE, record.uri) if us else None
    return {
        **reference(record),
        "author": author_view(world.accounts[record.did]),
        "record": record.value,
        "indexedAt": stamp(record.seen_at),
        "viewer": {"like": liked} if liked else {},
    }


def feed_item_view(world: BlueskyWorld, record: Record, us: str | None) -> dict[str, Any]:
    if record.collection == REPOST:
        by = author_view(world.accounts[record.did])
        reason = {"$type": "app.bsky.feed.defs#reasonRepost", "by": by, "uri": record.uri, "cid": record.cid}
        reason |= {"indexedAt": stamp(record.seen_at)}
        return {"post": post_view(world, world.records[record.subject], us), "reason": reason}
    item = {"post": post_view(world, record, us)}
    reply = record.value.get("reply")
    return item | (
        {"reply": {end: _end(world, reply[end], us) for end in ("root", "parent")}} if reply else {}
    )


def _end(world: BlueskyWorld, end: Mapping[str, str], us: str | None) -> dict[str, Any]:
    record = world.records.get(end["uri"])
    if record is None:
        return {"$type": "app.bsky.feed.defs#notFoundPost", "uri": end["uri"], "notFound": True}
    return {"$type": "app.bsky.feed.defs#postView", **post_view(world, record, us)}


def notification_view(world: BlueskyWorld, reason: str, record: Record) -> dict[str, Any]:
    about = record.subject if owner(record.subject) in world.accounts and "/" in record.subject else None
    return {
        **reference(record),
        "author": author_view(world.accounts[record.did]),
        "reason": reason,
        **({"reasonSubject": about} if about and reason != "mention" else {}),
        "record": record.value,
        "isRead": False,
        "indexedAt": stamp(record.seen_at),
    }
