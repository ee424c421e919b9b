"""Profiles find an account when config.toml gains one, and another when it loses theirs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.office import Office, office

from prospector.models import Profile
from prospector.polling.assignment import assign
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def give(place: Office, accounts: list[int]) -> int:
    serving = {"bluesky": place.installation.account_ids["bluesky"]}
    return place.write(lambda session: assign(session, serving, accounts, place.now))


def test_only_profiles_that_nobody_looks_at_are_given_away(place: Office) -> None:
    ours = place.installation.account_ids
    later = place.now + timedelta(hours=1)
    for name in ("anna", "berta", "clara", "dora"):
        place.person(name)
    for number in range(1, 5):
        place.change(Profile, number, next_poll_at=later)
    place.change(Profile, 2, account_id=None, next_poll_at=None)
    place.change(Profile, 3, account_id=None, next_poll_at=None, gone_at=place.now)
    place.change(Profile, 4, account_id=None, next_poll_at=None, platform="threads")
    assert give(place, list(ours.values())) == 1
    found = [(row.account_id, row.next_poll_at) for row in place.rows(Profile)]
    assert found == [(ours["bluesky"], later), (ours["bluesky"], place.now), (None, None), (None, None)]
    assert give(place, list(ours.values())) == 0


def test_the_profiles_of_an_account_that_left_go_to_the_one_that_serves_them_now(place: Office) -> None:
    ours = place.installation.account_ids
    place.person()
    place.change(Profile, 1, account_id=ours["mail"])
    assert give(place, [ours["bluesky"]]) == 1
    assert place.one(Profile).account_id == ours["bluesky"]
