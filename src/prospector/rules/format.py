"""Rules text to values: what is wrong is told all at once, each problem with its rule and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from typing import Any, Literal, cast

from prospector.rules.condition_tables import condition, field_condition
from prospector.rules.ruleset import (
    Actions,
    Condition,
    Engine,
    FitRule,
    FitTable,
    Points,
    Rule,
    Ruleset,
    Stage,
)
from prospector.rules.tables import Notes, Problem, Table, shown
from prospector.rules.vocabulary import CHANNELS, WEIGHT_NAMES
from prospector.toml_lines import line_of

LONGEST_HALF_LIFE = 365 * 86400
_FAULT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


class RulesError(ValueError):
    """A rules text that cannot be used; `problems` says why, all of it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(problem.sentence() for problem in problems))
        self.problems = problems


def parse(text: str, channels: Collection[str] | None = CHANNELS) -> Ruleset:
    """The ruleset that `text` (TOML) describes.

    `channels` are the names that `channel = [..]` may use (None: any). Raises RulesError with every problem,
    in the order of their lines.
    """
    content = _load(text)
    notes = Notes(line_of(text))
    document = Table(content, (), notes)
    ruleset = _ruleset(document, text, channels)
    if notes.problems:
        raise RulesError(tuple(sorted(notes.problems, key=lambda problem: problem.line)))
    return ruleset


