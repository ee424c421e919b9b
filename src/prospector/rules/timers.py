"""The moments at which a condition becomes true by itself, because time goes by.

A timer belongs to a condition of a rule and starts at its anchor; it is used up once for each.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from prospector.rules.ruleset import Absence, Condition, InStage, Score
from prospector.rules.score import HOUR, UNIT, below_from
from prospector.rules.tally import Filter, Tally

LONG = 10**15  # beyond any time: a score that falls has no least time
Due = tuple[int, int]  # the anchor, and when the condition is true if nothing more comes
Clock = Callable[[Tally, int, int], Due | None]


@dataclass(frozen=True, slots=True)
class Timer:
    """`rule` is the place of the rule in the file, `condition` that of the condition in the rule.

    `clock(tally, entered, until)` gives the anchor and the due time; a due time after `until`
    may be given too early (not before `until`), which spares the work of finding it. `lasting` is
    the least time from a new anchor to its due time, where any event may set a new anchor.
    """

    rule: int
    condition: int
    lasting: int
    clock: Clock


def timer_of(
    condition: Condition, rule: int, place: int, half_life: int, number: Callable[[Filter], int]
) -> Timer | None:
    """The timer of a condition; None for those that only an event can make true."""
    if isinstance(condition, InStage):
        lasting = condition.lasting
        return Timer(rule, place, lasting, lambda tally, entered, until: (entered, entered + lasting))
    if isinstance(condition, Absence):
        return Timer(rule, place, condition.lasting, _silence(condition, number))
    if isinstance(condition, Score) and condition.below:
        return Timer(rule, place, LONG, _falling(condition.points, half_life))
    return None


def _silence(condition: Absence, number: Callable[[Filter], int]) -> Clock:
    lasting, place = condition.lasting, number(Filter.matching(condition))

    def in_stage(tally: Tally, entered: int, until: int) -> Due | None:
        times = tally.times[place]
        anchor = max(entered, times[-1]) if times else entered
        return anchor, anchor + lasting

    if condition.since == "stage":
        return in_stage
    ours = number(Filter.ours(condition))

    def since_ours(tally: Tally, entered: int, until: int) -> Due | None:
        theirs, sent = tally.times[place], tally.times[ours]
        if not sent or (theirs and theirs[-1] >= sent[-1]):
            return None
        return sent[-1], sent[-1] + lasting

    return since_ours


def _falling(points: int, half_life: int) -> Clock:
    limit = points * UNIT

    def falling(tally: Tally, entered: int, until: int) -> Due | None:
        weighted = tally.weighted
        anchor = max(entered, weighted[-1][0]) if weighted else entered
        least, most = tally.estimate.bounds(anchor)
        if most < limit:
            return anchor, anchor
        early = _surely_not_before(least, limit + tally.estimate.weight + 1, anchor, half_life)
        if early > until:
            return anchor, early
        due = below_from(weighted, max(anchor, early), half_life, points)
        return None if due is None else (anchor, due)

    return falling


def _surely_not_before(value: float, least: int, anchor: int, half_life: int) -> int:
    """A time until which a score that is at least `value` at its anchor stays above `least`."""
    if value <= least:
        return anchor
    return anchor + int(half_life * math.log2(value / least)) - 2 * HOUR
