"""Drafts of one set held beside each other: twins, groups of those that are alike, and outliers.

Linear in the texts: each is sketched by the smallest hashes of its word sequences (bottom-k sketch,
after Broder 1997), and compared with the first text of each group and with no other.
"""

from __future__ import annotations

import heapq
import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from prospector.outreach.problem import Level

ALIKE = 0.5
"""From this share of common word sequences on, texts are in one group."""
SKETCH = 48
"""Hashes that are kept of a text: a likeness of 0.5 is told to about 0.07."""
MOST_GROUPS = 40
"""Groups of one shape; what is like none of them goes into the last, so that the work stays linear."""
SEQUENCE = 3
WORDS_LIMIT = 2_000

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Text:
    """One draft of a set: of one step, so that a person has one. `id` is the caller's, `person` to
    whom it goes; `shape` tells how it came about (`render.Draft.shape`)."""

    id: int
    person: int
    address: str
    subject: str
    body: str
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Twins:
    """Texts of different people that have the same address (an error: somebody would get two), or the
    same words (a warning: they may be meant)."""

    code: Literal["same-address", "same-text"]
    level: Level
    ids: tuple[int, ...]
    what: str


@dataclass(frozen=True, slots=True)
class Group:
    """Texts that came about the same way and are alike; the first stands for them all."""

    shape: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outliers:
    """The texts to be read before all others, the most extreme first."""

    longest: tuple[int, ...]
    shortest: tuple[int, ...]
    most_unusual: tuple[int, ...]


def twins(texts: Iterable[Text]) -> tuple[Twins, ...]:
    """Who would get the same mail as somebody else, or two mails; errors first."""
    addresses: dict[str, list[Text]] = defaultdict(list)
    bodies: dict[str, list[Text]] = defaultdict(list)
    for text in texts:
        if address := text.address.strip().casefold():
            addresses[address].append(text)
        if words := " ".join(text.body.split()):
            bodies[words].append(text)
    found = [Twins("same-address", "error", _ids(same), what) for what, same in _of_many(addresses)]
    found += [Twins("same-text", "warning", _ids(same), what) for what, same in _of_many(bodies)]
    return tuple(found)


def groups(texts: Iterable[Text]) -> tuple[Group, ...]:
    """The texts by shape, and those of one shape by likeness; the largest group first. Each text is in
    one group; the order within is that of the texts."""
    leaders: dict[str, list[tuple[frozenset[int], list[int]]]] = defaultdict(list)
    for text in texts:
        _leader(leaders[text.shape], sketch(text.body)).append(text.id)
    found = [Group(shape, tuple(ids)) for shape, some in leaders.items() for _, ids in some]
    return tuple(sorted(found, key=lambda group: (-len(group.ids), group.ids[0])))


def outliers(texts: Iterable[Text], count: int = 10) -> Outliers:
    """The longest, the shortest and the most unusual texts, so many of each. Unusual is what has words
    that few others have (mean inverse document frequency)."""
    some = list(texts)
    words = {text.id: frozenset(_words(text.body)) for text in some}
    seen = Counter(word for known in words.values() for word in known)
    rarity = {word: math.log(len(some) / times) for word, times in seen.items()}

    def unusual(text: Text) -> float:
        known = words[text.id]
        return sum(rarity[word] for word in sorted(known)) / len(known) if known else 0.0

    return Outliers(
        tuple(text.id for text in heapq.nlargest(count, some, key=lambda text: len(text.body))),
        tuple(text.id for text in heapq.nsmallest(count, some, key=lambda text: len(text.body))),
        tuple(text.id for text in heapq.nlargest(count, some, key=unusual)),
    )


def sketch(text: str) -> frozenset[int]:
    """What is kept of a text to compare it with others."""
    words = _words(text)
    sequences = {" ".join(words[at : at + SEQUENCE]) for at in range(max(len(words) - SEQUENCE + 1, 1))}
    return frozenset(heapq.nsmallest(SKETCH, {zlib.crc32(one.encode(errors="replace")) for one in sequences}))


def likeness(one: frozenset[int], other: frozenset[int]) -> float:
    """How much two sketches have in common, 0 to 1: an estimate of the share of common sequences."""
    smallest = heapq.nsmallest(SKETCH, one | other)
    return sum(hash_ in one and hash_ in other for hash_ in smallest) / len(smallest) if smallest else 1.0


def _leader(known: list[tuple[frozenset[int], list[int]]], own: frozenset[int]) -> list[int]:
    """The ids of the group that this text belongs to; a new one where it is like none."""
    for other, ids in known:
        if own == other or likeness(own, other) >= ALIKE:
            return ids
    if len(known) >= MOST_GROUPS:
        return known[-1][1]
    known.append((own, []))
    return known[-1][1]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())[:WORDS_LIMIT]


def _of_many(texts: dict[str, list[Text]]) -> Iterator[tuple[str, list[Text]]]:
    return ((what, same) for what, same in texts.items() if len({text.person for text in same}) > 1)


def _ids(same: list[Text]) -> tuple[int, ...]:
    return tuple(text.id for text in same)
