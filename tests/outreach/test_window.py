from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.config import Window
from prospector.outreach.holidays import calendar_of
from prospector.outreach.window import (
    Zone,
    calendar_for,
    moment,
    opening,
    window_of,
    working_days_later,
    zone_for,
    zone_of,
)

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"]
moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
windows = st.builds(
    Window,
    days=st.lists(st.integers(1, 7), min_size=1, unique=True),
    start=times,
    end=times,
)


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)


def test_an_open_window_is_open_now() -> None:
    tuesday = berlin(2026, 11, 24, 10, 0)
    assert opening(Window(), BERLIN, tuesday) == tuesday


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (berlin(2026, 11, 24, 8, 29, 59), berlin(2026, 11, 24, 8, 30)),
        (berlin(2026, 11, 24, 17, 0), berlin(2026, 11, 25, 8, 30)),
        (berlin(2026, 11, 26, 18, 0), berlin(2026, 11, 30, 8, 30)),  # Thursday evening: Monday
    ],
)
def test_a_closed_window_opens_next(now: datetime, opens: datetime) -> None:
    assert opening(Window(), BERLIN, now) == opens


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    nights = Window(days=[1], start=time(22), end=time(2))
    assert opening(nights, BERLIN, berlin(2026, 11, 24, 1, 59)) == berlin(2026, 11, 24, 1, 59)
    assert opening(nights, BERLIN, berlin(2026, 11, 24, 2, 0)) == berlin(2026, 11, 30, 22, 0)


def test_a_window_without_days_never_opens_and_always_is_always() -> None:
    now = berlin(2026, 11, 22, 3, 0)
    assert opening(Window(days=[]), BERLIN, now) is None
    assert opening(Window(days=[], always=True), BERLIN, now) == now


@pytest.mark.parametrize(
    ("zone", "day", "at", "utc"),
    [
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("America/New_York", date(2026, 3, 8), time(2, 30), datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        ("America/Sao_Paulo", date(2026, 10, 18), time(0, 30), datetime(2026, 10, 18, 3, 30, tzinfo=UTC)),
    ],
)
def test_times_that_do_not_exist_or_come_twice(zone: str, day: date, at: time, utc: datetime) -> None:
    assert moment(day, at, ZoneInfo(zone)) == utc


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_window_is_used_once_on_the_days_of_a_change(day: date) -> None:
    """Minute by minute through the night of the change: one stretch of open minutes, not two."""
    window = Window(days=[day.isoweekday()], start=time(2, 15), end=time(2, 45))
    start = datetime.combine(day, time(0), BERLIN).astimezone(UTC)
    minutes = [start + timedelta(minutes=n) for n in range(6 * 60)]
    states = [opening(window, BERLIN, minute) == minute for minute in minutes]
    assert sum(after and not before for before, after in itertools.pairwise(states)) <= 1


@given(windows, st.sampled_from(ZONES), moments)
def test_what_opens_is_open_and_not_before_now(window: Window, zone: str, now: datetime) -> None:
    place = ZoneInfo(zone)
    opens = opening(window, place, now)
    if opens is None:  # only a window that a change of the clocks swallows whole
        return
    assert now <= opens <= now + timedelta(days=9)
    assert opening(window, place, opens) == opens


@given(windows, st.sampled_from(ZONES), moments, st.floats(0, 1))
def test_nothing_before_the_opening_is_open(window: Window, zone: str, now: datetime, part: float) -> None:
    place = ZoneInfo(zone)
    opens = opening(window, place, now)
    if opens is not None and opens > now:
        between = now + (opens - now) * (part * 0.999)
        assert opening(window, place, between) == opens


@pytest.mark.parametrize("name", ["Mars/Base", "../../etc/passwd", "", None, "\x00", "a" * 5000])
def test_a_zone_that_is_none_gives_way(name: str | None) -> None:
    assert zone_of(name, "Europe/Berlin") == BERLIN
    assert zone_of(name) == ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("timezone", "country", "found"),
    [
        ("Asia/Tokyo", "DE", Zone("Asia/Tokyo", "person", "DE")),
        (None, "Germany", Zone("Europe/Berlin", "country", "DE")),
        ("Mars/Base", "US", Zone("America/New_York", "country", "US")),
        (None, "Atlantis", Zone("Europe/Lisbon", "ours", None)),
        (None, None, Zone("Europe/Lisbon", "ours", None)),
    ],
)
def test_the_clock_is_theirs_else_their_countrys_else_ours(
    timezone: str | None, country: str | None, found: Zone
) -> None:
    assert zone_for(timezone, country, "Europe/Lisbon") == found


