"""Record one look in one transaction: the cursor, what was seen, and all that follows from it.

The cursor moves by compare-and-set, so that a slower twin of the same look drops everything; it
moves only in the commit that stores what it passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, Update, bindparam, case, insert, null, update
from sqlmodel import Session, col, select

from prospector import engagements
from prospector.consequences import Consequences
from prospector.engagements import Entry
from prospector.models import Account, Message, Poll, Profile, table_of
from prospector.outreach import unsubscribe
from prospector.polling import identity, planner
from prospector.polling.claim import Claimed
from prospector.polling.planner import Look, Pace
from prospector.prospects import people
from prospector.sdk import Identity, Page, Seen

GONE_AFTER = 3
LONGEST_ERROR = 500

_PROFILE = table_of(Profile)
_ACCOUNT = table_of(Account)
_NOTE = insert(table_of(Poll))
_PLANNED = ("next_poll_at", "rhythm", "polled_at", "covered_until")


def _moving(table: Table, cursor: str) -> Update:
    before = bindparam("before", type_=table.c[cursor].type)
    ours = update(table).where(table.c.id == bindparam("row"), table.c[cursor].is_not_distinct_from(before))
    return ours.values({cursor: bindparam("after", type_=table.c[cursor].type)})


def _finishing(table: Table) -> Update:
    planned: dict[str, Any] = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in _PLANNED}
    planned["next_poll_at"] = unless_ended(table.c.next_poll_at, planned["next_poll_at"])
    healthy: dict[str, Any] = {"failures": 0, "failing_since": None, "error": None}
    return update(table).where(table.c.id == bindparam("row")).values(planned | healthy)


def unless_ended(column: Any, planned: Any) -> Any:
    """The next look, but for what nobody looks at any more: somebody has objected during this look."""
    return case((column.is_(None), null()), else_=planned)


# Made once, since to make a statement costs more than to run it.
_MOVE_CURSOR = {_PROFILE: _moving(_PROFILE, "cursor"), _ACCOUNT: _moving(_ACCOUNT, "inbox_cursor")}
_FINISH = {table: _finishing(table) for table in (_PROFILE, _ACCOUNT)}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one look came to: `outcome` is new, nothing, lost (another look at the same was faster),
    later, gone, twin (the profile stands twice), unauthorised, broken or skipped."""

    label: str
    outcome: str
    found: int = 0
    error: str | None = None
    profile_id: int | None = None
    more: bool = False
    lines: tuple[str, ...] = ()


def record_page(
    session: Session,
    claimed: Claimed,
    page: Page,
    *,
    asked: Identity | None = None,
    channel: str,
    started_at: datetime,
    now: datetime,
    grace: timedelta,
    pace: Pace,
    consequences: Consequences,
) -> Recorded:
    """Store one page of a look and what follows from it, or drop it where a twin was faster.

    `asked` is who the profile is, where this look asked for it. Raises `identity.Twin`.
    """
    if not _move_cursor(session, claimed, page):
        return Recorded(claimed.label, "lost", claimed.found, profile_id=claimed.profile_id)
    if asked is not None:
        identity.keep(session, claimed, asked, now, consequences)
    entries = _entries(session, claimed, page, channel, now)
    new = engagements.log(session, entries)
    found = claimed.found + len(new)
    covered_until = _covered(page, started_at, grace)
    if not page.more:
        _finish(session, claimed, Look(found, page.wait), covered_until, now, pace)
    changed = engagements.retract(session, channel, page.retracted, now)
    touched = {claimed.prospect_id} if claimed.prospect_id is not None else set()
    lines = consequences.follow(session, new, changed, touched, now)
    if page.moved is not None:
        lines += identity.follow_move(session, claimed, page.moved, now)
    outcome = "new" if found else "nothing"
    if not page.more:
        _note(session, claimed, started_at, now, outcome, found, covered_until)
    return Recorded(claimed.label, outcome, found, None, claimed.profile_id, page.more, tuple(lines))


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
    if row.next_poll_at is not None:
        row.next_poll_at = planner.after_failure(row.failures, now, pace, seconds, row.id)
    for_good = outcome == "twin" or (outcome == "gone" and row.failures >= GONE_AFTER)
    if for_good and isinstance(row, Profile):
        row.gone_at, row.next_poll_at = now, None
    if outcome == "unauthorised":
        account = session.get_one(Account, claimed.account_id)
        account.paused_why, account.paused_until = error[:LONGEST_ERROR], None
    _note(session, claimed, started_at, now, outcome, error=error[:LONGEST_ERROR])
    return Recorded(claimed.label, outcome, 0, error, claimed.profile_id)


