"""What stands between a draft and its approval: errors block it, warnings need a click."""

from __future__ import annotations

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


def approvable(problems: Iterable[Problem]) -> bool:
    """Whether a draft with these problems may be approved: no error among them."""
    return all(problem.level != "error" for problem in problems)
