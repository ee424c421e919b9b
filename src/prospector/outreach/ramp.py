"""How many mails a mailbox that is new to sending may send: few at first, more each day.

Receivers take a mailbox that sends much at once for one that was broken into. The ramp is linear.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ramp:
    """From `start` mails in 24 hours to the full cap, `weeks` after the first; 0 weeks: full at once."""

    start: int = 10
    weeks: int = 4

    @property
    def days(self) -> int:
        return self.weeks * 7

    def day(self, first_sent_on: datetime | None, now: datetime) -> int | None:
        """Which day of the ramp it is, from 1; None once it is over."""
        if not self.weeks:
            return None
        done = max(0, (now - first_sent_on) // DAY) if first_sent_on is not None else 0
        return done + 1 if done < self.days else None

    def cap(self, full: int, first_sent_on: datetime | None, now: datetime) -> int:
        """What may be sent in any 24 hours, never more than `full`."""
        day = self.day(first_sent_on, now)
        if day is None or self.start >= full:
            return full
        return self.start + (full - self.start) * (day - 1) // self.days
