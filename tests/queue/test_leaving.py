"""When a text would leave if it were approved now."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.office import START

from prospector.outreach.waiting import Circumstances, Pause
from prospector.queue.leaving import Leaves, leaves

HOLD = timedelta(minutes=2)
HOUR = timedelta(hours=1)
AHEAD, OVER = START + timedelta(hours=1), START - timedelta(hours=1)
times = st.none() | st.integers(1, 5).map(lambda hours: START + hours * HOUR)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (Circumstances(None, opens=START), (START + HOLD, "hold")),
        (Circumstances(None, opens=START + HOUR), (START + HOUR, "window")),
        (Circumstances(None, opens=START + HOUR, gap_ends=START + 2 * HOUR), (START + 2 * HOUR, "gap")),
        (Circumstances(None, opens=START, cap=0), (None, "cap")),
        (Circumstances(None, opens=None), (None, "window")),
        (Circumstances(None, opens=START, account=False), (None, "no-account")),
        (
            Circumstances(None, opens=START, pauses=[Pause("Anna", "away", START + HOUR)]),
            (START + HOUR, "paused"),
        ),
        (Circumstances(None, opens=START, pauses=[Pause("mail", "refused", None)]), (None, "paused")),
        (
            Circumstances(None, opens=START, pauses=[Pause("Anna", "away", OVER)]),
            (START + HOLD, "hold"),
        ),
    ],
)
def test_what_ends_last_decides(given_: Circumstances, expected: tuple[datetime | None, str]) -> None:
    found = leaves(given_, HOLD, START)
    assert (found.at, found.code) == expected


@given(times, times, times)
def test_nothing_leaves_before_its_hold_is_over(
    opens: datetime | None, cap_ends: datetime | None, gap_ends: datetime | None
) -> None:
    found = leaves(Circumstances(None, opens=opens, cap_ends=cap_ends, gap_ends=gap_ends), HOLD, START)
    assert found == Leaves(None, "no hour of any day is open for mail", "window") or (
        found.at is not None and found.at >= START + HOLD
    )
