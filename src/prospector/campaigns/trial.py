"""What a trial of variants tells: rates with their uncertainty, and whether one can tell at all.

Of each arm only two numbers count: how many were written to and how many of them answered as people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

Z_SURE = 1.96
"""The normal quantile of 97.5 %: 95 % confidence, two-sided, rounded as the tables have it."""
Z_POWER = 0.8416
"""The normal quantile of 80 %: the chance of finding a difference that is there."""
SURE = 0.95
LIFT = 5 / 3
"""The difference worth finding: from 3 % to 5 %, and so on."""
USUAL, LEAST = 0.03, 0.01
"""The rate of answers that is taken where none is known yet, and the smallest that is planned for."""
UNSURE = "cannot tell yet"


@dataclass(frozen=True, slots=True)
class Arm:
    """One variant: how many it was sent to, and how many of them answered."""

    name: str
    sent: int
    replied: int

    @property
    def rate(self) -> float:
        return self.replied / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of rates, each 0 to 1."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said of two arms. `probability` is that of the `second` being better, `needed` how
    many each has to be sent to; `better` names an arm only where that many were, and it is sure."""

    first: str
    second: str
    words: str
    better: str | None
    probability: float
    needed: int


def wilson(replied: int, sent: int) -> Interval:
    """The 95 % interval of Wilson (1927, JASA 22, 209-212) for a rate: right also for few and none."""
    if sent == 0:
        return Interval(0.0, 1.0)
    rate, square = replied / sent, Z_SURE**2 / sent
    middle = (rate + square / 2) / (1 + square)
    half = Z_SURE / (1 + square) * sqrt(rate * (1 - rate) / sent + square / (4 * sent))
    low = 0.0 if replied == 0 else max(0.0, middle - half)
    return Interval(low, 1.0 if replied == sent else min(1.0, middle + half))


def sample_size(one: float, other: float) -> int:
    """How many each arm needs so that the difference between two rates is found with 80 % power at
    5 %, two-sided (Fleiss, Levin, Paik: Statistical Methods for Rates and Proportions, 4.14 without
    the correction for continuity), to the nearest person."""
    middle = (one + other) / 2
    by_chance = Z_SURE * sqrt(2 * middle * (1 - middle))
    by_effect = Z_POWER * sqrt(one * (1 - one) + other * (1 - other))
    return round((by_chance + by_effect) ** 2 / (one - other) ** 2)


def probability_better(first: Arm, second: Arm) -> float:
    """P(second > first), each rate with a Beta(1, 1) prior: the exact finite sum of Beta functions
    that there is where the parameters are whole numbers, one term for each answer to the second."""
    a_won, a_lost = first.replied + 1, first.sent - first.replied + 1
    b_won, b_lost = second.replied + 1, second.sent - second.replied + 1
    whole = sum(
        exp(
            _log_beta(a_won + i, a_lost + b_lost)
            - log(b_lost + i)
            - _log_beta(1 + i, b_lost)
            - _log_beta(a_won, a_lost)
        )
        for i in range(b_won)
    )
    return min(1.0, max(0.0, whole))


def needed(arms: Sequence[Arm]) -> int:
    """How many each arm has to be sent to before anything is said: planned for `LIFT` on the rate
    that all arms together show, never for the difference that they show, which would be circular."""
    sent, replied = sum(arm.sent for arm in arms), sum(arm.replied for arm in arms)
    base = min(0.5, max(LEAST, replied / sent)) if sent and replied else USUAL
    return sample_size(base, base * LIFT)


def verdict(first: Arm, second: Arm) -> Verdict:
    """Which of two arms is answered more, or that nobody can tell."""
    wanted, smaller = needed((first, second)), min(first.sent, second.sent)
    chance = probability_better(first, second)
    better = second if chance >= SURE else first if 1 - chance >= SURE else None
    if smaller < wanted:
        better = None
        words = f"{UNSURE}: {smaller:,} of {wanted:,} mails for each variant"
    elif better is not None:
        worse = first if better is second else second
        words = f"{better.name} is better than {worse.name} ({max(chance, 1 - chance):.0%} sure)"
    else:
        words = "no difference found"
    return Verdict(first.name, second.name, words, better.name if better else None, chance, wanted)


def _log_beta(one: float, other: float) -> float:
    return lgamma(one) + lgamma(other) - lgamma(one + other)
