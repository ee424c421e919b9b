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


def share(
    goal: str, what: str, unit: str, ours: Sequence[float], peer: Sequence[float], least: float
) -> Claim:
    """That our rate is at least `least` times the peer's, round by round."""
    ratio = statistics.median(own / theirs for theirs, own in zip(peer, ours, strict=True))
    own, theirs = statistics.median(ours), statistics.median(peer)
    value, wanted = _short(ratio), f">= {least:g} x"
    return Claim(goal, what, unit, _short(own), _short(theirs), value, wanted, ratio >= least)


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
    rows = [heads, *map(_cells, claims)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _cells(claim: Claim) -> tuple[str, ...]:
    peer = "" if claim.peer is None else f"{claim.peer:g}"
    numbers = f"{claim.ours:g}", peer, claim.unit, f"{claim.value:g}"
    return claim.goal, claim.what, *numbers, claim.wanted, "met" if claim.met else "MISSED"


def _short(number: float) -> float:
    """Three digits: more would claim more than a shared machine can tell."""
    return float(f"{number:.3g}")
