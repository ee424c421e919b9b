"""Taking a decision back: the card and its messages as they were, so long as nothing has left."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select, update

from prospector.models import Card, Message, Prospect, Run
from prospector.queue import day, traces
from prospector.queue.day import OPEN, CardError
from prospector.queue.holds import open_card_of, refuse_held
from prospector.queue.means import Decided, Means
from prospector.queue.reader import Reader


class AlreadySentError(CardError):
    """What the decision let go has left; nothing can call it back."""


def reopen(session: Session, means: Means, reader: Reader, card_id: int, now: datetime) -> Decided:
    """Take the last decision of a card back; again, the one before it. A card that came since for the
    same person is joined to it. Raises `AlreadySentError`, `HeldError`, `CardError`."""
    card = open_card_of(session, reader, card_id, now)
    run = session.get(Run, card.run_id) if card.run_id is not None else None
    if run is None:
        raise CardError(f"Card {card_id} is {card.state}; there is no decision to take back.")
    newer = _newer(session, card)
    if newer is not None:
        refuse_held(session, reader, newer.id, now)
        _make_room(session, card, newer)
    try:
        traces.take_back(session, card, run, now)
    except traces.SaidError:
        raise AlreadySentError("It is already sent; it cannot be taken back.") from None
    prospect = session.get_one(Prospect, card.prospect_id)
    # The person may have got another owner since: whose they are, theirs is the card that comes back.
    card.owner_id = prospect.owner_id
    if newer is not None:
        causes = [day.cause_of(stored) for stored in newer.causes]
        day.offer(session, prospect, causes, means.aftermath.standing_of(session, prospect, now), now)
    return Decided(card_id, "Taken back")


def _newer(session: Session, card: Card) -> Card | None:
    """The card that came for the same person since this one was decided."""
    if card.state in OPEN:
        return None
    others = select(Card).where(
        Card.prospect_id == card.prospect_id, col(Card.state).in_(OPEN), Card.id != card.id
    )
    return session.exec(others.with_for_update()).first()


def _make_room(session: Session, card: Card, newer: Card) -> None:
    """A person has one card at a time: the newer one's drafts and causes go over to the older."""
    session.exec(
        update(Message)
        .where(col(Message.card_id) == newer.id)
        .values(card_id=card.id)
        .execution_options(synchronize_session=False)
    )
    traces.forget(session, newer)
    session.delete(newer)
    session.flush()
