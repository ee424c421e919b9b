"""What a user sets for themselves: name, day, looks. Checked as a form gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any
from zoneinfo import available_timezones

from prospector.models import User
from prospector.team.users import LONGEST_NAME

THEMES = ("", "light", "dark")
DENSITIES = ("", "dense")
MOST_MINUTES = 600


class PreferencesError(Exception):
    """Some fields cannot be; `fields` says which and why."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(" ".join(fields.values()))
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a user is called, when their day begins and how long it takes, and how pages look."""

    name: str
    timezone: str
    day_start: time
    minutes: int
    theme: str = ""
    density: str = ""
    keys: bool = True


def checked(given: Mapping[str, str]) -> Preferences:
    """Preferences of what somebody typed. Raises `PreferencesError`."""
    name, wrong = " ".join(given.get("name", "").split()), dict[str, str]()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        wrong["name"] = f"Give a name of 1 to {LONGEST_NAME} characters."
    if (zone := given.get("timezone", "")) not in available_timezones():
        wrong["timezone"] = f'There is no time zone "{zone}"; write one such as Europe/Berlin.'
    start = _time(given.get("day_start", ""))
    if start is None:
        wrong["day_start"] = "Write a time such as 07:00."
    minutes = _number(given.get("minutes", ""))
    if not 1 <= minutes <= MOST_MINUTES:
        wrong["minutes"] = f"Give a number of minutes from 1 to {MOST_MINUTES}."
    if wrong or start is None:
        raise PreferencesError(wrong)
    theme, density = given.get("theme", ""), given.get("density", "")
    return Preferences(
        name,
        zone,
        start,
        minutes,
        theme if theme in THEMES else "",
        density if density in DENSITIES else "",
        bool(given.get("keys")),
    )


def keep(user: User, chosen: Preferences) -> None:
    """Write them to the user's row."""
    user.name, user.timezone = chosen.name, chosen.timezone
    user.day_start, user.minutes = f"{chosen.day_start:%H:%M}", chosen.minutes
    look(user, theme=chosen.theme, density=chosen.density, keys=chosen.keys)


def look(user: User, **values: Any) -> None:
    """Change how pages look, and nothing else."""
    user.preferences = {**user.preferences, **values}


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
