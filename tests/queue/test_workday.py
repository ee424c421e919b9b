"""Working days and day starts, over clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.queue.workday import instant, later, planning_day, working_days_after

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
]


@pytest.mark.parametrize(
    ("zone", "day", "at", "moment"),
    [
        ("Europe/Berlin", date(2026, 1, 5), time(7), datetime(2026, 1, 5, 6, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 7, 6), time(7), datetime(2026, 7, 6, 5, tzinfo=UTC)),
        # 02:30 does not exist: the clocks go from 02:00 to 03:00, at 01:00 UTC.
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 29), time(2), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 29), time(3), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        # 02:30 comes twice: the first.
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("America/New_York", date(2026, 3, 8), time(2, 30), datetime(2026, 3, 8, 7, tzinfo=UTC)),
        # Lord Howe moves its clocks by half an hour.
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_is_one_moment_even_when_clocks_change(
    zone: str, day: date, at: time, moment: datetime
) -> None:
    assert instant(day, at, ZoneInfo(zone)) == moment


@settings(deadline=None)
@given(st.dates(date(2000, 1, 1), date(2035, 1, 1)), st.times(), st.sampled_from(ZONES))
def test_every_time_of_day_is_found_on_its_day(day: date, at: time, zone: ZoneInfo) -> None:
    local = instant(day, at, zone).astimezone(zone)
    assert local.date() == day
    assert local.time() >= at


@pytest.mark.parametrize(
    ("day", "count", "then"),
    [
        (date(2026, 11, 18), 0, date(2026, 11, 18)),
        (date(2026, 11, 21), 0, date(2026, 11, 23)),
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 21), 1, date(2026, 11, 23)),
        (date(2026, 11, 18), 10, date(2026, 12, 2)),
    ],
)
def test_working_days_skip_weekends(day: date, count: int, then: date) -> None:
    assert working_days_after(day, count) == then


def test_holidays_are_no_working_days() -> None:
    christmas = {date(2026, 12, 24), date(2026, 12, 25)}
    assert working_days_after(date(2026, 12, 23), 1, christmas) == date(2026, 12, 28)


def test_later_keeps_the_reps_time_of_day_over_a_clock_change() -> None:
    friday = datetime(2026, 3, 27, 8, 15, tzinfo=UTC)
    assert later(friday, 1, BERLIN) == datetime(2026, 3, 30, 7, 15, tzinfo=UTC)


@settings(deadline=None)
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 30),
    st.sampled_from(ZONES),
)
def test_later_is_later_and_a_working_day(at: datetime, count: int, zone: ZoneInfo) -> None:
    then = later(at, count, zone)
    assert then >= at - timedelta(hours=2)
    assert then.astimezone(zone).weekday() < 5
    assert later(at, count + 1, zone) >= then


def test_the_day_begins_at_the_reps_start() -> None:
    assert planning_day(datetime(2026, 11, 18, 5, 59, tzinfo=UTC), BERLIN) == date(2026, 11, 17)
    assert planning_day(datetime(2026, 11, 18, 6, 0, tzinfo=UTC), BERLIN) == date(2026, 11, 18)
