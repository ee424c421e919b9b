"""Who a search means, in the order of warmth: conditions, and places in the list to go on from.

The list is read along an index on warmth, from a place on, never by number of rows. A condition
that no index answers is tried on at most `WINDOW` people at a time, so that no search holds the
database up; then the list says so and goes on from there.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, or_, select, tuple_
from sqlmodel import Session, col

from prospector.models import Company, Engagement, Profile, Prospect, User
from prospector.prospects.people import normalised_address
from prospector.prospects.scope import Scope
from prospector.prospects.search import Search, SearchError
from prospector.prospects.urls import canonical
from prospector.sdk import BY_HAND_KINDS

WINDOW = 10_000
MOST_COMPANIES = 200
NOBODY = ("none", "nobody")
Stream = tuple[ColumnElement[bool], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list: behind the person of this id and warmth."""

    heat: float
    id: int

    def __str__(self) -> str:
        return f"{self.heat!r}~{self.id}"


@dataclass(frozen=True, slots=True)
class Found:
    """Who was found, the warmest first; `next` is where to go on, `paused` tells that there the
    search only took breath, and may find more."""

    places: tuple[Place, ...]
    next: Place | None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """How many were found, and whether there may be more."""

    number: int
    more: bool

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.more else ''}"


@dataclass(frozen=True)
class Matching:
    """A search as conditions: `streams` are read along the index and merged, `filters` tried on each
    person. `scattered`: no index answers the filters."""

    streams: tuple[Stream, ...]
    filters: tuple[ColumnElement[bool], ...]
    scattered: bool


def place_of(text: str) -> Place | None:
    """The place that a link names; None where it names none."""
    heat, _, id_ = text.partition("~")
    try:
        place = Place(float(heat), int(id_))
    except (ValueError, OverflowError):
        return None
    return place if place.heat - place.heat == 0 and 0 <= place.id < 2**31 else None


def matching(
    session: Session,
    search: Search,
    scope: Scope,
    me: int | None,
    stages: Sequence[str],
    now: datetime,
) -> Matching:
    """The conditions of a search by the user `me`. Raises `SearchError` for a stage, an owner or a
    company that there is not."""
    if unknown := [stage for stage in search.stages if stage not in stages]:
        raise SearchError(f'There is no stage "{unknown[0]}"; there are {", ".join(stages)}.')
    state, filters = _state(search.state, now), [*_filters(session, search, now)]
    companies = _companies(session, search.companies)
    wanted = _owners(session, search.owners, me)
    if companies is not None or _means_one(search):
        whose = scope.where(Prospect.owner_id) if wanted is None else _whose(scope, wanted)
        near = (col(Prospect.company_id).in_(companies),) if companies is not None else ()
        return Matching(((*near, whose),), (state, *filters), scattered=False)
    return Matching(_streams(scope, wanted), (state, *filters), bool(filters) or search.state != "active")


def page(session: Session, matching: Matching, after: Place | None, size: int) -> Found:
    """The next `size` people behind a place."""
    found: list[Place] = []
    ends: list[Place] = []
    for stream in matching.streams:
        end = _end_of_window(session, stream, after) if matching.scattered else None
        found += _read(session, matching, stream, after, end, size + 1)
        ends += [end] if end is not None else []
    # Behind the first end of a window nothing is sure yet: a colder one may not come before it.
    stop = max(ends, key=_order) if ends else None
    sure = [place for place in found if stop is None or _order(place) >= _order(stop)]
    warmest = heapq.nlargest(size + 1, sure, key=_order)
    if len(warmest) > size:
        return Found(tuple(warmest[:size]), warmest[size - 1])
    return Found(tuple(warmest), stop, paused=stop is not None)


def every(session: Session, matching: Matching, most: int) -> list[int]:
    """The ids of all whom a search means, at most so many."""
    ids: list[int] = []
    after: Place | None = None
    while len(ids) < most:
        found = page(session, matching, after, min(500, most - len(ids)))
        ids += [place.id for place in found.places]
        if found.next is None:
            break
        after = found.next
    return ids


def count(session: Session, matching: Matching, most: int = 1000) -> Counted:
    """How many a search means, counted up to `most` and within one window."""
    number, more = 0, False
    for stream in matching.streams:
        end = _end_of_window(session, stream, None) if matching.scattered else None
        some = _statement(matching, stream, None, end).limit(most + 1).subquery()
        number += session.execute(select(func.count()).select_from(some)).scalar_one()
        more = more or end is not None
    return Counted(min(number, most), more or number > most)


def _order(place: Place) -> tuple[float, int]:
    return place.heat, place.id


def _read(
    session: Session, matching: Matching, stream: Stream, after: Place | None, end: Place | None, limit: int
) -> Iterator[Place]:
    statement = _statement(matching, stream, after, end)
    ordered = statement.order_by(col(Prospect.heat).desc(), col(Prospect.id).desc()).limit(limit)
    return (Place(heat, id_) for heat, id_ in session.execute(ordered))


def _statement(matching: Matching, stream: Stream, after: Place | None, end: Place | None) -> Any:
    statement = select(col(Prospect.heat), col(Prospect.id)).where(*stream, *matching.filters)
    key = tuple_(col(Prospect.heat), col(Prospect.id))
    if after is not None:
        statement = statement.where(key < (after.heat, after.id))
    if end is not None:
        statement = statement.where(key >= (end.heat, end.id))
    return statement


