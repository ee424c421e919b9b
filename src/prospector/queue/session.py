"""A rep's finite day: what of the queue fits into their minutes, what they have done of it, what waits.

The list is made of the cards that are open now and of those that were decided since the day began,
together: so a decision takes its card away and changes nothing else. Only columns are read, each
section by its index, so that hundreds of thousands of open cards cost no more than a few.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
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

PAGE, MOST = 64, 512
"""The open cards of a section are read by pages until one does not fit into the day, and so many at most."""
MOST_COUNTED = 1000
MOST_OVER = 200
FIRST_MORE = 20
DECIDED = ("done", "dismissed", "snoozed")
MOST_DECIDED = 2000
# What a decision discarded was the card's act until then.
WITH_THE_CARD = "the card was "

_CARD, _MESSAGE = table_of(Card), table_of(Message)
_ACTION = (
    select(_MESSAGE.c.action)
    .where(
        _MESSAGE.c.card_id == _CARD.c.id,
        or_(_MESSAGE.c.state != "discarded", _MESSAGE.c.error.startswith(WITH_THE_CARD)),
    )
    .order_by(_MESSAGE.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_SEEN_BY_PLAN = (*_CARD.c["id", "priority", "section", "since"], _ACTION.label("action"))
_IS_WAITING = and_(
    _CARD.c.state == "open",
    _CARD.c.due_on <= bindparam("now"),
    or_(_CARD.c.expires_at.is_(None), _CARD.c.expires_at > bindparam("now")),
)
_OF_OWNERS = _CARD.c.owner_id.in_(bindparam("owners", expanding=True))
# In the order of the plan, which is the index's. The few that a later page skips cost next to nothing.
_WAITING = (
    select(*_SEEN_BY_PLAN)
    .where(_IS_WAITING, _CARD.c.section == bindparam("section"))
    .order_by(_CARD.c.priority.desc(), _CARD.c.since, _CARD.c.id)
    .limit(PAGE)
    .offset(bindparam("offset"))
)
_WAITING_OF_OWNER = _WAITING.where(_CARD.c.owner_id == bindparam("owner"))
_DECIDED = (
    select(*_SEEN_BY_PLAN, _CARD.c.decided_by)
    .where(_CARD.c.decided_at >= bindparam("begun"), _CARD.c.state.in_(DECIDED), _CARD.c.section != "")
    .order_by(_CARD.c.decided_at)
    .limit(MOST_DECIDED)
)
_DECIDED_OF_OWNERS = _DECIDED.where(_OF_OWNERS)


def _counted(*conditions: ColumnElement[bool]) -> Select[Any]:
    some = select(_CARD.c.id).where(*conditions).limit(bindparam("most")).subquery()
    return select(func.count()).select_from(some)


_COUNT_WAITING = _counted(_IS_WAITING, _CARD.c.section != "")
_COUNT_WAITING_OF_OWNERS = _counted(_IS_WAITING, _CARD.c.section != "", _OF_OWNERS)
_COUNT_SNOOZED = _counted(_CARD.c.state == "snoozed")
_COUNT_SNOOZED_OF_OWNERS = _counted(_CARD.c.state == "snoozed", _OF_OWNERS)


@dataclass(frozen=True, slots=True)
class Agenda:
    """The day as it stands: `sections` in their order, `done` what this reader decided or put away
    since it began, `more` what is over (counted up to 200: then `more_is_least`) and `first_more` the
    first of it where they were asked for, `seconds` what the rest is expected to take. `counts` are of
    the whole day, whatever was searched for."""

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
    """`ended`: all that waits was read, so that `over` is the whole of it."""

    today: tuple[int, ...]
    over: tuple[int, ...]
    ended: bool
    done: int
    seconds: float


@dataclass(slots=True)
class _Part:
    """The open cards of one section (of one owner), the most urgent first, as far as they were read."""

    given: Mapping[str, Any]
    items: list[Item]
    ended: bool = False

    def read(self, session: Session) -> None:
        statement = _WAITING_OF_OWNER if "owner" in self.given else _WAITING
        found = read_rows(session, statement, **self.given, offset=len(self.items))
        self.items += [_item(card) for card in found]
        self.ended = len(found) < PAGE or len(self.items) >= MOST


def session_of(
    session: Session, reader: Reader, now: datetime, query: str = "", more: bool = False
) -> Agenda:
    """The reader's day. `query` (search.py) chooses which of its rows are given; without `more` what is
    over is only counted."""
    left = _left(session, reader, now, FIRST_MORE if more else 0)
    listed = rows_of(session, [*left.today, *(left.over[:FIRST_MORE] if more else ())])
    rows, over = listed[: len(left.today)], listed[len(left.today) :]
    wanted = search.parse(query)
    waiting, is_least = _over(session, reader.scope, left, now)
    return Agenda(
        at=now,
        sections=_by_section([row for row in rows if search.matches(wanted, row)] if wanted else rows),
        done=left.done,
        total=left.done + len(rows),
        more=waiting,
        more_is_least=is_least,
        first_more=tuple(over),
        seconds=round(left.seconds),
        counts=search.counts(rows),
        snoozed=count_snoozed(session, reader.scope),
    )


def today(session: Session, reader: Reader, now: datetime) -> tuple[int, ...]:
    """The ids of the reader's open cards of today, in their order."""
    return _left(session, reader, now).today


