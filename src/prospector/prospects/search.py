"""The search language of the people's list: text to a value and back.

`stage:engaged owner:me tag:fair ch:bluesky company:"Acme AG" quiet:14d is:paused anna weber`: words
are looked for in names; an address or a profile's URL means one person. Several values of one key
are alternatives, but somebody has to bear every tag and every word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from prospector.config_errors import suggestion

KEYS = ("stage", "owner", "tag", "ch", "company", "quiet", "is")
STATES = ("active", "paused", "archived")
LONGEST = 500
MOST_TERMS = 20
_UNITS = {"h": 1 / 24, "d": 1, "w": 7}
_TERM = re.compile(r'(?:([^\s:"]+):)?(?:"([^"]*)"|(\S+))')
_KEY = re.compile(r"[A-Za-z]+")


class SearchError(ValueError):
    """What was typed means nothing; the message says what would."""


@dataclass(frozen=True, slots=True)
class Search:
    """Whom somebody looks for; `quiet`: nothing has happened between us for so long (whole hours)."""

    words: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    quiet: timedelta | None = None
    state: str = "active"

    def __str__(self) -> str:
        return " ".join(_printed(self))

    def __bool__(self) -> bool:
        return self != Search()


def parse(text: str) -> Search:
    """The search that a text means. Raises `SearchError` with what to write instead."""
    if len(text) > LONGEST:
        raise SearchError(f"A search has at most {LONGEST} characters.")
    found: dict[str, list[str]] = {}
    for key, value in _terms(text):
        values = found.setdefault(key, [])
        if value not in values:
            values.append(value)
    if sum(map(len, found.values())) > MOST_TERMS:
        raise SearchError(f"A search has at most {MOST_TERMS} terms.")
    return Search(
        words=tuple(found.get("", ())),
        stages=tuple(found.get("stage", ())),
        owners=tuple(found.get("owner", ())),
        tags=tuple(found.get("tag", ())),
        channels=tuple(found.get("ch", ())),
        companies=tuple(found.get("company", ())),
        quiet=_quiet(found.get("quiet", [])),
        state=_state(found.get("is", [])),
    )


def _terms(text: str) -> Iterator[tuple[str, str]]:
    """Each key (empty for a word) and its value."""
    text = " ".join(text.replace("\x00", " ").split())
    if text.count('"') % 2:
        raise SearchError('A quotation mark is missing: write company:"Acme AG".')
    for match in _TERM.finditer(text):
        key, quoted, plain = match.groups()
        value = (quoted if quoted is not None else plain).strip()
        if quoted is None and '"' in plain:
            raise SearchError('Put quotation marks around a whole value: company:"Acme AG".')
        if key is None:
            key, value = _of_a_word(value, quoted is not None)
        elif (plain or "").startswith("//"):
            key, value = "", f"{key}:{value}"
        elif key.lower() not in KEYS:
            raise SearchError(_unknown(key))
        if value:
            yield key.lower(), value


def _of_a_word(value: str, quoted: bool) -> tuple[str, str]:
    """A word as it is; but `stage:` with nothing behind it is a mistake."""
    key = value[:-1]
    if not quoted and value.endswith(":") and key.lower() in KEYS:
        raise SearchError(f"Write something behind {key}:, without a space between.")
    return "", value


def _unknown(key: str) -> str:
    near = suggestion(key.lower(), KEYS) if _KEY.fullmatch(key) else ""
    known = ", ".join(f"{name}:" for name in KEYS)
    return f'"{key}:" cannot be searched for{near or ""}. There are {known} and words of a name.'


def _quiet(values: list[str]) -> timedelta | None:
    if not values:
        return None
    match = re.fullmatch(r"(\d{1,3})([hdw])", values[-1])
    length = timedelta(days=int(match[1]) * _UNITS[match[2]]) if match else timedelta()
    if not length:
        raise SearchError(f'"quiet:{values[-1]}" is no time; write quiet:36h, quiet:14d or quiet:3w.')
    return length


def _state(values: list[str]) -> str:
    if not values:
        return "active"
    state = values[-1].lower()
    if state not in STATES:
        raise SearchError(f'"is:{values[-1]}" is not known; there are is:active, is:paused and is:archived.')
    return state


def _printed(search: Search) -> Iterator[str]:
    lists = {
        "stage": search.stages,
        "owner": search.owners,
        "tag": search.tags,
        "ch": search.channels,
        "company": search.companies,
    }
    for key, values in lists.items():
        yield from (f"{key}:{_value(value)}" for value in values)
    if search.quiet is not None:
        yield f"quiet:{_length(search.quiet)}"
    if search.state != "active":
        yield f"is:{search.state}"
    yield from (_word(word) for word in search.words)


def _value(value: str) -> str:
    return f'"{value}"' if " " in value or value.startswith("//") else value


def _word(word: str) -> str:
    """A word, in quotation marks where it would be read as a key and its value."""
    url = re.match(r"[^\s:]+://", word)
    return f'"{word}"' if " " in word or (":" in word and not url) else word


def _length(length: timedelta) -> str:
    hours = int(length.total_seconds()) // 3600
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"
