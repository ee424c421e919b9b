"""Why somebody moved, and why not: from the evidence that each firing carries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prospector.rules.event import Event
from prospector.rules.evidence import Observation, Scene, day, minute, observe, span
from prospector.rules.fit import DERIVED
from prospector.rules.guards import Guard, guards_of
from prospector.rules.history import Firing, History, Moment, Situation
from prospector.rules.plan import touches
from prospector.rules.ruleset import Field, Rule, Ruleset
from prospector.rules.tally import visible

LATE = 3600


@dataclass(frozen=True, slots=True)
class Reading:
    """One rule at one moment: its guards and every condition, with what each found and wanted."""

    rule: str
    guards: tuple[Guard, ...]
    when: tuple[Observation, ...]
    when_any: tuple[Observation, ...]
    unless: tuple[Observation, ...]

    @property
    def would_fire(self) -> bool:
        return not self.obstacles()

    def obstacles(self) -> tuple[str, ...]:
        """What stands in the way, as sentences; none if the rule would fire."""
        found = [guard.text for guard in self.guards if not guard.passed]
        found += [_with_lapse(one) for one in self.when if not one.holds]
        if self.when_any and not any(one.holds for one in self.when_any):
            found.append("none of: " + "; ".join(_with_lapse(one) for one in self.when_any))
        found += [f"unless: {one.text}" for one in self.unless if one.holds]
        return tuple(found)

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "would_fire": self.would_fire,
            "obstacles": list(self.obstacles()),
            "guards": [guard.as_json() for guard in self.guards],
            "when": [one.as_json() for one in self.when],
            "when_any": [one.as_json() for one in self.when_any],
            "unless": [one.as_json() for one in self.unless],
        }


@dataclass(frozen=True, slots=True)
class Why:
    """The proof of one firing: a sentence for people, a tree for programs."""

    sentence: str
    version: int
    moment: Moment
    at: int
    key: str
    before: str
    after: str | None
    suggested: str | None
    proof: Reading
    others: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "sentence": self.sentence,
            "version": self.version,
            "moment": list(self.moment),
            "at": self.at,
            "key": self.key,
            "before": self.before,
            "after": self.after,
            "suggested": self.suggested,
            **self.proof.as_json(),
            "others": [{"rule": rule, "why_not": text} for rule, text in self.others],
        }


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What keeps a rule from firing now, and what it would take."""

    sentence: str
    reading: Reading

    def as_json(self) -> dict[str, Any]:
        return {"sentence": self.sentence, **self.reading.as_json()}


def why(firing: Firing, known_at: int | None = None) -> Why:
    """The explanation of a firing. `known_at` is when it was decided, for those that came late."""
    ruleset = _ruleset(firing.situation)
    rule = next(one for one in ruleset.rules if one.name == firing.rule)
    proof = _read(rule, ruleset, firing.situation, firing.events)
    others = tuple(_others(firing, ruleset))
    sentence = " ".join([_headline(firing, proof), *_remarks(firing, others, known_at)])
    return Why(
        sentence=sentence,
        version=firing.version,
        moment=firing.moment,
        at=firing.effective_at,
        key=firing.key,
        before=firing.before,
        after=firing.after,
        suggested=firing.suggested,
        proof=proof,
        others=others,
    )


def why_not(history: History, rule_name: str, now: int) -> WhyNot:
    """Why the rule of that name does not fire now; `now` in seconds, not before the last event.

    Raises KeyError, with the names there are, if the rules in force have no such rule.
    """
    situation = replace(history.situation, time=now)
    ruleset = _ruleset(situation)
    rule = next((one for one in ruleset.rules if one.name == rule_name), None)
    if rule is None:
        names = ", ".join(f'"{one.name}"' for one in ruleset.rules)
        raise KeyError(f'there is no rule "{rule_name}"; the rules in force are {names or "none"}')
    reading = _read(rule, ruleset, situation, history.events)
    obstacles = reading.obstacles()
    if obstacles:
        sentence = f"'{rule.name}' does not fire: {'; '.join(obstacles)}."
    else:
        sentence = f"'{rule.name}' would fire at the next event that touches it."
    return WhyNot(sentence, reading)


def _ruleset(situation: Situation) -> Ruleset:
    return situation.version.ruleset if situation.version else Ruleset(stages=())


def _read(rule: Rule, ruleset: Ruleset, situation: Situation, events: Sequence[Event]) -> Reading:
    time = situation.time
    scene = Scene(visible(events[: situation.seen], time), time, situation.entered, ruleset)
    return Reading(
        rule=rule.name,
        guards=tuple(guards_of(rule, scene, situation)),
        when=tuple(observe(one, scene) for one in rule.when),
        when_any=tuple(observe(one, scene) for one in rule.when_any),
        unless=tuple(observe(one, scene) for one in rule.unless),
    )


# --- Sentences --------------------------------------------------------------------------------


def _headline(firing: Firing, proof: Reading) -> str:
    if firing.after is not None:
        what = f"Moved {firing.before} -> {firing.after}"
    elif firing.suggested is not None:
        what = f"Suggested {firing.before} -> {firing.suggested}"
    else:
        what = f"Acted in {firing.before}"
    reasons = [one.text for one in proof.when]
    reasons += [one.text for one in proof.when_any if one.holds][:1]
    when = minute(firing.effective_at)
    return f"{what} on {when} by '{firing.rule}' (version {firing.version}): {'; '.join(reasons)}."


def _remarks(firing: Firing, others: Sequence[tuple[str, str]], known_at: int | None) -> Iterator[str]:
    for rule, text in others:
        yield f"'{rule}' was looked at and did not fire: {text}."
    known = known_at
    if known is None and firing.moment[0] == "event":
        known = firing.events[firing.situation.seen - 1].seen_at
    if known is not None and known - firing.effective_at > LATE:
        late = span(known - firing.effective_at)
        yield f"Effective {day(firing.effective_at)}, known to us {day(known)} (poll delay of {late})."


def _others(firing: Firing, ruleset: Ruleset) -> Iterator[tuple[str, str]]:
    """The other rules that the moment touched, with why they did not fire."""
    fired = False
    for rule in ruleset.rules:
        if rule.name == firing.rule:
            fired = True
        elif _was_touched(rule, firing, ruleset):
            if fired:
                yield rule.name, f"'{firing.rule}' stands before it"
            else:
                obstacles = _read(rule, ruleset, firing.situation, firing.events).obstacles()
                yield rule.name, "; ".join(obstacles)


def _was_touched(rule: Rule, firing: Firing, ruleset: Ruleset) -> bool:
    if firing.moment[0] != "event":
        return firing.moment[0] == "activation"
    event = firing.events[firing.situation.seen - 1]
    weight = ruleset.points.weights.get(f"{event.by}.{event.kind}", 0)
    if touches(rule, event.kind, event.by, event.channel, weight):
        return True
    name = event.attributes.get("field") if event.kind == "field_set" else None
    names = {name, DERIVED.get(str(name))} - {None}
    return any(isinstance(one, Field) and one.name in names for one in rule.wakers)


def _with_lapse(observation: Observation) -> str:
    if observation.changes_at is None:
        return observation.text
    if isinstance(observation.need, dict):
        return f"{observation.text}; the first leaves the window on {day(observation.changes_at)}"
    return f"{observation.text}; on {minute(observation.changes_at)} at the earliest"
