"""What stands between drafts and their approval, by cause: so that a cause is mended once, not row by row.

Pure: from the problems that drafts keep and what else is known of a person to troubles, from the
troubles of all people to causes with the fixes that they allow.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Level = Literal["blocked", "error", "warning"]
Fix = Literal["suggest", "fill", "fallback", "skip", "show"]
MOST_NAMED = 3
"""Addresses or names that a cause names before it counts the rest."""

_STANDS_FOR = re.compile(r"stands for ([\w.-]{1,200}),")
OF_A_NAME: Mapping[str, str] = {
    "role": "first_name is a role, not a name",
    "not-a-name": "first_name is not a name",
    "whole-name": "first_name holds the whole name",
    "initial": "first_name is an initial",
    "capitals": "first_name is all in capitals",
    "lower-case": "first_name begins with a small letter",
    "honorific": "first_name begins with a form of address",
    "decorated": "first_name has marks that are no letters",
}
"""Codes of the lint about the first name, which another first name mends."""
FIRST_NAME = "prospect.first_name"
COLUMNS = ("title", "country", "timezone", "name")
"""Facts of a person that have a column of their own; the others are kept in `fields`."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing about one person's series. `key` tells causes apart, `words` stand in their row;
    `path` is the fact that would mend it, `fix` what may be written there, `about` a detail for the
    cause (who wrote, which address)."""

    key: str
    level: Level
    words: str
    path: str = ""
    fix: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause and how many people it concerns; `suggested` for how many of them a value is known."""

    key: str
    level: Level
    title: str
    people: int
    about: str
    path: str
    suggested: int
    fixes: tuple[Fix, ...]


def of_draft(problems: Iterable[Mapping[str, Any]]) -> list[Trouble]:
    """The troubles of one draft, each once."""
    problems = list(problems)
    marks = [str(one.get("found", "")) for one in problems if one["code"] == "missing"]
    found: dict[str, Trouble] = {}
    for problem in problems:
        # The lint sees the name of a fact in the mark of a missing one, too: that is one trouble, not two.
        if problem["code"] == "markup" and any(
            str(problem.get("found") or "⟨") in mark[1:] for mark in marks
        ):
            continue
        trouble = _of_problem(problem)
        found.setdefault(trouble.key, trouble)
    return list(found.values())


def _of_problem(problem: Mapping[str, Any]) -> Trouble:
    code, level = str(problem["code"]), problem["level"]
    if code == "missing":
        path = path_of(str(problem.get("found", "")))
        return Trouble(
            f"missing:{path}", level, f"{name_of(path)} is empty", path if is_fillable(path) else ""
        )
    if code == "fallback":
        return _fell_back(level, str(problem["message"]), str(problem.get("found", "")))
    if code in OF_A_NAME:
        return Trouble(f"name:{code}", level, OF_A_NAME[code], FIRST_NAME, problem.get("fix") or "")
    return Trouble(f"{level}:{code}", level, str(problem["message"]), about="")


def _fell_back(level: Level, message: str, text: str) -> Trouble:
    """`render` says there for which fact the text stands."""
    found = _STANDS_FOR.search(message)
    path = path_of(found[1]) if found else ""
    words = f"{name_of(path) or 'a fact'} fell back to “{text}”"
    return Trouble(f"fallback:{path}", level, words, path if is_fillable(path) else "")


def with_fix(trouble: Trouble, fix: str) -> Trouble:
    """The same trouble, with a value that may mend it."""
    return replace(trouble, fix=fix)


def path_of(mark: str) -> str:
    """The fact behind a mark in a text: `⟨first_name?⟩` is `prospect.first_name`."""
    name = mark.strip("⟨?⟩ ")
    group = name.partition(".")[0]
    return name if group in ("prospect", "company", "engagement", "sender") else f"prospect.{name}"


def name_of(path: str) -> str:
    """A fact as people read it: without the group that goes without saying."""
    return path.removeprefix("prospect.").removeprefix("fields.")


def is_fillable(path: str) -> bool:
    """Whether a person may write this fact down for somebody: it is about them, and one value."""
    group, _, rest = path.partition(".")
    if group != "prospect" or not rest:
        return False
    return rest in ("first_name", "last_name", *COLUMNS) or (rest.startswith("fields.") and len(rest) > 7)


def causes(troubles: Iterable[Sequence[Trouble]], fallbacks: Mapping[str, str]) -> list[Cause]:
    """All causes of people's troubles: what blocks first, then errors, then warnings, and of each
    the one that concerns the most people. `troubles` are one person's each."""
    by_key: dict[str, list[Trouble]] = defaultdict(list)
    for one in troubles:
        for trouble in {trouble.key: trouble for trouble in one}.values():
            by_key[trouble.key].append(trouble)
    found = [_cause(key, some, fallbacks) for key, some in by_key.items()]
    return sorted(found, key=lambda cause: (_WEIGHT[cause.level], -cause.people, cause.key))


_WEIGHT: Mapping[Level, int] = {"error": 0, "warning": 1, "blocked": 2}


def _cause(key: str, some: Sequence[Trouble], fallbacks: Mapping[str, str]) -> Cause:
    first = some[0]
    suggested = sum(bool(one.fix) for one in some)
    about = _read_from(suggested, first.path) or _named([one.about for one in some if one.about])
    fixes = _fixes(first, suggested, fallbacks)
    return Cause(
        key, first.level, _TITLES.get(key, first.words), len(some), about, first.path, suggested, fixes
    )


_TITLES: Mapping[str, str] = {
    "touched": "Recently contacted",
    "role-address": "Role address",
    "same-text": "The same text goes to several people",
    "same-address": "The same address twice",
    "blocked": "Never written to",
    "law:basis": "No lawful basis is noted",
}


def _fixes(trouble: Trouble, suggested: int, fallbacks: Mapping[str, str]) -> tuple[Fix, ...]:
    if trouble.level == "blocked":
        return ("skip", "show")
    fixes: list[Fix] = []
    if trouble.path:
        fixes += ["suggest"] if suggested else []
        fixes += ["fill"]
    if trouble.key.startswith("missing:") and name_of(trouble.key.removeprefix("missing:")):
        fixes += ["fallback"] if fallback_for(trouble.path, fallbacks) is None and trouble.path else []
    return (*fixes, "skip", "show")


def fallback_for(path: str, fallbacks: Mapping[str, str]) -> str | None:
    """What stands for a missing fact in this version of the campaign."""
    return fallbacks.get(path.removeprefix("prospect.")) if path else None


def _read_from(suggested: int, path: str) -> str:
    if not suggested:
        return ""
    where = "can be read from the address" if path == FIRST_NAME else "can be suggested"
    return f"{suggested} {where}"


def _named(words: Sequence[str]) -> str:
    several = list(dict.fromkeys(words))
    more = len(several) - MOST_NAMED
    return ", ".join(several[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
