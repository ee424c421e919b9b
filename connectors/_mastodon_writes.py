"""What we write on Mastodon, and how it is found again where nobody knows whether it was posted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from prospector.sdk import Broken, Context, Gone, Identity, Intent, Receipt, Refused

from . import _mastodon_records as records
from ._mastodon_calls import Found, Limits, get
from ._richtext import graphemes

STATUSES = 40
MOST_PAGES = 25
SLACK = timedelta(minutes=10)


class Relationship(msgspec.Struct):
    id: str
    following: bool = False
    requested: bool = False


def is_same(status: records.Status, wanted: Mapping[str, Any], intent: Intent, *, known: bool = True) -> bool:
    """Whether a status of ours is what `act` would have posted for this intent.

    `known` is False where what it answers was deleted meanwhile: servers forget then what it was.
    """
    texts = {records.words(status.text or ""), records.words(records.plain_html(status.content or ""))}
    place = (status.in_reply_to_id, status.visibility == "direct")
    return (
        (not known or place == (wanted.get("in_reply_to_id"), wanted["visibility"] == "direct"))
        and records.words(wanted["status"]) in texts
        and status.created_at > intent.approved_at - SLACK
    )


def compose(
    intent: Intent, target: records.Status | None, home: records.Home, limits: Limits
) -> dict[str, Any]:
    """The status to post. Raises `Refused` where the server would not take it."""
    if not intent.body.strip():
        raise Refused("The text is empty: write something.")
    acct = target.account.acct if target else intent.to.handle.removesuffix(f"@{home.domain}")
    text = records.addressed(intent.body, acct, home.domain)
    length = graphemes(records.counted(text, limits.characters_reserved_per_url))
    if length > limits.max_characters:
        raise Refused(
            f"The text has {length} characters with its mention, and {home.domain} takes"
            f" {limits.max_characters}: shorten it."
        )
    visibility = "direct" if intent.action == "dm" else target.visibility if target else "public"
    status = {"status": text, "visibility": visibility}
    return status | ({"in_reply_to_id": target.id} if target else {})


async def ours(context: Context, home: records.Home, since: datetime) -> AsyncIterator[records.Status]:
    """What we posted since then, newest first. Raises `Broken` where that is too much to read."""
    path = f"/api/v1/accounts/{quote(home.me, safe='')}/statuses"
    params: dict[str, str | int] = {"limit": STATUSES, "exclude_reblogs": "true"}
    for _ in range(MOST_PAGES):
        ours = await get(context, path, list[records.Status], params=params)
        for status in ours:
            yield status
        if not ours or ours[-1].created_at < since:
            return
        params["max_id"] = ours[-1].id
    raise Broken(f"Our account posted too much since {since:%d %B} to find it again: look on {home.domain}.")


async def status_of(context: Context, home: records.Home, intent: Intent) -> dict[str, Any]:
    target = await target_of(context, home, intent) if intent.on or intent.action == "reply" else None
    return compose(intent, target, home, context.memory["limits"])


async def followed(context: Context, home: records.Home, whom: Identity) -> Receipt | None:
    query = "?" + urlencode({"id[]": local_id(whom, home)})
    ties = await get(context, "/api/v1/accounts/relationships" + query, list[Relationship])
    done = any(tie.following or tie.requested for tie in ties)
    return Receipt(whom.url, "followed", whom.url) if done else None


async def target_of(context: Context, home: records.Home, intent: Intent) -> records.Status:
    """The status to act on, as our instance has it now. Raises `Gone` where it was deleted."""
    about = intent.attributes
    if about.get("instance") == home.domain and about.get("uri") == intent.on and about.get("id"):
        return await get(context, f"/api/v1/statuses/{quote(str(about['id']), safe='')}", records.Status)
    if not intent.on:
        raise Refused("It is not said which post to answer or like.")
    params: dict[str, str | int] = {"q": intent.on, "resolve": "true", "type": "statuses", "limit": 5}
    found = (await get(context, "/api/v2/search", Found, params=params)).statuses
    for status in found:
        if intent.on in (status.uri, status.url):
            return status
    raise Gone(f"{home.domain} finds no post {intent.on}: it was deleted, or is not for us to see.")


def local_id(identity: Identity, home: records.Home) -> str:
    """The account's id on our instance; ids of another instance mean somebody else."""
    domain, _, account_id = identity.remote_id.partition("/")
    if domain != home.domain or not account_id:
        raise Broken(
            f"{identity.handle} was found through {domain}, and this account is on {home.domain}:"
            " choose the account on that instance, or add the profile again."
        )
    return account_id


def receipt(status: records.Status) -> Receipt:
    return Receipt(status.uri, f"id {status.id}", status.url)
