"""The queue beside today: what is put away, and what was decided, with what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlmodel import Session

from prospector.models import Card, Company, Message, Prospect, User, table_of
from prospector.queue import day, search
from prospector.queue.listing import Row, rows_of
from prospector.queue.reader import Reader
from prospector.store import read_rows

MOST_SNOOZED = 200
PAGE = 50
DECIDED = ("done", "dismissed", "snoozed", "expired")

_CARD, _MESSAGE = table_of(Card), table_of(Message)
_PROSPECT, _COMPANY, _USER = table_of(Prospect), table_of(Company), table_of(User)
_WENT = (
    select(*_MESSAGE.c["card_id", "id", "state", "sent_at", "send_at", "by_hand", "error"])
    .where(_MESSAGE.c.card_id.in_(bindparam("ids", expanding=True)), _MESSAGE.c.state != "discarded")
    .order_by(_MESSAGE.c.id)
)


@dataclass(frozen=True, slots=True)
class Went:
    """What came of the text of a decided card: its state, and in words when it left or will."""

    id: int
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Done:
    """A card that was decided: by whom (None: by the clock, or the command line), when, and how."""

    card_id: int
    prospect_id: int
    name: str
    company: str | None
    state: str
    words: str
    who: str | None
    at: datetime
    message: Went | None


def snoozed(session: Session, reader: Reader, query: str = "") -> tuple[Row, ...]:
    """What is put away, the next to come back first, those that wait for something last; at most 200."""
    statement = (
        select(_CARD.c.id)
        .where(_CARD.c.state == "snoozed", reader.scope.where(_CARD.c.owner_id))
        .order_by(_CARD.c.until.is_(None), _CARD.c.until, _CARD.c.id)
        .limit(MOST_SNOOZED)
    )
    ids = [id_ for (id_,) in session.connection().execute(statement)]
    wanted = search.parse(query)
    return tuple(row for row in rows_of(session, ids) if search.matches(wanted, row))


def done(session: Session, reader: Reader, now: datetime, before: datetime | None = None) -> tuple[Done, ...]:
    """What was decided among the reader's cards, the newest first, fifty at a time: `before` is the
    last one's moment."""
    statement = (
        select(
            *_CARD.c["id", "prospect_id", "state", "until", "wake_on", "decided_at", "decided_why"],
            _PROSPECT.c.name,
            _COMPANY.c.name.label("company"),
            _USER.c.name.label("who"),
        )
        .join_from(_CARD, _PROSPECT, _PROSPECT.c.id == _CARD.c.prospect_id)
        .join(_COMPANY, _COMPANY.c.id == _PROSPECT.c.company_id, isouter=True)
        .join(_USER, _USER.c.id == _CARD.c.decided_by, isouter=True)
        .where(
            _CARD.c.decided_at < before if before is not None else _CARD.c.decided_at <= now,
            _CARD.c.state.in_(DECIDED),
            reader.scope.where(_CARD.c.owner_id),
            # Who had the card then may see the person no more.
            reader.scope.where(_PROSPECT.c.owner_id),
        )
        .order_by(_CARD.c.decided_at.desc(), _CARD.c.id.desc())
        .limit(PAGE)
    )
    cards = session.connection().execute(statement).all()
    went = {}
    if cards:
        found = read_rows(session, _WENT, ids=[card.id for card in cards])
        went = {one.card_id: Went(one.id, one.state, went_in_words(one, reader.zone)) for one in found}
    return tuple(_done(card, went.get(card.id), reader.zone) for card in cards)


def _done(card: Any, went: Went | None, zone: ZoneInfo) -> Done:
    return Done(
        card_id=card.id,
        prospect_id=card.prospect_id,
        name=card.name,
        company=card.company,
        state=card.state,
        words=decided_in_words(card, zone),
        who=card.who,
        at=card.decided_at,
        message=went,
    )


def decided_in_words(card: Any, zone: ZoneInfo) -> str:
    """How a card was decided: "Approved", "Dismissed: too old", "Snoozed until 24 Nov 07:00"."""
    if card.state == "snoozed":
        if card.until is None:
            return f"Snoozed until they {card.wake_on}"
        return f"Snoozed until {card.until.astimezone(zone):%-d %b %H:%M}"
    if card.state == "done":
        return "Approved" if card.decided_why == day.APPROVED else "Done"
    said = card.state[:1].upper() + card.state[1:]
    return f"{said}: {card.decided_why}" if card.decided_why else said


def went_in_words(message: Any, zone: ZoneInfo) -> str:
    """What became of a text: "sent 10:42", "held until 11:15"."""
    if message.state == "sent" and message.sent_at is not None:
        return f"sent {message.sent_at.astimezone(zone):%H:%M}"
    if message.state == "approved":
        if message.by_hand:
            return "waits for you to do it by hand"
        return f"held until {message.send_at.astimezone(zone):%H:%M}" if message.send_at else "held"
    plain = {"draft": "a draft still", "sending": "on its way", "unknown": "nobody knows whether it was sent"}
    return plain.get(message.state) or f"refused: {message.error or 'no reason given'}"
