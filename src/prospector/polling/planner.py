"""When to look next: a pure function of what a profile has shown, the time and the pace.

For now an interval by stage, halved after a find and doubled after nothing; a later version puts
a model of the person's activity behind the same function.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

JITTER = 0.1
LONGEST_BACKOFF = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """What bounds the next look: the interval to begin with, and the least and the most."""

    start: timedelta
    least: timedelta
    most: timedelta


@dataclass(frozen=True, slots=True)
class Look:
    """What one look gave: how many new things, and the least wait the source asked for."""

    found: int
    wait: float = 0.0


def next_poll(
    rhythm: Mapping[str, Any], now: datetime, pace: Pace, look: Look, seed: int
) -> tuple[datetime, dict[str, Any]]:
    """When to look again, and the rhythm to keep. `seed` spreads profiles over time, the same way
    after a restart."""
    interval = timedelta(seconds=rhythm["interval"]) if "interval" in rhythm else pace.start
    interval = interval / 2 if look.found else interval * 2
    interval = max(pace.least, min(pace.most, interval))
    wait = max(interval, timedelta(seconds=look.wait))
    return now + _jittered(wait, seed, now), {"interval": int(interval.total_seconds())}


def after_failure(failures: int, now: datetime, pace: Pace, seconds: float | None, seed: int) -> datetime:
    """When to try again: what the platform asked for, else twice as long after each failure."""
    if seconds is not None:
        return now + max(timedelta(seconds=seconds), timedelta(seconds=1))
    wait = min(LONGEST_BACKOFF, pace.least * 2 ** min(failures, 12))
    return now + _jittered(wait, seed, now)


def _jittered(wait: timedelta, seed: int, now: datetime) -> timedelta:
    spread = random.Random(f"{seed}:{int(now.timestamp())}").uniform(0, JITTER)
    return wait * (1 + spread)
