"""What is wrong or doubtful about rules that can be read: with rule name and line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prospector.rules.format import RulesError, parse
from prospector.rules.ruleset import Absence, Condition, Count, InStage, Rule, Ruleset, Score
from prospector.rules.tables import Level, Problem
from prospector.rules.vocabulary import CHANNELS
from prospector.toml_lines import Path, line_of, nearest_line

FEWEST_STAGES, MOST_STAGES = 4, 15


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about this installation; None: not known, so not judged.

    `channels` that a connector serves, `history` in seconds that is stored, `most_points` that
    anybody reached within any 30 days.
    """

    channels: frozenset[str] | None = None
    history: int | None = None
    most_points: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem before its line is looked up."""

    path: Path
    rule: str | None
    level: Level
    message: str


def lint(text: str, facts: Facts | None = None) -> tuple[Problem, ...]:
    """Every problem of a rules text, in the order of the lines; errors make it unusable."""
    facts = facts or Facts()
    try:
        ruleset = parse(text, CHANNELS | (facts.channels or frozenset()))
    except RulesError as error:
        return error.problems
    lines = line_of(text)
    found = [
        Problem(nearest_line(lines, one.path), one.rule, one.level, one.message)
        for check in CHECKS
        for one in check(ruleset, facts)
    ]
    return tuple(sorted(found, key=lambda one: (one.line, one.rule or "", one.message)))


# --- Stages -----------------------------------------------------------------------------------


def _number_of_stages(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    number = len(ruleset.stages)
    if not FEWEST_STAGES <= number <= MOST_STAGES:
        wanted = f"{FEWEST_STAGES} to {MOST_STAGES}"
        yield Finding(("stage",), None, "warning", f"{number} stages; a pipeline that is read has {wanted}")


def _unreachable(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    """A rule that no other rule's move leads to; people may still move somebody there."""
    reached = {ruleset.stages[0].name}
    while True:
        more = {r.to for r in ruleset.rules if r.to and reached.intersection(ruleset.sources(r))} - reached
        if not more:
            break
        reached |= more
    for number, rule in enumerate(ruleset.rules):
        sources = ruleset.sources(rule)
        if rule.to and not reached.intersection(sources) and not _only_terminal(ruleset, rule):
            names = ", ".join(sources) or "no stage"
            message = f'to "{rule.to}" is unreachable: no rule ever leads to {names}'
            yield Finding(("rule", number, "to"), rule.name, "warning", message)


def _only_terminal(ruleset: Ruleset, rule: Rule) -> bool:
    terminal = {stage.name for stage in ruleset.stages if stage.terminal or stage.closed}
    return set(ruleset.sources(rule)) <= terminal


# --- Moves ------------------------------------------------------------------------------------