def _move_cursor(session: Session, claimed: Claimed, page: Page) -> bool:
    table, key = _row_of(claimed)
    after = page.cursor if page.cursor is not None else claimed.cursor
    values = {"row": key, "before": claimed.cursor, "after": after}
    return session.connection().execute(_MOVE_CURSOR[table], values).rowcount == 1


def _covered(page: Page, started_at: datetime, grace: timedelta) -> datetime:
    return (page.covered_until or started_at - grace).replace(microsecond=0)


def _finish(
    session: Session, claimed: Claimed, look: Look, covered_until: datetime, now: datetime, pace: Pace
) -> None:
    """The look is over: how far we have seen, and when to look again. A find is what was new to us,
    since pages overlap and come again."""
    table, key = _row_of(claimed)
    next_poll_at, rhythm = planner.next_poll(claimed.rhythm, now, pace, look, key)
    values = {
        "row": key,
        "new_next_poll_at": next_poll_at,
        "new_rhythm": rhythm,
        "new_polled_at": now,
        "new_covered_until": covered_until,
    }
    session.connection().execute(_FINISH[table], values)


def _row_of(claimed: Claimed) -> tuple[Table, int]:
    """The table and the id of what was looked at."""
    if claimed.profile_id is not None:
        return _PROFILE, claimed.profile_id
    return _ACCOUNT, claimed.account_id


def _entries(session: Session, claimed: Claimed, page: Page, channel: str, now: datetime) -> list[Entry]:
    if claimed.profile_id is not None:
        return [
            Entry(channel, seen, now, claimed.prospect_id, claimed.profile_id, claimed.account_id)
            for seen in page.seen
        ]
    owners = people.owners_of(session, channel, (seen.actor for seen in page.seen))
    quoted = _owners_of_quoted(session, page.seen)
    # A token says whom a mail was to, from whichever of their addresses it comes back.
    named = {seen.object: id_ for seen in page.seen if (id_ := _owner_of_token(session, seen)) is not None}
    return [
        Entry(
            channel,
            seen,
            now,
            named.get(seen.object) or owners.get(seen.actor) or quoted.get(seen.object),
            None,
            claimed.account_id,
        )
        for seen in page.seen
    ]


def _owner_of_token(session: Session, seen: Seen) -> int | None:
    token = str(seen.attributes.get("token") or "")
    owner = unsubscribe.owner_of(session, token) if seen.kind == "unsubscribe" else None
    return owner.id if owner is not None else None


def _owners_of_quoted(session: Session, seen: Sequence[Seen]) -> dict[str, int]:
    """Mail from another address that answers a message of ours is from whom we wrote to."""
    quoted = {id_: one.object for one in seen for id_ in one.attributes.get("refers_to") or ()}
    if not quoted:
        return {}
    rows = session.exec(
        select(Message.message_id, Message.prospect_id).where(col(Message.message_id).in_(list(quoted)))
    )
    return {quoted[message_id]: prospect_id for message_id, prospect_id in rows if message_id is not None}


def _note(
    session: Session,
    claimed: Claimed,
    started_at: datetime,
    now: datetime,
    outcome: str,
    found: int = 0,
    covered_until: datetime | None = None,
    error: str | None = None,
) -> None:
    """Keep that this look was made."""
    row = {
        "profile_id": claimed.profile_id,
        "account_id": claimed.account_id if claimed.profile_id is None else None,
        "started_at": started_at,
        "took_ms": int((now - started_at).total_seconds() * 1000),
        "outcome": outcome,
        "found": found,
        "covered_until": covered_until,
        "cost": 0.0,
        "error": error,
    }
    session.connection().execute(_NOTE, row)
