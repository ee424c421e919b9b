"""Word to our own people: who is to hear of the morning and of answers now, each at most once.

Who is to be told is claimed before anything is sent: the row of the user moves from the time that
was read to the new one, which of many workers one can do. What was claimed and could not be sent is
not tried again; it is noted at the user, and shown in their settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, or_, select, update

from prospector.models import Account, Card, Company, Engagement, Prospect, User, table_of
from prospector.outreach.replies import ANSWERS
from prospector.queue.rank import Section
from prospector.team import absence, digest
from prospector.team.absence import Team
from prospector.team.digest import Answer, Morning, Notice, Waiting, Wishes

MOST = 200
LONGEST = 200

_CARD, _COMPANY = table_of(Card), table_of(Company)
_ENGAGEMENT, _PROSPECT = table_of(Engagement), table_of(Prospect)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that this process alone may send, and whose it is."""

    user_id: int
    notice: Notice


def claim(session: Session, home: str, account_ids: Iterable[int], now: datetime) -> list[Claimed]:
    """The digests and answers that are due now, each given to one caller only."""
    signing_in = select(User).where(col(User.disabled_at).is_(None)).order_by(col(User.id))
    everybody = [(user, digest.wishes_of(user.notify)) for user in session.exec(signing_in)]
    asking = [(user, wishes) for user, wishes in everybody if wishes.digest or wishes.answers]
    if not asking:
        return []
    team, accounts = absence.team_of(session), list(account_ids)
    found: list[Claimed] = []
    for user, wishes in asking:
        told = [_digest(session, user, wishes, team, accounts, home, now)]
        told += [_answers(session, user, wishes, team, home, now)]
        found += [Claimed(user.id, notice) for notice in told if notice is not None]
    return found


def note(session: Session, outcomes: Sequence[tuple[Claimed, Mapping[str, str]]], now: datetime) -> None:
    """Keep at each user which channel could not be reached and why; a success forgives it."""
    for claimed, failed in outcomes:
        user = session.get_one(User, claimed.user_id, with_for_update=True, populate_existing=True)
        before = user.notify.get("failed") or {}
        kept = {name: one for name, one in before.items() if name not in claimed.notice.channels}
        new = {name: {"why": why[:LONGEST], "at": now.isoformat()} for name, why in failed.items()}
        if before != kept | new:
            user.notify = {**user.notify, "failed": kept | new}
            session.flush()


def choose(session: Session, user: User, wishes: Wishes, now: datetime) -> None:
    """Keep what a user wants to hear. Of answers, those from now on."""
    before = digest.wishes_of(user.notify)
    if wishes.answers and not before.answers:
        user.notified_at = now
    user.notify = {**user.notify, **wishes.as_json()}
    session.add(user)
    session.flush()


# --- what is due --------------------------------------------------------------------------------


def _digest(
    session: Session,
    user: User,
    wishes: Wishes,
    team: Team,
    accounts: Sequence[int],
    home: str,
    now: datetime,
) -> Notice | None:
    if not wishes.digest:
        return None
    zone, start = ZoneInfo(user.timezone), time.fromisoformat(user.day_start)
    away = team[user.id].away(now)
    due = digest.digest_due(user.digested_at, now, zone, start, away)
    if due is None or not _moved(session, user, "digested_at", now):
        return None
    told = _morning(session, user, team, accounts, now)
    return replace(digest.morning(told, home), channels=wishes.digest)


def _answers(
    session: Session, user: User, wishes: Wishes, team: Team, home: str, now: datetime
) -> Notice | None:
    window = digest.window(user.notified_at, now) if wishes.answers else None
    if window is None:
        return None
    since, until = window
    found = _answered(session, _owners(user, team, now), since, until) if since < until else []
    # A row is written where there is something to tell, and at the very first time.
    if not (found or user.notified_at is None) or not _moved(session, user, "notified_at", until):
        return None
    if not found:
        return None
    return replace(digest.answers(found, home, wishes.with_text), channels=wishes.answers)


