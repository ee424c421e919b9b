"""A rep's finite day: what of the queue fits into their minutes, what they have done of it, what waits.

The list is made of the cards that are open now and of those that were decided since the day began,
together: so a decision takes its card away and changes nothing else. Only columns are read, each
section by its index, so that hundreds of thousands of open cards cost no more than a few.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlmodel import Session

from prospector.models import Card, Message, table_of
from prospector.prospects.scope import Scope
from prospector.queue import paces, search
from prospector.queue.listing import Row, rows_of
from prospector.queue.plan import Item, Plan, act_of, plan, seconds_for
from prospector.queue.rank import Section
from prospector.queue.reader import Reader, start_of
from prospector.queue.search import Counts
from prospector.queue.views import done, snoozed
from prospector.store import read_rows

FIRST, MOST = 120, 500
"""Cards of one section that a day is chosen from: so many at first, and where these all fit, more."""
MOST_COUNTED = 1000
FIRST_MORE = 20
DECIDED = ("done", "dismissed", "snoozed")
MOST_DECIDED = 2000

_CARD, _MESSAGE = table_of(Card), table_of(Message)
_SEEN_BY_PLAN = (
    *_CARD.c["id", "priority", "section"],
    Card.causes[0]["at"].as_string().label("since"),
)
_WAITING = (
    select(*_SEEN_BY_PLAN)
    .where(
        _CARD.c.state == "open",
        _CARD.c.section == bindparam("section"),
        _CARD.c.due_on <= bindparam("now"),
        or_(_CARD.c.expires_at.is_(None), _CARD.c.expires_at > bindparam("now")),
    )
    .order_by(_CARD.c.priority.desc(), _CARD.c.created_at, _CARD.c.id)
    .limit(bindparam("most"))
)
_WAITING_OF_OWNER = _WAITING.where(_CARD.c.owner_id == bindparam("owner"))
# What a decision discarded was the card's act until then.
WITH_THE_CARD = "the card was "
_ACTS = (
    select(*_MESSAGE.c["card_id", "action"])
    .where(
        _MESSAGE.c.card_id.in_(bindparam("ids", expanding=True)),
        or_(_MESSAGE.c.state != "discarded", _MESSAGE.c.error.startswith(WITH_THE_CARD)),
    )
    .order_by(_MESSAGE.c.id)
)


@dataclass(frozen=True, slots=True)
class Agenda:
    """The day as it stands: `sections` in their order, `done` what this reader decided or put away
    since it began, `more` what is over (counted up to 1,000: then `more_is_least`), `seconds` what the
    rest is expected to take. `counts` are of the whole day, whatever was searched for."""

    at: datetime
    sections: tuple[tuple[Section, tuple[Row, ...]], ...]
    done: int
    total: int
    more: int
    more_is_least: bool
    first_more: tuple[Row, ...]
    seconds: int
    counts: Counts
    snoozed: int

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for _, rows in self.sections for row in rows)


@dataclass(frozen=True, slots=True)
class News:
    """Cards that came onto the list since it was shown."""

    ids: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class _Left:
    today: tuple[int, ...]
    over: tuple[int, ...]
    done: int
    seconds: float


def session_of(session: Session, reader: Reader, now: datetime, query: str = "") -> Agenda:
    """The reader's day. `query` (search.py) chooses which of its rows are given."""
    left = _left(session, reader, now)
    listed = rows_of(session, [*left.today, *left.over[:FIRST_MORE]])
    rows, over = listed[: len(left.today)], listed[len(left.today) :]
    wanted = search.parse(query)
    waiting = count_waiting(session, reader.scope, now)
    return Agenda(
        at=now,
        sections=_by_section([row for row in rows if search.matches(wanted, row)] if wanted else rows),
        done=left.done,
        total=left.done + len(rows),
        more=max(waiting - len(rows), 0),
        more_is_least=waiting >= MOST_COUNTED,
        first_more=tuple(over),
        seconds=round(left.seconds),
        counts=search.counts(rows),
        snoozed=count_snoozed(session, reader.scope),
    )


def today(session: Session, reader: Reader, now: datetime) -> tuple[int, ...]:
    """The ids of the reader's open cards of today, in their order."""
    return _left(session, reader, now).today


