"""What is typed above the list: words and `is:reply from:name stage:x ch:y`, held against its rows.

Pure: the day is finite, so its rows are searched where they are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

LONGEST = 200
SHELVES = ("reply", "post", "hand", "rest")
SPELLINGS: Mapping[str, str] = {
    "reply": "reply",
    "replies": "reply",
    "answer": "reply",
    "post": "post",
    "posts": "post",
    "hand": "hand",
    "byhand": "hand",
    "by-hand": "hand",
    "rest": "rest",
    "other": "rest",
}
"""What may stand after `is:`."""


class Found(Protocol):
    """What a search looks at in a row."""

    @property
    def shelf(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def company(self) -> str | None: ...
    @property
    def stage(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def excerpt(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def arrived_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Query:
    """A search in its parts, all lower case; each part must hold."""

    shelves: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.shelves or self.people or self.stages or self.channels or self.words)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows each filter has. Every row is in exactly one, so they sum to `all`."""

    all: int = 0
    reply: int = 0
    post: int = 0
    hand: int = 0
    rest: int = 0


@dataclass(slots=True)
class _Parts:
    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, part: str, value: str) -> None:
        self.found.setdefault(part, []).append(value)

    def of(self, part: str) -> tuple[str, ...]:
        return tuple(self.found.get(part, ()))


def parse(text: str) -> Query:
    """The search behind what was typed. What is no known `is:` is looked for as a word."""
    parts = _Parts()
    for token in text[:LONGEST].casefold().split():
        name, colon, value = token.partition(":")
        if colon and value and name == "is" and value in SPELLINGS:
            parts.add("is", SPELLINGS[value])
        elif colon and value and name in ("from", "stage", "ch"):
            parts.add(name, value)
        else:
            parts.add("", token)
    return Query(parts.of("is"), parts.of("from"), parts.of("stage"), parts.of("ch"), parts.of(""))


def matches(query: Query, row: Found) -> bool:
    """Whether a row is what was looked for."""
    person = f"{row.name} {row.company or ''}".casefold()
    everything = f"{person} {row.words} {row.excerpt} {row.stage} {row.channel}".casefold()
    return (
        all(row.shelf == shelf for shelf in query.shelves)
        and all(name in person for name in query.people)
        and _begins(query.stages, row.stage)
        and _begins(query.channels, row.channel)
        and all(word in everything for word in query.words)
    )


def counts(rows: Iterable[Found]) -> Counts:
    """How many of these rows each filter would show."""
    found = Counter(row.shelf for row in rows)
    return Counts(found.total(), *(found[shelf] for shelf in SHELVES))


def _begins(wanted: tuple[str, ...], value: str) -> bool:
    begins: Callable[[str], bool] = value.casefold().startswith
    return all(begins(one) for one in wanted)