def test_which_clock_it_is_is_said() -> None:
    assert zone_for(None, "DE", "UTC").words == "Europe/Berlin, the main time zone of Germany"
    assert zone_for("Asia/Tokyo", None, "UTC").words == "Asia/Tokyo, their own"
    assert zone_for(None, None, "UTC").words == "UTC, ours: theirs is not known"


def test_a_holiday_is_not_a_day_for_mail() -> None:
    christmas = berlin(2026, 12, 23, 17, 0)  # 24 is a Thursday, 25 Christmas, 28 the Monday after
    window = Window(days=[1, 2, 3, 4, 5])
    assert opening(window, BERLIN, christmas, calendar_of("DE")) == berlin(2026, 12, 24, 8, 30)
    assert opening(window, BERLIN, berlin(2026, 12, 24, 17), calendar_of("DE")) == berlin(2026, 12, 28, 8, 30)
    left_alone = calendar_for(Window(holidays=False), "DE")
    assert opening(window, BERLIN, berlin(2026, 12, 25, 9), left_alone) == berlin(2026, 12, 25, 9)


def test_a_campaign_may_have_hours_of_its_own() -> None:
    usual = Window()
    assert window_of(usual, {}) == usual
    own = window_of(usual, {"days": [5], "start": "10:00", "holidays": False, "daily_cap": 20})
    assert (own.days, own.start, own.end, own.holidays) == ([5], time(10), time(17), False)
    with pytest.raises(ValueError, match="days are 1"):
        window_of(usual, {"days": [8]})


@pytest.mark.parametrize(
    ("at", "days", "country", "later"),
    [
        (berlin(2026, 11, 24, 10), 2, "DE", berlin(2026, 11, 26, 10)),
        (berlin(2026, 11, 25, 10), 2, "DE", berlin(2026, 11, 30, 8, 30)),  # Friday is no day for mail
        (berlin(2026, 11, 26, 10), 2, "DE", berlin(2026, 11, 30, 10)),
        (berlin(2026, 12, 23, 10), 2, "DE", berlin(2026, 12, 28, 10)),  # 25 is Christmas
        (berlin(2026, 12, 23, 10), 2, None, berlin(2026, 12, 28, 8, 30)),
        (berlin(2026, 11, 24, 10), 0, "DE", berlin(2026, 11, 24, 10)),
        (berlin(2026, 11, 24, 20), 1, "DE", berlin(2026, 11, 26, 8, 30)),
    ],
)
def test_a_follow_up_waits_for_working_days(
    at: datetime, days: int, country: str | None, later: datetime
) -> None:
    assert working_days_later(at, days, BERLIN, Window(), country) == later


def test_working_days_go_over_a_change_of_the_clocks() -> None:
    always = Window(always=True)
    before = berlin(2026, 3, 28, 2, 30)
    assert working_days_later(before, 1, BERLIN, always, "DE") == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    twice = working_days_later(berlin(2026, 10, 24, 2, 30), 1, BERLIN, always, "DE")
    assert twice == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    windows,
    st.sampled_from(ZONES),
    moments,
    st.integers(0, 30),
    st.sampled_from(["DE", "US", "IL", None]),
)
def test_more_working_days_are_never_sooner(
    window: Window, zone: str, at: datetime, days: int, country: str | None
) -> None:
    place = ZoneInfo(zone)
    later = working_days_later(at, days, place, window, country)
    assert at <= later <= working_days_later(at, days + 1, place, window, country)
    opens = opening(window, place, later, calendar_for(window, country))
    assert opens is None or opens == later
