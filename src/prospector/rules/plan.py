"""A ruleset made ready for the fold: rules by the events that touch them, conditions as functions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from prospector.rules.conditions import Holds, test_of
from prospector.rules.fit import DERIVED
from prospector.rules.ruleset import Actions, Condition, Count, Field, Rule, Ruleset, Score
from prospector.rules.tally import Filter, Route, Tally
from prospector.rules.timers import LONG, Timer, timer_of


@dataclass(frozen=True, slots=True)
class PlannedRule:
    """A rule with all that does not depend on the prospect worked out.

    `open_from` are the stages in which guards G1 to G3 pass, `forward_from` those of them in
    which G0 is asked too; `dwell` is 0 for a rule that does not move.
    """

    name: str
    to: str | None
    suggest: bool
    cooldown: int
    dwell: int
    open_from: frozenset[str]
    forward_from: frozenset[str]
    when: tuple[Holds, ...]
    when_any: tuple[Holds, ...]
    unless: tuple[Holds, ...]
    actions: Actions
    rule: Rule


class Plan:
    """One for each ruleset, shared by all prospects."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.hold = ruleset.engine.hold_after_manual
        self.filters: dict[Filter, int] = {}
        self.rules = tuple(self._rule(rule) for rule in ruleset.rules)
        self.timers = tuple(self._timers())
        self.falling = tuple(place for place, timer in enumerate(self.timers) if timer.lasting >= LONG)
        self.has_fit = bool(ruleset.fit.rules) or ruleset.fit.disqualified > 50
        self.routes: dict[tuple[str, str, str], tuple[Route, tuple[PlannedRule, ...]]] = {}

    def tally(self) -> Tally:
        return Tally(len(self.filters), self.ruleset.points.half_life)

    def route(self, signature: tuple[str, str, str]) -> tuple[Route, tuple[PlannedRule, ...]]:
        """Where events of this (kind, by, channel) go, and the rules that they touch, in order."""
        known = self.routes.get(signature)
        if known is None:
            known = self._route(*signature)
            if len(self.routes) < 10_000:  # channels come from outside: no endless memory for them
                self.routes[signature] = known
        return known

    def touched_by_field(self, name: str) -> frozenset[PlannedRule]:
        names = {name, DERIVED.get(name, name)}
        return frozenset(
            planned
            for planned in self.rules
            if any(isinstance(c, Field) and c.name in names for c in planned.rule.wakers)
        )

    def _number(self, wanted: Filter) -> int:
        return self.filters.setdefault(wanted, len(self.filters))

    def _rule(self, rule: Rule) -> PlannedRule:
        sources, rank = self.ruleset.sources(rule), self.ruleset.rank
        forward: frozenset[str] = frozenset()
        if rule.to is not None:
            target = rank(rule.to) or 0
            forward = frozenset(stage for stage in sources if (rank(stage) or 0) < target)
            sources = tuple(stage for stage in sources if stage != rule.to)
        allowed = frozenset(sources) if rule.to is None or rule.backward else forward
        return PlannedRule(
            name=rule.name,
            to=rule.to,
            suggest=rule.suggest,
            cooldown=rule.cooldown,
            dwell=0 if rule.to is None else self.ruleset.engine.min_dwell,
            open_from=allowed,
            forward_from=forward,
            when=self._tests(rule.when),
            when_any=self._tests(rule.when_any),
            unless=self._tests(rule.unless),
            actions=rule.then,
            rule=rule,
        )

    def _tests(self, conditions: tuple[Condition, ...]) -> tuple[Holds, ...]:
        half_life = self.ruleset.points.half_life
        return tuple(test_of(condition, half_life, self._number) for condition in conditions)

    def _timers(self) -> list[Timer]:
        half_life = self.ruleset.points.half_life
        timers = [
            timer_of(condition, place, number, half_life, self._number)
            for place, rule in enumerate(self.ruleset.rules)
            for number, condition in enumerate(rule.wakers)
        ]
        return [timer for timer in timers if timer]

    def _route(self, kind: str, by: str, channel: str) -> tuple[Route, tuple[PlannedRule, ...]]:
        admitted = [(number, one) for one, number in self.filters.items() if one.admits(kind, by, channel)]
        weight = self.ruleset.points.weights.get(f"{by}.{kind}", 0)
        route = Route(
            lists=tuple(number for number, one in admitted if one.distinct is None),
            latest=tuple((number, one.distinct) for number, one in admitted if one.distinct is not None),
            weight=weight,
            field_set=kind == "field_set",
        )
        touched = (p for p in self.rules if touches(p.rule, kind, by, channel, weight))
        return route, tuple(touched)


def touches(rule: Rule, kind: str, by: str, channel: str, weight: int) -> bool:
    """Whether such an event wakes the rule (fields apart): only what a rule counts or weighs does."""
    for condition in rule.wakers:
        if isinstance(condition, Count):
            if Filter.matching(condition).admits(kind, by, channel):
                return True
        elif isinstance(condition, Score) and not condition.below and weight > 0:
            return True
    return False


@lru_cache(maxsize=64)
def plan_of(ruleset: Ruleset) -> Plan:
    """The plan of a ruleset, made once."""
    return Plan(ruleset)
