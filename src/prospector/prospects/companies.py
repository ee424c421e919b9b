"""Companies: finding them, their people, deals and signals, who of us wrote to them, and pausing them.

A rep sees a company through the people they may see; that a colleague wrote to somebody else there is
told without saying to whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, or_
from sqlmodel import Session, col, func, select

from prospector.models import Company, Engagement, Profile, Prospect, User
from prospector.prospects.details import storable
from prospector.prospects.people import NotFoundError
from prospector.prospects.scope import Scope
from prospector.sdk import BY_HAND_KINDS
from prospector.store import by_id

PAGE = 50
MOST_PEOPLE = 500
LATELY = timedelta(days=30)
LONGEST_PAUSE = timedelta(days=3650)


class PauseError(Exception):
    """The company cannot be paused like that; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One company of the list: `people` counts those whom the reader may see, `value` in minor units
    by currency."""

    id: int
    name: str
    domain: str | None
    people: int
    last_at: datetime | None
    paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some companies by name, and the key after which the next ones come (None: there are none)."""

    rows: tuple[Row, ...]
    after: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Colleague:
    """One person of a company."""

    id: int
    name: str
    title: str | None
    stage: str
    heat: float
    owner: str | None
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deal:
    """What is at stake in one stage, in one currency; `value` in minor units."""

    stage: str
    currency: str
    people: int
    value: int


@dataclass(frozen=True, slots=True)
class Writer:
    """One of us who wrote to people of a company: how often, and when last on which channel."""

    name: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Signal:
    """What people of a company did lately, by kind and channel."""

    kind: str
    channel: str
    times: int
    last_at: datetime


def listed(
    session: Session, scope: Scope, text: str = "", after: tuple[str, int] | None = None, limit: int = PAGE
) -> Page:
    """The companies with somebody whom the reader may see, by name; `text` is part of name or domain."""
    statement = select(Company.id, Company.name, Company.domain, Company.paused_until)
    if scope.owners is not None:
        theirs = (col(Prospect.company_id) == col(Company.id)) & scope.where(Prospect.owner_id)
        statement = statement.where(exists().where(theirs))
    if words := storable(text)[:100]:
        wanted = "%" + words.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        names = func.lower(Company.name).like(wanted, escape="\\")
        statement = statement.where(or_(names, col(Company.domain).like(wanted, escape="\\")))
    if after is not None:
        name, id_ = storable(after[0]), after[1]
        same = (col(Company.name) == name) & (col(Company.id) > id_)
        statement = statement.where(or_(col(Company.name) > name, same))
    found = session.exec(statement.order_by(col(Company.name), col(Company.id)).limit(limit + 1)).all()
    shown = found[:limit]
    people = _people_of(session, scope, [id_ for id_, *_ in shown])
    rows = tuple(
        Row(id_, name, domain, *people.get(id_, (0, None)), paused_until=until)
        for id_, name, domain, until in shown
    )
    return Page(rows, (rows[-1].name, rows[-1].id) if len(found) > limit else None)


def _people_of(session: Session, scope: Scope, ids: Sequence[int]) -> dict[int, tuple[int, datetime | None]]:
    """How many people companies have, and when one of them last moved."""
    statement = (
        select(Prospect.company_id, func.count(), func.max(Prospect.stage_at))
        .where(col(Prospect.company_id).in_(ids), scope.where(Prospect.owner_id))
        .where(col(Prospect.archived_at).is_(None))
        .group_by(col(Prospect.company_id))
    )
    return {id_: (number, at) for id_, number, at in session.exec(statement) if id_ is not None}


def find(session: Session, scope: Scope, company_id: int) -> Company:
    """A company of which the reader may see somebody. Raises `NotFoundError`."""
    company = by_id(session, Company, company_id)
    if company is not None and scope.owners is not None:
        theirs = select(Prospect.id).where(Prospect.company_id == company_id, scope.where(Prospect.owner_id))
        company = company if session.exec(theirs.limit(1)).first() is not None else None
    if company is None:
        raise NotFoundError("There is no such company.")
    return company


