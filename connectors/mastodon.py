"""Mastodon's API (Mastodon, GoToSocial, Pleroma, Akkoma, Pixelfed): through our own instance.

Needs the instance's address and an access token (Preferences → Development → New application) with
the scopes `read:accounts read:statuses read:notifications read:search write:statuses
write:favourites write:follows`. Source: docs.joinmastodon.org; what other servers do differently is
in docs/connectors/mastodon.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlencode, urlsplit

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
    Later,
    NotSent,
    Page,
    ProfileRef,
    Receipt,
    Refused,
    Response,
    SecretReference,
)

from . import _forward
from . import _mastodon_records as records
from ._mastodon_calls import Limits, ask, at_home, get, lookup, post, search, speaks_for, webfinger
from ._mastodon_writes import (
    SLACK,
    STATUSES,
    compose,
    followed,
    is_same,
    local_id,
    ours,
    receipt,
    status_of,
    target_of,
)

T = TypeVar("T")
NOTES = 80
MOST_QUESTIONS = 5
_TYPES = ("mention", "favourite", "reblog", "follow", "follow_request", "quote")
_ACTIONS = ("like", "reply", "dm", "follow")
_FEW = Can(
    "yes", "Many instances do not welcome automated accounts: act seldom, with a person behind it.", "low"
)
_DM = Can("limited", "A direct message is a mention that only the two see; both servers can read it.", "low")


class Settings(BaseModel):
    """An account on an instance. `token` is a reference (`env:NAME`) to an access token."""

    model_config = ConfigDict(extra="forbid")
    instance: str
    token: SecretReference

    @field_validator("instance")
    @classmethod
    def _origin(cls, value: str) -> str:
        place = urlsplit(value if "//" in value else f"https://{value}")
        if place.scheme not in ("http", "https") or not place.hostname or place.path.strip("/"):
            raise ValueError(f"{value!r} is no instance's address: write it like https://mastodon.social")
        return f"{place.scheme}://{place.netloc}"


class Mastodon:
    """The connector."""

    name: ClassVar[str] = "mastodon"
    Settings: ClassVar[type[BaseModel]] = Settings
    can: ClassVar[Capabilities] = Capabilities(
        posts=YES,
        interactions=YES,
        like=_FEW,
        reply=_FEW,
        follow=_FEW,
        dm=_DM,
        longest=Limits().max_characters,
        find_is_proof=True,
    )
    platforms: ClassVar[frozenset[str]] = frozenset({"mastodon"})

    async def whoami(self, context: Context) -> Identity:
        home = await at_home(context)
        us = await get(context, "/api/v1/accounts/verify_credentials", records.Account)
        return records.identity(us, home)

    async def resolve(self, context: Context, ref: ProfileRef) -> Identity:
        """By our instance's own knowledge, else by its search, else by where WebFinger says they live."""
        home = await at_home(context)
        handle = ref.handle.removeprefix("@").lower()
        account = await lookup(context, home, handle) or await search(context, home, handle)
        if account is None:
            canonical = await webfinger(context, home, handle)
            account = await search(context, home, canonical) if canonical != handle else None
            if account is not None and not speaks_for(handle, canonical, account):
                raise Broken(
                    f"{handle.partition('@')[2]} says that {handle} is {canonical}, who does not live there:"
                    " add that account's own address if you mean it."
                )
        if account is None:
            raise Broken(
                f"{handle} exists, but {home.domain} could not fetch the account. Check that the token has"
                " the scope read:search and that the two servers do not block each other."
            )
        return records.identity(account, home)

    async def poll(self, context: Context, identity: Identity, cursor: str | None) -> Page:
        """One page of their statuses, forward from where the last look ended."""
        home = await at_home(context)
        account_id = local_id(identity, home)
        stand = _forward.begin(cursor, context.now)
        params = _after(stand, STATUSES) | {"exclude_reblogs": "true"}
        path = f"/api/v1/accounts/{quote(account_id, safe='')}/statuses"
        statuses = await get(context, path, list[records.Status], params=params)
        theirs = [status for status in statuses if status.account.id == account_id]
        items = [_forward.Item(status.id, status.created_at, status.uri) for status in theirs]
        stand, arrived = _forward.advance(stand, items, context.now)
        seen = tuple(records.posted(status, home) for status in theirs)
        moved = next((url for status in theirs if (url := records.moved_to(status.account, home))), None)
        if not arrived:
            return Page(seen, _forward.write(stand), more=True, moved=moved)
        retracted = await _retracted(context, stand.expected)
        return Page(seen, _forward.write(_forward.rest(stand)), retracted=retracted, moved=moved)

    async def inbox(self, context: Context, cursor: str | None) -> Page:
        """One page of our notifications, forward from where the last look ended."""
        home = await at_home(context)
        stand = _forward.begin(cursor, context.now)
        query = "?" + urlencode([("types[]", type) for type in _TYPES])
        params = _after(stand, NOTES)
        notes = await get(context, "/api/v1/notifications" + query, list[records.Notification], params=params)
        items = [_forward.Item(note.id, note.created_at) for note in notes]
        stand, arrived = _forward.advance(stand, items, context.now)
        seen = tuple(thing for note in notes if (thing := records.notified(note, home)))
        cursor = _forward.write(_forward.rest(stand) if arrived else stand)
        return Page(seen, cursor, more=not arrived)

    async def act(self, context: Context, intent: Intent) -> Receipt:
        """One favourite, follow or status; `find` tells later whether it was done."""
        if intent.action not in _ACTIONS:
            raise Refused(f"Mastodon has no {intent.action}.")
        home = await at_home(context)
        if intent.action == "follow":
            account_id = local_id(intent.to, home)
            await _say(context, f"/api/v1/accounts/{quote(account_id, safe='')}/follow")
            return Receipt(intent.to.url, "followed", intent.to.url)
        if intent.action == "like":
            target = await target_of(context, home, intent)
            answer = await _say(context, f"/api/v1/statuses/{quote(target.id, safe='')}/favourite")
            return receipt(answer.json(records.Status))
        body = await status_of(context, home, intent)
        answer = await _say(
            context, "/api/v1/statuses", json=body, headers={"Idempotency-Key": intent.message_id}
        )
        return receipt(answer.json(records.Status))

    async def find(self, context: Context, intent: Intent) -> Receipt | None:
        """Whether it was done: our mark on their post or account, or the status among our last ones."""
        if intent.action not in _ACTIONS:
            return None
        home = await at_home(context)
        if intent.action == "follow":
            return await followed(context, home, intent.to)
        try:
            if intent.action == "like":
                target = await target_of(context, home, intent)
                return receipt(target) if target.favourited else None
            wanted, known = await status_of(context, home, intent), True
        except Gone:
            if intent.action == "like":
                return None
            wanted, known = compose(intent, None, home, context.memory["limits"]), False
        async for status in ours(context, home, intent.approved_at - SLACK):
            if is_same(status, wanted, intent, known=known):
                return receipt(status)
        return None


async def _say(context: Context, path: str, **request: Any) -> Response:
    """Send what cannot be taken back. Not every server knows our Idempotency-Key."""
    await context.point_of_no_return()
    try:
        return await post(context, path, **request)
    except Later as error:
        raise NotSent(f"The instance did not take it: {error}") from error


async def _retracted(context: Context, missing: Mapping[str, str]) -> tuple[str, ...]:
    """Which of the statuses that did not come again are really deleted.

    The page just read must not be lost for the sake of this question: what cannot be asked now
    is no news.
    """
    gone = []
    for id, uri in list(missing.items())[:MOST_QUESTIONS]:
        try:
            await ask(context, f"/api/v1/statuses/{quote(id, safe='')}")
        except Gone:
            gone.append(uri)
        except ConnectorError:
            break
    return tuple(gone)


def _after(stand: _forward.Stand, limit: int) -> dict[str, str | int]:
    return {"limit": limit} | ({"min_id": stand.min_id} if stand.min_id else {})
