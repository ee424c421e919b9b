"""What a benchmark says: our number beside the peer's of the same run, the goal, and whether it is met."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Claim:
    """One line of the report. `ours` and `peer` are medians in `unit`; the goal is about `value`."""

    goal: str
    what: str
    unit: str
    ours: float
    peer: float | None
    value: float
    wanted: str
    met: bool

    def line(self) -> str:
        return json.dumps(asdict(self))


def times_faster(
    goal: str, what: str, unit: str, ours: Sequence[float], peer: Sequence[float], least: float
) -> Claim:
    """That the peer takes at least `least` times as long; rounds are compared one by one, so that
    a machine that is busy for a while disturbs least."""
    ratio = statistics.median(theirs / own for theirs, own in zip(peer, ours, strict=True))
    own, theirs = statistics.median(ours), statistics.median(peer)
    return Claim(
        goal, what, unit, _short(own), _short(theirs), _short(ratio), f">= {least:g} x", ratio >= least
    )


def at_most(
    goal: str, what: str, unit: str, ours: Sequence[float], most: float, peer: Sequence[float] = ()
) -> Claim:
    """That we stay below a bound; the peer is shown beside it."""
    own = statistics.median(ours)
    theirs = _short(statistics.median(peer)) if peer else None
    return Claim(goal, what, unit, _short(own), theirs, _short(own), f"<= {most:g} {unit}", own <= most)


def show(*claims: Claim) -> None:
    for claim in claims:
        print(claim.line(), flush=True)


def table(claims: Sequence[Claim]) -> str:
    """All claims for people to read, those that are missed marked."""
    heads = ("goal", "what", "ours", "peer", "unit", "value", "wanted", "")
    rows = [
        (c.goal, c.what, f"{c.ours:g}", "" if c.peer is None else f"{c.peer:g}", c.unit, f"{c.value:g}")
        + (c.wanted, "met" if c.met else "MISSED")
        for c in claims
    ]
    widths = [max(len(row[number]) for row in (heads, *rows)) for number in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in (heads, *rows)
    ]
    return "\n".join(line.rstrip() for line in lines)


def _short(number: float) -> float:
    """Three digits: more would claim more than a shared machine can tell."""
    return float(f"{number:.3g}")
