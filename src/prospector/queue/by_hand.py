"""What software may not do, a person does: it is sent when, and only when, they say so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from prospector.engagements import log
from prospector.models import Card, Engagement, Message
from prospector.outreach import acts, outbox
from prospector.queue import day, traces


class Following(Protocol):
    """What lets all follow from new engagements (`Consequences`)."""

    def follow(
        self,
        session: Session,
        new: Sequence[Engagement],
        changed: Iterable[int],
        touched: Collection[int],
        now: datetime,
    ) -> list[str]: ...


def settle(
    session: Session, following: Following, message: Message, user_id: int | None, now: datetime
) -> None:
    """Somebody did it: the act becomes part of the history, and only now its card is done. Raises
    `NotPossibleError`."""
    uri = message.message_id or f"hand:{message.id}"
    card = session.get(Card, message.card_id, with_for_update=True) if message.card_id is not None else None
    was = traces.before(session, card) if card is not None and card.state in day.OPEN else None
    if not message.by_hand or not outbox.note_by_hand(session, message, uri, now):
        raise outbox.NotPossibleError(f"Message {message.id} is not one that waits to be done by hand.")
    session.refresh(message)
    new = log(session, [acts.entry_of(session, message, now)])
    following.follow(session, new, [], (), now)
    if message.card_id is not None:
        # With what was said in its trace, the decision cannot be taken back: it is history.
        day.settle(session, message.card_id, user_id=user_id, now=now, was=was)
