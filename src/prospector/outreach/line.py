"""One line of a draft, read once: what is left behind in it, its language, its weekdays.

Most lines of the drafts of a template are the same in all of them, so what was read is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from prospector.outreach import concealment, wording
from prospector.outreach.leftovers import Leftover, leftovers

LONGEST_KEPT = 1_000
"""Characters of a line above which nothing is kept: 4,096 kept lines are 4 MB at most."""

_WORD = re.compile(r"[^\W\d_]+(?:-feira)?")


@dataclass(frozen=True, slots=True)
class Day:
    """A weekday's name in a line, from which languages it may be, and its number, Monday being 0."""

    word: str
    start: int
    languages: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Line:
    """What a line is made of. `words` is their number, `stops` the languages whose frequent short
    words are in it, one for each; `may_hide` whether it could hide the footer."""

    leftovers: tuple[Leftover, ...]
    words: int
    has_letters: bool
    stops: tuple[str, ...]
    days: tuple[Day, ...]
    may_hide: bool


def line_of(text: str) -> Line:
    """What this line, without its end, is made of."""
    return _kept(text) if len(text) <= LONGEST_KEPT else _line(text)


def _line(text: str) -> Line:
    words = _WORD.findall(text)
    folded = [word.casefold() for word in words]
    return Line(
        leftovers(text),
        len(text.split()),
        bool(words),
        tuple(language for word in folded if word in _STOPS for language in _STOPS[word]),
        _days_in(text) if not _DAYS.keys().isdisjoint(folded) else (),
        concealment.suspicious(text),
    )


_kept = lru_cache(maxsize=4096)(_line)


def _days_in(text: str) -> tuple[Day, ...]:
    found = ((match, _DAYS.get(match.group().casefold())) for match in _WORD.finditer(text))
    return tuple(Day(match.group(), match.start(), *day) for match, day in found if day is not None)


def _stops() -> Mapping[str, tuple[str, ...]]:
    """The languages of each of the frequent short words."""
    every = {word for words in wording.STOP_WORDS.values() for word in words}
    return {
        word: tuple(language for language, words in wording.STOP_WORDS.items() if word in words)
        for word in every
    }


def _days() -> Mapping[str, tuple[tuple[str, ...], int]]:
    """Each weekday's name with the languages that have it and its number."""
    days: dict[str, tuple[tuple[str, ...], int]] = {}
    for language, names in wording.WEEKDAYS.items():
        for index, name in enumerate(names):
            languages, _ = days.get(name.casefold(), ((), index))
            days[name.casefold()] = ((*languages, language), index)
    return days


_STOPS, _DAYS = _stops(), _days()
