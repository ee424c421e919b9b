from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.outreach.breaker import BACK_OFF, Counts, in_a_row, is_hard, judge, kind_of

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
counts = st.builds(
    Counts,
    sent=st.integers(0, 100),
    bounced=st.integers(0, 100),
    reached=st.integers(0, 1000),
    complained=st.integers(0, 1000),
    policy=st.integers(0, 5),
    logins=st.integers(0, 5),
    rate=st.integers(0, 5),
)


@pytest.mark.parametrize(
    ("recent", "trips", "hours"),
    [
        (Counts(sent=100, bounced=3), False, None),
        (Counts(sent=100, bounced=4), False, None),  # above 3 %, below the fewest that mean anything
        (Counts(sent=100, bounced=5), True, None),
        (Counts(sent=20, bounced=5), True, None),
        (Counts(reached=1000, complained=1), False, None),
        (Counts(reached=1000, complained=2), True, None),
        (Counts(reached=30, complained=2), True, None),
        (Counts(policy=1), False, None),
        (Counts(policy=2), True, 1),
        (Counts(logins=2), False, None),
        (Counts(logins=3), True, 1),
        (Counts(rate=1), True, 1),
        (Counts(sent=100, bounced=9, rate=1), True, None),  # a person must look
    ],
)
def test_the_breaker_trips_at_its_numbers(recent: Counts, trips: bool, hours: int | None) -> None:
    trip = judge(recent, 0)
    assert (trip is not None) is trips
    if trip is not None:
        assert trip.hours == hours


def test_each_break_in_a_row_is_longer() -> None:
    trips = [judge(Counts(rate=1), times) for times in range(5)]
    assert [trip.hours for trip in trips if trip is not None] == [1, 4, 24, 24, 24]


def test_after_a_calm_day_the_next_break_is_the_first_again() -> None:
    assert in_a_row(2, NOW - timedelta(hours=23), NOW) == 2
    assert in_a_row(2, NOW - timedelta(hours=24), NOW) == 0
    assert in_a_row(0, None, NOW) == 0


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("The mail server said at RCPT: 421 4.7.28 Gmail has detected an unusual rate", "rate"),
        ("The mail server said at the greeting: 421 too busy. It is busy", "rate"),
        ("The mail server said at the end of the mail: 452 4.7.28 slow down", "rate"),
        ("The mail server said at the end of the mail: 550 5.7.26 unauthenticated", "policy"),
        ("The mail server said at RCPT: 550 5.7.1 no", "policy"),
        ("The mail server said at RCPT: 550 5.1.1 no such user", None),
        ("The mail server said at RCPT: 451 4.7.1 greylisted, come back in 421 seconds", None),
        ("The connection to the mail server failed at MAIL and RCPT: reset", None),
    ],
)
def test_a_servers_answer_is_of_a_kind(words: str, kind: str | None) -> None:
    assert kind_of(words, unauthorised=False) == kind
    assert kind_of(words, unauthorised=True) == "login"


@pytest.mark.parametrize(
    ("words", "hard"),
    [
        ("The mail server said at RCPT: 550 5.1.1 no such user", True),
        ("The mail server said at RCPT: 550 unknown", True),
        ("The mail server said at the end of the mail: 550 5.1.1 no such user", True),
        ("The mail server said at RCPT: 550 5.7.1 you may not", False),
        ("The mail server said at MAIL: 550 5.5.1 no", False),
        ("A mailbox cannot like; it sends mail.", False),
    ],
)
def test_a_refusal_of_the_address_is_a_hard_bounce(words: str, hard: bool) -> None:
    assert is_hard(words) is hard


@given(counts, st.integers(0, 10))
def test_more_trouble_never_lets_a_mailbox_go_on(recent: Counts, times: int) -> None:
    trip = judge(recent, times)
    worse = Counts(
        recent.sent,
        recent.bounced + 1,
        recent.reached,
        recent.complained + 1,
        recent.policy + 1,
        recent.logins + 1,
        recent.rate + 1,
    )
    assert judge(worse, times) is not None
    assert trip is None or trip.hours is None or trip.hours in BACK_OFF
