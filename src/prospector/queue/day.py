"""Cards in the store: causes come in, a person decides, the day is planned and swept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from prospector.config import Queue
from prospector.models import Card, Message, Prospect
from prospector.outreach import drafts, outbox, suppression
from prospector.queue import rank
from prospector.queue.plan import Item, Plan, act_of, plan
from prospector.queue.rank import Cause, Section, Standing
from prospector.queue.workday import instant, planning_day
from prospector.store import insert_new

OPEN = ("open", "snoozed")
WAKES = ("post", "reply")
StandingOf = Callable[[Session, Prospect], Standing]

# Made once, since each look that finds something asks for it.
_OPEN_OF = (
    select(Card)
    .where(col(Card.prospect_id) == bindparam("prospect"), col(Card.state).in_(OPEN))
    .with_for_update()
    .execution_options(populate_existing=True)
)


class CardError(Exception):
    """A card cannot be decided like that; the message says why."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What housekeeping did to the cards."""

    woken: int = 0
    expired: int = 0

    def __bool__(self) -> bool:
        return bool(self.woken or self.expired)

    def sentence(self) -> str:
        return f"{self.woken} cards came back, {self.expired} expired"


def cause_json(cause: Cause) -> dict[str, Any]:
    return asdict(cause) | {"at": cause.at.isoformat()}


def cause_of(stored: Mapping[str, Any]) -> Cause:
    return Cause(**{**stored, "at": datetime.fromisoformat(stored["at"])})


def offer(
    session: Session,
    prospect: Prospect,
    causes: Sequence[Cause],
    standing: Standing,
    now: datetime,
    due_on: datetime | None = None,
) -> Card | None:
    """Put causes on the person's one card, made if there is none; None where nothing lives.

    An answer always brings a snoozed card back, and so does a post where it was snoozed for one.
    """
    card = _open_of(session, prospect.id)
    if card is None and rank.rank(causes, standing, now).expired:
        return None
    card = card or _new_card(session, prospect, due_on or now, now)
    known = [cause_of(stored) for stored in card.causes]
    fresh = [cause for cause in causes if cause not in known]
    ranked = rank.rank([*known, *fresh], standing, now)
    if ranked.expired or not fresh:
        return card
    card.due_on = min(card.due_on, due_on or now)
    _apply(card, ranked)
    if card.state == "snoozed" and _wakes(card, fresh):
        _wake(card)
    session.flush()
    return card


def _open_of(session: Session, prospect_id: int) -> Card | None:
    """A person's one card, locked and as it is now, whoever else puts causes on it."""
    return session.execute(_OPEN_OF, {"prospect": prospect_id}).scalars().first()


def _new_card(session: Session, prospect: Prospect, due_on: datetime, now: datetime) -> Card:
    """A card without causes; where another process was faster, the card that it made."""
    row: dict[str, Any] = {
        "prospect_id": prospect.id,
        "owner_id": prospect.owner_id,
        "state": "open",
        "due_on": due_on,
        "created_at": now,
        "arrived_at": now,
        "section": "",
        "priority": 0,
        "causes": [],
        "reasons": [],
    }
    insert_new(session, Card, [row])
    card = _open_of(session, prospect.id)
    if card is None:
        raise CardError(f"The card of {prospect.name} was decided this very moment; it is tried again.")
    return card


def _apply(card: Card, ranked: rank.Ranked) -> None:
    card.causes = [cause_json(cause) for cause in ranked.live_causes]
    card.reasons = [asdict(reason) for reason in ranked.reasons]
    card.priority = ranked.priority
    card.section = ranked.section.name.lower() if ranked.section is not None else ""
    card.expires_at = ranked.expires_at


def _wakes(card: Card, causes: Sequence[Cause]) -> bool:
    """An answer always does, and so does trouble with a message, which nobody may sleep over."""
    pressing = any(cause.sort.section in (Section.ANSWER, Section.CHECK) for cause in causes)
    return pressing or (card.wake_on == "post" and any(cause.kind == "post" for cause in causes))


def _wake(card: Card) -> None:
    card.state, card.until, card.wake_on = "open", None, None


def decide(
    session: Session, card_id: int, state: str, *, user_id: int | None, why: str | None, now: datetime
) -> Card:
    """Done or dismissed: all its causes are decided; drafts that were not approved go with it.

    Of an opt-out in doubt "done" says that it was theirs, so that they are never written to again,
    and "dismissed" that it was not.
    """
    card = _open_card(session, card_id)
    if _doubts(card):
        prospect, theirs = session.get_one(Prospect, card.prospect_id), state == "done"
        suppression.decide(session, prospect, theirs=theirs, by=f"card:{card_id}", now=now)
        if theirs:
            outbox.withdraw(session, prospect.id, "they asked us not to write")
    card.state, card.decided_by, card.decided_at, card.decided_why = state, user_id, now, why
    drafts.discard_drafts(session, card_id, f"the card was {state}")
    return card


