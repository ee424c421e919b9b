"""What the tables say is due, and the jobs that do it: the same functions behind both engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session, col, delete, select

from prospector import runs
from prospector.campaigns import batches, drafting
from prospector.campaigns.verdicts import ACTS
from prospector.importing import staging
from prospector.models import Account, Poll, Profile, Prospect
from prospector.outreach import deliver, doubt, outbox
from prospector.outreach.ledger import Limits
from prospector.polling import poll
from prospector.polling.record import Recorded
from prospector.prospects import strangers
from prospector.queue import day
from prospector.queue.rank import Standing
from prospector.runtime import Runtime
from prospector.team import channels, notices, sessions
from prospector.telemetry import log

LEAST_BATCH = 4
MOST_BATCH = 200
POLLS_KEPT = timedelta(days=30)
RECENTLY = timedelta(hours=1)


@dataclass(frozen=True)
class Due:
    """What is due now: profiles by account, inboxes, messages, and messages in doubt."""

    profiles: Mapping[int, list[int]] = field(default_factory=dict)
    inboxes: list[int] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.profiles or self.inboxes or self.messages)


def due(session: Session, now: datetime, batch: Callable[[int], int], limits: Mapping[int, Limits]) -> Due:
    """One indexed read for each account of config.toml that is not paused; `batch` tells how many
    looks it may begin, `limits` by account what bounds its sending."""
    ours = select(Account).where(col(Account.id).in_(list(limits)))
    accounts = [account for account in session.exec(ours) if not paused(account, now)]
    profiles = {}
    for account in accounts:
        ids = _profiles_due(session, account.id, now, batch(account.id))
        if ids:
            profiles[account.id] = ids
    inboxes = [a.id for a in accounts if a.next_poll_at is not None and a.next_poll_at <= now]
    return Due(profiles, inboxes, outbox.due(session, now, limits), doubt.in_doubt(session, now))


def paused(account: Account, now: datetime) -> bool:
    return account.paused_why is not None and (account.paused_until is None or account.paused_until > now)


def _profiles_due(session: Session, account_id: int, now: datetime, limit: int) -> list[int]:
    statement = (
        select(Profile.id)
        .where(
            Profile.account_id == account_id,
            col(Profile.gone_at).is_(None),
            col(Profile.next_poll_at).is_not(None),
            col(Profile.next_poll_at) <= now,
        )
        .order_by(col(Profile.next_poll_at))
        .limit(limit)
    )
    return list(session.exec(statement))


def batch_size(every_ms: int, concurrency: int, tick_seconds: float) -> int:
    """How many looks an account may begin before the next tick: what its pace can serve."""
    paced = int(tick_seconds * 1000 / every_ms) if every_ms else MOST_BATCH
    return max(LEAST_BATCH, min(MOST_BATCH, max(paced, concurrency)))


# --- jobs ---------------------------------------------------------------------------------------


async def look(runtime: Runtime, account_id: int, ids: list[int]) -> list[Recorded]:
    """Look at these profiles of one account."""
    return [tell(recorded) for recorded in await poll.poll_profiles(runtime, ids)]


async def inbox(runtime: Runtime, account_id: int) -> list[Recorded]:
    """Look at what people did towards one of our accounts."""
    name = runtime.installation.account(account_id).name
    return [tell(recorded, name) for recorded in await poll.poll_inbox(runtime, account_id)]


async def send(runtime: Runtime, message_id: int) -> deliver.Delivered | None:
    """Deliver one approved message."""
    delivered = await deliver.deliver(runtime, message_id)
    if delivered is not None:
        log.info(delivered.state, text=delivered.label, why=delivered.why)
        _tell_lines(delivered.lines)
    return delivered


async def reconcile(runtime: Runtime, message_id: int) -> deliver.Delivered:
    """Look for a message of which nobody knows whether it was sent."""
    delivered = await deliver.reconcile(runtime, message_id)
    if delivered.state != "unknown":
        log.info(delivered.state, text=f"{delivered.label}: was in doubt", why=delivered.why)
    return delivered


async def timers(runtime: Runtime) -> int:
    """Fire the rules' timers that are due, as far as we have seen."""
    now = runtime.now()
    told, place = 0, None
    while True:
        fire = partial(runtime.consequences.fire_timers, now=now, after=place)
        lines, place = await runtime.installation.store.write_async(fire)
        _tell_lines(tuple(lines))
        told += len(lines)
        if place is None:
            return told


