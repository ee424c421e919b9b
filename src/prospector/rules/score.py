"""The decayed score of a prospect: whole numbers only, the same on every machine.

Rounding makes a running product drift from the sum it stands for, and one unit decides at a
threshold. So the sum is always taken anew; a running estimate only says when it need not be.
"""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from functools import lru_cache

UNIT = 10**6
HOUR = 3600


@lru_cache(maxsize=16)
def decay(half_life: int) -> tuple[int, ...]:
    """What one point is worth after k full hours, in millionths; nothing after 24 half-lives.

    `half_life` in seconds. round_half_even(10^6 * 2^(-k / h)), worked out with 50 digits; the
    whole half-lives are split off so that exact halves stay exact.
    """
    with decimal.localcontext(decimal.Context(prec=50, rounding=decimal.ROUND_HALF_EVEN)):
        two, parts, table = decimal.Decimal(2), dict[int, decimal.Decimal](), []
        hours = -(-24 * half_life // HOUR)
        for hour in range(hours):
            whole, rest = divmod(hour * HOUR, half_life)
            if rest not in parts:
                parts[rest] = UNIT * two ** (decimal.Decimal(-rest) / half_life)
            table.append(int((parts[rest] / 2**whole).to_integral_value()))
    return tuple(table)


def score(weighted: Sequence[tuple[int, int]], time: int, half_life: int) -> int:
    """The score at `time` in millionths of a point, of (time, weight) pairs in order of time."""
    worth, now, total = decay(half_life), time // HOUR, 0
    reach = len(worth)
    for at, weight in reversed(weighted):
        age = now - at // HOUR
        if age >= reach:
            break
        total += weight * worth[age]
    return total


def below_from(weighted: Sequence[tuple[int, int]], since: int, half_life: int, points: int) -> int | None:
    """The first moment from `since` on at which the score is under `points`, if nothing more comes.

    That is `since` itself or the start of an hour. None if it never is (`points` is 0).
    """
    limit = points * UNIT
    if score(weighted, since, half_life) < limit:
        return since
    if limit <= 0:
        return None
    low = since // HOUR
    step, last = 1, low + len(decay(half_life)) + 1
    while low + step < last and score(weighted, (low + step) * HOUR, half_life) >= limit:
        low, step = low + step, step * 2
    high = min(low + step, last)
    while high - low > 1:
        middle = (low + high) // 2
        if score(weighted, middle * HOUR, half_life) < limit:
            high = middle
        else:
            low = middle
    return high * HOUR


class Estimate:
    """A running guess of the score that knows how far it may be off."""

    __slots__ = ("half_life", "hour", "value", "weight")

    def __init__(self, half_life: int) -> None:
        self.half_life = half_life
        self.hour = 0
        self.value = 0.0
        self.weight = 0

    def add(self, at: int, weight: int) -> None:
        hour = at // HOUR
        faded = self.value and self.value * 2.0 ** ((self.hour - hour) * HOUR / self.half_life)
        self.hour, self.value = hour, faded + weight * UNIT
        self.weight += weight

    def bounds(self, time: int) -> tuple[float, float]:
        """Surely not less, surely not more, in millionths.

        Each event's worth was rounded once, by at most half a unit a point; beyond 24 half-lives
        a point is worth less than a tenth of one. The rest is for the floating point itself.
        """
        value = self.value * 2.0 ** ((self.hour - time // HOUR) * HOUR / self.half_life)
        margin = self.weight + 1 + value * 1e-9
        return value - margin, value + margin