def people(session: Session, scope: Scope, company_id: int, but: int | None = None) -> list[Colleague]:
    """The people of a company, the warmest first; at most `MOST_PEOPLE`."""
    statement = (
        select(Prospect, User.name)
        .join(User, col(User.id) == col(Prospect.owner_id), isouter=True)
        .where(
            Prospect.company_id == company_id,
            scope.where(Prospect.owner_id),
            col(Prospect.archived_at).is_(None),
            col(Prospect.id) != (but or 0),
        )
        .order_by(col(Prospect.heat).desc(), col(Prospect.id))
        .limit(MOST_PEOPLE)
    )
    rows = session.exec(statement).all()
    channels = _channels(session, [person.id for person, _ in rows])
    return [
        Colleague(one.id, one.name, one.title, one.stage, one.heat, owner, channels.get(one.id, ()))
        for one, owner in rows
    ]


def _channels(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    statement = select(Profile.prospect_id, Profile.platform).where(col(Profile.prospect_id).in_(ids))
    for prospect_id, platform in session.exec(statement.order_by(col(Profile.id))):
        found.setdefault(prospect_id, []).append(platform)
    return {id_: tuple(dict.fromkeys(platforms)) for id_, platforms in found.items()}


def deals(session: Session, scope: Scope, company_id: int) -> list[Deal]:
    """What is at stake by stage and currency."""
    statement = (
        select(Prospect.stage, Prospect.currency, func.count(), func.sum(Prospect.value))
        .where(
            Prospect.company_id == company_id,
            scope.where(Prospect.owner_id),
            col(Prospect.value).is_not(None),
            col(Prospect.archived_at).is_(None),
        )
        .group_by(col(Prospect.stage), col(Prospect.currency))
        .order_by(col(Prospect.stage), col(Prospect.currency))
    )
    return [
        Deal(stage, currency or "", number, int(value or 0))
        for stage, currency, number, value in session.exec(statement)
    ]


def signals(session: Session, ids: Sequence[int], now: datetime) -> list[Signal]:
    """What these people did in the last 30 days, the newest kind first."""
    last = func.max(Engagement.at)
    statement = (
        select(Engagement.kind, Engagement.channel, func.count(), last)
        .where(
            col(Engagement.prospect_id).in_(ids),
            col(Engagement.at) > now - LATELY,
            Engagement.by == "them",
            col(Engagement.retracted_at).is_(None),
        )
        .group_by(col(Engagement.kind), col(Engagement.channel))
        .order_by(last.desc())
    )
    return [Signal(*row) for row in session.exec(statement)]


def writers(session: Session, company_id: int) -> list[Writer]:
    """Who of us wrote to anybody there, the latest first, whoever owns these people."""
    last = func.max(Engagement.at)
    statement = (
        select(User.name, func.count(), last)
        .join(Engagement, col(Engagement.user_id) == col(User.id))
        .join(Prospect, col(Prospect.id) == col(Engagement.prospect_id))
        .where(
            Prospect.company_id == company_id,
            Engagement.by == "us",
            col(Engagement.kind).not_in(BY_HAND_KINDS | {"note"}),
        )
        .group_by(col(User.id), User.name)
        .order_by(last.desc())
    )
    return [Writer(*row) for row in session.exec(statement)]


def pause(company: Company, until: datetime, why: str, now: datetime) -> None:
    """Write to nobody there until then. Raises `PauseError`."""
    if not now < until <= now + LONGEST_PAUSE:
        raise PauseError("Choose a day in the future.")
    company.paused_until, company.paused_why = until, storable(why)[:300] or "paused by hand"


def resume(company: Company) -> None:
    """Write to them again."""
    company.paused_until, company.paused_why = None, None


def names(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """The names of people, for a timeline that several share."""
    found: Any = select(Prospect.id, Prospect.name).where(col(Prospect.id).in_(ids))
    return dict(session.exec(found).all())
