"""What a rules file says, as values: stages, points, fit and rules with their conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

By = Literal["them", "us", "any"]
Since = Literal["stage", "ours"]
Distinct = Literal["post", "day", "channel"]


@dataclass(frozen=True, slots=True)
class Engine:
    """How cautious the rules are; all in seconds but the last."""

    hold_after_manual: int = 7 * 86400
    min_dwell: int = 3600
    stale_after: int = 3 * 86400
    apply_to_existing: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the pipeline; the order in the file is the rank."""

    name: str
    terminal: bool = False
    closed: Literal["won", "lost"] | None = None
    probability: float | None = None
    urgency: int = 0
    playbook: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Points:
    """The weights of the decayed score; `half_life` in seconds, keys "them.reply" or "us.email"."""

    half_life: int = 14 * 86400
    weights: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Count:
    """How many matching events lie in the window (t - within, t]."""

    kinds: tuple[str, ...]
    by: By = "them"
    channels: tuple[str, ...] | None = None
    at_least: int = 1
    at_most: int | None = None
    within: int | None = None
    since_stage: bool = False
    distinct: Distinct | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """The decayed score reaches `points`, or with `below` stays under them."""

    points: int
    below: bool = False


@dataclass(frozen=True, slots=True)
class Absence:
    """Nothing of `kinds` for `lasting` seconds."""

    kinds: tuple[str, ...]
    lasting: int
    since: Since = "stage"
    by: By = "them"
    channels: tuple[str, ...] | None = None
    after_kinds: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class InStage:
    """The present stage was entered at least `lasting` seconds ago."""

    lasting: int


FieldTest = Literal["is", "is_not", "in", "at_least", "at_most", "matches_list"]
FIELD_TESTS: tuple[FieldTest, ...] = ("is", "is_not", "in", "at_least", "at_most", "matches_list")


@dataclass(frozen=True, slots=True)
class Field:
    """What a field of the prospect holds."""

    name: str
    test: FieldTest
    value: Any


Condition = Count | Score | Absence | InStage | Field


@dataclass(frozen=True, slots=True)
class Actions:
    """What a firing asks for; `queue` in days from now (0: today)."""

    tag: tuple[str, ...] = ()
    draft: str | None = None
    queue: int | None = None
    notify: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Only what is asked for, in plain values."""
        asked = {"tag": list(self.tag), "draft": self.draft, "queue": self.queue, "notify": list(self.notify)}
        return {name: value for name, value in asked.items() if value not in ([], None)}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `sources` is None for every stage that is not terminal."""

    name: str
    sources: tuple[str, ...] | None = None
    to: str | None = None
    backward: bool = False
    cooldown: int = 0
    when: tuple[Condition, ...] = ()
    when_any: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    then: Actions = Actions()
    suggest: bool = False

    @property
    def wakers(self) -> tuple[Condition, ...]:
        """The conditions that can wake the rule, numbered as its keys number them."""
        return self.when + self.when_any


@dataclass(frozen=True, slots=True)
class FitRule:
    """Points, or a verdict, for prospects whose field passes the test."""

    condition: Field
    points: int = 0
    disqualify: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FitTable:
    """The ideal customer: 50 plus the points of all rules that match, held within 0 to 100."""

    qualified: int = 60
    disqualified: int = 40
    rules: tuple[FitRule, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Ruleset:
    """A whole rules file. Two are equal only if they are the same object: compare their texts."""

    stages: tuple[Stage, ...]
    rules: tuple[Rule, ...] = ()
    engine: Engine = Engine()
    points: Points = Points()
    fit: FitTable = FitTable()
    text: str = ""

    def rank(self, stage: str) -> int | None:
        """The place of a stage, from 0; None if this ruleset does not know it."""
        return next((place for place, known in enumerate(self.stages) if known.name == stage), None)

    def sources(self, rule: Rule) -> tuple[str, ...]:
        """The stages in which a rule acts."""
        if rule.sources is not None:
            return rule.sources
        return tuple(stage.name for stage in self.stages if not stage.terminal)
