"""Taking work back: causes that turned out to be somebody else's, and all of it of who objects."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select, update

from prospector.models import Card, Message, Profile
from prospector.outreach import outbox
from prospector.outreach.states import UNSAID
from prospector.queue import day, rank
from prospector.queue.rank import Standing

WHY = "it was somebody else"


def withdraw(
    session: Session, prospect_id: int, engagements: Collection[int], standing: Standing, now: datetime
) -> None:
    """Take these engagements' causes off the open card, which expires where none is left, and take
    back what was written about them and has not been said."""
    unsaid = update(Message).where(
        col(Message.prospect_id) == prospect_id,
        col(Message.engagement_id).in_(engagements),
        col(Message.state).in_(UNSAID),
    )
    session.exec(unsaid.values(state="discarded", error=WHY).execution_options(synchronize_session=False))
    open_card = select(Card).where(Card.prospect_id == prospect_id, col(Card.state).in_(day.OPEN))
    card = session.exec(open_card.with_for_update()).first()
    if card is None:
        return
    left = [stored for stored in card.causes if stored.get("engagement_id") not in engagements]
    if len(left) == len(card.causes):
        return
    ranked = rank.rank([day.cause_of(stored) for stored in left], standing, now)
    if ranked.expired:
        card.causes, card.reasons = [], []
        card.priority, card.expires_at = ranked.priority, ranked.expires_at
        card.state, card.decided_at, card.decided_why = "expired", now, WHY
    else:
        day.apply(card, ranked)
    session.flush()


def leave_alone(session: Session, prospect_id: int, why: str, now: datetime) -> None:
    """Who objects is no work for anybody (GDPR Art. 21(3)): nothing more is written to them, their card
    is closed, and nobody looks at what they publish."""
    outbox.withdraw(session, prospect_id, why)
    session.flush()
    of_theirs = col(Card.prospect_id) == prospect_id, col(Card.state).in_(day.OPEN)
    session.exec(update(Card).where(*of_theirs).values(state="expired", decided_at=now, decided_why=why))
    session.exec(update(Profile).where(col(Profile.prospect_id) == prospect_id).values(next_poll_at=None))