def news(session: Session, reader: Reader, since: datetime, now: datetime) -> News:
    """What came onto the reader's list since then, at most 1,000 of it."""
    statement = select(_CARD.c.id).where(
        _CARD.c.state == "open",
        _CARD.c.arrived_at > since,
        _CARD.c.due_on <= now,
        reader.scope.where(_CARD.c.owner_id),
    )
    found = session.connection().execute(
        statement.order_by(_CARD.c.arrived_at, _CARD.c.id).limit(MOST_COUNTED)
    )
    return News(tuple(id_ for (id_,) in found))


def count_snoozed(session: Session, scope: Scope) -> int:
    """How many cards are put away, counted no further than 1,000."""
    if scope.owners is None:
        return _number(session, _COUNT_SNOOZED, most=MOST_COUNTED)
    return _number(session, _COUNT_SNOOZED_OF_OWNERS, most=MOST_COUNTED, owners=sorted(scope.owners))


def _over(session: Session, scope: Scope, left: _Left, now: datetime) -> tuple[int, bool]:
    """How many cards wait beyond the day, and whether these are only as many as are counted."""
    if left.ended:
        return len(left.over), False
    listed = len(left.today)
    given: dict[str, Any] = {"now": now, "most": listed + MOST_OVER}
    if scope.owners is None:
        found = _number(session, _COUNT_WAITING, **given)
    else:
        found = _number(session, _COUNT_WAITING_OF_OWNERS, **given, owners=sorted(scope.owners))
    return max(found - listed, 0), found >= listed + MOST_OVER


def _number(session: Session, statement: Select[Any], **given: Any) -> int:
    return int(read_rows(session, statement, **given)[0][0])


def _left(session: Session, reader: Reader, now: datetime, over: int = 0) -> _Left:
    """What is open still of the plan of all that was open at some time today; of what is `over`, so
    many at least."""
    begun = start_of(reader, now)
    decided = _decided(session, reader.scope, begun)
    gone = {card.id for card in decided}
    medians = paces.learned(session, reader.id, begun) if reader.id is not None else {}
    # What was decided keeps its place in the plan.
    kept, parts = [_item(card) for card in decided], _parts(reader.scope, now)
    reading = parts
    while True:
        for part in reading:
            part.read(session)
        items = [item for part in parts for item in part.items]
        planned = plan([*items, *kept], reader.minutes, medians, now)
        listed = {item.id for item in planned.today}
        reading = [part for part in parts if not part.ended and _reaches(part, listed, over)]
        if not reading:
            break
    left = [item for item in planned.today if item.id not in gone]
    return _Left(
        today=tuple(item.id for item in left),
        over=tuple(item.id for item in planned.more if item.id not in gone),
        ended=all(part.ended and len(part.items) < MOST for part in parts),
        done=sum(card.decided_by == reader.id for card in decided),
        seconds=sum(seconds_for(item.act, medians) for item in left),
    )


def _reaches(part: _Part, listed: Container[int], over: int) -> bool:
    """Whether the day, with so many cards that are over, may reach beyond what was read of a part."""
    return part.items[-1 - over].id in listed


def _parts(scope: Scope, now: datetime) -> list[_Part]:
    sections = [{"section": section.name.lower(), "now": now} for section in Section]
    if scope.owners is None:
        return [_Part(given, []) for given in sections]
    return [_Part({**given, "owner": owner}, []) for given in sections for owner in sorted(scope.owners)]


def _decided(session: Session, scope: Scope, begun: datetime) -> Sequence[Any]:
    """What was decided or put away since the day began, by whomever."""
    if scope.owners is None:
        return read_rows(session, _DECIDED, begun=begun)
    return read_rows(session, _DECIDED_OF_OWNERS, begun=begun, owners=sorted(scope.owners))


def _item(card: Any) -> Item:
    section = Section[card.section.upper()]
    return Item(card.id, card.priority, section, act_of(card.action, section), card.since)


def _by_section(rows: Iterable[Row]) -> tuple[tuple[Section, tuple[Row, ...]], ...]:
    given = list(rows)
    parts = ((section, tuple(row for row in given if row.section is section)) for section in Section)
    return tuple((section, part) for section, part in parts if part)


__all__ = ["Agenda", "News", "done", "news", "session_of", "snoozed", "today"]
