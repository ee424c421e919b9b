"""What must let a rule go before its conditions count: guards G0 to G6, each with its reason.

For explanations; the fold asks the same without words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prospector.rules.evidence import Scene, minute
from prospector.rules.fit import fit_of
from prospector.rules.history import Situation
from prospector.rules.ruleset import Rule, Ruleset


@dataclass(frozen=True, slots=True)
class Guard:
    """One of G0 to G6; `lifts_at` is when a guard of time lets go, None for the others."""

    name: str
    passed: bool
    text: str
    lifts_at: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {"guard": self.name, "passed": self.passed, "text": self.text, "lifts_at": self.lifts_at}


def guards_of(rule: Rule, scene: Scene, situation: Situation) -> Iterator[Guard]:
    """Every guard that the rule has at this moment, passed or not."""
    ruleset, stage = scene.ruleset, situation.stage
    sources = ruleset.sources(rule)
    here, target = ruleset.rank(stage), None if rule.to is None else ruleset.rank(rule.to)
    if target is not None and here is not None and target > here:
        fit = fit_of(ruleset.fit, scene.fields())
        text = f"fit {fit.points}: {fit.verdict}" + (f" ({', '.join(fit.reasons)})" if fit.reasons else "")
        yield Guard("G0", fit.verdict != "disqualified", text)
    yield Guard("G1", stage in sources, f"in {stage}; acts in {', '.join(sources) or 'no stage'}")
    if rule.to is not None:
        yield Guard("G2", rule.to != stage, f"leads to {rule.to}, from {stage}")
        ahead = target is not None and here is not None and target >= here
        yield Guard("G3", rule.backward or ahead, f"{rule.to} after {stage}, or backward = true")
    yield from _time_guards(rule, ruleset, situation)


def _time_guards(rule: Rule, ruleset: Ruleset, situation: Situation) -> Iterator[Guard]:
    if situation.held_since is not None:
        lifts = situation.held_since + ruleset.engine.hold_after_manual
        text = f"moved by hand on {minute(situation.held_since)}, held until {minute(lifts)}"
        yield Guard("G4", situation.time >= lifts, text, lifts)
    if rule.to is not None and situation.moved:
        lifts = situation.entered + ruleset.engine.min_dwell
        text = f"entered {situation.stage} on {minute(situation.entered)}, stays until {minute(lifts)}"
        yield Guard("G5", situation.time >= lifts, text, lifts)
    if rule.name in situation.fired:
        last = situation.fired[rule.name]
        lifts = last + rule.cooldown
        text = f"fired on {minute(last)}, cools down until {minute(lifts)}"
        yield Guard("G6", situation.time >= lifts, text, lifts)
