"""How well a prospect fits the ideal customer: from the fields alone, without decay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from prospector.rules.event import Event
from prospector.rules.ruleset import Field, FitTable
from prospector.rules.vocabulary import LISTS

Verdict = Literal["qualified", "review", "disqualified"]
DERIVED = {"email": "email_domain"}
_WHOLE = re.compile(r"\s*[+-]?\d{1,18}\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fit:
    """The verdict, with a reason for every rule that matched."""

    points: int
    verdict: Verdict
    reasons: tuple[str, ...]


def fit_of(table: FitTable, fields: Mapping[str, Any]) -> Fit:
    """The fit of a prospect with these fields: 50 plus points, held within 0 to 100."""
    matched = [rule for rule in table.rules if passes(rule.condition, fields)]
    points = max(0, min(100, 50 + sum(rule.points for rule in matched)))
    if points < table.disqualified or any(rule.disqualify for rule in matched):
        verdict: Verdict = "disqualified"
    else:
        verdict = "qualified" if points >= table.qualified else "review"
    return Fit(points, verdict, tuple(rule.reason or rule.condition.name for rule in matched))


def passes(condition: Field, fields: Mapping[str, Any]) -> bool:
    """Whether the field passes the test. A missing field passes `is_not` and nothing else."""
    value, wanted = fields.get(condition.name), condition.value
    if value is None:
        return condition.test == "is_not"
    if condition.test in ("is", "is_not"):
        return _same(value, wanted) == (condition.test == "is")
    if condition.test == "in":
        held = value if isinstance(value, list | tuple) else [value]
        return any(_same(one, other) for one in held for other in wanted)
    if condition.test == "matches_list":
        return isinstance(value, str) and domain(value) in LISTS[wanted]
    number = _number(value)
    sign = 1 if condition.test == "at_least" else -1
    return number is not None and bool(sign * number >= sign * wanted)


def set_field(fields: dict[str, Any], event: Event) -> None:
    """Take a `field_set` into `fields`; an e-mail address also tells its domain."""
    name, value = event.attributes.get("field"), event.attributes.get("value")
    if not isinstance(name, str):
        return
    fields[name] = value
    if name in DERIVED:
        fields[DERIVED[name]] = domain(value) if isinstance(value, str) else None


def domain(text: str) -> str:
    """The domain of an address, or of what is a domain already."""
    return text.rpartition("@")[2].strip().rstrip(".").lower()


def _same(one: object, other: object) -> bool:
    # In Python True == 1; for a manager a tick and a number are two things.
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _number(value: object) -> int | float | None:
    """A number, also as imports bring it: in a text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else None
