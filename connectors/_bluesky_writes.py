"""What we write on Bluesky: likes, replies and follows, each under a key that its message gives.

A repeat writes the same record again, so it changes nothing. What we have liked or followed before,
by hand or here, is not written a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

import msgspec

from prospector.sdk import Broken, Context, Gone, Intent, Receipt, Refused

from . import _bluesky_records as records
from ._bluesky_session import call, read, session
from ._richtext import MOST_BYTES, MOST_GRAPHEMES, facets, graphemes, handles, record_key

COLLECTIONS = {
    "like": "app.bsky.feed.like",
    "reply": "app.bsky.feed.post",
    "follow": "app.bsky.graph.follow",
}


class Posts(msgspec.Struct):
    posts: list[records.PostView]


class Written(msgspec.Struct):
    """What putRecord and getRecord answer, as far as we need it."""

    uri: str
    cid: str = ""


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


async def write(context: Context, intent: Intent) -> Receipt:
    """Raises `Gone` where what it is for was deleted, and `Broken` where nobody knows."""
    if intent.action == "follow":
        return await _follow(context, intent)
    target = await _target(context, intent)
    if target is None:
        if done := await written(context, intent):
            return done
        raise Gone(f"The post {intent.on} is no longer there: discard this {intent.action}.")
    return await (_like if intent.action == "like" else _reply)(context, intent, target)


async def written(context: Context, intent: Intent) -> Receipt | None:
    """The record that `write` would have written, if it is in our repository."""
    params: dict[str, str | int] = {
        "repo": (await session(context)).did,
        "collection": COLLECTIONS[intent.action],
        "rkey": record_key(intent.message_id, intent.approved_at),
    }
    try:
        answer = await call(context, "GET", "com.atproto.repo.getRecord", params=params)
    except Gone:
        return None
    return _receipt(answer.json(Written))


def like_record(intent: Intent, target: records.PostView) -> dict[str, Any]:
    subject = {"uri": target.uri, "cid": target.cid}
    return {"$type": COLLECTIONS["like"], "subject": subject, "createdAt": _stamp(intent)}


def reply_record(intent: Intent, target: records.PostView, dids: Mapping[str, str]) -> dict[str, Any]:
    """A post that answers `target`; the root is the target's own root, or the target if it is first."""
    parent = {"uri": target.uri, "cid": target.cid}
    record: dict[str, Any] = {
        "$type": COLLECTIONS["reply"],
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
    them = await profile(context, intent.to.remote_id, ours=True)
    already = them.viewer.get("following")
    if isinstance(already, str):
        return Receipt(already, "We followed them before.", records.profile_url(them))
    record = {"$type": COLLECTIONS["follow"], "subject": them.did, "createdAt": _stamp(intent)}
    return await _put(context, intent, record)


async def _put(context: Context, intent: Intent, record: Mapping[str, Any]) -> Receipt:
    body = {
        "repo": (await session(context)).did,
        "collection": record["$type"],
        "rkey": record_key(intent.message_id, intent.approved_at),
        "record": record,
    }
    # A repeat would change nothing, but between it and our death the message may be withdrawn, and
    # would then be said not to have been sent.
    await context.point_of_no_return()
    answer = await call(context, "POST", "com.atproto.repo.putRecord", json=body)
    return _receipt(answer.json(Written))


async def _target(context: Context, intent: Intent) -> records.PostView | None:
    """The post to act on, as it is now; None if it was deleted. Our own view of it: blocks, likes."""
    if not records.owner(intent.on):
        raise Refused(f"{intent.on!r} is no post on Bluesky.")
    query = "?" + urlencode({"uris": intent.on})
    answer = await call(context, "GET", "app.bsky.feed.getPosts", query=query)
    return next((post for post in answer.json(Posts).posts if post.uri == intent.on), None)


async def profile(context: Context, actor: str, *, ours: bool = False) -> records.Profile:
    """A profile; `ours` asks our PDS, which knows whether we follow them."""
    params: dict[str, str | int] = {"actor": actor}
    if ours:
        return (await call(context, "GET", "app.bsky.actor.getProfile", params=params)).json(records.Profile)
    return await read(context, "app.bsky.actor.getProfile", records.Profile, params)


async def _did(context: Context, handle: str) -> str | None:
    """Who a mention means; a handle of nobody stays plain text."""
    try:
        return (await profile(context, handle)).did
    except (Gone, Broken):
        return None


def _stamp(intent: Intent) -> str:
    return intent.approved_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _receipt(written: Written) -> Receipt:
    return Receipt(written.uri, f"cid {written.cid}" if written.cid else "", records.post_url(written.uri))
