"""When a text would leave if it were approved now: the hold, the hours of mail, cap, gap and breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prospector.outreach.waiting import Circumstances


@dataclass(frozen=True, slots=True)
class Leaves:
    """The earliest moment (None: nobody can tell), and what holds it until then, in words."""

    at: datetime | None
    why: str
    code: str


def leaves(given: Circumstances, hold: timedelta, now: datetime) -> Leaves:
    """What weighs last decides: of all that holds a text, the one that ends latest."""
    if not given.account:
        return Leaves(None, "its account has left config.toml", "no-account")
    if given.opens is None:
        return Leaves(None, "no hour of any day is open for mail", "window")
    if given.cap == 0:
        return Leaves(None, "the account may send none", "cap")
    held = [Leaves(now + hold, "", "hold"), *_held(given, now)]
    endless = next((one for one in held if one.at is None), None)
    return endless or max(held, key=lambda one: one.at or now)


def _held(given: Circumstances, now: datetime) -> Iterator[Leaves]:
    if given.opens is not None and given.opens > now:
        yield Leaves(given.opens, "when mail may leave", "window")
    if given.cap_ends is not None:
        why = given.cap_why or f"the account has sent its {given.cap} of 24 hours"
        yield Leaves(given.cap_ends, why, given.cap_code)
    if given.held is not None and (given.held.until is None or given.held.until > now):
        yield Leaves(given.held.until, f"{given.held.who} does not send: {given.held.why}", "held")
    if given.gap_ends is not None:
        yield Leaves(given.gap_ends, "after the gap to the one before", "gap")
    for pause in given.pauses:
        if pause.until is None or pause.until > now:
            yield Leaves(pause.until, f"{pause.who} is paused: {pause.why}", "paused")
