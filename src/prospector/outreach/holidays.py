"""Public holidays and weekends, by country. Those of a state or a region are not guessed at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any

from prospector.outreach.countries import code_of

SATURDAY, SUNDAY = 5, 6
Calendar = Callable[[date], bool]


def is_holiday(country: str | None, day: date) -> bool:
    """Whether offices of the whole country are closed that day; of an unknown country nothing is known."""
    return day in _of_year(code_of(country), day.year)


def is_weekend(country: str | None, day: date) -> bool:
    """Whether that day is of the country's weekend, which is not everywhere Saturday and Sunday."""
    return day.weekday() in _weekend(code_of(country))


def calendar_of(country: str | None) -> Calendar:
    """The holidays of a country, to be asked for many days."""
    return lambda day: is_holiday(country, day)


def name_of(country: str | None, day: date) -> str | None:
    """What the holiday is called."""
    return _of_year(code_of(country), day.year).get(day)


@cache
def _of_year(code: str | None, year: int) -> Mapping[date, str]:
    found = _calendar(code, year)
    return dict(found) if found is not None else {}


@cache
def _weekend(code: str | None) -> frozenset[int]:
    found = _calendar(code, None)
    return frozenset(found.weekend) if found is not None else frozenset({SATURDAY, SUNDAY})


def _calendar(code: str | None, year: int | None) -> Any:
    from holidays import country_holidays  # takes a third of a second, and most commands send nothing

    if code is None:
        return None
    try:
        return country_holidays(code, years=year, expand=False)
    except NotImplementedError:
        return None
