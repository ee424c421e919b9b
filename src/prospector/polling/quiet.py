"""Looks that found nothing, which are most: those that end at about the same time are written together.

One statement for all of them costs a tenth of a transaction's savepoint, session and statements for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session

from prospector.models import Poll, Profile, table_of
from prospector.polling import planner
from prospector.polling.claim import Claimed
from prospector.polling.planner import Look, Pace
from prospector.polling.record import Recorded, unless_ended
from prospector.sdk import Page
from prospector.store import Store

LINGER = 0.02
"""Seconds that a look waits for others; nobody waits for it but the next look, minutes later."""

_PROFILE = table_of(Profile)
_POLL = table_of(Poll)
_PLANNED = ("cursor", "next_poll_at", "rhythm", "polled_at", "covered_until")
_NEXT = bindparam("new_next_poll_at", type_=_PROFILE.c.next_poll_at.type)
_KEEP = (
    update(_PROFILE)
    .where(
        _PROFILE.c.id == bindparam("profile"),
        _PROFILE.c.cursor.is_not_distinct_from(bindparam("before", type_=_PROFILE.c.cursor.type)),
    )
    .values(
        {name: bindparam(f"new_{name}", type_=_PROFILE.c[name].type) for name in _PLANNED}
        | {"next_poll_at": unless_ended(_PROFILE.c.next_poll_at, _NEXT)}
        | {"failures": 0, "failing_since": None, "error": None}
    )
)


@dataclass(frozen=True, slots=True)
class Quiet:
    """A look at a profile that ended at `now` with nothing to store but that it was made."""

    claimed: Claimed
    page: Page
    started_at: datetime
    now: datetime
    grace: timedelta
    pace: Pace


def is_quiet(claimed: Claimed, page: Page, now: datetime) -> bool:
    """Whether nothing can follow from this page. A rule's timer that waited for it can."""
    waited = claimed.timer_at is not None and claimed.timer_at <= now
    return claimed.profile_id is not None and not (
        waited or page.seen or page.retracted or page.more or page.moved
    )


def record_quiet(session: Session, looks: Sequence[Quiet]) -> list[Recorded]:
    """Store looks that found nothing, at profiles that differ; drop those where a twin was faster."""
    rows = [_row(look) for look in looks]
    connection = session.connection()
    together = session.begin_nested()
    kept = connection.execute(_KEEP, rows).rowcount == len(rows)
    if kept:
        together.commit()
        outcomes = [True] * len(rows)
    else:
        together.rollback()
        outcomes = [connection.execute(_KEEP, row).rowcount == 1 for row in rows]
    polls = [_poll(look) for look, won in zip(looks, outcomes, strict=True) if won]
    if polls:
        connection.execute(insert(_POLL), polls)
    return [_recorded(look, won) for look, won in zip(looks, outcomes, strict=True)]


def _row(look: Quiet) -> dict[str, Any]:
    claimed, page = look.claimed, look.page
    key = claimed.profile_id or 0
    next_poll_at, rhythm = planner.next_poll(claimed.rhythm, look.now, look.pace, Look(0, page.wait), key)
    covered = page.covered_until or look.started_at - look.grace
    return {
        "profile": key,
        "before": claimed.cursor,
        "new_cursor": page.cursor if page.cursor is not None else claimed.cursor,
        "new_next_poll_at": next_poll_at,
        "new_rhythm": rhythm,
        "new_polled_at": look.now,
        "new_covered_until": covered.replace(microsecond=0),
    }


def _poll(look: Quiet) -> dict[str, Any]:
    return {
        "profile_id": look.claimed.profile_id,
        "started_at": look.started_at,
        "took_ms": int((look.now - look.started_at).total_seconds() * 1000),
        "outcome": "nothing",
        "found": 0,
        "covered_until": (look.page.covered_until or look.started_at - look.grace).replace(microsecond=0),
        "cost": 0.0,
    }


def _recorded(look: Quiet, won: bool) -> Recorded:
    outcome = "nothing" if won else "lost"
    return Recorded(look.claimed.label, outcome, profile_id=look.claimed.profile_id)


class QuietLooks:
    """The quiet looks of one process. One write is under way at a time; what comes meanwhile waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Quiet, asyncio.Future[Recorded]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, look: Quiet) -> Recorded:
        """What the look came to, once that is committed."""
        kept: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        self._waiting.append((look, kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="quiet looks")
        return await kept

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(LINGER)
            group, self._waiting = self._waiting, []
            await self._write_together(group)
        self._writing = None

    async def _write_together(self, group: Sequence[tuple[Quiet, asyncio.Future[Recorded]]]) -> None:
        looks = [look for look, _ in group]
        try:
            recorded = await self._store.write_async(lambda session: record_quiet(session, looks))
        except Exception as error:
            for _, kept in group:
                if not kept.done():
                    kept.set_exception(error)
            return
        for (_, kept), one in zip(group, recorded, strict=True):
            if not kept.done():
                kept.set_result(one)
