"""What a day at the queue came to: how many of what, how long it took, when the sources are asked next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from prospector.models import Card, Message, Profile
from prospector.queue.reader import Reader, start_of

MOST = 2000
LONGEST = timedelta(minutes=10)
"""Who leaves a card open over lunch did not work on it all the time."""
NAMES = (("approved", "approved"), ("done", "done"), ("dismissed", "dismissed"), ("snoozed", "snoozed"))


@dataclass(frozen=True, slots=True)
class Decision:
    """One card that was decided; `sort` is its state, or `approved` where a text went with it."""

    sort: str
    opened_at: datetime | None
    decided_at: datetime


def summary(decisions: Sequence[Decision]) -> str:
    """`18 approved, 5 dismissed, 4 snoozed. 11 minutes.`"""
    counts = Counter(decision.sort for decision in decisions)
    parts = [f"{counts[sort]} {name}" for sort, name in NAMES if counts[sort]]
    return f"{', '.join(parts)}. {_spent(decisions)}." if parts else ""


def _spent(decisions: Sequence[Decision]) -> str:
    spans = [one.decided_at - one.opened_at for one in decisions if one.opened_at is not None]
    spent = sum((min(max(span, timedelta()), LONGEST) for span in spans), timedelta())
    minutes = round(spent.total_seconds() / 60)
    return "Less than a minute" if minutes < 1 else "1 minute" if minutes == 1 else f"{minutes} minutes"


def decisions_of(session: Session, reader: Reader, now: datetime) -> list[Decision]:
    """What the reader decided since their day began, at most 2,000."""
    approved = (
        select(Message.id)
        .where(Message.card_id == Card.id, col(Message.state).not_in(("draft", "discarded")))
        .exists()
    )
    found = (
        select(Card.state, approved, Card.opened_at, Card.decided_at)
        .where(col(Card.decided_at) >= start_of(reader, now), Card.decided_by == reader.id)
        .limit(MOST)
    )
    return [
        Decision("approved" if texted and state == "done" else state, opened_at, decided_at)
        for state, texted, opened_at, decided_at in session.exec(found)
        if decided_at is not None
    ]


def next_look(session: Session, account_ids: Collection[int]) -> datetime | None:
    """When one of our accounts looks at a profile next: read from the end of an index for each."""
    first = select(func.min(Profile.next_poll_at)).where(
        col(Profile.gone_at).is_(None), col(Profile.next_poll_at).is_not(None)
    )
    found = [session.exec(first.where(Profile.account_id == id_)).one() for id_ in sorted(account_ids)]
    return min((at for at in found if at is not None), default=None)
