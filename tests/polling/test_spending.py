"""How often each account looked in 24 hours, without an index on the time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from tests.office import START, Office, office

from prospector.models import Poll, Profile
from prospector.polling import spending
from prospector.store import Store

HOUR = timedelta(hours=1)


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def noted(place: Office, hours_ago: list[float], profile: int | None = None) -> None:
    mail = place.installation.account_ids["mail"] if profile is None else None

    def work(session: Session) -> None:
        for hours in hours_ago:
            at = START - hours * HOUR
            session.add(Poll(account_id=mail, profile_id=profile, started_at=at, outcome="nothing"))
            session.flush()

    place.write(work)


def looks(place: Office) -> spending.Looks:
    with place.store.reading() as session:
        return spending.looks(session, START)


def test_nothing_was_looked_at(place: Office) -> None:
    assert looks(place) == spending.Looks({})


def test_looks_of_a_day_are_counted_at_profiles_and_inboxes(place: Office) -> None:
    place.person("anna")
    noted(place, [40, 30, 25])
    noted(place, [23, 5], profile=place.one(Profile).id)
    noted(place, [4, 3, 2])
    ids = place.installation.account_ids
    assert looks(place) == spending.Looks({ids["bluesky"]: 2, ids["mail"]: 3})


@pytest.mark.parametrize("old", [0, 1, 2, 7, 8])
def test_the_first_of_the_day_is_found(place: Office, old: int) -> None:
    noted(place, [*(50.0 - number for number in range(old)), *(20.0 - number for number in range(8 - old))])
    with place.store.reading() as session:
        found = spending.first_since(session, START - spending.DAY)
    assert found == (old + 1 if old < 8 else None)


def test_of_very_many_the_newest_tell_how_many_there_must_be(place: Office, monkeypatch) -> None:
    monkeypatch.setattr(spending, "MOST", 4)
    noted(place, [hours / 2 for hours in range(24, 0, -1)])
    found = looks(place)
    assert found.about
    assert found.by_account == {place.installation.account_ids["mail"]: 48}
