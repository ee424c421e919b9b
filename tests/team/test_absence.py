"""Absence: chains of covers end at somebody who is here, and never come back to who is away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from prospector.models import User
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.store import Store
from prospector.team import absence
from prospector.team.absence import AbsenceError, Colleague, checked, cover_of, covered_by

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
IDS = range(1, 6)
untils = st.none() | st.integers(-3, 9).map(lambda days: NOW + timedelta(days=days))
asked = st.lists(st.tuples(st.sampled_from(IDS), st.integers(-1, 9), st.sampled_from(IDS)), max_size=12)
anything = st.fixed_dictionaries(
    {
        id_: st.builds(
            Colleague,
            st.just(id_),
            st.just(f"u{id_}"),
            untils,
            st.none() | st.sampled_from(IDS),
            st.booleans(),
        )
        for id_ in IDS
    }
)


def agreed(wishes: list[tuple[int, int, int]]) -> dict[int, Colleague]:
    """The team after those of these absences that were not refused."""
    team = {id_: Colleague(id_, f"u{id_}") for id_ in IDS}
    for user, days, cover in wishes:
        until = NOW + timedelta(days=days)
        try:
            checked(team, user, until, cover, NOW)
        except AbsenceError:
            continue
        team[user] = Colleague(user, f"u{user}", until, cover)
    return team


@given(asked, st.integers(0, 10))
def test_who_is_away_is_covered_by_somebody_who_is_here_at_any_time(
    wishes: list[tuple[int, int, int]], days: int
) -> None:
    team, now = agreed(wishes), NOW + timedelta(days=days)
    for id_, one in team.items():
        cover = cover_of(team, id_, now)
        assert (cover is not None) == one.away(now)
        assert cover is None or not team[cover].away(now)


@given(anything, st.integers(-5, 12))
def test_each_has_at_most_one_cover_and_is_never_their_own(team: dict[int, Colleague], days: int) -> None:
    now = NOW + timedelta(days=days)
    covers = {id_: covered_by(team, id_, now) for id_ in team}
    everybody = [id_ for theirs in covers.values() for id_ in theirs]
    assert len(everybody) == len(set(everybody))
    for id_, theirs in covers.items():
        assert id_ not in theirs
        assert not theirs or not (team[id_].away(now) or team[id_].gone)


@given(asked)
def test_everybody_is_back_by_themselves(wishes: list[tuple[int, int, int]]) -> None:
    team = agreed(wishes)
    assert {covered_by(team, id_, NOW + timedelta(days=11)) for id_ in team} == {frozenset()}


def test_what_cannot_be_is_said() -> None:
    team = {1: Colleague(1, "Ana"), 2: Colleague(2, "Jonas"), 3: Colleague(3, "Mia", gone=True)}
    week = NOW + timedelta(days=7)
    for until, cover, said in (
        (NOW, 2, "in the future"),
        (NOW + timedelta(days=500), 2, "at most 400 days"),
        (week, 1, "cannot cover for themselves"),
        (week, 3, "who can sign in"),
        (week, 9, "who can sign in"),
    ):
        with pytest.raises(AbsenceError, match=said):
            checked(team, 1, until, cover, NOW)
    away = {**team, 2: Colleague(2, "Jonas", week, 1)}
    with pytest.raises(AbsenceError, match="covered by Ana in the end"):
        checked(away, 1, week, 2, NOW)
    checked({**team, 2: Colleague(2, "Jonas", NOW, 1)}, 1, week, 2, NOW)


def test_a_cover_sees_the_people_until_the_date(store: Store) -> None:
    def begin(session: Session) -> None:
        for name, role in (("ana", "rep"), ("jonas", "rep"), ("kim", "rep"), ("mia", "manager")):
            session.add(User(email=f"{name}@us.example", name=name.title(), role=role, created_at=NOW))

    def leave(session: Session, user: int, days: int, cover: int) -> None:
        until = NOW + timedelta(days=days)
        absence.leave(session, session.get_one(User, user), until, session.get_one(User, cover), NOW)

    def scopes(now: datetime) -> list[Scope]:
        with store.reading() as session:
            return [absence.scope_of(session, session.get_one(User, id_), now) for id_ in (1, 2, 3, 4)]

    def only(*owners: int) -> Scope:
        return Scope(frozenset(owners))

    store.write(begin)
    store.write(lambda session: leave(session, 1, 7, 2))
    store.write(lambda session: leave(session, 2, 3, 3))
    assert scopes(NOW) == [only(1), only(2), only(3, 1, 2), EVERYBODY]
    assert scopes(NOW + timedelta(days=4)) == [only(1), only(2, 1), only(3), EVERYBODY]
    assert scopes(NOW + timedelta(days=8)) == [only(1), only(2), only(3), EVERYBODY]
    with pytest.raises(AbsenceError, match="Jonas is away meanwhile"):
        store.write(lambda session: leave(session, 3, 1, 2))
    store.write(lambda session: absence.come_back(session, session.get_one(User, 2)))
    assert scopes(NOW)[1:3] == [only(2, 1), only(3)]
