"""The invariants, each with a fault planted: a check that never fails would prove nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from prospector import doctor
from prospector.models import Account, Message, Move, Profile, Prospect, Suppression
from prospector.outreach.ledger import Limits
from tests.office import Office, office, sqlite_store


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    made = office(store, tmp_path)
    person = made.person()
    made.later(minutes=1)
    made.follow(made.seen("reply", person))
    made.approved(person)
    yield made
    store.close()


def failed(place: Office) -> dict[str, str]:
    with place.store.reading() as session:
        checks = doctor.invariants(session, place.now)
    return {check.check: check.detail for check in checks if not check.ok}


def test_all_is_well(place: Office) -> None:
    assert failed(place) == {}


def test_moves_that_are_not_the_folds(place: Office) -> None:
    place.change(Move, place.one(Move).id, after="won")
    assert failed(place).keys() == {"I3 moves"}


def test_a_stage_that_no_move_led_to(place: Office) -> None:
    place.change(Prospect, 1, stage="won")
    assert failed(place) == {"I3 moves": "prospect 1: the stage is won, the fold says engaged"}


@pytest.mark.parametrize("key", ["email:anna@anna.example", "domain:anna.example", "person:1"])
def test_a_message_that_left_after_the_suppression(place: Office, key: str) -> None:
    message = place.one(Message, occasion="hand:1")
    place.write(lambda s: s.add(Suppression(key=key, why="no", at=place.now)))
    place.change(Message, message.id, state="sent", claimed_at=place.now + timedelta(minutes=5))
    assert failed(place) == {"I5 suppression": f"message {message.id} left after the person was suppressed"}
    place.change(Message, message.id, claimed_at=place.now - timedelta(seconds=1))
    assert failed(place) == {}


def test_a_cursor_ahead_of_what_was_looked_at(place: Office) -> None:
    ahead = {"polled_at": place.now, "covered_until": place.now + timedelta(hours=1)}
    place.change(Profile, 1, **ahead)
    place.change(Account, 1, **ahead)
    assert failed(place) == {
        "I9 cursors": "profile 1 is covered beyond its last look; "
        "account bluesky is covered beyond its last look"
    }


def test_a_message_stuck_on_its_way(place: Office) -> None:
    message = place.one(Message, occasion="hand:1")
    place.change(Message, message.id, state="sending", claimed_at=place.now)
    place.later(minutes=10)
    assert failed(place) == {}
    place.later(seconds=1)
    assert failed(place).keys() == {"I10 sending"}


def test_more_than_the_cap_of_a_day(place: Office) -> None:
    message = place.one(Message, state="approved")
    account_id = message.account_id or 0
    place.change(Message, message.id, state="sent", claimed_at=place.now, sent_at=place.now)

    def checked(limits: Limits) -> str:
        with place.store.reading() as session:
            checks = doctor.invariants(session, place.now, {account_id: limits})
        return "; ".join(check.detail for check in checks if not check.ok)

    assert checked(Limits(cap=1, domain_cap=1, mailboxes=(account_id,))) == ""
    assert checked(Limits(cap=0)) == "mail has sent 1 in 24 hours, and may send 0"
    assert checked(Limits(domain_cap=0)) == "anna.example has had 1 mails in 24 hours, and may have 0"
