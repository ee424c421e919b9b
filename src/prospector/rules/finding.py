"""What a check of rules is given, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prospector.rules.ruleset import Ruleset
from prospector.rules.tables import Level
from prospector.toml_lines import Path


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about this installation; None: not known, so not judged.

    `channels` that a connector serves, `history` in seconds that is stored, `most_points` that
    anybody reached within any 30 days.
    """

    channels: frozenset[str] | None = None
    history: int | None = None
    most_points: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem before its line is looked up."""

    path: Path
    rule: str | None
    level: Level
    message: str


Check = Callable[[Ruleset, Facts], Iterator[Finding]]
