"""Record one look in one transaction: the cursor, what was seen, and all that follows from it.

The cursor moves by compare-and-set, so that a slower twin of the same look drops everything; it
moves only in the commit that stores what it passed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table
from sqlmodel import Session, col, select, update

from prospector import engagements
from prospector.consequences import Consequences
from prospector.engagements import Entry
from prospector.models import Account, Message, Poll, Profile, Prospect
from prospector.polling import planner
from prospector.polling.planner import Look, Pace
from prospector.prospects import people
from prospector.sdk import Identity, Page, ProfileRef, Seen

GONE_AFTER = 3
LONGEST_ERROR = 500

_PROFILE: Table = Profile.__table__  # type: ignore[attr-defined]
_PROSPECT: Table = Prospect.__table__  # type: ignore[attr-defined]
# Plain columns, since objects of the ORM cost several times as much, and looks are many.
_NAMES = "id account_id prospect_id platform url handle remote_id name source_url cursor rhythm failures"
_CLAIMED = [_PROFILE.c[name] for name in _NAMES.split()]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A profile (or an account's inbox, with `profile_id` None) that is ours to look at."""

    account_id: int
    profile_id: int | None = None
    prospect_id: int | None = None
    ref: ProfileRef | None = None
    remote_id: str | None = None
    name: str | None = None
    source_url: str | None = None
    cursor: str | None = None
    rhythm: Any = None
    failures: int = 0
    stage: str = ""
    timer_at: datetime | None = None

    @property
    def label(self) -> str:
        return f"{self.ref.platform} {self.ref.handle}" if self.ref else "inbox"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one look came to: `outcome` is new, nothing, lost (a twin was faster), later, gone,
    unauthorised or broken."""

    label: str
    outcome: str
    found: int = 0
    error: str | None = None
    profile_id: int | None = None
    more: bool = False
    lines: tuple[str, ...] = ()


def claim_profiles(session: Session, ids: Sequence[int], now: datetime, lease: timedelta) -> list[Claimed]:
    """Take those that are still due; the lease is also the recovery after a crash."""
    taken = session.connection().execute(
        update(_PROFILE)
        .where(_PROFILE.c.id.in_(ids), _PROFILE.c.next_poll_at <= now, _PROFILE.c.gone_at.is_(None))
        .values(next_poll_at=now + lease)
        .returning(*_CLAIMED)
    )
    rows = taken.all()
    owners = _owners(session, {row.prospect_id for row in rows})
    return [_claimed(row, *owners[row.prospect_id]) for row in rows if row.prospect_id in owners]


def _owners(session: Session, ids: Collection[int]) -> dict[int, tuple[str, datetime | None]]:
    """The stage of each prospect, and when their next timer is due."""
    found = session.connection().execute(
        select(_PROSPECT.c.id, _PROSPECT.c.stage, _PROSPECT.c.next_timer_at).where(_PROSPECT.c.id.in_(ids))
    )
    return {id_: (stage, timer_at) for id_, stage, timer_at in found}


def claim_inbox(session: Session, account_id: int, now: datetime, lease: timedelta) -> Claimed | None:
    """Take an account's inbox, if it is still due."""
    taken = session.exec(
        update(Account)
        .where(col(Account.id) == account_id, col(Account.next_poll_at) <= now)
        .values(next_poll_at=now + lease)
    ).rowcount
    if taken != 1:
        return None
    account = session.get_one(Account, account_id, populate_existing=True)
    return Claimed(
        account_id=account_id,
        cursor=account.inbox_cursor,
        rhythm=account.rhythm,
        failures=account.failures,
    )


def _claimed(row: Any, stage: str, timer_at: datetime | None) -> Claimed:
    return Claimed(
        account_id=row.account_id or 0,
        profile_id=row.id,
        prospect_id=row.prospect_id,
        ref=ProfileRef(row.platform, row.url, row.handle),
        remote_id=row.remote_id,
        name=row.name,
        source_url=row.source_url,
        cursor=row.cursor,
        rhythm=row.rhythm,
        failures=row.failures,
        stage=stage,
        timer_at=timer_at,
    )


def record_identity(
    session: Session, claimed: Claimed, identity: Identity, now: datetime, consequences: Consequences
) -> int | None:
    """Keep a profile's stable id. Gives the profile that has it already, which is then the one to
    keep; else None. What this person did as a stranger becomes theirs, with all that follows."""
    twin = select(Profile.id).where(
        Profile.platform == identity.platform,
        Profile.remote_id == identity.remote_id,
        Profile.id != claimed.profile_id,
    )
    if (other := session.exec(twin).first()) is not None:
        return other
    profile = session.get_one(Profile, claimed.profile_id)
    profile.remote_id, profile.name = identity.remote_id, identity.name
    profile.source_url = identity.url
    adopted = people.adopt(session, profile.prospect_id, identity.platform, identity.remote_id)
    consequences.follow(session, adopted, (), (), now)
    return None


