"""What stands between a draft and its approval: errors block it, warnings need a click."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]
Where = Literal["subject", "body"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend in a draft.

    `line` and `column` count from 1 in the draft's text and are None where the whole text is
    meant. `found` is the text that is wrong and `fix` what may stand in its place, where one can
    be offered.
    """

    code: str
    message: str
    level: Level
    where: Where
    line: int | None = None
    column: int | None = None
    found: str = ""
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Words in a text, and where they begin."""

    text: str
    start: int
    words: str


def at(found: Found, where: Where, code: str, message: str, level: Level, fix: str | None = None) -> Problem:
    """The problem of these words, with their place in the text."""
    line = found.text.count("\n", 0, found.start) + 1
    column = found.start - found.text.rfind("\n", 0, found.start)
    return Problem(code, message, level, where, line, column, found.words[:200], fix)


def found_by(match: re.Match[str]) -> Found:
    return Found(match.string, match.start(), match.group())


def approvable(problems: Iterable[Problem]) -> bool:
    """Whether a draft with these problems may be approved: no error among them."""
    return all(problem.level != "error" for problem in problems)
