"""How accounts fare, and whether anybody works."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.office import START, Office, office

from prospector.models import Account, Poll, Profile
from prospector.polling import attention, health
from prospector.polling.health import PATIENCE, Standing, condition_of, heartbeat_of
from prospector.store import Store

HOUR = timedelta(hours=1)
times = st.none() | st.integers(-600, 600).map(lambda minutes: START + timedelta(minutes=minutes))


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


@pytest.mark.parametrize(
    ("given_", "state", "blind", "paused", "words"),
    [
        ({"polled_at": START}, "good", False, False, "working"),
        ({"next_poll_at": START}, "man", False, False, "not looked yet"),
        ({"paused_why": "401 revoked", "failing_since": START}, "bad", True, True, "paused: 401 revoked"),
        (
            {"paused_why": "paused by Ana", "paused_until": attention.UNTIL_SOMEBODY_ACTS},
            "man",
            False,
            True,
            "paused by Ana",
        ),
        (
            {"paused_why": "x", "paused_until": START - HOUR, "polled_at": START},
            "good",
            False,
            False,
            "working",
        ),
        ({"failing_since": START, "error": "503"}, "warn", True, False, "could not look: 503"),
        (
            {"failing_since": START, "error": "429", "busy": True},
            "good",
            False,
            False,
            "busy: the platform asks us to wait",
        ),
        (
            {"failing_since": START - 2 * HOUR, "error": "429", "busy": True},
            "warn",
            True,
            False,
            "could not look: 429",
        ),
    ],
)
def test_an_account_says_how_it_fares(given_, state, blind, paused, words) -> None:
    found = condition_of(Standing(1, "mastodon", "mastodon", **given_), START)
    assert (found.state, found.blind, found.paused, found.words) == (state, blind, paused, words)


@given(times, times)
def test_nobody_has_stopped_who_worked_just_now_or_has_nothing_to_do(last, due) -> None:
    found = heartbeat_of(last, due, START)
    idle = due is None or START - due <= PATIENCE
    lately = last is not None and START - last <= PATIENCE
    assert found.stopped == (not idle and not lately)
    assert (found.since is not None) == found.stopped


def beat(place: Office) -> health.Heartbeat:
    with place.store.reading() as session:
        accounts = health.standings(session, list(place.installation.account_ids.values()))
        return health.heartbeat(session, accounts, place.now)


def test_a_worker_that_stopped_is_known_by_what_it_left_undone(place: Office) -> None:
    place.person("anna")
    ids = place.installation.account_ids
    for id_ in ids.values():
        place.change(Account, id_, next_poll_at=START + timedelta(minutes=2), polled_at=START)
    (profile,) = place.rows(Profile)
    place.change(Profile, profile.id, next_poll_at=START + HOUR)
    assert not beat(place).stopped
    place.later(minutes=10)
    assert beat(place).since == START
    look = Poll(account_id=ids["mail"], started_at=place.now - timedelta(seconds=5), outcome="nothing")
    place.write(lambda session: session.add(look))
    assert not beat(place).stopped


def test_what_is_due_of_a_paused_account_is_nobodys_fault(place: Office) -> None:
    for id_ in place.installation.account_ids.values():
        place.change(Account, id_, next_poll_at=START, paused_why="401")
    place.later(hours=5)
    assert not beat(place).stopped


def test_an_account_counts_whom_it_sees_and_whom_it_cannot(place: Office) -> None:
    for name in ("anna", "bert", "carl", "dora"):
        place.person(name)
    rows = place.rows(Profile)
    place.change(Profile, rows[0].id, failing_since=START, failures=2)
    place.change(Profile, rows[1].id, failing_since=START - HOUR, failures=2)
    place.change(Profile, rows[2].id, gone_at=START, next_poll_at=None, failing_since=START)
    with place.store.reading() as session:
        found = health.sight(session, place.installation.account_ids["bluesky"])
    assert (found.watched, found.failing, found.since) == (3, 2, START - HOUR)


def test_a_rate_limit_is_told_from_a_failure(place: Office) -> None:
    id_ = place.installation.account_ids["bluesky"]
    place.change(Account, id_, failing_since=START, failures=1, error="429 Too Many Requests")
    place.write(lambda session: session.add(Poll(account_id=id_, started_at=START, outcome="later")))
    with place.store.reading() as session:
        (one,) = health.standings(session, [id_])
    assert one.busy
    assert condition_of(one, START).state == "good"
