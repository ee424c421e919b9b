"""When mail may leave: the hours of the recipient's working days, whatever the clocks do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from prospector.config import Window
from prospector.outreach.countries import code_of, main_zone, name_of
from prospector.outreach.holidays import Calendar, calendar_of, is_weekend
from prospector.outreach.holidays import name_of as holiday_of

SECOND = timedelta(seconds=1)
# A weekday that a window names comes within nine days; holidays may take a fortnight of them away.
AHEAD = 30
SCHEDULED = ("days", "start", "end", "holidays", "always")


@dataclass(frozen=True, slots=True)
class Zone:
    """Whose clock is gone by: the person's own, that of most of their country, or ours."""

    name: str
    from_: Literal["person", "country", "ours"]
    country: str | None = None

    @property
    def info(self) -> ZoneInfo:
        return ZoneInfo(self.name)

    @property
    def words(self) -> str:
        """For the screen: the zone, and why this one."""
        if self.from_ == "country":
            return f"{self.name}, the main time zone of {name_of(self.country or '')}"
        return f"{self.name}, {'their own' if self.from_ == 'person' else 'ours: theirs is not known'}"


def zone_for(timezone: str | None, country: str | None, ours: str) -> Zone:
    """By which clock a person is written to: their own, else their country's, else ours."""
    if (own := _existing(timezone)) is not None:
        return Zone(own.key, "person", code_of(country))
    if (main := _existing(main_zone(country))) is not None:
        return Zone(main.key, "country", code_of(country))
    return Zone(zone_of(ours).key, "ours", code_of(country))


def window_of(window: Window, schedule: Mapping[str, Any]) -> Window:
    """The hours of a campaign: the installation's, but for what its schedule says.

    Raises pydantic's `ValidationError` where the schedule makes no sense.
    """
    own = {name: schedule[name] for name in SCHEDULED if schedule.get(name) is not None}
    return Window.model_validate({**window.model_dump(), **own}) if own else window


def calendar_for(window: Window, country: str | None) -> Calendar:
    """The days that this window leaves out in a country, apart from its weekdays."""
    return calendar_of(country) if window.holidays else never


def closed(window: Window, zone: Zone, now: datetime) -> str:
    """Why no mail may leave now where `opening` says later: a holiday, or the hour, and by whose clock."""
    day = now.astimezone(zone.info).date()
    holiday = holiday_of(zone.country, day) if window.holidays and day.isoweekday() in window.days else None
    if holiday is not None:
        return f"{holiday} in {name_of(zone.country or '')}"
    return f"outside the hours in which mail may leave, by {zone.words}"


def never(day: date) -> bool:
    """The calendar without a holiday."""
    return False


def opening(window: Window, zone: ZoneInfo, now: datetime, holidays: Calendar = never) -> datetime | None:
    """`now` where mail may leave, else the moment when the window opens next; None: it never does.

    A day's window ends before `end`; where `end` is not after `start` it lasts into the next day,
    and belongs to the day on which it opens, also where that is a holiday.
    """
    if window.always:
        return now
    today = now.astimezone(zone).date()
    for ahead in range(-1, AHEAD):
        day = today + timedelta(days=ahead)
        if day.isoweekday() not in window.days or holidays(day):
            continue
        opens, closes = _bounds(window, zone, day)
        if now < closes and opens < closes:
            return max(now, opens)
    return None


def working_days_later(
    at: datetime, days: int, zone: ZoneInfo, window: Window, country: str | None
) -> datetime:
    """When what follows so many working days later may leave: the same time of day, or as soon after
    as the window lets it.

    A working day is one on which people of the country are at work, whether or not we write then;
    with a window that is always open every day counts.
    """
    local = at.astimezone(zone)
    day = days_later(local.date(), days, window, country)
    later = max(at, moment(day, local.time(), zone)) if days else at
    return opening(window, zone, later, calendar_for(window, country)) or later


def zone_of(*names: str | None) -> ZoneInfo:
    """The first of these time zones that there is; UTC where none is."""
    return next((zone for name in names if (zone := _existing(name)) is not None), ZoneInfo("UTC"))


def _existing(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):
        return None  # what an import says of a person may be anything


def days_later(day: date, days: int, window: Window, country: str | None) -> date:
    """The day so many working days later; with a window that is always open every day is one."""
    if window.always:
        return day + timedelta(days=days)
    holidays = calendar_for(window, country)
    while days > 0:
        day += timedelta(days=1)
        days -= not (is_weekend(country, day) or holidays(day))
    return day


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
