"""A person's word to an account."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from tests.office import START, Office, office

from prospector import processes, work
from prospector.models import Account, Profile
from prospector.polling import attention
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def account(place: Office) -> Account:
    found: Account = place.one(Account, name="bluesky")
    return found


def test_look_now_makes_the_inbox_and_the_next_profiles_due(place: Office, monkeypatch) -> None:
    monkeypatch.setattr(attention, "AT_ONCE", 2)
    for number, name in enumerate(("anna", "bert", "carl")):
        place.person(name)
        place.change(Profile, number + 1, next_poll_at=START + timedelta(hours=number + 1))
    place.change(Account, account(place).id, next_poll_at=START + timedelta(hours=1), paused_why="401")
    place.write(lambda session: attention.look_now(session, _row(session, place), place.now))
    assert [one.next_poll_at == START for one in place.rows(Profile)] == [True, True, False]
    assert (account(place).next_poll_at, account(place).paused_why) == (START, None)


def test_a_pause_by_a_person_outlives_a_restart_and_a_look(place: Office) -> None:
    place.write(lambda session: attention.pause(_row(session, place), "Ana"))
    place.write(processes._forgive)
    place.write(lambda session: attention.look_now(session, _row(session, place), place.now))
    assert account(place).paused_why == "paused by Ana"
    assert work.paused(account(place), place.now)
    place.write(lambda session: attention.resume(_row(session, place), place.now))
    assert not work.paused(account(place), place.now)
    assert account(place).next_poll_at == START


def _row(session: Session, place: Office) -> Account:
    return session.get_one(Account, place.installation.account_ids["bluesky"])
