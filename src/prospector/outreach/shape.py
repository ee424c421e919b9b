"""How a text came about: which branches of its template were taken, what stands for what is missing.

Texts of one shape say the same with other facts, so one of them shows what all are like.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from prospector.outreach.facts import Reading, short


@dataclass(frozen=True, slots=True)
class Shape:
    """`branches` are conditions in words and how they went, `fell_back` and `empty` paths of facts:
    those for which a fallback stands, and those that were asked for and are not known."""

    branches: frozenset[tuple[str, bool]] = frozenset()
    fell_back: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()

    def digest(self, *texts: str) -> str:
        """The shape of one of these template texts as 16 hex digits."""
        branches = sorted(f"{condition}={truth}" for condition, truth in self.branches)
        rows = [*texts, *branches, "", *sorted(self.fell_back), "", *sorted(self.empty)]
        return hashlib.blake2b("\x1f".join(rows).encode(errors="replace"), digest_size=8).hexdigest()

    def in_words(self) -> str:
        """What a person reads above a group: `with title; no city; a fallback for first_name`."""
        told = {short(path) for path in self.empty - self.fell_back} - {words for words, _ in self.branches}
        words = [
            _listed("with", (_marked(condition) for condition, truth in self.branches if truth)),
            _listed("without", (_marked(condition) for condition, truth in self.branches if not truth)),
            _listed("no", told),
            _listed("a fallback for", map(short, self.fell_back)),
        ]
        return "; ".join(word for word in words if word) or "all alike"


def shape_of(reading: Reading) -> Shape:
    """The shape of a draft whose subject and body have read this."""
    empty = frozenset(path for path, value in reading.read.items() if value is None)
    return Shape(frozenset(reading.branches), frozenset(reading.fell_back), empty)


def _listed(word: str, items: Iterable[str]) -> str:
    some = sorted(items)
    return f"{word} {', '.join(some)}" if some else ""


def _marked(condition: str) -> str:
    return f"“{condition}”" if " " in condition else condition
