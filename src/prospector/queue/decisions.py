"""What a rep decides about a card, each in one transaction: the page, the API and its tests call these.

Whatever a decision needs to know is looked up again here, since the page may be an hour old: whose
card it is, whether a colleague has it open, whether the text still holds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from prospector.engagements import Entry, log
from prospector.models import Card, Message, Prospect
from prospector.outreach import approval, outbox
from prospector.outreach.approval import Wording
from prospector.prospects import hand
from prospector.queue import by_hand, day, holds, pipeline
from prospector.queue.day import CardError
from prospector.queue.holds import message_of, open_card_of
from prospector.queue.means import Decided, Means
from prospector.queue.reader import Reader
from prospector.queue.snoozing import CHOICES, Snooze, snooze_of
from prospector.queue.texts import another, like, rewrite, stand_by
from prospector.queue.undo import reopen

LONGEST_WHY = 100


def approve(
    session: Session,
    means: Means,
    reader: Reader,
    message_id: int,
    now: datetime,
    subject: str | None = None,
    body: str | None = None,
    despite: str | None = None,
) -> Decided:
    """The text goes into the outbox, and its card is done; by hand, it has been copied and the card
    waits for `posted`. Raises what `approval.approve` raises, and `CardError`."""
    message = message_of(session, reader, message_id, now)
    wording = None
    if subject is not None or body is not None:
        wording = Wording(
            message.subject if subject is None else subject, message.body if body is None else body
        )
    approval.approve(
        session, means.settings, means.desk, message, reader.id, now, wording=wording, despite=despite
    )
    return _of_message(message, "Copied; say so when you have posted it" if message.by_hand else "Approved")


def posted(session: Session, means: Means, reader: Reader, message_id: int, now: datetime) -> Decided:
    """The rep did by hand what was approved: only now it is sent, and only now its card is done."""
    message = message_of(session, reader, message_id, now)
    if message.by_hand and message.state == "sent":
        return _of_message(message, "Noted as done already")
    try:
        by_hand.settle(session, means.aftermath, message, reader.id, now)
    except outbox.NotPossibleError as error:
        raise CardError(f"{error} Approve it first.") from None
    return _of_message(message, "Noted as done by hand")


def done(session: Session, means: Means, reader: Reader, card_id: int, now: datetime) -> Decided:
    """Dealt with. Of an opt-out in doubt: it was theirs, and they are never written to again."""
    return _close(session, reader, card_id, "done", None, now)


def dismiss(
    session: Session, means: Means, reader: Reader, card_id: int, now: datetime, why: str | None = None
) -> Decided:
    """Nothing is to be done. Of an opt-out in doubt: it was not theirs, and writing goes on."""
    return _close(session, reader, card_id, "dismissed", _short(why), now)


def say_why(session: Session, reader: Reader, card_id: int, why: str, now: datetime) -> Decided:
    """Why a card was dismissed, a moment later. Raises `CardError` where it was not."""
    holds.visible(session, reader, card_id)
    card = session.get_one(Card, card_id, with_for_update=True)
    if card.state != "dismissed":
        raise CardError(f"Card {card_id} is {card.state}; only a dismissal has a reason.")
    card.decided_why = _short(why)
    return Decided(card_id, f"Dismissed: {card.decided_why}")


def snooze(
    session: Session, means: Means, reader: Reader, card_id: int, choice: str, now: datetime
) -> Decided:
    """Put it away (snoozing.CHOICES). Raises `UnknownChoiceError`, `CardError`."""
    chosen = snooze_of(choice, now, reader.zone, reader.day_start)
    put_away(session, reader, card_id, chosen, now)
    label = next(one.label for one in CHOICES if one.key == choice)
    return Decided(card_id, f"Snoozed: {label[:1].lower()}{label[1:]}")


def put_away(session: Session, reader: Reader, card_id: int, snooze: Snooze, now: datetime) -> Decided:
    """Put it away until any moment, or until what they do. Raises `CardError`."""
    card = open_card_of(session, reader, card_id, now)
    day.snooze(session, card.id, until=snooze.until, wake_on=snooze.wake_on, now=now, user_id=reader.id)
    return Decided(card_id, "Snoozed")


def note(session: Session, means: Means, reader: Reader, card_id: int, text: str, now: datetime) -> Decided:
    """A note about the person. Raises `CardError`."""
    prospect = _person(session, reader, card_id)
    _do(session, means, prospect, lambda: hand.logged(prospect, "note", text, reader.id, now), now)
    return Decided(card_id, "Note kept")


def stage(session: Session, means: Means, reader: Reader, card_id: int, to: str, now: datetime) -> Decided:
    """Move the person by hand; rules keep their hands off for a while. Raises `CardError`."""
    prospect = _person(session, reader, card_id)
    known = pipeline.stages_of(session)
    if to not in known:
        raise CardError(f'There is no stage "{to[:100]}"; there are {", ".join(known)}.')
    _do(session, means, prospect, lambda: hand.moved(prospect, to, reader.id, now), now)
    return Decided(card_id, f"{prospect.name} is in {prospect.stage}")


def unstage(session: Session, means: Means, reader: Reader, card_id: int, now: datetime) -> Decided:
    """Take the last move by hand back. Raises `CardError`."""
    prospect = _person(session, reader, card_id)
    last = hand.last_by_hand(session, prospect.id)
    if last is None:
        raise CardError(f"{prospect.name} was not moved by hand; there is nothing to take back.")
    try:
        hand.take_back(session, prospect.id, last.key)
    except hand.HandError as error:
        raise CardError(str(error)) from None
    means.aftermath.follow(session, [], {prospect.id}, (), now)
    session.refresh(prospect)
    return Decided(card_id, f"{prospect.name} is in {prospect.stage} again")


def _close(
    session: Session, reader: Reader, card_id: int, state: str, why: str | None, now: datetime
) -> Decided:
    """Decide a card; the second of two clicks finds it done."""
    card = open_card_of(session, reader, card_id, now)
    if (card.state, card.decided_by) != (state, reader.id):
        day.decide(session, card_id, state, user_id=reader.id, why=why, now=now)
    return Decided(card_id, f"{state[:1].upper()}{state[1:]}")


def _person(session: Session, reader: Reader, card_id: int) -> Prospect:
    holds.visible(session, reader, card_id)
    card = session.get_one(Card, card_id)
    return session.get_one(Prospect, card.prospect_id, with_for_update=True)


def _do(session: Session, means: Means, prospect: Prospect, made: Callable[[], Entry], now: datetime) -> None:
    """Log what somebody did by hand, with all that follows."""
    try:
        new = log(session, [made()])
    except hand.HandError as error:
        raise CardError(str(error)) from None
    means.aftermath.follow(session, new, [], (), now)
    session.refresh(prospect)


def _of_message(message: Message, words: str) -> Decided:
    return Decided(message.card_id, words, message.id, message.state, message.send_at)


def _short(why: str | None) -> str | None:
    return (why or "").strip()[:LONGEST_WHY] or None


__all__ = [
    "Decided",
    "another",
    "approve",
    "dismiss",
    "done",
    "like",
    "note",
    "posted",
    "put_away",
    "reopen",
    "rewrite",
    "say_why",
    "snooze",
    "stage",
    "stand_by",
    "unstage",
]
