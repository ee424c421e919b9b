"""When the last mail of a campaign leaves, as far as caps, hours and waits tell: a plan, no promise.

Whole days of people who wait together are counted, not single messages. Left out is what nobody can
know: who answers or bounces, what else the mailboxes send, breaks, and caps for domains of theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from prospector.config import Window
from prospector.outreach.window import calendar_for, days_later

FARTHEST = 1_000
"""Days that are looked ahead."""
JITTER = 1.3
"""By how much the gap between two mails is longer on average (outreach/ledger.py)."""
LEFT_OUT = "answers, bounces, other campaigns of these mailboxes and breaks change it"

Capacity = Callable[[int, date], int]
"""How many mails a mailbox may send on a day."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """People of one country who get mail from one mailbox: how many wait for which step, from which
    day on."""

    mailbox: int
    country: str | None
    people: int
    step: int
    due: date


@dataclass
class _Queue:
    """What is still to leave from one mailbox, by day from which on, country and step."""

    waiting: Counter[tuple[date, int, str]] = field(default_factory=Counter)
    last: date | None = None


def last_day(
    waiting: Iterable[Waiting], waits: Sequence[int], window: Window, capacity: Capacity, today: date
) -> date | None:
    """The day on which the last mail of the last step leaves; None where there is none to leave, or
    it is farther than anybody can plan. `waits` are the working days before each step."""
    queues: dict[int, _Queue] = {}
    for one in waiting:
        if one.people > 0:
            queue = queues.setdefault(one.mailbox, _Queue())
            queue.waiting[max(one.due, today), one.step, one.country or ""] += one.people
    days = [_emptied(queue, mailbox, waits, window, capacity, today) for mailbox, queue in queues.items()]
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None


def fits(window: Window, gap: timedelta) -> int | None:
    """How many mails fit into one day's hours with this gap between them; None: no bound."""
    if not gap:
        return None
    start = datetime.combine(date.min, window.start)
    hours = datetime.combine(date.min, window.end) - start
    length = timedelta(days=1) if window.always else hours % timedelta(days=1) or timedelta(days=1)
    return int(length / (gap * JITTER)) + 1


def _emptied(
    queue: _Queue, mailbox: int, waits: Sequence[int], window: Window, capacity: Capacity, today: date
) -> date | None:
    for ahead in range(FARTHEST):
        if not queue.waiting:
            return queue.last
        _send(queue, mailbox, waits, window, capacity, today + timedelta(days=ahead))
    return None


def _send(
    queue: _Queue, mailbox: int, waits: Sequence[int], window: Window, capacity: Capacity, day: date
) -> None:
    """One day: who waits longest goes first, and what follows them is put behind."""
    left = capacity(mailbox, day)
    for key in sorted(key for key in queue.waiting if key[0] <= day):
        _, step, country = key
        if left <= 0:
            break
        if not _open(window, country or None, day):
            continue
        sent = min(left, queue.waiting[key])
        left -= sent
        queue.last = day
        queue.waiting[key] -= sent
        if not queue.waiting[key]:
            del queue.waiting[key]
        if step < len(waits):
            due = days_later(day, waits[step], window, country or None)
            queue.waiting[due, step + 1, country] += sent


def _open(window: Window, country: str | None, day: date) -> bool:
    return window.always or (day.isoweekday() in window.days and not calendar_for(window, country)(day))