def _backward(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    for number, rule in enumerate(ruleset.rules):
        if rule.to is None or rule.backward:
            continue
        later = [s for s in rule.sources or () if (ruleset.rank(s) or 0) > (ruleset.rank(rule.to) or 0)]
        if later:
            message = f'from {", ".join(later)} to "{rule.to}" leads back; it needs backward = true'
            yield Finding(("rule", number, "from"), rule.name, "error", message)


def _from_terminal(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    """Bringing somebody back from the end is meant only if a comment says so."""
    terminal = {stage.name for stage in ruleset.stages if stage.terminal}
    lines, texts = line_of(ruleset.text), ruleset.text.split("\n")
    for number, rule in enumerate(ruleset.rules):
        ends = terminal.intersection(rule.sources or ())
        if rule.to is None or rule.backward or not ends:
            continue
        head = nearest_line(lines, ("rule", number))
        last = nearest_line(lines, ("rule", number, "from"))
        if not any("#" in line for line in texts[max(0, head - 2) : last]):
            message = f"moves people out of {', '.join(sorted(ends))}; say why in a comment above it"
            yield Finding(("rule", number, "from"), rule.name, "warning", message)


def _loops(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    for number, rule in enumerate(ruleset.rules):
        for other in ruleset.rules[:number]:
            if _leads(ruleset, rule, other) and _leads(ruleset, other, rule):
                if rule.cooldown or other.cooldown or _waits(rule) or _waits(other):
                    continue
                message = f'makes a loop with "{other.name}"; give one of them a cooldown'
                yield Finding(("rule", number), rule.name, "warning", message)


def _leads(ruleset: Ruleset, one: Rule, other: Rule) -> bool:
    return one.to is not None and other.to != one.to and one.to in ruleset.sources(other)


def _waits(rule: Rule) -> bool:
    """Whether time has to go by before it can fire after a move."""
    return any(isinstance(one, InStage) or (isinstance(one, Absence) and one.lasting) for one in rule.when)


# --- Rules among each other -------------------------------------------------------------------


def _shadowed(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    for number, rule in enumerate(ruleset.rules):
        for other in ruleset.rules[:number]:
            if _shadows(ruleset, other, rule):
                message = f'is shadowed: "{other.name}" above it wins whenever both could fire'
                yield Finding(("rule", number), rule.name, "warning", message)
                break


def _shadows(ruleset: Ruleset, other: Rule, rule: Rule) -> bool:
    if other.cooldown or not set(ruleset.sources(rule)) <= set(ruleset.sources(other)):
        return False
    if other.to is not None and not _can_move(ruleset, other, ruleset.sources(rule)):
        return False
    return (
        set(other.when) <= set(rule.when)
        and (not other.when_any or (set(rule.when_any) <= set(other.when_any) and bool(rule.when_any)))
        and set(other.unless) <= set(rule.unless)
    )


def _can_move(ruleset: Ruleset, rule: Rule, sources: tuple[str, ...]) -> bool:
    target = ruleset.rank(rule.to or "") or 0
    ranks = [ruleset.rank(source) or 0 for source in sources]
    return all(rank != target and (rule.backward or rank < target) for rank in ranks)


def _order_matters(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    """At one moment the first wins: the one that leads further should stand first."""
    for number, rule in enumerate(ruleset.rules):
        for other in ruleset.rules[:number]:
            if _hides(ruleset, other, rule):
                message = f'leads further than "{other.name}" above it, which wins when both could fire'
                yield Finding(("rule", number), rule.name, "warning", message + "; put it first")
                break


def _hides(ruleset: Ruleset, other: Rule, rule: Rule) -> bool:
    if rule.to is None or other.to is None or rule.backward or other.backward:
        return False
    further = (ruleset.rank(rule.to) or 0) > (ruleset.rank(other.to) or 0)
    shared = set(ruleset.sources(rule)) & set(ruleset.sources(other))
    return further and bool(shared) and bool(_wakers(rule) & _wakers(other))


def _wakers(rule: Rule) -> set[tuple[str, str]]:
    return {(kind, one.by) for one in rule.wakers if isinstance(one, Count) for kind in one.kinds}


def _does_nothing(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    for number, rule in enumerate(ruleset.rules):
        if rule.to is None and not rule.then.as_dict():
            yield Finding(
                ("rule", number), rule.name, "warning", "has neither `to` nor `then`: it does nothing"
            )


# --- Conditions -------------------------------------------------------------------------------


def _conditions(ruleset: Ruleset) -> Iterator[tuple[Path, Rule, Condition]]:
    for number, rule in enumerate(ruleset.rules):
        for key in ("when", "when_any", "unless"):
            for place, condition in enumerate(getattr(rule, key)):
                yield ("rule", number, key, place), rule, condition


def _absence_unseen(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    if facts.channels is None:
        return
    for path, rule, one in _conditions(ruleset):
        blind = sorted(set(one.channels or ()) - facts.channels) if isinstance(one, Absence) else []
        if blind:
            message = f"silence on {', '.join(blind)} cannot be known: no account with that connector"
            yield Finding((*path, "channel"), rule.name, "warning", message)


def _window_too_long(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    for path, rule, one in _conditions(ruleset):
        within = one.within if isinstance(one, Count) else None
        if facts.history is not None and within is not None and within > facts.history:
            days = facts.history // 86400
            message = f"within is longer than the stored history ({days} days): it counts what is there"
            yield Finding((*path, "within"), rule.name, "warning", message)


def _points_never_reached(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    weights = ruleset.points.weights
    for path, rule, one in _conditions(ruleset):
        if not isinstance(one, Score):
            continue
        if not any(weights.values()):
            message = "asks for points, but [points.weights] gives none"
            yield Finding(path, rule.name, "warning", message)
        elif not one.below and facts.most_points is not None and one.points > facts.most_points:
            message = (
                f"points_at_least = {one.points}: the most that any 30 days brought is {facts.most_points}"
            )
            yield Finding((*path, "points_at_least"), rule.name, "warning", message)


def _email_open(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    message = "email_open is made by machines (mail programs fetch every image), not by readers"
    for path, rule, one in _conditions(ruleset):
        if isinstance(one, Count | Absence) and "email_open" in one.kinds:
            yield Finding(path, rule.name, "warning", message)
    if ruleset.points.weights.get("them.email_open"):
        yield Finding(("points", "weights", "them.email_open"), None, "warning", message)


def _no_time_at_all(ruleset: Ruleset, facts: Facts) -> Iterator[Finding]:
    for path, rule, one in _conditions(ruleset):
        nothing = (isinstance(one, Absence | InStage) and one.lasting == 0) or (
            isinstance(one, Count) and one.within == 0
        )
        if nothing:
            yield Finding(path, rule.name, "error", "a duration of nothing is never meant; write at least 1s")


CHECKS: tuple[Callable[[Ruleset, Facts], Iterator[Finding]], ...] = (
    _number_of_stages,
    _unreachable,
    _backward,
    _from_terminal,
    _loops,
    _shadowed,
    _order_matters,
    _does_nothing,
    _absence_unseen,
    _window_too_long,
    _points_never_reached,
    _email_open,
    _no_time_at_all,
)