def settle(session: Session, card_id: int, *, user_id: int | None, now: datetime) -> None:
    """A draft of this card was approved: the card is done, if it was still open. But that says
    nothing about an opt-out in doubt: then it stays."""
    card = session.get_one(Card, card_id)
    if card.state in OPEN and not _doubts(card):
        decide(session, card_id, "done", user_id=user_id, why="a message was approved", now=now)


def _doubts(card: Card) -> bool:
    return any(stored["kind"] == "opt_out" for stored in card.causes)


def snooze(
    session: Session, card_id: int, *, until: datetime | None, wake_on: str | None, now: datetime
) -> Card:
    """Put a card away until a date, or until they post or reply. Raises `CardError`."""
    card = _open_card(session, card_id)
    if until is None and wake_on not in WAKES:
        raise CardError("Say until when: a date, or until they post or reply.")
    if until is not None and until <= now:
        raise CardError("That time has passed; give one in the future.")
    card.state, card.until, card.wake_on = "snoozed", until, wake_on or "date"
    return card


def _open_card(session: Session, card_id: int) -> Card:
    card = session.get(Card, card_id, with_for_update=True)
    if card is None:
        raise CardError(f"There is no card {card_id}. `prospector queue` lists today's.")
    if card.state not in OPEN:
        raise CardError(f"Card {card_id} is {card.state} already.")
    return card


def today(session: Session, queue: Queue, now: datetime, owner_id: int | None = None) -> Plan:
    """The finite day: the open cards that fit into the rep's minutes, answers always."""
    statement = select(Card).where(Card.state == "open", col(Card.due_on) <= now)
    if owner_id is not None:
        statement = statement.where(Card.owner_id == owner_id)
    cards = session.exec(statement.order_by(col(Card.priority).desc()).limit(1000)).all()
    messages = drafts.of_card(session, [card.id for card in cards])
    return plan([item_of(card, messages.get(card.id)) for card in cards], queue.minutes, {}, now)


def item_of(card: Card, message: Message | None) -> Item:
    section = Section[card.section.upper()]
    since = cause_of(card.causes[0]).at if card.causes else card.created_at  # the strongest stands first
    return Item(
        id=card.id,
        priority=card.priority,
        section=section,
        act=act_of(message.action if message else None, section),
        since=since,
        expires_at=card.expires_at,
    )


def sweep(session: Session, queue: Queue, standing_of: StandingOf, now: datetime) -> Sweep:
    """Wake what was snoozed until now, expire what nothing keeps alive, plan the day at its start."""
    due = col(Card.state) == "snoozed", col(Card.until) <= now
    woken = session.exec(select(Card).where(*due)).all()
    for card in woken:
        _remind(card, standing_of(session, session.get_one(Prospect, card.prospect_id)), now)
        _wake(card)
    session.flush()
    # Who put a card away until a date was promised that it comes back.
    promised = (col(Card.state) == "snoozed") & col(Card.until).is_not(None)
    past = select(Card).where(col(Card.state).in_(OPEN), col(Card.expires_at) <= now, ~promised)
    over = session.exec(past).all()
    for card in over:
        card.state, card.decided_at, card.decided_why = "expired", now, "all its causes are past"
        drafts.discard_drafts(session, card.id, "the card expired")
    session.flush()
    _plan_the_day(session, queue, standing_of, now)
    return Sweep(len(woken), len(over))


def _remind(card: Card, standing: Standing, now: datetime) -> None:
    """A card that comes back has a cause: what it was put away with, or that its day has come."""
    causes = [cause_of(stored) for stored in card.causes]
    ranked = rank.rank(causes, standing, now)
    if ranked.expired:
        reminder = Cause("follow_up", card.until or now, detail="you put this off until now")
        ranked = rank.rank([reminder], standing, now)
    _apply(card, ranked)


def _plan_the_day(session: Session, queue: Queue, standing_of: StandingOf, now: datetime) -> None:
    """Once a day, at the rep's start, work the priorities out anew; never under the cursor."""
    zone = ZoneInfo(queue.timezone)
    start = instant(planning_day(now, zone, queue.day_start), queue.day_start, zone)
    stale = select(Card).where(Card.state == "open", col(Card.created_at) < start)
    for card in session.exec(stale.where(col(Card.due_on) < start)):
        standing = standing_of(session, session.get_one(Prospect, card.prospect_id))
        ranked = rank.rank([cause_of(stored) for stored in card.causes], standing, now)
        if not ranked.expired:
            _apply(card, ranked)
        card.due_on = start
