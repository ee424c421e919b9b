"""The semantics of rules once more, slow and plain: what `fold` is compared with.

Written from the text of docs/rules.md, moment by moment, everything worked out anew each time from
the whole list of events. It shares nothing with the fold but the parsed rules and the fit table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache
from typing import Any

from prospector.rules.event import Event
from prospector.rules.fit import fit_of, passes, set_field
from prospector.rules.history import Version
from prospector.rules.ruleset import Absence, Condition, Count, Field, InStage, Rule, Score

EXACT = Context(prec=50, rounding=ROUND_HALF_EVEN)


@cache
def worth(hours: int, half_life: int) -> int:
    if hours * 3600 >= 24 * half_life:
        return 0
    exponent = EXACT.divide(Decimal(-hours * 3600), Decimal(half_life))
    value = EXACT.multiply(Decimal(10**6), EXACT.power(Decimal(2), exponent))
    # 50 digits, of which the last ones are noise: an exact half must stay one.
    return int(value.quantize(Decimal("1e-30"), context=EXACT).quantize(Decimal(1), ROUND_HALF_EVEN))


def points_at(seen: Sequence[Event], time: int, version: Version) -> int:
    points = version.ruleset.points
    return sum(
        points.weights.get(f"{e.by}.{e.kind}", 0) * worth(time // 3600 - e.at // 3600, points.half_life)
        for e in seen
        if e.at <= time
    )


def matches(event: Event, condition: Count | Absence) -> bool:
    return (
        event.kind in condition.kinds
        and condition.by in ("any", event.by)
        and (condition.channels is None or event.channel in condition.channels)
    )


def ours(event: Event, condition: Absence) -> bool:
    if event.by != "us":
        return False
    if condition.after_kinds is not None:
        return event.kind in condition.after_kinds
    return event.kind not in ("stage_set", "field_set", "note")


def fields_of(seen: Sequence[Event]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for event in seen:
        if event.kind == "field_set":
            set_field(fields, event)
    return fields


@dataclass
class Naive:
    events: list[Event]
    horizon: int
    stage: str
    entered: int
    versions: list[Version]
    tracked_from: int
    changed: bool = False
    held: int | None = None
    version: Version | None = None
    fired: dict[str, int] = field(default_factory=dict)
    used: set[tuple[str, int, int]] = field(default_factory=set)
    never: set[tuple[str, int, int]] = field(default_factory=set)
    revived: dict[tuple[str, int, int], int] = field(default_factory=dict)
    past: list[Event] = field(default_factory=list)
    moves: list[tuple[Any, ...]] = field(default_factory=list)
    firings: list[tuple[Any, ...]] = field(default_factory=list)
    next_timer: int | None = None

    def seen(self, time: int) -> list[Event]:
        return [e for e in self.past if e.retracted_at is None or e.retracted_at > time]

    # --- conditions

    def anchor(self, condition: Condition, time: int) -> int | None:
        seen = self.seen(time)
        if isinstance(condition, InStage):
            return self.entered
        if isinstance(condition, Score):
            weights = self.version.ruleset.points.weights
            return max([self.entered, *(e.at for e in seen if weights.get(f"{e.by}.{e.kind}", 0) > 0)])
        assert isinstance(condition, Absence)
        matching = [e.at for e in seen if matches(e, condition)]
        if condition.since == "stage":
            return max([self.entered, *matching])
        sent = [e.at for e in seen if ours(e, condition)]
        if not sent or any(at >= max(sent) for at in matching):
            return None
        return max(sent)

    def holds(self, condition: Condition, time: int) -> bool:
        seen = self.seen(time)
        if isinstance(condition, Count):
            found = [e for e in seen if matches(e, condition)]
            if condition.within is not None:
                found = [e for e in found if time - condition.within < e.at <= time]
            if condition.since_stage:
                found = [e for e in found if e.at > self.entered]
            number = len(found)
            if condition.distinct == "post":
                number = len({e.post if e.post else ("no post", e.id) for e in found})
            elif condition.distinct == "day":
                number = len({e.at // 86400 for e in found})
            elif condition.distinct == "channel":
                number = len({e.channel for e in found})
            return number >= condition.at_least and (condition.at_most is None or number <= condition.at_most)
        if isinstance(condition, Score):
            return (points_at(seen, time, self.version) < condition.points * 10**6) == condition.below
        if isinstance(condition, Field):
            return passes(condition, fields_of(seen))
        anchor = self.anchor(condition, time)
        return anchor is not None and time - anchor >= condition.lasting

    def due(self, condition: Condition, time: int) -> tuple[int, int] | None:
        if isinstance(condition, Score) and condition.below:
            if condition.points == 0:
                return None
            anchor = due = self.anchor(condition, time)
            while points_at(self.seen(time), due, self.version) >= condition.points * 10**6:
                due = (due // 3600 + 1) * 3600
            return anchor, due
        if isinstance(condition, Absence | InStage):
            anchor = self.anchor(condition, time)
            return None if anchor is None else (anchor, anchor + condition.lasting)
        return None

    # --- rules

    def lifts(self, rule: Rule) -> int:
        engine = self.version.ruleset.engine
        lifts = [-(10**18)]
        if self.held is not None:
            lifts.append(self.held + engine.hold_after_manual)
        if rule.to is not None and self.changed:
            lifts.append(self.entered + engine.min_dwell)
        if rule.name in self.fired:
            lifts.append(self.fired[rule.name] + rule.cooldown)
        return max(lifts)

    def guarded(self, rule: Rule, time: int) -> bool:
        if not self.may_act(rule) or time < self.lifts(rule):
            return False
        forward = rule.to is not None and not self.leads_back(rule)
        fit = fit_of(self.version.ruleset.fit, fields_of(self.seen(time)))
        return not (forward and fit.verdict == "disqualified")

    def leads_back(self, rule: Rule) -> bool:
        names = [stage.name for stage in self.version.ruleset.stages]
        return names.index(rule.to) < names.index(self.stage)

    def may_act(self, rule: Rule) -> bool:
        ruleset = self.version.ruleset
        if self.stage not in [stage.name for stage in ruleset.stages]:
            return False
        if self.stage not in ruleset.sources(rule) or rule.to == self.stage:
            return False
        return rule.to is None or rule.backward or not self.leads_back(rule)

    def look(self, rules: Sequence[Rule], time: int, moment: list[Any]) -> None:
        for rule in rules:
            if (
                self.guarded(rule, time)
                and all(self.holds(one, time) for one in rule.when)
                and (not rule.when_any or any(self.holds(one, time) for one in rule.when_any))
                and not any(self.holds(one, time) for one in rule.unless)
            ):
                self.fire(rule, time, moment)
                return

    def fire(self, rule: Rule, time: int, moment: list[Any]) -> None:
        text = json.dumps([rule.name, moment], separators=(",", ":"), ensure_ascii=False)
        key = hashlib.sha256(text.encode()).hexdigest()
        after = None if rule.suggest else rule.to
        self.firings.append((time, rule.name, self.stage, after, key))
        self.fired[rule.name] = time
        if after:
            self.moves.append((time, rule.name, self.stage, after, key))
            self.stage, self.entered, self.changed = after, time, True

    def touches(self, event: Event, rule: Rule) -> bool:
        weight = self.version.ruleset.points.weights.get(f"{event.by}.{event.kind}", 0)
        for one in (*rule.when, *rule.when_any):
            if isinstance(one, Count) and matches(event, one):
                return True
            if isinstance(one, Score) and not one.below and weight > 0:
                return True
            if isinstance(one, Field) and event.kind == "field_set":
                name = event.attributes["field"]
                if one.name == name or (name, one.name) == ("email", "email_domain"):
                    return True
        return False

    # --- moments

    def timers(self, time: int) -> list[tuple[int, int, int, tuple[str, int, int]]]:
        found = []
        for place, rule in enumerate(self.version.ruleset.rules if self.version else ()):
            for number, one in enumerate((*rule.when, *rule.when_any)):
                due = self.due(one, time)
                if due is None:
                    continue
                key = (rule.name, number, due[0])
                if key in self.used or key in self.never:
                    continue
                found.append(
                    (max(due[1], self.lifts(rule), self.revived.get(key, due[1])), place, number, key)
                )
        return sorted(found)

    def take_up(self, version: Version | None, time: int) -> None:
        self.version, self.never = version, set()
        self.never = {key for due, _, _, key in self.timers(time) if due < time}

    def run(self) -> None:
        start = self.tracked_from
        self.past = [e for e in self.events if e.at < start]
        before = [v for v in self.versions if v.active_from is None or v.active_from < start]
        self.take_up(before[-1] if before else None, start)
        moments: list[tuple[Any, ...]] = [(e.at, 2, e.id, e) for e in self.events if e.at >= start]
        moments += [(v.active_from, 0, "", v) for v in self.versions if v not in before]
        gone = {e.retracted_at for e in self.events if e.retracted_at is not None}
        moments += [(time, 1, "", None) for time in gone if time >= start]
        now = start
        for time, what, _, thing in sorted(moments, key=lambda m: m[:3]):
            self.fire_timers(now, time)
            now = time
            if what == 0:
                self.take_up(thing, time)
                if thing.ruleset.engine.apply_to_existing:
                    self.look(thing.ruleset.rules, time, ["activation", time])
            elif what == 1:
                self.retract(time)
            else:
                self.happen(thing)
        self.fire_timers(now, 10**17)

    def retract(self, time: int) -> None:
        was = {key: due for due, _, _, key in self.timers(time - 1)}
        for due, _, _, key in self.timers(time):
            if due < time and was.get(key, time) >= time:
                self.revived[key] = time

    def happen(self, event: Event) -> None:
        self.past.append(event)
        if event.kind == "stage_set":
            self.held = event.at
            if event.attributes["to"] != self.stage:
                self.moves.append((event.at, None, self.stage, event.attributes["to"], event.id))
                self.stage, self.entered, self.changed = event.attributes["to"], event.at, True
        if self.version:
            touched = [rule for rule in self.version.ruleset.rules if self.touches(event, rule)]
            self.look(touched, event.at, ["event", event.id])

    def fire_timers(self, now: int, before: int) -> None:
        while self.next_timer is None and self.version is not None:
            # What a timer sees is what had happened by the moment before it.
            due = self.timers(now)
            if not due or due[0][0] >= before:
                return
            time, place, number, key = due[0]
            if time > self.horizon:
                able = [one for one in due if self.may_act(self.version.ruleset.rules[one[1]])]
                self.next_timer = able[0][0] if able and able[0][0] < before else None
                return
            self.used.add(key)
            self.look([self.version.ruleset.rules[place]], time, ["timer", number, key[2]])
            now = max(now, time)  # a retraction may show that something was due before it


def reference_fold(
    versions: Sequence[Version],
    events: Iterable[Event],
    horizon: int,
    *,
    tracked_from: int,
    start_stage: str | None = None,
) -> Naive:
    """The history of one prospect, worked out the slow way."""
    once = {event.id: event for event in events}.values()
    counting = [e for e in once if e.retracted_at is None or e.retracted_at > e.at]
    live: dict[Any, Version] = {}
    for version in sorted(versions, key=lambda v: v.number):
        if not version.voided:
            live[version.active_from] = version
    order = sorted(live.values(), key=lambda v: -(10**18) if v.active_from is None else v.active_from)
    early = [v for v in order if v.active_from is None or v.active_from < tracked_from]
    stage = start_stage or (early[-1] if early else order[0]).ruleset.stages[0].name
    naive = Naive(
        sorted(counting, key=lambda e: (e.at, e.id.encode())),
        horizon,
        stage,
        tracked_from,
        order,
        tracked_from,
    )
    naive.run()
    return naive
