"""The filters that a template may use: few, and none can make much out of little.

Each takes what `facts.plain` gives (text, number, truth, date, tuple, or a `Missing`, which goes
through unchanged so that its mark is still seen) and returns at most `VALUE_LIMIT` characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Literal

from prospector.outreach import wording
from prospector.outreach.facts import VALUE_LIMIT, Group, Missing

ARGUMENTS: Mapping[str, tuple[int, int]] = {
    "capitalize": (0, 0),
    "date": (0, 1),
    "default": (1, 1),
    "first": (0, 0),
    "join": (0, 1),
    "last": (0, 0),
    "length": (0, 0),
    "lower": (0, 0),
    "oneline": (0, 0),
    "reply_subject": (0, 0),
    "title": (0, 0),
    "trim": (0, 0),
    "truncate": (0, 1),
    "upper": (0, 0),
}
"""The allowed filters, with the least and the most arguments of each."""

DATE_STYLES = ("day", "full", "weekday", "iso")

Filter = Callable[..., Any]
Kind = Literal["text", "fact", "fallback", "missing"]
"""What a part of a rendered text is: the template's own words, a fact, what stands for one, its mark."""
_REPLY_PREFIX = re.compile(r"(?:(?:re|aw|antw|sv|rif|ref)\s?:\s)+", re.IGNORECASE)


class Shown(str):
    """A fact as it stands in the text: `kind` is `fact`, `fallback` or `missing`, `path` which it is."""

    __slots__ = ("kind", "path")
    kind: Kind
    path: str

    def __str__(self) -> str:
        return self  # Jinja asks for the text of each part; it has to stay what it is.


def shown(value: object, language: str = "en") -> str:
    """A value as it stands in the text."""
    if isinstance(value, str):
        return value if type(value) is Shown else value[:VALUE_LIMIT]
    if isinstance(value, Group):
        return str(value.missing())
    if isinstance(value, date):
        return written_date(value, "day", language)
    if isinstance(value, tuple):
        return ", ".join(shown(item, language) for item in value)[:VALUE_LIMIT]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)[:VALUE_LIMIT]


def written_date(day: date, style: str, language: str) -> str:
    """A date in words of the language. Times are shown in the zone they are given in."""
    if style == "iso":
        return f"{day:%Y-%m-%d}"
    if style == "weekday":
        return wording.WEEKDAYS[language][day.weekday()]
    month = wording.MONTHS[language][day.month - 1]
    pattern = (
        wording.FULL_DAY.get(language, "{day} {month} {year}")
        if style == "full"
        else wording.DAY.get(language, "{day} {month}")
    )
    return pattern.format(day=day.day, month=month, year=day.year)


def truncated(text: str, length: int) -> str:
    """At most so many characters, cut between words, with an ellipsis."""
    if len(text) <= length:
        return text
    head = text[: max(length - 1, 0)]
    if text[len(head)].isalnum():
        head = head.rpartition(" ")[0] or head
    return head.rstrip(" ,;:.–-") + "…"


def reply_subject(text: str) -> str:
    """The subject of an answer: `Re: ` once, in whatever language it was answered before."""
    prefix = _REPLY_PREFIX.match(text)
    return f"Re: {text[prefix.end() :] if prefix else text}"


def for_language(language: str) -> dict[str, Filter]:
    """The filters by name, with dates in this language (English where it is not known)."""
    known = language[:2] if language[:2] in wording.LANGUAGES else "en"
    return {
        "capitalize": _on_text(lambda text: text[:1].upper() + text[1:]),
        "date": lambda value, style="day": _dated(value, style, known),
        "default": lambda value, other: other if isinstance(value, Missing | Group) or value == "" else value,
        "first": lambda value: _item(value, 0),
        "join": lambda value, between=", ": _joined(value, between, known),
        "last": lambda value: _item(value, -1),
        "length": lambda value: len(value) if isinstance(value, str | tuple) else 0,
        "lower": _on_text(str.lower),
        "oneline": _on_text(lambda text: " ".join(text.split())),
        "reply_subject": _on_text(reply_subject),
        "title": _on_text(str.title),
        "trim": _on_text(str.strip),
        "truncate": lambda value, length=80: _on_text(lambda text: truncated(text, length))(value),
        "upper": _on_text(str.upper),
    }


def _on_text(change: Callable[[str], str]) -> Filter:
    def filtered(value: object) -> object:
        if isinstance(value, Group):
            value = value.missing()
        return value if isinstance(value, Missing) else change(shown(value))[:VALUE_LIMIT]

    return filtered


def _dated(value: object, style: str, language: str) -> object:
    # Not a date (an imported column, say): shown as it is rather than lost.
    return written_date(value, style, language) if isinstance(value, date) else value


def _item(value: object, index: int) -> object:
    return value[index] if isinstance(value, str | tuple) and value else value


def _joined(value: object, between: str, language: str) -> object:
    if not isinstance(value, tuple):
        return value
    return between.join(shown(item, language) for item in value)[:VALUE_LIMIT]
