"""For how long a card is put away, in the rep's own days."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.queue.snoozing import CHOICES, Snooze, UnknownChoiceError, snooze_of
from prospector.queue.workday import is_working_day

BERLIN = ZoneInfo("Europe/Berlin")
SEVEN = time(7)
FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("key", "now", "until"),
    [
        ("later", FRIDAY, FRIDAY + timedelta(hours=3)),
        ("tomorrow", FRIDAY, berlin(2026, 11, 23, 7)),
        ("tomorrow", berlin(2026, 11, 25, 6, 59), berlin(2026, 11, 25, 7)),
        ("week", FRIDAY, berlin(2026, 11, 23, 7)),
        ("week", berlin(2026, 11, 23, 8), berlin(2026, 11, 30, 7)),
        ("month", FRIDAY, berlin(2026, 12, 21, 7)),
        ("month", berlin(2027, 1, 30, 12), berlin(2027, 3, 1, 7)),
        ("month", berlin(2026, 2, 27, 12), berlin(2026, 3, 27, 7)),
    ],
)
def test_a_choice_is_a_moment_of_the_reps_days(key: str, now: datetime, until: datetime) -> None:
    assert snooze_of(key, now, BERLIN, SEVEN) == Snooze(until)


def test_two_choices_wait_for_what_they_do() -> None:
    assert snooze_of("post", FRIDAY, BERLIN, SEVEN) == Snooze(wake_on="post")
    assert snooze_of("reply", FRIDAY, BERLIN, SEVEN) == Snooze(wake_on="reply")
    with pytest.raises(UnknownChoiceError, match="later, tomorrow, week, month, post, reply"):
        snooze_of("never", FRIDAY, BERLIN, SEVEN)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Pacific/Auckland", "UTC"]),
    st.sampled_from([one.key for one in CHOICES[:4]]),
)
def test_every_moment_lies_ahead_and_all_but_later_are_the_start_of_a_working_day(
    now: datetime, zone: str, key: str
) -> None:
    until = snooze_of(key, now, ZoneInfo(zone), SEVEN).until
    assert until is not None
    assert now < until <= now + timedelta(days=36)
    if key != "later":
        local = until.astimezone(ZoneInfo(zone))
        assert local.time() == SEVEN
        assert is_working_day(local.date())
