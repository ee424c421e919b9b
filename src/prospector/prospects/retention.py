"""Whom we keep without a reason any more: nothing of theirs, and no outcome, for a number of months.

Data about people is kept no longer than it is needed (GDPR, Art. 5(1)(e)). The list is for a person to
decide: nothing is erased by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col, func, select

from prospector.models import Company, Engagement, Message, Move, Prospect, Recipient
from prospector.prospects.scope import Scope

LOOKED_AT = 100_000
"""How many people one call looks at."""
_WAITING = ("added", "drafted", "active")
_UNSAID = ("approved", "sending", "unknown")


@dataclass(frozen=True, slots=True)
class Kept:
    """Somebody of whom nothing has been heard: `last` is the last thing that they did, None for never."""

    id: int
    name: str
    email: str | None
    company: str | None
    stage: str
    source: str | None
    created_at: datetime
    last: datetime | None

    def as_json(self) -> dict[str, Any]:
        """The names of `prospector person retention --json`."""
        return {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "company": self.company,
            "stage": self.stage,
            "source": self.source,
            "since": self.created_at,
            "last": self.last,
        }


@dataclass(frozen=True, slots=True)
class Listed:
    """A part of the list; `next` is the id after which the next part begins, None at the end."""

    people: tuple[Kept, ...]
    next: int | None


def months_before(now: datetime, months: int) -> datetime:
    """The same day so many months earlier, or the last that month has."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    for day in range(now.day, 27, -1):
        try:
            return now.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return now.replace(year=year, month=month + 1, day=min(now.day, 28))


def listed(
    session: Session,
    scope: Scope,
    since: datetime,
    limit: int,
    after: int = 0,
    won: Collection[str] = (),
    most: int = LOOKED_AT,
) -> Listed:
    """People, the longest kept first, who have done nothing since then and have no outcome since then:
    no move, and not in a stage that is `won`. Who is written to by a campaign, or waits in the outbox, is
    left out. One call looks at `most` people from `after` on."""
    last = _last_of_part(session, after, most)
    meant = [col(Prospect.id) > after, *_silent(since, won), scope.where(Prospect.owner_id)]
    if last is not None:
        meant.append(col(Prospect.id) <= last)
    rows = session.exec(
        select(Prospect, Company.name)
        .join(Company, col(Company.id) == col(Prospect.company_id), isouter=True)
        .where(*meant)
        .order_by(col(Prospect.id))
        .limit(limit + 1)
    ).all()
    seen = _last_seen(session, [one.id for one, _ in rows[:limit]])
    people = tuple(_kept(one, company, seen.get(one.id)) for one, company in rows[:limit])
    return Listed(people, people[-1].id if len(rows) > limit else last)


def still(
    session: Session, scope: Scope, since: datetime, ids: Sequence[int], won: Collection[str]
) -> list[int]:
    """Which of these are on the list now."""
    meant = [col(Prospect.id).in_(ids), *_silent(since, won), scope.where(Prospect.owner_id)]
    return list(session.exec(select(Prospect.id).where(*meant).order_by(col(Prospect.id))))


def _last_of_part(session: Session, after: int, most: int) -> int | None:
    """The id at which this part ends; None where it is the last."""
    part = select(Prospect.id).where(col(Prospect.id) > after).order_by(col(Prospect.id)).limit(most)
    some = part.subquery()
    number, last = session.exec(select(func.count(), func.max(some.c.id)).select_from(some)).one()
    return last if number == most else None


def _silent(since: datetime, won: Collection[str]) -> list[ColumnElement[bool]]:
    theirs = col(Engagement.prospect_id) == col(Prospect.id)
    moved = col(Move.prospect_id) == col(Prospect.id), col(Move.effective_at) >= since
    waits = col(Recipient.prospect_id) == col(Prospect.id), col(Recipient.state).in_(_WAITING)
    leaves = col(Message.prospect_id) == col(Prospect.id), col(Message.state).in_(_UNSAID)
    return [
        col(Prospect.created_at) < since,
        col(Prospect.merged_into_id).is_(None),
        col(Prospect.stage).not_in(sorted(won)),
        ~exists().where(theirs, col(Engagement.by) == "them", col(Engagement.at) >= since),
        ~exists().where(*moved, col(Move.superseded_at).is_(None), _is_move()),
        ~exists().where(*waits),
        ~exists().where(*leaves),
    ]


def _is_move() -> ColumnElement[bool]:
    return or_(col(Move.after).is_not(None), col(Move.ruleset_id).is_(None))


def _last_seen(session: Session, ids: Sequence[int]) -> dict[int, datetime]:
    theirs = select(Engagement.prospect_id, func.max(Engagement.at)).where(
        col(Engagement.prospect_id).in_(ids), Engagement.by == "them"
    )
    found = session.exec(theirs.group_by(col(Engagement.prospect_id)))
    return {id_: at for id_, at in found if id_ is not None}


def _kept(one: Prospect, company: str | None, last: datetime | None) -> Kept:
    return Kept(one.id, one.name, one.email, company, one.stage, one.source, one.created_at, last)
