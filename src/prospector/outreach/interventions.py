"""What a person does to what stands in the outbox: back to draft, off the hold, and the end of a doubt.

What nobody can know (RFC 1047) only a person may decide: that it arrived, that it did not and goes out
again, or that it is left as it is.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from prospector.campaigns import endings
from prospector.consequences import Consequences
from prospector.engagements import log
from prospector.models import Card, Message
from prospector.outreach import acts, doubt, outbox
from prospector.outreach.outbox import NotPossibleError
from prospector.queue import day

DOUBTED = ("uncertain", "failed", "stale")


def recall(session: Session, message: Message) -> None:
    """Make an approved message a draft again. Raises `NotPossibleError` once it is on its way."""
    back = outbox.change(
        session,
        message.id,
        ("approved",),
        state="draft",
        approved_by=None,
        approved_at=None,
        approved_hash=None,
        send_at=None,
        copied_at=None,
        error=None,
    )
    if not back:
        raise NotPossibleError(_too_late(message))


def hurry(session: Session, message: Message, now: datetime) -> None:
    """Skip the hold, or the wait before another try. The hours for mail, the cap and the gap stay.
    Raises `NotPossibleError`."""
    if message.by_hand:
        raise NotPossibleError(f"Message {message.id} is for you to do by hand.")
    if message.send_at is None and message.state == "approved":
        raise NotPossibleError("It follows a mail that has not left yet, and gets its time then.")
    if message.send_at is not None and message.send_at <= now and message.state == "approved":
        return
    if not outbox.change(session, message.id, ("approved",), send_at=now):
        raise NotPossibleError(_too_late(message))


def arrived(
    session: Session,
    consequences: Consequences,
    message: Message,
    by: str,
    user_id: int | None,
    now: datetime,
) -> None:
    """Somebody found out that it arrived: it counts as sent at the moment of its second mark, and all
    follows that follows from a sent message. Raises `NotPossibleError`."""
    proved = doubt.prove_sent(session, [message.message_id or ""], f"it arrived, says {by}", now)
    if not proved:
        raise NotPossibleError(_no_doubt(message))
    new = log(session, [acts.entry_of(session, one, now) for one in proved])
    consequences.follow(session, new, [], (), now)
    _forget(session, message, user_id, "it arrived", now)


def send_again(session: Session, message: Message, user_id: int | None, now: datetime) -> None:
    """Somebody found out that it did not arrive: it is approved again, as it was. Raises
    `NotPossibleError`."""
    if not doubt.prove_unsent(session, message.id, now):
        raise NotPossibleError(_no_doubt(message))
    _forget(session, message, user_id, "it did not arrive, and goes out again", now)


def leave(session: Session, message: Message, by: str, user_id: int | None, now: datetime) -> None:
    """Nobody wants to know: what is in doubt or was refused leaves the list, and is never sent again.
    Raises `NotPossibleError`."""
    why = f"{message.error or 'in doubt'}; left as it is by {by}"
    if not outbox.change(session, message.id, ("unknown", "refused"), state="discarded", error=why[:500]):
        raise NotPossibleError(_no_doubt(message))
    endings.break_off(session, message.id, why)
    _forget(session, message, user_id, "left as it is", now)


def _forget(session: Session, message: Message, user_id: int | None, why: str, now: datetime) -> None:
    """The card that asked about this message has its answer, if it asked about nothing else."""
    open_card = select(Card).where(Card.prospect_id == message.prospect_id, col(Card.state).in_(day.OPEN))
    card = session.exec(open_card).first()
    if card is None or not card.causes:
        return
    ours = f"message {message.id}:"
    if all(one["kind"] in DOUBTED and one["detail"].startswith(ours) for one in card.causes):
        day.decide(session, card.id, "done", user_id=user_id, why=why, now=now)


def _too_late(message: Message) -> str:
    said = {"sending": "on its way this moment", "sent": "sent already", "draft": "a draft already"}
    return f"It is too late: the message is {said.get(message.state, message.state)}."


def _no_doubt(message: Message) -> str:
    return f"There is no doubt about this message any more: it is {message.state}."
