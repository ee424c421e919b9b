"""Up to when we know: silence counts only over time that was covered (docs/rules.md, S6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

LEFT_OUT_AFTER = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far one profile or inbox has been seen, and since when it cannot be looked at."""

    covered_until: datetime | None
    failing_since: datetime | None = None


def horizon(stored: datetime | None, sources: Iterable[Coverage], now: datetime) -> datetime | None:
    """The time up to which timers may fire for a prospect tracked on `sources`.

    The earliest of what each source covers. A source joins with its first complete poll and is
    left out once it has failed for 72 hours; nothing to look at at all gives the clock. What was
    said once is never taken back. None: nothing has been seen yet.
    """
    known = list(sources)
    if not known:
        return _later(stored, now)
    joined = [
        source.covered_until
        for source in known
        if source.covered_until is not None and not _left_out(source, now)
    ]
    return _later(stored, min(joined)) if joined else stored


def _left_out(source: Coverage, now: datetime) -> bool:
    return source.failing_since is not None and now - source.failing_since > LEFT_OUT_AFTER


def _later(stored: datetime | None, computed: datetime) -> datetime:
    return computed if stored is None else max(stored, computed)
