"""Why a score is what it is: lines of whole points that add up to it exactly.

The score of a person is fit (0 to 100, without decay) plus engagement (the decayed points of rules,
rounded down; docs/rules.md, S9). What is lost to rounding and to time stands in a line of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prospector.rules.event import Event
from prospector.rules.evidence import day, span
from prospector.rules.fit import DERIVED, fit_of, passes, set_field
from prospector.rules.ruleset import FitTable, Points, Ruleset
from prospector.rules.score import HOUR, UNIT, decay, score

START = 50


@dataclass(frozen=True, slots=True)
class Line:
    """So many points (also negative, also none) for this; `evidence` says from where."""

    label: str
    points: int
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A person's score with all its lines; `half_life` in seconds."""

    fit: int
    engagement: int
    verdict: str
    fit_lines: tuple[Line, ...]
    engagement_lines: tuple[Line, ...]
    half_life: int

    @property
    def total(self) -> int:
        return self.fit + self.engagement

    @property
    def widest(self) -> int:
        """The longest bar of all lines, at least 1."""
        return max(1, *(abs(line.points) for line in (*self.fit_lines, *self.engagement_lines)))

    def as_json(self) -> dict[str, Any]:
        return {
            "score": self.total,
            "fit": self.fit,
            "verdict": self.verdict,
            "engagement": self.engagement,
            "half_life": self.half_life,
            "lines": [
                {"of": of, "label": line.label, "points": line.points, "evidence": line.evidence}
                for of, lines in (("fit", self.fit_lines), ("engagement", self.engagement_lines))
                for line in lines
            ],
        }


def score_of(rules: Ruleset, events: Sequence[Event], now: int) -> Score:
    """The score at `now` (UTC seconds) under these rules, from everything that happened."""
    known = [event for event in events if event.at <= now and event.counts_at(now)]
    fields = fields_of(known)
    fit = fit_of(rules.fit, fields)
    lines = engagement_lines(rules.points, known, now)
    return Score(
        fit=fit.points,
        engagement=sum(line.points for line in lines),
        verdict=fit.verdict,
        fit_lines=fit_lines(rules.fit, fields, _setters(known)),
        engagement_lines=lines,
        half_life=rules.points.half_life,
    )


def fields_of(events: Iterable[Event]) -> dict[str, Any]:
    """What the fields hold after these events, in the order of the fold (S3)."""
    fields: dict[str, Any] = {}
    for event in sorted((one for one in events if one.kind == "field_set"), key=lambda one: one.order):
        set_field(fields, event)
    return fields


def fit_lines(
    table: FitTable, fields: Mapping[str, Any], since: Mapping[str, int] | None = None
) -> tuple[Line, ...]:
    """Every rule of the ideal customer that matches; `since` tells when each field was last set."""
    lines = [Line("Where everybody starts", START)]
    for rule in table.rules:
        if passes(rule.condition, fields):
            name = rule.condition.name
            what = "rules them out" if rule.disqualify else _held(name, fields.get(name), since or {})
            lines.append(Line(rule.reason or name, rule.points, what))
    whole = sum(line.points for line in lines)
    held = max(0, min(100, whole))
    if held != whole:
        lines.append(Line("Fit stays within 0 and 100", held - whole))
    return tuple(lines)


def engagement_lines(points: Points, events: Iterable[Event], now: int) -> tuple[Line, ...]:
    """What they and we did, by kind, at full worth; and last what time has taken of it."""
    worth = decay(points.half_life)
    groups: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for event in events:
        name = f"{event.by}.{event.kind}"
        weight = points.weights.get(name, 0)
        if weight > 0 and now // HOUR - event.at // HOUR < len(worth):
            groups[name].append((event.at, weight))
    lines = [_group(name, sorted(pairs), points.half_life, now) for name, pairs in groups.items()]
    lines.sort(key=lambda line: (-line.points, line.label))
    everything = sorted(pair for pairs in groups.values() for pair in pairs)
    faded = score(everything, now, points.half_life) // UNIT - sum(line.points for line in lines)
    if faded:
        lines.append(Line("Faded with time", faded, f"half is gone after {span(points.half_life)}"))
    return tuple(lines)


def _group(name: str, pairs: Sequence[tuple[int, int]], half_life: int, now: int) -> Line:
    by, _, kind = name.partition(".")
    number, whole = len(pairs), sum(weight for _, weight in pairs)
    left = score(pairs, now, half_life) / UNIT
    things = plural(kind, number) + ("" if by == "them" else " of ours")
    return Line(f"{number} {things}", whole, f"last on {day(pairs[-1][0])}; {left:.1f} of {whole} left today")


def plural(kind: str, number: int) -> str:
    """`reply` and 2 make `replies`."""
    word = kind.replace("_", " ")
    if number == 1:
        return word
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


def _setters(events: Iterable[Event]) -> dict[str, int]:
    since: dict[str, int] = {}
    for event in sorted((one for one in events if one.kind == "field_set"), key=lambda one: one.order):
        name = str(event.attributes.get("field"))
        since[name] = since[DERIVED.get(name, name)] = event.at
    return since


def _held(name: str, value: object, since: Mapping[str, int]) -> str:
    shown = "not set" if value is None else str(value)[:80]
    known = f", since {day(since[name])}" if name in since else ""
    return f"{name.replace('_', ' ')}: {shown}{known}"
