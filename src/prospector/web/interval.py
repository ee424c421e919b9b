"""Rates with their uncertainty as drawings: where in the drawing a rate stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

WIDTH = 320
EDGE = 8
STEPS = (0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """From 0 to `most`, one of a few round rates, so that all drawings of a page compare."""

    most: float

    @classmethod
    def of(cls, rates: Iterable[float]) -> Scale:
        """The smallest round scale that holds all of these rates."""
        highest = max(rates, default=0.0)
        return cls(next((step for step in STEPS if highest <= step), 1.0))

    def x(self, rate: float) -> float:
        """The place of a rate, in units of the drawing."""
        inside = min(max(rate / self.most, 0.0), 1.0)
        return round(EDGE + (WIDTH - 2 * EDGE) * inside, 1)

    @property
    def ticks(self) -> tuple[float, ...]:
        """The places of the lines between, a quarter of the scale apart."""
        return tuple(self.x(self.most * part / 4) for part in range(5))

    @property
    def words(self) -> str:
        return f"0 to {ceil(self.most * 100)} %"
