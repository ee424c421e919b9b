"""The life of a look: claim (a short transaction), fetch (none open), record (one transaction)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from prospector.config import Polling
from prospector.polling import claim, record
from prospector.polling import identity as identities
from prospector.polling.claim import Claimed
from prospector.polling.identity import Twin
from prospector.polling.planner import Pace
from prospector.polling.quiet import Quiet, is_quiet
from prospector.polling.record import Recorded
from prospector.runtime import AccountContext, Runtime
from prospector.sdk import Broken, Connector, ConnectorError, Gone, Identity, Later, Page, Unauthorised

MOST_PAGES = 20
OUTCOMES: tuple[tuple[type[ConnectorError], str], ...] = (
    (Later, "later"),
    (Twin, "twin"),
    (Gone, "gone"),
    (Unauthorised, "unauthorised"),
)


async def poll_profiles(runtime: Runtime, ids: Sequence[int]) -> list[Recorded]:
    """Look at these profiles, as far as they are still due; what each look came to."""
    now = runtime.now()
    polling = runtime.installation.settings.file.polling
    claimed = await runtime.installation.store.write_async(
        lambda session: claim.claim_profiles(session, ids, now, polling.lease)
    )
    refused: set[int] = set()
    return list(await asyncio.gather(*(_in_turn(runtime, one, refused) for one in claimed)))


async def poll_inbox(runtime: Runtime, account_id: int) -> list[Recorded]:
    """Look at what people did towards one of our accounts, if it is due."""
    now = runtime.now()
    polling = runtime.installation.settings.file.polling
    claimed = await runtime.installation.store.write_async(
        lambda session: claim.claim_inbox(session, account_id, now, polling.lease)
    )
    return [await _in_turn(runtime, claimed, set())] if claimed else []


def pace_of(polling: Polling, claimed: Claimed) -> Pace:
    """The bounds of the next look; an inbox is looked at steadily."""
    if claimed.profile_id is None:
        return Pace(polling.inbox_every, polling.inbox_every, polling.inbox_every)
    return Pace(polling.by_stage.get(claimed.stage, polling.every), polling.least, polling.most)


async def _in_turn(runtime: Runtime, claimed: Claimed, refused: set[int]) -> Recorded:
    """Look when it is our turn; `refused` are the accounts that were refused since this batch began,
    of which nothing more is asked."""
    async with runtime.turn(claimed.account_id):
        if claimed.account_id in refused:
            return Recorded(claimed.label, "skipped", profile_id=claimed.profile_id)
        looked = await _look(runtime, claimed)
        if isinstance(looked, Recorded) and looked.outcome == "unauthorised":
            refused.add(claimed.account_id)
    return await runtime.quiet.keep(looked) if isinstance(looked, Quiet) else looked


async def _look(runtime: Runtime, claimed: Claimed) -> Recorded | Quiet:
    started_at = runtime.now()
    context = runtime.context(claimed.account_id)
    try:
        return await _pages(runtime, context, claimed, started_at)
    except ConnectorError as error:
        return await _failed(runtime, claimed, error, started_at)


async def _pages(
    runtime: Runtime, context: AccountContext, claimed: Claimed, started_at: datetime
) -> Recorded | Quiet:
    """Fetch and record page after page; each moves the cursor in the commit that stores it. What
    found nothing is left to be recorded with others of its kind."""
    connector = runtime.connector(claimed.account_id)
    identity = await _identity(context, connector, claimed)
    asked = identity if claimed.remote_id is None else None
    lines: list[str] = []
    for number in range(1, MOST_PAGES + 1):
        try:
            page = await _fetch(connector, context, identity, claimed.cursor)
        except ConnectorError:
            await _keep(runtime, claimed, asked)
            raise
        if number == 1 and asked is None and is_quiet(claimed, page, now := runtime.now()):
            polling = runtime.installation.settings.file.polling
            return Quiet(claimed, page, started_at, now, polling.grace, pace_of(polling, claimed))
        if page.more and number == MOST_PAGES:
            page = _last(page, started_at)
        recorded = await _record(runtime, connector, claimed, page, started_at, asked)
        lines.extend(recorded.lines)
        if not recorded.more:
            break
        claimed, asked = _advanced(claimed, page, recorded.found), None
    return replace(recorded, more=False, lines=tuple(lines))


async def _fetch(
    connector: Connector, context: AccountContext, identity: Identity | None, cursor: str | None
) -> Page:
    with _its_own_mistakes():
        if identity is None:
            return await connector.inbox(context, cursor)
        return await connector.poll(context, identity, cursor)


@contextmanager
def _its_own_mistakes() -> Iterator[None]:
    """A connector that trips over an answer has met one that makes no sense; whatever goes wrong
    outside of it is our own mistake, and is not put down to the platform."""
    try:
        yield
    except ConnectorError:
        raise
    except Exception as error:
        raise Broken(f"the connector could not read the answer: {type(error).__name__}: {error}") from error


def _last(page: Page, started_at: datetime) -> Page:
    """The budget of pages is used up: go on at the next look, and claim no more than what the
    connector says is covered, or, of a walk forward, what this page does."""
    oldest = min((seen.at for seen in page.seen if seen.at is not None), default=started_at)
    return replace(page, more=False, covered_until=min(page.covered_until or oldest, started_at))


async def _identity(context: AccountContext, connector: Connector, claimed: Claimed) -> Identity | None:
    """Who the profile is: as stored, else asked once, and stored with the first page."""
    ref = claimed.ref
    if ref is None:
        return None
    if claimed.remote_id is not None:
        url = claimed.source_url or ref.url
        return Identity(ref.platform, claimed.remote_id, ref.handle, url, claimed.name)
    with _its_own_mistakes():
        return await connector.resolve(context, ref)


async def _keep(runtime: Runtime, claimed: Claimed, asked: Identity | None) -> None:
    """Store who the profile is although there is no page, so that the next look need not ask."""
    if asked is not None:
        now = runtime.now()
        await runtime.installation.store.write_async(
            lambda session: identities.keep(session, claimed, asked, now, runtime.consequences)
        )


async def _record(
    runtime: Runtime,
    connector: Connector,
    claimed: Claimed,
    page: Page,
    started_at: datetime,
    asked: Identity | None,
) -> Recorded:
    polling = runtime.installation.settings.file.polling
    channel = claimed.ref.platform if claimed.ref else min(connector.platforms, default=connector.name)

    def work(session: Session) -> Recorded:
        # When it is recorded, not when it waited for that: a claim that came first is the earlier one.
        now = runtime.now()
        return record.record_page(
            session,
            claimed,
            page,
            asked=asked,
            channel=channel,
            started_at=started_at,
            now=now,
            grace=polling.grace,
            pace=pace_of(polling, claimed),
            consequences=runtime.consequences,
        )

    return await runtime.installation.store.write_async(work)


async def _failed(
    runtime: Runtime, claimed: Claimed, error: ConnectorError, started_at: datetime
) -> Recorded:
    outcome = next((name for kind, name in OUTCOMES if isinstance(error, kind)), "broken")
    seconds = error.seconds if isinstance(error, Later) else None
    now, pace = runtime.now(), pace_of(runtime.installation.settings.file.polling, claimed)
    return await runtime.installation.store.write_async(
        lambda session: record.record_failure(
            session, claimed, outcome, str(error), seconds=seconds, started_at=started_at, now=now, pace=pace
        )
    )


def _advanced(claimed: Claimed, page: Page, found: int) -> Claimed:
    cursor = page.cursor if page.cursor is not None else claimed.cursor
    return replace(claimed, cursor=cursor, found=found)
