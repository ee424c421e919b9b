from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.outreach.ramp import Ramp

FIRST = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "cap", "day"),
    [(0, 10, 1), (0.9, 10, 1), (1, 11, 2), (14, 25, 15), (27, 38, 28), (28, 40, None), (400, 40, None)],
)
def test_a_new_mailbox_sends_more_each_day(days: float, cap: int, day: int | None) -> None:
    now = FIRST + timedelta(days=days)
    assert (Ramp().cap(40, FIRST, now), Ramp().day(FIRST, now)) == (cap, day)


def test_a_mailbox_that_never_sent_is_on_its_first_day() -> None:
    assert (Ramp().cap(40, None, FIRST), Ramp().day(None, FIRST)) == (10, 1)


def test_no_ramp_is_full_at_once_and_a_ramp_never_gives_more_than_the_cap() -> None:
    assert Ramp(weeks=0).cap(40, None, FIRST) == 40
    assert Ramp(start=10).cap(5, FIRST, FIRST) == 5
    assert Ramp(start=10).cap(0, FIRST, FIRST) == 0


@given(st.integers(1, 100), st.integers(0, 52), st.integers(0, 500), st.integers(0, 400))
def test_the_cap_never_falls_and_stays_within_its_bounds(start: int, weeks: int, full: int, day: int) -> None:
    ramp = Ramp(start, weeks)
    today, tomorrow = (ramp.cap(full, FIRST, FIRST + timedelta(days=one)) for one in (day, day + 1))
    assert min(start, full) <= today <= tomorrow <= full
    assert ramp.cap(full, FIRST, FIRST + timedelta(weeks=weeks)) == full
