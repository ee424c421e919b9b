"""A card that somebody has open is theirs for a while, so that two of us never answer one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, case, or_, select
from sqlmodel import Session, col, update

from prospector.models import Card, Message, Prospect, User, table_of
from prospector.queue.day import OPEN, CardError, NoCardError
from prospector.queue.reader import Reader
from prospector.store import read_rows

BEYOND = 2**31
"""No row has this number or a higher one; SQLite takes none of more than 63 bits."""

_CARD, _PROSPECT, _USER = table_of(Card), table_of(Prospect), table_of(User)
_OWNER = (
    select(_PROSPECT.c.owner_id)
    .join_from(_CARD, _PROSPECT, _PROSPECT.c.id == _CARD.c.prospect_id)
    .where(_CARD.c.id == bindparam("card"))
)
_HOLD = (
    select(*_CARD.c["held_by", "held_until"], _USER.c.name)
    .join_from(_CARD, _USER, _USER.c.id == _CARD.c.held_by)
    .where(_CARD.c.id == bindparam("card"), _CARD.c.held_until > bindparam("now"), _CARD.c.state.in_(OPEN))
)


class HeldError(CardError):
    """A colleague has the card open; the message says who, and until when."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Who has a card open, and until when."""

    user_id: int
    name: str
    until: datetime
    mine: bool

    def sentence(self, zone: ZoneInfo) -> str:
        who = "You have" if self.mine else f"{self.name} has"
        return f"{who} it open until {self.until.astimezone(zone):%H:%M}."


def open_card(session: Session, reader: Reader, card_id: int, hold: timedelta, now: datetime) -> Hold | None:
    """Reserve a card for its reader, unless a colleague has it: then theirs is the hold that is given.

    None where nobody can hold it: it is decided, or the reader is no user. Raises `NoCardError`.
    """
    visible(session, reader, card_id)
    if reader.id is not None:
        free = or_(
            col(Card.held_until).is_(None), col(Card.held_until) <= now, col(Card.held_by) == reader.id
        )
        _take(session, reader.id, card_id, hold, now, free)
    return hold_of(session, reader, card_id, now)


def take_over(session: Session, reader: Reader, card_id: int, hold: timedelta, now: datetime) -> Hold | None:
    """The same, whoever has it. Raises `NoCardError`."""
    visible(session, reader, card_id)
    if reader.id is not None:
        _take(session, reader.id, card_id, hold, now)
    return hold_of(session, reader, card_id, now)


def release(session: Session, reader: Reader, card_id: int) -> None:
    """Let a card go that one has open oneself."""
    if not 0 < card_id < BEYOND:
        return
    session.exec(
        update(Card)
        .where(col(Card.id) == card_id, col(Card.held_by) == reader.id)
        .values(held_by=None, held_until=None)
        .execution_options(synchronize_session=False)
    )


def hold_of(session: Session, reader: Reader, card_id: int, now: datetime) -> Hold | None:
    """Who has a card open now."""
    found = next(iter(read_rows(session, _HOLD, card=card_id, now=now)), None)
    if found is None:
        return None
    return Hold(found.held_by, found.name, found.held_until, found.held_by == reader.id)


def refuse_held(session: Session, reader: Reader, card_id: int, now: datetime) -> None:
    """Raises `HeldError` where a colleague has the card open."""
    hold = hold_of(session, reader, card_id, now)
    if hold is not None and not hold.mine:
        raise HeldError(f"{hold.sentence(reader.zone)} Take it over to decide it yourself.")


def visible(session: Session, reader: Reader, card_id: int) -> None:
    """Raises `NoCardError` where there is no such card, or its person is none of the reader's: a card
    that was decided does not go along when the person gets another owner."""
    found = read_rows(session, _OWNER, card=card_id) if 0 < card_id < BEYOND else []
    if not found or not reader.scope.allows(found[0].owner_id):
        raise NoCardError(f"There is no card {card_id}. `prospector queue` lists today's.")


def open_card_of(session: Session, reader: Reader, card_id: int, now: datetime) -> Card:
    """A card that this reader may decide now, locked. Raises `NoCardError`, `HeldError`."""
    visible(session, reader, card_id)
    refuse_held(session, reader, card_id, now)
    return session.get_one(Card, card_id, with_for_update=True)


def message_of(session: Session, reader: Reader, message_id: int, now: datetime) -> Message:
    """A message whose person is in the reader's scope, and whose card nobody else has open; locked, so
    that no text is kept over one that somebody approves this moment."""
    locked: dict[str, Any] = {"with_for_update": True, "populate_existing": True}
    message = session.get(Message, message_id, **locked) if 0 < message_id < BEYOND else None
    person = session.get(Prospect, message.prospect_id) if message is not None else None
    if message is None or person is None or not reader.scope.allows(person.owner_id):
        raise NoCardError(f"There is no message {message_id}. `prospector drafts` lists those that wait.")
    if message.card_id is not None:
        refuse_held(session, reader, message.card_id, now)
    return message


def _take(
    session: Session, user_id: int, card_id: int, hold: timedelta, now: datetime, *conditions: object
) -> None:
    """Compare and set. Who has it already keeps the moment at which they began to read."""
    reading = (col(Card.held_by) == user_id) & (col(Card.held_until) > now)
    session.exec(
        update(Card)
        .where(col(Card.id) == card_id, col(Card.state).in_(OPEN), *conditions)  # type: ignore[arg-type]
        .values(
            held_by=user_id,
            held_until=now + hold,
            opened_at=case((reading, col(Card.opened_at)), else_=now),
        )
        .execution_options(synchronize_session=False)
    )
