"""Days as a rep lives them: working days and day starts in their time zone, over clock changes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY_START = time(7, 0)
WEEKEND = frozenset({5, 6})


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment (UTC) of a time of day.

    A time that the clocks jump over becomes the end of the gap (02:30 is then 03:00), and one
    that comes twice is the first of the two.
    """
    local = datetime.combine(day, at.replace(fold=0), tzinfo=zone)
    # PEP 495: in a gap, fold=0 has the offset before it, which is the smaller one.
    if _offset(local) < _offset(local.replace(fold=1)):
        return _end_of_gap(local)
    return local.astimezone(UTC)


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()


def _end_of_gap(local: datetime) -> datetime:
    """The moment at which the clocks jump, found to the second: zones have odd ones."""
    low, high = local.replace(fold=1).astimezone(UTC), local.astimezone(UTC)
    zone, before = local.tzinfo, low.astimezone(local.tzinfo).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def is_working_day(day: date, holidays: Collection[date] = ()) -> bool:
    return day.weekday() not in WEEKEND and day not in holidays


def working_days_after(day: date, count: int, holidays: Collection[date] = ()) -> date:
    """The day that lies so many working days after this one; with 0, the day itself if it is a
    working day, else the next one."""
    while count > 0 or not is_working_day(day, holidays):
        day += timedelta(days=1)
        count -= is_working_day(day, holidays)
    return day


def later(at: datetime, working_days: int, zone: ZoneInfo, holidays: Collection[date] = ()) -> datetime:
    """The moment so many working days after another, at the same time of day for the rep."""
    local = at.astimezone(zone)
    day = working_days_after(local.date(), working_days, holidays)
    return instant(day, local.timetz().replace(tzinfo=None, fold=0), zone)


def planning_day(now: datetime, zone: ZoneInfo, start: time = DAY_START) -> date:
    """The rep's day that is running: it begins at their start, so 06:59 still belongs to yesterday."""
    today = now.astimezone(zone).date()
    return today if now >= instant(today, start, zone) else today - timedelta(days=1)
