"""Who is away, and who covers: for so long their people are the cover's too.

Pure apart from the last functions. A cover who is away passes on to their own cover; a chain that
would come back to who is away is refused when it is made. Nothing has to be done when somebody is
back: the date alone decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from prospector.models import User, table_of
from prospector.prospects.scope import EVERYBODY, Scope

LONGEST = timedelta(days=400)


class AbsenceError(Exception):
    """Somebody cannot be away like that; the message says why."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """One of us as an absence sees them; `until` may have passed."""

    id: int
    name: str
    until: datetime | None = None
    cover_id: int | None = None
    gone: bool = False

    def away(self, now: datetime) -> bool:
        return self.until is not None and self.until > now


Team = Mapping[int, Colleague]


def chain(team: Team, user_id: int, now: datetime) -> tuple[int, ...]:
    """Who covers for a user, one after the other, until somebody who is here; empty where the user
    is here themselves."""
    passed: list[int] = []
    one = team.get(user_id)
    while one is not None and one.away(now) and one.cover_id is not None:
        if one.cover_id in passed or one.cover_id == user_id:
            break
        passed.append(one.cover_id)
        one = team.get(one.cover_id)
    return tuple(passed)


def cover_of(team: Team, user_id: int, now: datetime) -> int | None:
    """Who decides for a user now: the first in the chain who is here; None where nobody is, or where
    the user is here themselves."""
    here = [id_ for id_ in chain(team, user_id, now) if id_ in team and _is_here(team[id_], now)]
    return here[0] if here else None


def covered_by(team: Team, user_id: int, now: datetime) -> frozenset[int]:
    """For whom a user decides now besides themselves."""
    return frozenset(id_ for id_ in team if id_ != user_id and cover_of(team, id_, now) == user_id)


def checked(team: Team, user_id: int, until: datetime, cover_id: int, now: datetime) -> None:
    """Whether a user can be away until then with this cover. Raises `AbsenceError`."""
    user, cover = team[user_id], team.get(cover_id)
    if not now < until <= now + LONGEST:
        raise AbsenceError(f"Give a date of return in the future, at most {LONGEST.days} days ahead.")
    if cover is None or cover.gone:
        raise AbsenceError("Whoever covers must be a user who can sign in.")
    if cover_id == user_id:
        raise AbsenceError(f"{user.name} cannot cover for themselves; name a colleague.")
    after = {**team, user_id: Colleague(user_id, user.name, until, cover_id)}
    if user_id in chain(after, cover_id, now):
        raise AbsenceError(
            f"{cover.name} is away meanwhile and is covered by {user.name} in the end; name somebody else."
        )


def _is_here(one: Colleague, now: datetime) -> bool:
    return not one.gone and not one.away(now)


# --- in the store -------------------------------------------------------------------------------


def team_of(session: Session) -> dict[int, Colleague]:
    """Everybody, by id."""
    users = table_of(User)
    columns = users.c["id", "name", "away_until", "cover_id", "disabled_at"]
    found = session.execute(select_columns(*columns).order_by(users.c.id))
    return {
        id_: Colleague(id_, name, until, cover_id, disabled_at is not None)
        for id_, name, until, cover_id, disabled_at in found
    }


def scope_of(session: Session, user: User, now: datetime) -> Scope:
    """Whose people a user sees: a rep their own and those of whom they cover, all others everybody's."""
    if user.role != "rep":
        return EVERYBODY
    return Scope(frozenset({user.id, *covered_by(team_of(session), user.id, now)}))


def leave(session: Session, user: User, until: datetime, cover: User, now: datetime) -> None:
    """A user is away until then, and somebody covers. Raises `AbsenceError`."""
    # Of two who name each other at once, the second must see the first.
    everybody = session.exec(select(User).order_by(col(User.id)).with_for_update()).all()
    for one in everybody:
        session.refresh(one)
    checked(team_of(session), user.id, until, cover.id, now)
    user.away_until, user.cover_id = until, cover.id
    session.add(user)
    session.flush()


def come_back(session: Session, user: User) -> None:
    """A user is back before the date, or for good."""
    user.away_until, user.cover_id = None, None
    session.add(user)
    session.flush()


def zone_of(user: User) -> ZoneInfo:
    """Where a user's clock stands."""
    return ZoneInfo(user.timezone)