def _moved(session: Session, user: User, column: str, to: datetime) -> bool:
    """Whether this transaction is the one that moved the time on from what was read."""
    place, known = getattr(User, column), getattr(user, column)
    unchanged = place.is_(None) if known is None else place == known
    moved = session.exec(
        update(User)
        .where(col(User.id) == user.id, unchanged)
        .values({column: to})
        .execution_options(synchronize_session=False)
    )
    return moved.rowcount == 1


def _owners(user: User, team: Team, now: datetime) -> frozenset[int | None]:
    """Whose answers a user hears of: their own unless they are away, those of whom they cover, and
    nobody's where they are no rep."""
    own: set[int | None] = set() if absence.cover_of(team, user.id, now) is not None else {user.id}
    nobodys: set[int | None] = set() if user.role == "rep" else {None}
    return frozenset(own | nobodys | set(absence.covered_by(team, user.id, now)))


def _whose(column: Any, owners: frozenset[int | None]) -> Any:
    owned = column.in_(sorted(owner for owner in owners if owner is not None))
    return or_(owned, column.is_(None)) if None in owners else owned


def _answered(
    session: Session, owners: frozenset[int | None], since: datetime, until: datetime
) -> list[Answer]:
    """What these owners' people did towards us and was seen then, read along the index of answers."""
    statement = (
        select_columns(_PROSPECT.c.name, _COMPANY.c.name, *_ENGAGEMENT.c["kind", "channel", "text"])
        .select_from(_ENGAGEMENT)
        .join(_PROSPECT, _PROSPECT.c.id == _ENGAGEMENT.c.prospect_id)
        .join(_COMPANY, _COMPANY.c.id == _PROSPECT.c.company_id, isouter=True)
        .where(
            ANSWERS,
            col(Engagement.at) > since - digest.STALE,
            col(Engagement.seen_at) > since,
            col(Engagement.seen_at) <= until,
            col(Engagement.kind).in_(list(digest.KINDS)),
            col(Engagement.retracted_at).is_(None),
            # The sum keeps SQLite from beginning with all people of an owner instead of the last answers.
            _whose(_PROSPECT.c.owner_id + 0, owners),
        )
    )
    ordered = statement.order_by(col(Engagement.seen_at), col(Engagement.id)).limit(MOST)
    return [Answer(*row) for row in session.execute(ordered)]


def _morning(session: Session, user: User, team: Team, accounts: Sequence[int], now: datetime) -> Morning:
    covered = absence.covered_by(team, user.id, now)
    theirs = Card.state == "open", col(Card.due_on) <= now, col(Card.owner_id).in_({user.id, *covered})
    counts = dict(
        session.exec(select(Card.section, func.count()).where(*theirs).group_by(Card.section)).all()
    )
    paused = select(Account.name, Account.paused_why).where(
        col(Account.id).in_(accounts), col(Account.paused_why).is_not(None)
    )
    return Morning(
        first_name=user.name.split()[0] if user.name else user.email,
        sections=tuple((part.title, counts.get(part.name.lower(), 0)) for part in Section),
        first=tuple(_first(session, theirs)),
        covering=tuple(team[id_].name for id_ in sorted(covered)),
        paused=tuple((name, why or "") for name, why in session.exec(paused.order_by(Account.name))),
    )


def _first(session: Session, theirs: Iterable[Any]) -> list[Waiting]:
    statement = (
        select_columns(_PROSPECT.c.name, _COMPANY.c.name, _CARD.c.reasons)
        .select_from(_CARD)
        .join(_PROSPECT, _PROSPECT.c.id == _CARD.c.prospect_id)
        .join(_COMPANY, _COMPANY.c.id == _PROSPECT.c.company_id, isouter=True)
        .where(*theirs)
        .order_by(col(Card.priority).desc(), col(Card.id))
        .limit(digest.FIRST)
    )
    return [
        Waiting(name, company, tuple(str(reason["label"]) for reason in reasons))
        for name, company, reasons in session.execute(statement)
    ]
