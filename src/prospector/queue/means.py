"""What decisions are carried out with, beside the store, and what they come to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from prospector.config import Settings
from prospector.models import Engagement, Prospect
from prospector.outreach.drafts import Desk
from prospector.outreach.template import Library
from prospector.queue.rank import Standing


class Aftermath(Protocol):
    """What `consequences.Consequences` does for a decision; it lies above the queue."""

    @property
    def desk(self) -> Desk: ...
    def library(self) -> Library: ...
    def standing_of(self, session: Session, prospect: Prospect, now: datetime) -> Standing: ...
    def follow(
        self,
        session: Session,
        new: Sequence[Engagement],
        changed: Iterable[int],
        touched: Collection[int],
        now: datetime,
    ) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Means:
    """One for the life of a process: the aftermath keeps parsed rules and templates."""

    settings: Settings
    aftermath: Aftermath

    @property
    def desk(self) -> Desk:
        return self.aftermath.desk


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of it: `words` is a sentence for the rep, `message_*` the text that went with it."""

    card_id: int | None
    words: str
    message_id: int | None = None
    message_state: str | None = None
    send_at: datetime | None = None
