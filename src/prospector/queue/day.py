"""Cards in the store: causes come in, a person decides, the day is planned and swept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, bindparam
from sqlmodel import Session, col, select

from prospector.config import Queue
from prospector.models import Card, Prospect, User
from prospector.outreach import drafts, outbox, suppression
from prospector.outreach.window import zone_of
from prospector.queue import rank, traces
from prospector.queue.rank import Cause, Section, Standing
from prospector.queue.traces import Before
from prospector.queue.workday import instant, planning_day
from prospector.store import insert_new

OPEN = ("open", "snoozed")
PAGE = 200
"""Cards that one transaction sweeps: a running process writes between two."""
WAKES = ("post", "reply")
FARTHEST = timedelta(days=1830)
"""For how long a card can be put away: beyond it, somebody has mistyped a year."""
APPROVED = "a message was approved"
"""Why a card is done of which a message was approved."""
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


class NoCardError(CardError):
    """There is no such card, or it is somebody else's: the answer is the same."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What housekeeping did to the cards; `more` tells that there is another page to do."""

    woken: int = 0
    expired: int = 0
    more: bool = False

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
    With a stronger cause than any before a card has arrived anew.
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
    if ranked.live_causes[0] in fresh:
        card.arrived_at = now
    apply(card, ranked)
    if card.state == "snoozed" and _wakes(card, fresh):
        _wake(session, card, now)
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
        "since": now,
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


def apply(card: Card, ranked: rank.Ranked) -> None:
    """Keep what was worked out for a card that something keeps alive."""
    card.causes = [cause_json(cause) for cause in ranked.live_causes]
    card.since = ranked.live_causes[0].at
    card.reasons = [asdict(reason) for reason in ranked.reasons]
    card.priority = ranked.priority
    card.section = ranked.section.name.lower() if ranked.section is not None else ""
    card.expires_at = ranked.expires_at


def _wakes(card: Card, causes: Sequence[Cause]) -> bool:
    """An answer always does, and so does trouble with a message, which nobody may sleep over."""
    pressing = any(cause.sort.section in (Section.ANSWER, Section.CHECK) for cause in causes)
    return pressing or (card.wake_on == "post" and any(cause.kind == "post" for cause in causes))


def _wake(session: Session, card: Card, now: datetime) -> None:
    """Open again, as if it had come only now."""
    card.state, card.until, card.wake_on, card.arrived_at = "open", None, None, now
    card.decided_by = card.decided_at = card.decided_why = card.opened_at = None
    release(card)
    traces.forget(session, card)


def release(card: Card) -> None:
    """Nobody has the card open any more."""
    card.held_by = card.held_until = None


def decide(
    session: Session,
    card_id: int,
    state: str,
    *,
    user_id: int | None,
    why: str | None,
    now: datetime,
    was: Before | None = None,
    made: Sequence[int] = (),
) -> Card:
    """Done or dismissed: all its causes are decided; drafts that were not approved go with it.

    Of an opt-out in doubt "done" says that it was theirs, so that they are never written to again,
    and "dismissed" that it was not. `was` is how things stood before, where the decision has begun
    already, and `made` the messages that it made.
    """
    card = _open_card(session, card_id)
    was = was or traces.before(session, card)
    if _doubts(card):
        prospect, theirs = session.get_one(Prospect, card.prospect_id), state == "done"
        suppression.decide(session, prospect, theirs=theirs, by=f"card:{card_id}", now=now)
        if theirs:
            outbox.withdraw(session, prospect.id, "they asked us not to write")
    card.state, card.decided_by, card.decided_at, card.decided_why = state, user_id, now, why
    release(card)
    drafts.discard_drafts(session, card_id, f"the card was {state}")
    traces.keep(session, card, was, user_id, now, made)
    return card


def settle(
    session: Session, card_id: int, *, user_id: int | None, now: datetime, was: Before | None = None
) -> None:
    """A draft of this card was approved: the card is done, if it was still open. But that says
    nothing about an opt-out in doubt: then it stays."""
    card = session.get_one(Card, card_id)
    if card.state in OPEN and not _doubts(card):
        decide(session, card_id, "done", user_id=user_id, why=APPROVED, now=now, was=was)
    elif was is not None:
        traces.keep(session, card, was, user_id, now)


def _doubts(card: Card) -> bool:
    return any(stored["kind"] == "opt_out" for stored in card.causes)