async def keep(runtime: Runtime) -> None:
    """Housekeeping: what a dead process left, cards that wake or expire, the plan of the day."""
    now = runtime.now()
    outreach = runtime.installation.settings.file.outreach
    queue = runtime.installation.settings.file.queue

    def standing_of(session: Session, prospect: Prospect) -> Standing:
        return runtime.consequences.standing_of(session, prospect, now)

    def work(session: Session) -> tuple[tuple[int, int], day.Sweep, list[str]]:
        before = now - outreach.stuck_after
        recovered = deliver.recover(session, runtime.consequences, before, now)
        session.exec(delete(Poll).where(col(Poll.started_at) < now - POLLS_KEPT))
        staging.forget_stale(session, now)
        known = strangers.recognise(session, now - RECENTLY)
        lines = runtime.consequences.follow(session, known, [], (), now) if known else []
        return recovered, day.sweep(session, queue, standing_of, now), lines

    (unsaid, unknown), sweep, lines = await runtime.installation.store.write_async(work)
    if unsaid or unknown:
        log.warning("recovered", text=f"{unsaid} messages go out again, {unknown} are in doubt")
    while sweep.more:
        if sweep:
            log.info("queue", text=sweep.sentence())
        sweep = await runtime.installation.store.write_async(
            lambda session: day.sweep(session, queue, standing_of, now)
        )
    if sweep:
        log.info("queue", text=sweep.sentence())
    _tell_lines(tuple(lines))


async def notify(runtime: Runtime) -> int:
    """Tell our own people of their day and of answers, as they asked; how many notices went out."""
    store, now = runtime.installation.store, runtime.now()
    settings = runtime.installation.settings.file
    if not settings.notify.channels:
        return 0
    home, accounts = sessions.home(settings.web), list(runtime.installation.account_ids.values())
    told = await store.write_async(lambda session: notices.claim(session, home, accounts, now))
    if not told:
        return 0
    # Its own thread for each: a service that does not answer must not keep the others waiting.
    sending = [asyncio.to_thread(channels.send, one.notice, settings.notify.channels) for one in told]
    failed = await asyncio.gather(*sending)
    outcomes = list(zip(told, failed, strict=True))
    await store.write_async(lambda session: notices.note(session, outcomes, now))
    for name, why in sorted({pair for one in failed for pair in one.items()}):
        log.warning("notify", text=f"{name} was not reached: {why}")
    return len(told)


async def resume(runtime: Runtime) -> int:
    """Go on with runs that a dead process left half-way; how many people that were."""
    installation, now = runtime.installation, runtime.now()
    left = await installation.store.read_async(lambda session: runs.unfinished(session, now))
    whole = 0
    for run_id, undoing in left:
        consequences = runtime.consequences
        do = partial(runs.next_page, consequences=consequences, run_id=run_id, back=undoing, now=now)
        while done := await installation.store.write_async(do):
            whole += done
        log.info("run", text=f"run {run_id} was left half-way; it is finished now")
    return whole + await _go_on_drafting(runtime, now) + await _go_on_reviewing(runtime, now)


async def _go_on_drafting(runtime: Runtime, now: datetime) -> int:
    """The same for drafts of campaigns that a dead process left unwritten."""
    installation = runtime.installation
    means = drafting.Means(runtime.consequences.desk, installation.template_path())
    whole = 0
    for run_id in await installation.store.read_async(lambda session: drafting.abandoned(session, now)):
        do = partial(drafting.do_page, means=means, run_id=run_id, now=now)
        while done := await installation.store.write_async(do):
            whole += done
        log.info("run", text=f"drafting run {run_id} was left half-way; it is finished now")
    return whole


async def _go_on_reviewing(runtime: Runtime, now: datetime) -> int:
    """The same for what a reviewer decided about many people."""
    installation = runtime.installation
    means = batches.Means(installation.settings, runtime.consequences.desk, installation.template_path())
    whole = 0
    for run_id in await installation.store.read_async(lambda session: batches.unfinished(session, now)):
        do = partial(batches.step, acts=ACTS, means=means, run_id=run_id, now=now)
        while done := await installation.store.write_async(do):
            whole += done
        log.info("run", text=f"review run {run_id} was left half-way; it is finished now")
    return whole


def tell(recorded: Recorded, name: str = "") -> Recorded:
    """One log line for a look, and one for each thing that followed."""
    text = f"{name} {recorded.label}".strip()
    match recorded.outcome:
        case "new":
            log.info("new", text=f"{text}: {recorded.found} new")
        case "nothing" | "lost" | "skipped":
            log.debug("poll", text=f"{text}: {recorded.outcome}")
        case "later":
            log.info("later", text=f"{text}: {recorded.error}")
        case _:
            log.warning(recorded.outcome, text=f"{text}: {recorded.error}")
    _tell_lines(recorded.lines)
    return recorded


def _tell_lines(lines: tuple[str, ...]) -> None:
    for line in lines:
        kind, _, text = line.partition(" ")
        log.info(kind, text=text)


Job = Callable[..., Awaitable[Any]]
JOBS: Mapping[str, Job] = {
    "look": look,
    "inbox": inbox,
    "send": send,
    "reconcile": reconcile,
    "timers": timers,
    "keep": keep,
    "notify": notify,
    "resume": resume,
}
