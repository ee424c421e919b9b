"""What a person of ours does by hand: a move, a note, a call, a meeting; and taking a move back."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlmodel import Session, col, select

from prospector.engagements import Entry
from prospector.models import Engagement, Move, Prospect
from prospector.sdk import Seen

LOGGED = {"note": "note", "call": "call", "meeting": "note"}
"""What can be logged, and the kind that it is stored as: a meeting is a note about it."""
LONGEST_NOTE = 10_000


class HandError(Exception):
    """It cannot be done like that; the message says why."""


def moved(prospect: Prospect, to: str, user_id: int | None, now: datetime) -> Entry:
    """That somebody puts a person into a stage; rules keep their hands off for a while."""
    seen = Seen("stage_set", "us", uuid.uuid4().hex, now, by="us", attributes={"to": to})
    return Entry("ui", seen, now, prospect.id, user_id=user_id)


def logged(prospect: Prospect, what: str, text: str, user_id: int | None, now: datetime) -> Entry:
    """A note, a call or a meeting with a few words. Raises `HandError`."""
    words = text.strip()
    if what not in LOGGED:
        raise HandError(f'"{what}" cannot be logged; a {", ".join(LOGGED)} can.')
    if not words:
        raise HandError("Write a few words first.")
    if len(words) > LONGEST_NOTE:
        raise HandError(f"That is {len(words):,} characters; keep it under {LONGEST_NOTE:,}.")
    seen = Seen(LOGGED[what], "us", uuid.uuid4().hex, now, by="us", text=words, attributes={"what": what})
    channel = "phone" if what == "call" else "ui"
    return Entry(channel, seen, now, prospect.id, user_id=user_id)


def take_back(session: Session, prospect_id: int, key: str) -> str:
    """Undo a move by hand, as if it had never been; the stage it led to. The move itself is kept as
    superseded when the person is folded again. Raises `HandError`."""
    event = session.exec(
        select(Engagement).where(
            Engagement.key == key, Engagement.prospect_id == prospect_id, Engagement.kind == "stage_set"
        )
    ).first()
    if event is None:
        raise HandError("That move is taken back already, or a rule made it: only moves by hand can be.")
    to = str(event.attributes.get("to"))
    session.delete(event)
    session.flush()
    return to


def last_by_hand(session: Session, prospect_id: int) -> Move | None:
    """The newest move by hand that stands."""
    by_hand = select(Move).where(
        Move.prospect_id == prospect_id,
        col(Move.superseded_at).is_(None),
        col(Move.ruleset_id).is_(None),
    )
    return session.exec(by_hand.order_by(col(Move.effective_at).desc(), col(Move.id).desc())).first()