def snooze(
    session: Session,
    card_id: int,
    *,
    until: datetime | None,
    wake_on: str | None,
    now: datetime,
    user_id: int | None = None,
) -> Card:
    """Put a card away until a date, or until they post or reply. Raises `CardError`."""
    card = _open_card(session, card_id)
    if until is None and wake_on not in WAKES:
        raise CardError("Say until when: a date, or until they post or reply.")
    if until is not None and until <= now:
        raise CardError("That time has passed; give one in the future.")
    if until is not None and until > now + FARTHEST:
        raise CardError("That is more than five years away; give an earlier day, or dismiss the card.")
    was = traces.before(session, card)
    card.state, card.until, card.wake_on = "snoozed", until, wake_on or "date"
    card.decided_by, card.decided_at, card.decided_why = user_id, now, None
    release(card)
    traces.keep(session, card, was, user_id, now)
    return card


def _open_card(session: Session, card_id: int) -> Card:
    card = session.get(Card, card_id, with_for_update=True)
    if card is None:
        raise NoCardError(f"There is no card {card_id}. `prospector queue` lists today's.")
    if card.state not in OPEN:
        raise CardError(f"Card {card_id} is {card.state} already.")
    return card


def sweep(session: Session, queue: Queue, standing_of: StandingOf, now: datetime) -> Sweep:
    """A page of what is due: wake what was snoozed until now, expire what nothing keeps alive, plan
    the day at its start. To be called again while there is `more`."""
    due = col(Card.state) == "snoozed", col(Card.until) <= now
    # What somebody decides this very moment is left to them: it is looked at again with the next page.
    woken = session.exec(select(Card).where(*due).limit(PAGE).with_for_update(skip_locked=True)).all()
    for card in woken:
        _remind(card, standing_of(session, session.get_one(Prospect, card.prospect_id)), now)
        _wake(session, card, now)
    session.flush()
    # Who put a card away until a date was promised that it comes back.
    promised = (col(Card.state) == "snoozed") & col(Card.until).is_not(None)
    past = select(Card).where(col(Card.state).in_(OPEN), col(Card.expires_at) <= now, ~promised)
    over = session.exec(past.limit(PAGE).with_for_update(skip_locked=True)).all()
    for card in over:
        _expire(session, card, now)
    session.flush()
    planned = _plan_the_day(session, queue, standing_of, now)
    return Sweep(len(woken), len(over), max(len(woken), len(over), planned) == PAGE)


def _expire(session: Session, card: Card, now: datetime) -> None:
    labels = dict.fromkeys(cause_of(stored).sort.label for stored in card.causes)
    card.state, card.decided_at = "expired", now
    card.decided_why = f"all its causes are past: {', '.join(labels)}" if labels else "it has no cause"
    card.decided_by = None
    release(card)
    traces.forget(session, card)
    drafts.discard_drafts(session, card.id, "the card expired")


def _remind(card: Card, standing: Standing, now: datetime) -> None:
    """A card that comes back has a cause: what it was put away with, or that its day has come."""
    causes = [cause_of(stored) for stored in card.causes]
    ranked = rank.rank(causes, standing, now)
    if ranked.expired:
        reminder = Cause("follow_up", card.until or now, detail="you put this off until now")
        ranked = rank.rank([reminder], standing, now)
    apply(card, ranked)


def _plan_the_day(session: Session, queue: Queue, standing_of: StandingOf, now: datetime) -> int:
    """Once a day, at the start of whose card it is, work the priorities out anew; never under the
    cursor. How many cards this page planned."""
    planned = 0
    for theirs, start in _starts(session, queue, now):
        stale = select(Card).where(Card.state == "open", col(Card.due_on) < start, theirs)
        page = stale.where(col(Card.created_at) < start).limit(PAGE - planned)
        for card in session.exec(page.with_for_update(skip_locked=True)).all():
            standing = standing_of(session, session.get_one(Prospect, card.prospect_id))
            ranked = rank.rank([cause_of(stored) for stored in card.causes], standing, now)
            if not ranked.expired:
                apply(card, ranked)
            card.due_on, planned = start, planned + 1
        session.flush()
        if planned >= PAGE:
            break
    return planned


def _starts(session: Session, queue: Queue, now: datetime) -> Iterator[tuple[ColumnElement[bool], datetime]]:
    """Whose cards, and when their day began: each user in their own zone, nobody's in the team's."""
    users = session.exec(select(User.id, User.timezone, User.day_start).order_by(col(User.id))).all()
    for id_, zone, begins in users:
        at = time.fromisoformat(begins)
        yield col(Card.owner_id) == id_, _start(now, zone_of(zone, queue.timezone), at)
    yield col(Card.owner_id).is_(None), _start(now, ZoneInfo(queue.timezone), queue.day_start)


def _start(now: datetime, zone: ZoneInfo, at: time) -> datetime:
    return instant(planning_day(now, zone, at), at, zone)
