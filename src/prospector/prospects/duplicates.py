"""People who were perhaps entered twice, found without comparing everybody with everybody.

One call looks at a part of the table: the addresses that another may be a form of, and the people of
some companies, one company after the other along its index. The same profile twice is impossible: the
table refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from prospector.models import Company, Prospect, Run
from prospector.prospects import resemblance
from prospector.prospects.resemblance import GMAIL, Resemblance, Someone, mailbox_of
from prospector.prospects.scope import Scope
from prospector.store import by_id

LOOKED_AT = 20_000
"""How many people one call compares, in about half a second; of a larger company it looks at no more."""
ADDRESSES = 100_000
"""How many addresses with other forms are compared."""
DISTINCT = "distinct"
"""The kind of run by which somebody said of two that they are not the same."""
_SOME = 500


class DistinctError(Exception):
    """It cannot be said of these two that they are not the same; the message says why."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two as the page shows them."""

    id: int
    name: str
    email: str | None
    title: str | None
    company: str | None
    stage: str
    source: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows that may be one person; `strength` up to 100."""

    first: Side
    second: Side
    strength: int
    reasons: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The names of `prospector duplicates --json`."""
        return {
            "keep": self.first.id,
            "merge": self.second.id,
            "names": [self.first.name, self.second.name],
            "emails": [self.first.email, self.second.email],
            "strength": self.strength,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class Found:
    """The pairs of one part of the table, the strongest first; `next` is the company from which the
    next part goes on, None at the end."""

    pairs: tuple[Pair, ...]
    next: int | None


def duplicates(session: Session, scope: Scope, limit: int, after: int = 0, most: int = LOOKED_AT) -> Found:
    """Who may have been entered twice: `most` people of the companies from `after` on and, in the
    first part, every address that is a form of another. At most `limit` pairs."""
    people, further = _people(session, scope, after, most)
    found = [pair for _, group in groupby(people, attrgetter("company_id")) for pair in _pairs(group)]
    if after == 0:
        found += resemblance.of_mailboxes(_addresses(session, scope))
    apart = _apart(session)
    pairs = [pair for pair in resemblance.together(found) if (pair.first, pair.second) not in apart]
    return Found(tuple(_shown(session, pairs[:limit])), further)


def every(session: Session, scope: Scope, limit: int) -> list[Pair]:
    """The strongest pairs of the whole table."""
    found, after = list[Pair](), 0
    while True:
        part = duplicates(session, scope, limit, after)
        found = sorted([*found, *part.pairs], key=lambda pair: (-pair.strength, pair.first.id))[:limit]
        if part.next is None:
            return found
        after = part.next


def _pairs(group: Iterable[Someone]) -> Iterator[Resemblance]:
    return resemblance.in_company(group)


def _people(session: Session, scope: Scope, after: int, most: int) -> tuple[list[Someone], int | None]:
    """Whole companies along their index until there are enough people, and where to go on."""
    wanted = select(Prospect.id, Prospect.name, Prospect.email, Prospect.company_id).where(
        col(Prospect.company_id) > after, *_living(scope)
    )
    rows = session.exec(wanted.order_by(col(Prospect.company_id)).limit(most + 1)).all()
    people = [Someone(*row) for row in rows]
    if len(people) <= most:
        return people, None
    last = people[-1].company_id
    whole = [person for person in people if person.company_id != last]
    if whole:
        return whole, whole[-1].company_id
    # A company with more people than one part has: its first, and on to the next.
    return people[:most], last


def _living(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Prospect.archived_at).is_(None),
        col(Prospect.merged_into_id).is_(None),
        scope.where(Prospect.owner_id),
    )


def _addresses(session: Session, scope: Scope) -> list[tuple[int, str]]:
    """The addresses that may be another form of one: those with a plus and Gmail's, and what the
    former are without it."""
    email: Any = col(Prospect.email)
    special = or_(email.like("%+%@%"), *(email.like(f"%@{domain}") for domain in sorted(GMAIL)))
    rows = session.exec(select(Prospect.id, email).where(special, *_living(scope)).limit(ADDRESSES)).all()
    found = [(id_, str(address)) for id_, address in rows]
    bare = sorted({mailbox_of(address) for _, address in found if "+" in address})
    for at in range(0, len(bare), _SOME):
        plain = select(Prospect.id, email).where(email.in_(bare[at : at + _SOME]), *_living(scope))
        found += [(id_, str(address)) for id_, address in session.exec(plain)]
    return found


def _shown(session: Session, pairs: Sequence[Resemblance]) -> Iterator[Pair]:
    ids = sorted({id_ for pair in pairs for id_ in (pair.first, pair.second)})
    sides: dict[int, Side] = {}
    for at in range(0, len(ids), _SOME):
        rows = (
            select(Prospect, Company.name)
            .join(Company, col(Company.id) == col(Prospect.company_id), isouter=True)
            .where(col(Prospect.id).in_(ids[at : at + _SOME]))
        )
        sides |= {one.id: _side(one, company) for one, company in session.exec(rows)}
    for pair in pairs:
        yield Pair(sides[pair.first], sides[pair.second], pair.strength, pair.reasons)


def _side(one: Prospect, company: str | None) -> Side:
    return Side(one.id, one.name, one.email, one.title, company, one.stage, one.source, one.created_at)


# --- not the same -------------------------------------------------------------------------------


def set_apart(session: Session, one: int, two: int, user_id: int | None, now: datetime) -> int:
    """Note that two are not the same person, so that they are not shown again; the run. Raises
    `DistinctError`."""
    if one == two or session.get(Prospect, one) is None or session.get(Prospect, two) is None:
        raise DistinctError("These are not two people; look at the list again.")
    run = Run(kind=DISTINCT, at=now, user_id=user_id, detail={"pair": sorted((one, two))})
    session.add(run)
    session.flush()
    return run.id


def bring_together(session: Session, run_id: int, now: datetime) -> None:
    """Take that back. Raises `DistinctError`."""
    run = by_id(session, Run, run_id)
    if run is None or run.kind != DISTINCT or run.undone_at is not None:
        raise DistinctError("That was taken back already.")
    run.undone_at = now


def _apart(session: Session) -> set[tuple[int, int]]:
    said = select(Run.detail).where(Run.kind == DISTINCT, col(Run.undone_at).is_(None))
    return {(detail["pair"][0], detail["pair"][1]) for detail in session.exec(said) if detail.get("pair")}
