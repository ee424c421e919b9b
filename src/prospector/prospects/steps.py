"""A person's way through the stages: when each was entered, its proof, and what the next one takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal

from prospector.rules import explain
from prospector.rules.evidence import minute
from prospector.rules.explain import WhyNot
from prospector.rules.history import History, Move
from prospector.rules.ruleset import Ruleset

Place = Literal["done", "now", "ahead"]


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the live rules; `entered` (UTC seconds) is the last time, None where never."""

    name: str
    place: Place
    entered: int | None
    number: int


def steps_of(rules: Ruleset, history: History, tracked_from: int) -> tuple[Step, ...]:
    """The stages in the order of the rules; one that the rules no longer know stands first."""
    names = [stage.name for stage in rules.stages]
    if history.stage not in names:
        names.insert(0, history.stage)
    entered = _entered(history, tracked_from)
    here = names.index(history.stage)
    return tuple(
        Step(name, _place(number, here, entered.get(name)), entered.get(name), number)
        for number, name in enumerate(names)
    )


def _place(number: int, here: int, entered: int | None) -> Place:
    if number == here:
        return "now"
    return "done" if number < here and entered is not None else "ahead"


def _entered(history: History, tracked_from: int) -> dict[str, int]:
    start = history.moves[0].before if history.moves else history.stage
    return {start: tracked_from} | {move.after: move.effective_at for move in history.moves}


def proof_of(history: History) -> list[dict[str, Any]]:
    """The proof of each firing and of each move by hand, the oldest first."""
    trees = [explain.why(firing).as_json() for firing in history.firings]
    by_hand = [_by_hand(move) for move in history.moves if move.rule is None]
    return sorted([*trees, *by_hand], key=itemgetter("at"))


def proof_of_stage(history: History, stage: str) -> dict[str, Any] | None:
    """The proof of the last time that somebody came into this stage; None where nothing led there."""
    last = next((move for move in reversed(history.moves) if move.after == stage), None)
    if last is None:
        return None
    if last.rule is None:
        return _by_hand(last)
    firing = next(one for one in history.firings if (one.key, one.version) == (last.key, last.version))
    return explain.why(firing).as_json()


def ways_to(history: History, rules: Ruleset, stage: str, now: int) -> tuple[WhyNot, ...]:
    """What each rule that leads from here to a stage still needs; `now` in UTC seconds. A rule that was
    saved since this person's history was last told is not in force for them yet, and left out."""
    version = history.situation.version
    in_force = {rule.name for rule in version.ruleset.rules} if version is not None else set()
    return tuple(
        explain.why_not(history, rule.name, max(now, history.situation.time))
        for rule in rules.rules
        if rule.to == stage and history.stage in rules.sources(rule) and rule.name in in_force
    )


def ways_on(history: History, rules: Ruleset, now: int) -> Sequence[WhyNot]:
    """What it would take to get on from here, by any rule that leads further."""
    here = rules.rank(history.stage)
    ahead = [stage.name for stage in rules.stages[(here + 1) if here is not None else 0 :]]
    return [way for stage in ahead for way in ways_to(history, rules, stage, now)]


def sentences(proof: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """The guards and conditions of a proof as people read them, each with whether it held."""
    for guard in proof.get("guards", ()):
        yield guard["text"], guard["passed"]
    for condition in (*proof.get("when", ()), *proof.get("when_any", ())):
        yield condition["text"], condition["holds"]
    for condition in proof.get("unless", ()):
        yield f"unless {condition['text']}", not condition["holds"]


def _by_hand(move: Move) -> dict[str, Any]:
    sentence = f"Moved {move.before} -> {move.after} by hand on {minute(move.effective_at)}."
    return {"sentence": sentence, "at": move.effective_at, "key": move.key}