def record_page(
    session: Session,
    claimed: Claimed,
    page: Page,
    *,
    channel: str,
    started_at: datetime,
    now: datetime,
    grace: timedelta,
    pace: Pace,
    consequences: Consequences,
) -> Recorded:
    """Store one page of a look and what follows from it, or drop it where a twin was faster."""
    if not _move_cursor(session, claimed, page, started_at, now, grace):
        return Recorded(claimed.label, "lost", profile_id=claimed.profile_id)
    entries = _entries(session, claimed, page, channel, now)
    new = engagements.log(session, entries)
    if not page.more:
        _plan_next(session, claimed, Look(len(new), page.wait), now, pace)
    changed = engagements.retract(session, channel, page.retracted, now)
    touched = {claimed.prospect_id} if claimed.prospect_id is not None else set()
    lines = consequences.follow(session, new, changed, touched, now)
    if not page.more:
        session.add(_poll_row(claimed, started_at, now, "new" if new else "nothing", len(new), None))
    outcome = "new" if new else "nothing"
    return Recorded(claimed.label, outcome, len(new), None, claimed.profile_id, page.more, tuple(lines))


def record_failure(
    session: Session,
    claimed: Claimed,
    outcome: str,
    error: str,
    *,
    seconds: float | None,
    started_at: datetime,
    now: datetime,
    pace: Pace,
) -> Recorded:
    """Keep that we could not look, why, and when to try again. The cursor stays where it was."""
    row: Profile | Account
    row = (
        session.get_one(Profile, claimed.profile_id)
        if claimed.profile_id is not None
        else session.get_one(Account, claimed.account_id)
    )
    row.failures += 1
    row.failing_since = row.failing_since or started_at
    row.error = error[:LONGEST_ERROR]
    row.next_poll_at = planner.after_failure(row.failures, now, pace, seconds, row.id)
    if outcome == "gone" and isinstance(row, Profile) and row.failures >= GONE_AFTER:
        row.gone_at, row.next_poll_at = now, None
    if outcome == "unauthorised":
        account = session.get_one(Account, claimed.account_id)
        account.paused_why, account.paused_until = error[:LONGEST_ERROR], None
    session.add(_poll_row(claimed, started_at, now, outcome, 0, error[:LONGEST_ERROR]))
    return Recorded(claimed.label, outcome, 0, error, claimed.profile_id)


def _move_cursor(
    session: Session,
    claimed: Claimed,
    page: Page,
    started_at: datetime,
    now: datetime,
    grace: timedelta,
) -> bool:
    table, key = _row_of(claimed)
    cursor = table.cursor if claimed.profile_id is not None else table.inbox_cursor
    values: dict[str, Any] = {cursor.key: page.cursor if page.cursor is not None else claimed.cursor}
    if not page.more:
        covered = page.covered_until or started_at - grace
        values |= {"polled_at": now, "covered_until": covered.replace(microsecond=0)}
        values |= {"failures": 0, "failing_since": None, "error": None}
    statement = (
        update(table)
        .where(col(table.id) == key, cursor.is_not_distinct_from(claimed.cursor))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).rowcount == 1  # type: ignore[attr-defined,no-any-return]


def _plan_next(session: Session, claimed: Claimed, look: Look, now: datetime, pace: Pace) -> None:
    """When to look again: a find is what was new to us, since pages overlap and come again."""
    table, key = _row_of(claimed)
    next_poll_at, rhythm = planner.next_poll(claimed.rhythm, now, pace, look, key)
    session.execute(
        update(table)
        .where(col(table.id) == key)
        .values(next_poll_at=next_poll_at, rhythm=rhythm)
        .execution_options(synchronize_session=False)
    )


def _row_of(claimed: Claimed) -> tuple[Any, int]:
    """The table and the id of what was looked at."""
    if claimed.profile_id is not None:
        return Profile, claimed.profile_id
    return Account, claimed.account_id


def _entries(session: Session, claimed: Claimed, page: Page, channel: str, now: datetime) -> list[Entry]:
    if claimed.profile_id is not None:
        return [
            Entry(channel, seen, now, claimed.prospect_id, claimed.profile_id, claimed.account_id)
            for seen in page.seen
        ]
    owners = people.owners_of(session, channel, (seen.actor for seen in page.seen))
    quoted = _owners_of_quoted(session, page.seen)
    return [
        Entry(channel, seen, now, owners.get(seen.actor) or quoted.get(seen.object), None, claimed.account_id)
        for seen in page.seen
    ]


def _owners_of_quoted(session: Session, seen: Sequence[Seen]) -> dict[str, int]:
    """Mail from another address that answers a message of ours is from whom we wrote to."""
    quoted = {id_: one.object for one in seen for id_ in one.attributes.get("refers_to") or ()}
    if not quoted:
        return {}
    rows = session.exec(
        select(Message.message_id, Message.prospect_id).where(col(Message.message_id).in_(list(quoted)))
    )
    return {quoted[message_id]: prospect_id for message_id, prospect_id in rows if message_id is not None}


def _poll_row(
    claimed: Claimed, started_at: datetime, now: datetime, outcome: str, found: int, error: str | None
) -> Poll:
    return Poll(
        profile_id=claimed.profile_id,
        account_id=claimed.account_id if claimed.profile_id is None else None,
        started_at=started_at,
        took_ms=int((now - started_at).total_seconds() * 1000),
        outcome=outcome,
        found=found,
        error=error,
    )
