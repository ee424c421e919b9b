"""Stage history as a pure function of dated events: the one function behind everything in rules.

The live engine, the explanation, the back-test and the undo all call `fold`. No clock, no random
number, no order of rows and no other prospect enters it. docs/rules.md has the semantics.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import attrgetter

from prospector.rules.event import Event
from prospector.rules.fit import fit_of
from prospector.rules.history import Firing, History, Moment, Move, Situation, Version, firing_key
from prospector.rules.moments import Turn, in_force, in_order, turns_of
from prospector.rules.plan import Plan, PlannedRule, plan_of
from prospector.rules.ruleset import Ruleset
from prospector.rules.tally import Tally, visible
from prospector.rules.timers import LONG, Timer

NEVER = 10**18
_NO_RULES = Ruleset(stages=())
_Key = tuple[str, int, int]  # the rule, the condition, the anchor
_Pending = tuple[int, Timer, _Key]


def fold(
    versions: Sequence[Version],
    events: Iterable[Event],
    horizon: int,
    *,
    tracked_from: int,
    start_stage: str | None = None,
) -> History:
    """The history of one prospect.

    `versions` may come in any order; voided ones are left out, and of two with the same second
    the higher number is in force. `horizon` is the second up to which silence is known: timers
    due after it do not fire, events do. Without `start_stage` the prospect starts in the first
    stage of the ruleset in force at `tracked_from` (else of the first ruleset).
    """
    run = _Run(in_order(events), in_force(versions), horizon, tracked_from, start_stage)
    return run.history()


class _Run:
    """One pass over the moments of one prospect."""

    def __init__(
        self,
        events: tuple[Event, ...],
        versions: list[Version],
        horizon: int,
        tracked_from: int,
        start_stage: str | None,
    ) -> None:
        self.events, self.horizon = events, horizon
        before = [one for one in versions if one.active_from is None or one.active_from < tracked_from]
        self.turns = turns_of(versions[len(before) :], events, tracked_from)
        self.version = before[-1] if before else None
        self.stage = start_stage or _first_stage(self.version or (versions[0] if versions else None))
        self.entered = self.time = tracked_from
        self.seen = bisect_left(events, tracked_from, key=attrgetter("at")) if events else 0
        self.moved = False
        self.held_since: int | None = None
        self.fired: dict[str, int] = {}
        self.used: set[_Key] = set()
        self.revived: dict[_Key, int] = {}
        self.moves: list[Move] = []
        self.firings: list[Firing] = []
        self.next_timer: int | None = None
        self.disqualified: bool | None = None  # None: not asked since the fields changed
        self._load(tracked_from)

    def history(self) -> History:
        turns, turn = self.turns, 0
        for place in range(self.seen, len(self.events)):
            event = self.events[place]
            while turn < len(turns) and turns[turn].time <= event.at:
                self._turn(turns[turn])
                turn += 1
            if self.wake < event.at:
                self._run_timers(event.at)
            self.seen = place + 1
            self._event(event)
        for left in turns[turn:]:
            self._turn(left)
        self._run_timers(NEVER)
        return History(
            stage=self.stage,
            entered=self.entered,
            moves=tuple(self.moves),
            firings=tuple(self.firings),
            next_timer=self.next_timer,
            situation=self._situation(max(self.time, self.horizon)),
            events=self.events,
            fields=self.tally.fields,
        )

    # --- Moments ------------------------------------------------------------------------------

    def _event(self, event: Event) -> None:
        self.time = at = event.at
        signature = (event.kind, event.by, event.channel)
        route, touched = self.plan.routes.get(signature) or self.plan.route(signature)
        self.tally.add(event, route)
        if route.weight and self.plan.falling:
            self._restart_falling(at)
        if event.kind == "stage_set":
            self._set_by_hand(event)
        elif route.field_set:
            touched = self._touched_by_field(event, touched)
        if touched:
            self._look(touched, ("event", event.id))

    def _set_by_hand(self, event: Event) -> None:
        to = event.attributes.get("to")
        if not isinstance(to, str):
            return
        self.held_since = event.at
        if to != self.stage:
            self.moves.append(Move(event.id, None, None, event.at, self.stage, to))
            self._enter(to)

    def _touched_by_field(self, event: Event, touched: tuple[PlannedRule, ...]) -> tuple[PlannedRule, ...]:
        self.disqualified = None
        named = self.plan.touched_by_field(str(event.attributes.get("field")))
        return tuple(rule for rule in self.plan.rules if rule in named or rule in touched)

    def _turn(self, turn: Turn) -> None:
        """An activation, or a retraction: both come before the events of their second."""
        if self.wake < turn.time:
            self._run_timers(turn.time)
        self.time = turn.time
        if turn.version is None:
            self._retract(turn.time)
            return
        self.version = turn.version
        self._load(turn.time)
        if turn.version.ruleset.engine.apply_to_existing:
            self._look(self.plan.rules, ("activation", turn.time))

    def _retract(self, time: int) -> None:
        self._restart_timers()
        before = {key: due for due, _, key in self._pending()}
        self._restart_timers()
        self.tally = _filled(self.plan, visible(self.events[: self.seen], time))
        self.disqualified = None
        for due, _, key in self._pending():
            # What the retraction made due in the past is due now; what was past before stays so.
            if due < time and before.get(key, time) >= time:
                self.revived[key] = time
        self._restart_timers()

    def _load(self, time: int) -> None:
        """Take up the rules of the version in force. What would have been due before never is."""
        self.plan = plan_of(self.version.ruleset if self.version else _NO_RULES)
        self.tally = _filled(self.plan, visible(self.events[: self.seen], time))
        self.disqualified = None
        self._restart_timers()
        self.never: frozenset[_Key] = frozenset()
        self.never = frozenset(key for due, _, key in self._pending() if due < time)
        self._restart_timers()

    # --- Timers -------------------------------------------------------------------------------

    def _run_timers(self, before: int) -> None:
        """Fire the timers due before a time and within the horizon, one after the other."""
        while self.next_timer is None:
            pending = self._pending(before)
            if not pending:
                self.wake = min(self.bounds, default=NEVER)
                return
            due, timer, key = pending[0]
            if due > self.horizon:
                self._wait(pending, before)
                return
            self.time = due
            self.used.add(key)
            self._look((self.plan.rules[timer.rule],), ("timer", timer.condition, key[2]))

    def _wait(self, pending: list[_Pending], before: int) -> None:
        """Note the earliest timer beyond the horizon; what comes after it may change until then.

        Rules that cannot act in the present stage are no reason to look again.
        """
        able = [one for one in pending if self.stage in self.plan.rules[one[1].rule].open_from]
        if able and able[0][0] < before:
            self.next_timer, self.wake = able[0][0], NEVER
        else:
            self.wake = min(self.bounds, default=NEVER)

    def _pending(self, until: int = NEVER) -> list[_Pending]:
        """The timers that run and are due before `until`, in the order in which they are due.

        `bounds` has for each timer a time before which it cannot be due: anchors and the guards
        of time only move on, so a bound holds until its timer is started anew.
        """
        found: list[_Pending] = []
        bounds, tally, entered, timers = self.bounds, self.tally, self.entered, self.plan.timers
        for place, bound in enumerate(bounds):
            if bound >= until:
                continue
            timer = timers[place]
            clock = timer.clock(tally, entered, until)
            if clock is not None and clock[1] >= until:  # whatever else is asked only puts it off
                bounds[place] = clock[1]
                continue
            rule = self.plan.rules[timer.rule]
            key = (rule.name, timer.condition, clock[0] if clock else 0)
            if clock is None or key in self.used or key in self.never:
                # A new anchor can only come with an event, none of which is before `until`.
                bounds[place] = until + timer.lasting
                continue
            bounds[place] = due = max(clock[1], self._lift(rule), self.revived.get(key, -NEVER))
            if due < until:
                found.append((due, timer, key))
        if len(found) > 1:
            found.sort(key=lambda one: (one[0], one[1].rule, one[1].condition))
        return found

    def _lift(self, rule: PlannedRule) -> int:
        """The moment at which the last of the guards of time (G4 to G6) lets the rule go."""
        lift = -NEVER
        if self.held_since is not None:
            lift = self.held_since + self.plan.hold
        if rule.dwell and self.moved:
            lift = max(lift, self.entered + rule.dwell)
        if rule.name in self.fired:
            lift = max(lift, self.fired[rule.name] + rule.cooldown)
        return lift

    def _restart_timers(self) -> None:
        """Work out every timer anew before the next moment."""
        self.bounds = [-NEVER] * len(self.plan.timers)
        if self.next_timer is None:
            self.wake = -NEVER

    def _restart_falling(self, time: int) -> None:
        """An event with a weight gives a used timer of the score a new anchor."""
        for place in self.plan.falling:
            if self.bounds[place] > LONG:
                self.bounds[place] = time
                if self.next_timer is None:
                    self.wake = min(self.wake, time)

    # --- Rules --------------------------------------------------------------------------------

    def _look(self, rules: tuple[PlannedRule, ...], moment: Moment) -> None:
        """The first rule that may and whose conditions hold fires; no other does at this moment."""
        for rule in rules:
            if self.stage in rule.open_from and self._may(rule) and self._holds(rule):
                self._fire(rule, moment)
                return

    def _may(self, rule: PlannedRule) -> bool:
        """Guards G4 to G6, and G0; G1 to G3 are in `open_from`."""
        time = self.time
        if self.held_since is not None and time - self.held_since < self.plan.hold:
            return False
        if self.moved and time - self.entered < rule.dwell:
            return False
        last = self.fired.get(rule.name)
        if last is not None and time - last < rule.cooldown:
            return False
        return not (self.plan.has_fit and self.stage in rule.forward_from and self._is_disqualified())

    def _is_disqualified(self) -> bool:
        if self.disqualified is None:
            verdict = fit_of(self.plan.ruleset.fit, self.tally.fields).verdict
            self.disqualified = verdict == "disqualified"
        return self.disqualified

    def _holds(self, rule: PlannedRule) -> bool:
        tally, time, entered = self.tally, self.time, self.entered
        for holds in rule.when:
            if not holds(tally, time, entered):
                return False
        if rule.when_any and not any(holds(tally, time, entered) for holds in rule.when_any):
            return False
        return not any(holds(tally, time, entered) for holds in rule.unless)

    def _fire(self, rule: PlannedRule, moment: Moment) -> None:
        version, before = self.version, self.stage
        number = version.number if version else 0
        key, after = firing_key(rule.name, moment), None if rule.suggest else rule.to
        situation = self._situation(self.time)
        offered = rule.to if rule.suggest else None
        self.firings.append(
            Firing(key, rule.name, number, moment, self.time, before, after, offered, rule.actions,
                   situation, self.events)
        )  # fmt: skip
        self.fired[rule.name] = self.time
        if after is not None:
            self.moves.append(Move(key, rule.name, number, self.time, before, after))
            self._enter(after)

    def _enter(self, stage: str) -> None:
        self.stage, self.entered, self.moved = stage, self.time, True
        self._restart_timers()

    def _situation(self, time: int) -> Situation:
        return Situation(
            time, self.seen, self.stage, self.entered, self.moved, self.held_since,
            dict(self.fired), self.version,
        )  # fmt: skip


def _first_stage(version: Version | None) -> str:
    if version is None or not version.ruleset.stages:
        raise ValueError("a fold without any ruleset needs start_stage")
    return version.ruleset.stages[0].name


def _filled(plan: Plan, events: list[Event]) -> Tally:
    tally = plan.tally()
    for event in events:
        tally.add(event, plan.route((event.kind, event.by, event.channel))[0])
    return tally
