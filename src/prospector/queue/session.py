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
from prospector.queue.plan import Item, act_of, plan, seconds_for
from prospector.queue.rank import Section
from prospector.queue.reader import Reader, start_of
from prospector.queue.search import Counts
from prospector.queue.views import done, snoozed
from prospector.store import read_rows

MOST = 500
"""Cards of one section that a day is chosen from, and of all those that are put away."""
MOST_COUNTED = 1000
FIRST_MORE = 20
DECIDED = ("done", "dismissed", "snoozed")
MOST_DECIDED = 2000

_CARD, _MESSAGE = table_of(Card), table_of(Message)
_SEEN_BY_PLAN = (
    *_CARD.c["id", "priority", "section", "expires_at", "created_at"],
    Card.causes[0]["at"].as_string().label("since"),
)
_OPEN = (
    _CARD.c.state == "open",
    _CARD.c.section == bindparam("section"),
    _CARD.c.due_on <= bindparam("now"),
)
_ORDER = (_CARD.c.priority.desc(), _CARD.c.created_at, _CARD.c.id)
_WAITING = {
    True: select(*_SEEN_BY_PLAN).where(*_OPEN).order_by(*_ORDER).limit(MOST),
    False: select(*_SEEN_BY_PLAN)
    .where(*_OPEN, _CARD.c.owner_id == bindparam("owner"))
    .order_by(*_ORDER)
    .limit(MOST),
}
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
    rows = rows_of(session, left.today)
    wanted = search.parse(query)
    waiting = count_waiting(session, reader.scope, now)
    return Agenda(
        at=now,
        sections=_by_section(row for row in rows if search.matches(wanted, row)),
        done=left.done,
        total=left.done + len(rows),
        more=max(waiting - len(left.today), 0),
        more_is_least=waiting >= MOST_COUNTED,
        first_more=tuple(rows_of(session, left.over[:FIRST_MORE])),
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
    waiting, decided = _waiting(session, reader.scope, now), _decided(session, reader.scope, begun)
    acts = acts_of(session, [card.id for card in (*waiting, *decided)])
    items = [_item(card, acts.get(card.id), card.expires_at) for card in waiting]
    # What was decided keeps its place in the plan, also where its causes are past by now.
    items += [_item(card, acts.get(card.id), None) for card in decided]
    medians = paces.learned(session, reader.id, begun) if reader.id is not None else {}
    planned = plan(items, reader.minutes, medians, now)
    gone = {card.id for card in decided}
    left = [item for item in planned.today if item.id not in gone]
    return _Left(
        today=tuple(item.id for item in left),
        over=tuple(item.id for item in planned.more if item.id not in gone),
        done=sum(card.decided_by == reader.id for card in decided),
        seconds=sum(seconds_for(item.act, medians) for item in left),
    )


def _waiting(session: Session, scope: Scope, now: datetime) -> list[Any]:
    found: list[Any] = []
    for section in Section:
        given: dict[str, Any] = {"section": section.name.lower(), "now": now}
        if scope.owners is None:
            found += read_rows(session, _WAITING[True], **given)
            continue
        for owner in sorted(scope.owners):
            found += read_rows(session, _WAITING[False], **given, owner=owner)
    return found


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


def _item(card: Any, action: str | None, expires_at: datetime | None) -> Item:
    section = Section[card.section.upper()]
    since = datetime.fromisoformat(card.since) if card.since else card.created_at
    return Item(card.id, card.priority, section, act_of(action, section), since, expires_at=expires_at)


def _by_section(rows: Iterable[Row]) -> tuple[tuple[Section, tuple[Row, ...]], ...]:
    given = list(rows)
    parts = ((section, tuple(row for row in given if row.section is section)) for section in Section)
    return tuple((section, part) for section, part in parts if part)


__all__ = ["Agenda", "News", "done", "news", "session_of", "snoozed", "today"]
