"""For how long a card can be put away: six choices, each a moment of the rep's own days or an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from prospector.queue.workday import instant, is_working_day, planning_day, working_days_after

SOON = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Snooze:
    """Until when (aware), or until what they do: `post` or `reply`."""

    until: datetime | None = None
    wake_on: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to put a card away; `key` is what programs say, `label` what people read."""

    key: str
    label: str


CHOICES = (
    Choice("later", "Later today"),
    Choice("tomorrow", "Tomorrow"),
    Choice("week", "Next week"),
    Choice("month", "In a month"),
    Choice("post", "When they post"),
    Choice("reply", "When they reply"),
)
"""In the order of the keys 1 to 6."""


class UnknownChoiceError(ValueError):
    """There is no such way to put a card away; the message names those that there are."""

    def __init__(self, key: str) -> None:
        super().__init__(f'"{key[:40]}" is none of {", ".join(choice.key for choice in CHOICES)}.')


def snooze_of(key: str, now: datetime, zone: ZoneInfo, day_start: time) -> Snooze:
    """The moment or event behind a choice. Raises `UnknownChoiceError`.

    Later today is three hours on; tomorrow, next week and in a month are the working start of a
    day: the next working day, the first one of the next week, and of the same day of the next month.
    """
    if key in ("post", "reply"):
        return Snooze(wake_on=key)
    if key not in _MOMENTS:
        raise UnknownChoiceError(key)
    return Snooze(until=_MOMENTS[key](now, zone, day_start))


def _later(now: datetime, zone: ZoneInfo, day_start: time) -> datetime:
    return now + SOON


def _tomorrow(now: datetime, zone: ZoneInfo, day_start: time) -> datetime:
    return instant(working_days_after(planning_day(now, zone, day_start), 1), day_start, zone)


def _week(now: datetime, zone: ZoneInfo, day_start: time) -> datetime:
    day = planning_day(now, zone, day_start)
    return instant(day + timedelta(days=7 - day.weekday()), day_start, zone)


def _month(now: datetime, zone: ZoneInfo, day_start: time) -> datetime:
    """The same day of the next month, or its last one; moved on to a working day."""
    day = planning_day(now, zone, day_start)
    first = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    same = first.replace(day=min(day.day, last.day))
    return instant(same if is_working_day(same) else working_days_after(same, 0), day_start, zone)


_MOMENTS: Mapping[str, Callable[[datetime, ZoneInfo, time], datetime]] = {
    "later": _later,
    "tomorrow": _tomorrow,
    "week": _week,
    "month": _month,
}