def _end_of_window(session: Session, stream: Stream, after: Place | None) -> Place | None:
    """The last of the next `WINDOW` people of a stream; None where there are fewer."""
    whole = Matching((stream,), (), scattered=False)
    ordered = _statement(whole, stream, after, None).order_by(
        col(Prospect.heat).desc(), col(Prospect.id).desc()
    )
    window = ordered.limit(WINDOW).subquery()
    number, coldest = session.execute(select(func.count(), func.min(window.c.heat)).select_from(window)).one()
    if number < WINDOW:
        return None
    last = select(func.min(window.c.id)).where(window.c.heat == coldest)
    return Place(coldest, session.execute(last).scalar_one())


def _means_one(search: Search) -> bool:
    """Whether a word is an address or a profile, which an index finds at once."""
    return any(normalised_address(word) or canonical(word) for word in search.words)


def _filters(session: Session, search: Search, now: datetime) -> Iterator[ColumnElement[bool]]:
    if search.stages:
        yield col(Prospect.stage).in_(search.stages)
    for tag in search.tags:
        yield has_tag(tag)
    if search.channels:
        yield or_(*(_is_on(channel) for channel in search.channels))
    for word in search.words:
        yield _is_named(word)
    if search.quiet is not None:
        yield ~exists().where(
            col(Engagement.prospect_id) == col(Prospect.id),
            col(Engagement.at) > now - search.quiet,
            col(Engagement.kind).not_in(BY_HAND_KINDS),
        )


def has_tag(tag: str) -> ColumnElement[bool]:
    """Whether somebody bears a tag, whatever its case: the stored list is text, as JSON writes it."""
    return func.lower(cast(col(Prospect.tags), String)).like(
        _containing(json.dumps(tag).lower()), escape="\\"
    )


def _is_on(channel: str) -> ColumnElement[bool]:
    if channel.lower() in ("email", "mail"):
        return col(Prospect.email).is_not(None)
    of_platform = col(Profile.platform) == channel.lower()
    return exists().where(col(Profile.prospect_id) == col(Prospect.id), of_platform)


def _is_named(word: str) -> ColumnElement[bool]:
    if (address := normalised_address(word)) is not None:
        return col(Prospect.email) == address
    if (ref := canonical(word)) is not None:
        of_url = col(Profile.platform) == ref.platform, col(Profile.url) == ref.url
        of_ref = select(col(Profile.prospect_id)).where(*of_url)
        return col(Prospect.id).in_(of_ref)
    return func.lower(col(Prospect.name)).like(func.lower(_containing(word)), escape="\\")


def _containing(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _state(state: str, now: datetime) -> ColumnElement[bool]:
    here = col(Prospect.archived_at).is_(None)
    if state == "archived":
        return ~here
    return and_(here, col(Prospect.paused_until) > now) if state == "paused" else here


def _companies(session: Session, names: Sequence[str]) -> list[int] | None:
    """The companies whose name has one of these in it, or whose domain it is."""
    if not names:
        return None
    named = [func.lower(col(Company.name)).like(func.lower(_containing(name)), escape="\\") for name in names]
    domains = col(Company.domain).in_([name.lower() for name in names])
    found = session.execute(select(col(Company.id)).where(or_(domains, *named)).limit(MOST_COMPANIES + 1))
    ids = list(found.scalars())
    if len(ids) > MOST_COMPANIES:
        raise SearchError(f"Over {MOST_COMPANIES} companies are called like that; write more of the name.")
    return ids


def _owners(session: Session, names: Sequence[str], me: int | None) -> frozenset[int | None] | None:
    """The ids of the owners that are asked for, None among them for nobody's; None: anybody's."""
    return frozenset(_owner(session, name, me) for name in names) if names else None


def _owner(session: Session, name: str, me: int | None) -> int | None:
    if name.lower() in NOBODY:
        return None
    if name.lower() == "me":
        if me is None:
            raise SearchError('Nobody is signed in here; write an e-mail address instead of "me".')
        return me
    users = session.execute(select(col(User.id), col(User.name), col(User.email))).all()
    exact = [user.id for user in users if name.casefold() in (user.email.casefold(), user.name.casefold())]
    near = exact or [user.id for user in users if user.name.casefold().startswith(name.casefold())]
    if len(near) != 1:
        known = ", ".join(sorted(user.email for user in users)[:10])
        problem = "Several users are" if near else "There is no user"
        raise SearchError(f'{problem} "{name}"; write "me", "none" or one of {known}.')
    return int(near[0])


def _whose(scope: Scope, wanted: frozenset[int | None]) -> ColumnElement[bool]:
    allowed = [owner for owner in wanted if scope.allows(owner)]
    ids = [owner for owner in allowed if owner is not None]
    owned = col(Prospect.owner_id).in_(ids)
    return or_(owned, col(Prospect.owner_id).is_(None)) if None in allowed else owned


def _streams(scope: Scope, wanted: frozenset[int | None] | None) -> tuple[Stream, ...]:
    """One for each owner, since the index on warmth is by owner; one for everybody."""
    if wanted is None and scope.owners is None:
        return ((),)
    owners = wanted if wanted is not None else frozenset(scope.owners or ())
    allowed = sorted((one for one in owners if scope.allows(one)), key=lambda one: one or 0)
    return tuple((col(Prospect.owner_id).is_not_distinct_from(one),) for one in allowed)
