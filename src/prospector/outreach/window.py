"""When mail may leave: the hours of the recipient's working days, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from prospector.config import Window

SECOND = timedelta(seconds=1)


def opening(window: Window, zone: ZoneInfo, now: datetime) -> datetime | None:
    """`now` where mail may leave, else the moment when the window opens next; None: it never does.

    A day's window ends before `end`; where `end` is not after `start` it lasts into the next day.
    """
    if window.always:
        return now
    today = now.astimezone(zone).date()
    for ahead in range(-1, 9):
        day = today + timedelta(days=ahead)
        if day.isoweekday() not in window.days:
            continue
        opens, closes = _bounds(window, zone, day)
        if now < closes and opens < closes:
            return max(now, opens)
    return None


def zone_of(*names: str | None) -> ZoneInfo:
    """The first of these time zones that there is; UTC where none is."""
    for name in names:
        try:
            if name:
                return ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            continue  # what an import says of a person may be anything
    return ZoneInfo("UTC")


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When clocks in this zone show this time, in UTC.

    A time that is left out in spring becomes the moment of the change (a 02:30 that does not
    exist is 03:00); one that comes twice in autumn is the first of the two.
    """
    wall = datetime.combine(day, at, zone)
    first = wall.astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return first
    return _change(zone, wall.replace(fold=1).astimezone(UTC), first)


def _bounds(window: Window, zone: ZoneInfo, day: date) -> tuple[datetime, datetime]:
    until = day if window.end > window.start else day + timedelta(days=1)
    return moment(day, window.start, zone), moment(until, window.end, zone)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the zone's offset changes between two times, the later one not counted."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
