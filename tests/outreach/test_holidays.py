from __future__ import annotations

from datetime import date

import pytest

from prospector.outreach.holidays import calendar_of, is_holiday, is_weekend, name_of


@pytest.mark.parametrize(
    ("country", "day", "closed"),
    [
        ("DE", date(2026, 12, 25), True),
        ("Germany", date(2026, 10, 3), True),
        ("US", date(2026, 11, 26), True),
        ("DE", date(2026, 11, 26), False),
        ("DE", date(2026, 6, 4), False),  # Corpus Christi: of some of its states only
        ("GB", date(2026, 12, 28), True),  # the day instead of Boxing Day, a Saturday
        ("nowhere", date(2026, 12, 25), False),
        (None, date(2026, 12, 25), False),
        ("DE", date(1, 1, 1), False),
    ],
)
def test_holidays_are_those_of_the_whole_country(country: str | None, day: date, closed: bool) -> None:
    assert is_holiday(country, day) is closed
    assert calendar_of(country)(day) is closed
    assert (name_of(country, day) is not None) is closed


def test_the_weekend_is_not_the_same_everywhere() -> None:
    friday, sunday = date(2026, 11, 27), date(2026, 11, 29)
    assert [is_weekend(country, friday) for country in ("DE", "IL", "EG", None)] == [False, True, True, False]
    assert [is_weekend(country, sunday) for country in ("DE", "IL", "EG", None)] == [True, False, False, True]
