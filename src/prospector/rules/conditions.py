"""Whether a condition holds at a moment: each becomes a small function of the tally.

They are made once for a ruleset and asked at every moment, so each does as little as it can.
`entered` is the second at which the present stage was entered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from prospector.rules.fit import passes
from prospector.rules.ruleset import Absence, Condition, Count, Field, InStage, Score
from prospector.rules.score import UNIT, score
from prospector.rules.tally import Filter, Tally

Holds = Callable[[Tally, int, int], bool]
EVER = 10**15


def test_of(condition: Condition, half_life: int, number: Callable[[Filter], int]) -> Holds:
    """The function (tally, time, entered) that says whether `condition` holds.

    `number` gives the place of a filter's list in the tally.
    """
    if isinstance(condition, Count):
        place = number(Filter.matching(condition))
        return _distinct(condition, place) if condition.distinct else _count(condition, place)
    if isinstance(condition, Absence):
        place = number(Filter.matching(condition))
        if condition.since == "stage":
            return _silence_in_stage(condition.lasting, place)
        return _silence_since_ours(condition.lasting, place, number(Filter.ours(condition)))
    if isinstance(condition, InStage):
        lasting = condition.lasting
        return lambda tally, time, entered: time - entered >= lasting
    if isinstance(condition, Field):
        field = condition
        return lambda tally, time, entered: passes(field, tally.fields)
    if isinstance(condition, Score):
        return _score(condition, half_life)
    assert_never(condition)


def _count(condition: Count, place: int) -> Holds:
    least, most, stage = condition.at_least, condition.at_most, condition.since_stage
    within = EVER if condition.within is None else condition.within

    def holds(tally: Tally, time: int, entered: int) -> bool:
        times, start = tally.times[place], time - within
        if stage and entered > start:
            start = entered
        if least and (len(times) < least or times[-least] <= start):
            return False
        return most is None or len(times) <= most or times[-most - 1] <= start

    return holds


def _distinct(condition: Count, place: int) -> Holds:
    least, most, stage = condition.at_least, condition.at_most, condition.since_stage
    within = EVER if condition.within is None else condition.within
    enough = least if most is None else most + 1

    def holds(tally: Tally, time: int, entered: int) -> bool:
        start, count = time - within, 0
        if stage and entered > start:
            start = entered
        for last in reversed(tally.latest[place].values()):
            if last <= start or count >= enough:
                break
            count += 1
        return count >= least and (most is None or count <= most)

    return holds


def _silence_in_stage(lasting: int, place: int) -> Holds:
    def holds(tally: Tally, time: int, entered: int) -> bool:
        times = tally.times[place]
        return time - (max(entered, times[-1]) if times else entered) >= lasting

    return holds


def _silence_since_ours(lasting: int, place: int, ours: int) -> Holds:
    def holds(tally: Tally, time: int, entered: int) -> bool:
        theirs, sent = tally.times[place], tally.times[ours]
        if not sent or (theirs and theirs[-1] >= sent[-1]):
            return False
        return time - sent[-1] >= lasting

    return holds


def _score(condition: Score, half_life: int) -> Holds:
    limit, below = condition.points * UNIT, condition.below

    def holds(tally: Tally, time: int, entered: int) -> bool:
        least, most = tally.estimate.bounds(time)
        if least >= limit:
            return not below
        if most < limit:
            return below
        return (score(tally.weighted, time, half_life) < limit) is below

    return holds