def _load(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _FAULT_LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise RulesError((Problem(line, None, "error", f"not valid TOML: {error}"),)) from None
    except (RecursionError, ValueError) as error:  # nested too deep; a number of too many digits
        message = f"not valid TOML: {type(error).__name__}"
        raise RulesError((Problem(1, None, "error", message),)) from None


def _ruleset(document: Table, text: str, channels: Collection[str] | None) -> Ruleset:
    stages = _stages(document)
    names = tuple(stage.name for stage in stages)
    ruleset = Ruleset(
        stages=stages,
        rules=_rules(document, names, channels),
        engine=_engine(document.table("engine")),
        points=_points(document.table("points")),
        fit=_fit(document.table("fit")),
        text=text,
    )
    document.finish()
    return ruleset


def _engine(table: Table) -> Engine:
    default = Engine()
    hold, dwell, stale = (table.duration(key) for key in ("hold_after_manual", "min_dwell", "stale_after"))
    engine = Engine(
        hold_after_manual=default.hold_after_manual if hold is None else hold,
        min_dwell=default.min_dwell if dwell is None else dwell,
        stale_after=default.stale_after if stale is None else stale,
        apply_to_existing=table.flag("apply_to_existing"),
    )
    table.finish()
    return engine


def _stages(document: Table) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    for table in document.tables("stage"):
        name = table.text("name")
        if name is None and "name" not in table:
            table.error(None, "a stage needs a name")
        if name in [stage.name for stage in stages]:
            table.error("name", f'two stages are called "{name}"')
        if name == "*":
            table.error("name", '"*" stands for every stage that is not terminal; choose another name')
        stages.append(_stage(table, name or "?"))
    if not stages:
        document.error(None, 'there are no stages; add at least one [[stage]] with name = ".."')
    return tuple(stages)


def _stage(table: Table, name: str) -> Stage:
    closed = table.text("closed", ("won", "lost"), "outcome")
    stage = Stage(
        name=name,
        terminal=table.flag("terminal"),
        closed=cast("Literal['won', 'lost'] | None", closed),
        probability=_probability(table),
        urgency=table.number("urgency", 0, 10) or 0,
        playbook=table.names("playbook", None, "card or template") or (),
    )
    table.finish()
    return stage


def _probability(table: Table) -> float | None:
    value = table.value("probability")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        table.error("probability", f"must be a number from 0 to 1, not {shown(value)}")
        return None
    return float(value)


def _points(table: Table) -> Points:
    half_life = table.duration("half_life")
    if half_life is not None and not 0 < half_life <= LONGEST_HALF_LIFE:
        table.error("half_life", "must be longer than nothing and at most 365 days")
        half_life = None
    inner = table.table("weights")
    weights: dict[str, int] = {}
    for name in inner.content:
        if name in WEIGHT_NAMES:
            weights[name] = inner.number(name, 0) or 0
    inner.finish(WEIGHT_NAMES)
    table.finish()
    return Points(half_life or Points().half_life, weights)


def _rules(document: Table, stages: tuple[str, ...], channels: Collection[str] | None) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for number, table in enumerate(document.tables("rule")):
        name = table.text("name")
        if name is None and "name" not in table:
            table.error(None, "a rule needs a name: it keeps its cooldown by it")
        table.rule = name or f"#{number + 1}"
        if name in [rule.name for rule in rules]:
            table.error("name", f'two rules are called "{name}"; a rule keeps its cooldown by its name')
        rules.append(_rule(table, stages, channels))
    return tuple(rules)


def _rule(table: Table, stages: tuple[str, ...], channels: Collection[str] | None) -> Rule:
    rule = Rule(
        name=table.rule or "",
        sources=_sources(table, stages),
        to=table.text("to", stages, "stage"),
        backward=table.flag("backward"),
        cooldown=table.duration("cooldown") or 0,
        when=_conditions(table, "when", channels),
        when_any=_conditions(table, "when_any", channels),
        unless=_conditions(table, "unless", channels),
        then=_actions(table.table("then")),
        suggest=table.flag("suggest"),
    )
    if not table.content.get("when") and not table.content.get("when_any"):
        table.error(None, "has neither `when` nor `when_any`: nothing would ever wake it")
    if rule.suggest and "to" not in table:
        table.error("suggest", "offers a move, so the rule needs `to`")
    table.finish()
    return rule


def _sources(table: Table, stages: tuple[str, ...]) -> tuple[str, ...] | None:
    if table.content.get("from", "*") == "*":
        table.value("from")
        return None
    return table.names("from", stages, "stage")


def _conditions(table: Table, key: str, channels: Collection[str] | None) -> tuple[Condition, ...]:
    read = [condition(inner, channels) for inner in table.tables(key)]
    return tuple(found for found in read if found is not None)


def _actions(table: Table) -> Actions:
    queue: int | None = None
    if table.content.get("queue") == "today":
        table.value("queue")
        queue = 0
    elif isinstance(table.content.get("queue"), str):
        table.error("queue", f'must be "today" or a number of days, not {shown(table.value("queue"))}')
    else:
        queue = table.number("queue", 0, 3650)
    actions = Actions(
        tag=table.names("tag", None, "tag") or (),
        draft=table.text("draft"),
        queue=queue,
        notify=table.names("notify", None, "person") or (),
    )
    table.finish()
    return actions


def _fit(table: Table) -> FitTable:
    default = FitTable()
    qualified, disqualified = (table.number(key, 0, 100) for key in ("qualified", "disqualified"))
    fit = FitTable(
        qualified=default.qualified if qualified is None else qualified,
        disqualified=default.disqualified if disqualified is None else disqualified,
        rules=tuple(rule for rule in map(_fit_rule, table.tables("rule")) if rule),
    )
    if fit.disqualified > fit.qualified:
        table.error(None, f"disqualified ({fit.disqualified}) must not be above qualified ({fit.qualified})")
    table.finish()
    return fit


def _fit_rule(table: Table) -> FitRule | None:
    test = field_condition(table)
    verdict = table.text("verdict", ("disqualify",), "verdict")
    points = table.number("points", -100, 100)
    if ("verdict" in table) == ("points" in table):
        table.error(None, 'needs either points = .. or verdict = "disqualify"')
    reason = table.text("reason") or ""
    table.finish()
    return FitRule(test, points or 0, verdict is not None, reason) if test else None
