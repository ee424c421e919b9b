"""What is wrong or doubtful about rules that can be read: with rule name and line."""

from __future__ import annotations

from collections.abc import Iterator

from prospector.rules.condition_lint import CONDITION_CHECKS
from prospector.rules.finding import Check, Facts, Finding
from prospector.rules.format import RulesError, parse
from prospector.rules.ruleset import Absence, Count, InStage, Rule, Ruleset
from prospector.rules.tables import Problem
from prospector.rules.vocabulary import CHANNELS
from prospector.toml_lines import line_of, nearest_line

FEWEST_STAGES, MOST_STAGES = 4, 15


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


CHECKS: tuple[Check, ...] = (
    _number_of_stages,
    _unreachable,
    _backward,
    _from_terminal,
    _loops,
    _shadowed,
    _order_matters,
    _does_nothing,
    *CONDITION_CHECKS,
)
