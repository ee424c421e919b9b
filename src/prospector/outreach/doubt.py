"""Messages of which nobody knows: what a dead process left, and the proof that settles it.

What is in doubt is never sent again by itself (RFC 1047 tells why nobody can know). An answer that
quotes it or the Sent folder proves that it was sent; two searches where a search is proof, that it
was not; else a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select, update

from prospector.models import Message
from prospector.outreach.outbox import change

MOST = 50
SOON, SELDOM = timedelta(minutes=15), timedelta(days=1)


def recover(session: Session, claimed_before: datetime) -> tuple[list[int], list[int]]:
    """Settle what a dead process left in `sending`: the messages that went back, and those of
    which nobody knows."""
    stuck = (col(Message.state) == "sending", col(Message.claimed_at) < claimed_before)
    unsaid = session.execute(
        update(Message)
        .where(*stuck, col(Message.data_at).is_(None))
        .values(state="approved", claimed_at=None, error="interrupted before anything was said")
        .returning(col(Message.id))
    )
    back = sorted(row[0] for row in unsaid)
    doubtful = session.execute(
        update(Message)
        .where(*stuck, col(Message.data_at).is_not(None))
        .values(state="unknown", error="interrupted while the server had the last word")
        .returning(col(Message.id))
    )
    return back, sorted(row[0] for row in doubtful)


def in_doubt(session: Session, now: datetime, limit: int = MOST) -> list[int]:
    """Unknown messages that are to be looked for again by now."""
    waiting = select(Message.id).where(
        Message.state == "unknown", col(Message.send_at).is_(None) | (col(Message.send_at) <= now)
    )
    return list(session.exec(waiting.order_by(col(Message.send_at), col(Message.id)).limit(limit)))


def look_again(said_at: datetime, now: datetime) -> datetime:
    """When to look for it next: after a quarter of an hour, then ever less often."""
    return now + max(SOON, min(SELDOM, (now - said_at) / 4))


def prove_sent(session: Session, message_ids: Sequence[str], why: str, now: datetime) -> list[Message]:
    """A reply, a bounce or the Sent folder quotes these Message-IDs: what was unknown was sent, at
    the moment of its second mark."""
    if not message_ids:
        return []
    statement = (
        update(Message)
        .where(col(Message.message_id).in_(message_ids), col(Message.state) == "unknown")
        .values(state="sent", sent_at=func.coalesce(Message.data_at, now), error=None, reply=why)
        .returning(col(Message.id))
        .execution_options(synchronize_session=False)
    )
    proved = sorted(row[0] for row in session.execute(statement))
    return [session.get_one(Message, id_, populate_existing=True) for id_ in proved]


def prove_unsent(session: Session, message_id: int, now: datetime) -> bool:
    """It was looked for and surely is not there: approved again."""
    return change(
        session, message_id, ("unknown",), state="approved", claimed_at=None, data_at=None, send_at=now
    )