def news(session: Session, reader: Reader, since: datetime) -> News:
    """What came onto the reader's list since then, at most 1,000 of it."""
    statement = select(_CARD.c.id).where(
        _CARD.c.state == "open", _CARD.c.arrived_at > since, reader.scope.where(_CARD.c.owner_id)
    )
    found = session.connection().execute(
        statement.order_by(_CARD.c.arrived_at, _CARD.c.id).limit(MOST_COUNTED)
    )
    return News(tuple(id_ for (id_,) in found))


def count_waiting(session: Session, scope: Scope, now: datetime) -> int:
    """How many open cards there are for today, counted no further than 1,000."""
    return _count(session, _CARD.c.state == "open", _CARD.c.due_on <= now, scope.where(_CARD.c.owner_id))


def count_snoozed(session: Session, scope: Scope) -> int:
    """How many cards are put away, counted no further than 1,000."""
    return _count(session, _CARD.c.state == "snoozed", scope.where(_CARD.c.owner_id))


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    some = select(_CARD.c.id).where(*conditions).limit(MOST_COUNTED).subquery()
    return int(session.connection().execute(select(func.count()).select_from(some)).scalar_one())


def _left(session: Session, reader: Reader, now: datetime) -> _Left:
    """What is open still of the plan of all that was open at some time today."""
    begun = start_of(reader, now)
    decided = _decided(session, reader.scope, begun)
    gone = {card.id for card in decided}
    medians = paces.learned(session, reader.id, begun) if reader.id is not None else {}
    planned = Plan((), (), 0)
    for most in (FIRST, MOST):
        parts = _waiting(session, reader.scope, now, most)
        waiting = [card for part in parts for card in part]
        acts = acts_of(session, [card.id for card in (*waiting, *decided)])
        # What was decided keeps its place in the plan.
        items = [_item(card, acts.get(card.id), now) for card in (*waiting, *decided)]
        planned = plan(items, reader.minutes, medians, now)
        listed = {item.id for item in planned.today}
        if not any(len(part) == most and part[-1].id in listed for part in parts):
            break
    left = [item for item in planned.today if item.id not in gone]
    return _Left(
        today=tuple(item.id for item in left),
        over=tuple(item.id for item in planned.more if item.id not in gone),
        done=sum(card.decided_by == reader.id for card in decided),
        seconds=sum(seconds_for(item.act, medians) for item in left),
    )


def _waiting(session: Session, scope: Scope, now: datetime, most: int) -> list[Sequence[Any]]:
    """The open cards of each section (of each owner), the most urgent first."""
    parts = []
    for section in Section:
        given: dict[str, Any] = {"section": section.name.lower(), "now": now, "most": most}
        if scope.owners is None:
            parts.append(read_rows(session, _WAITING, **given))
            continue
        for owner in sorted(scope.owners):
            parts.append(read_rows(session, _WAITING_OF_OWNER, **given, owner=owner))
    return parts


def _decided(session: Session, scope: Scope, begun: datetime) -> Sequence[Any]:
    """What was decided or put away since the day began, by whomever."""
    statement = (
        select(*_SEEN_BY_PLAN, _CARD.c.decided_by)
        .where(
            _CARD.c.decided_at >= begun,
            _CARD.c.state.in_(DECIDED),
            _CARD.c.section != "",
            scope.where(_CARD.c.owner_id),
        )
        .order_by(_CARD.c.decided_at)
        .limit(MOST_DECIDED)
    )
    return session.connection().execute(statement).all()


def acts_of(session: Session, card_ids: Sequence[int]) -> Mapping[int, str]:
    """The action of each card's newest draft or message."""
    if not card_ids:
        return {}
    return dict(read_rows(session, _ACTS, ids=list(card_ids)))


def _item(card: Any, action: str | None, now: datetime) -> Item:
    section = Section[card.section.upper()]
    since = datetime.fromisoformat(card.since) if card.since else now
    return Item(card.id, card.priority, section, act_of(action, section), since)


def _by_section(rows: Iterable[Row]) -> tuple[tuple[Section, tuple[Row, ...]], ...]:
    given = list(rows)
    parts = ((section, tuple(row for row in given if row.section is section)) for section in Section)
    return tuple((section, part) for section, part in parts if part)


__all__ = ["Agenda", "News", "done", "news", "session_of", "snoozed", "today"]
