"""From an approved draft to one sent message: claim, deliver, settle, and be honest about doubt.

    draft → approved → sending → sent | refused      and unknown, and discarded

Two marks inside `sending`. `claimed_at` is committed with the checks of suppression, cap and gap
in the very UPDATE that claims; connecting and naming the recipient happen under it. `data_at` is
committed right before the bytes after which nobody can know (SMTP: DATA; RFC 1047 tells why). What
dies before the second mark was never said and goes back to `approved`; what dies after it is
`unknown`, and is never sent again by itself.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func
from sqlmodel import Session, col, select, update

from prospector.models import Account, Message, Profile, Prospect, Suppression
from prospector.outreach.suppression import keys_of

COUNTED = ("sending", "sent", "unknown")
TRIES = 6
DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds one account's sending: `cap` in any 24 hours (None: no bound), `gap` between two."""

    cap: int | None
    gap: timedelta


@dataclass(frozen=True, slots=True)
class Claim:
    """One message that this process alone may deliver now; `claimed_at` proves it."""

    message_id: int
    claimed_at: datetime


class NotPossibleError(Exception):
    """A message cannot go from its state to the one that was asked for; the message says why."""


def content_hash(message: Message) -> str:
    """What a person approved: action, recipient, subject and body, byte for byte."""
    parts = [message.action, str(message.prospect_id), message.subject, message.body]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def new_message_id(domain: str) -> str:
    """A Message-ID of our own (RFC 5322, 3.6.4), made once at approval."""
    return f"<{uuid.uuid4().hex}@{domain or 'prospector.invalid'}>"


def approve(
    session: Session,
    message: Message,
    *,
    user_id: int | None,
    domain: str,
    hold: timedelta,
    now: datetime,
) -> None:
    """Put a draft into the outbox. Raises `NotPossibleError`; problems are the caller's to check."""
    changed = session.exec(
        update(Message)
        .where(col(Message.id) == message.id, col(Message.state) == "draft")
        .values(
            state="approved",
            approved_by=user_id,
            approved_at=now,
            approved_hash=content_hash(message),
            message_id=message.message_id or new_message_id(domain),
            send_at=None if message.by_hand else now + hold,
            copied_at=now if message.by_hand else None,
        )
        .execution_options(synchronize_session=False)
    ).rowcount
    if changed != 1:
        raise NotPossibleError(f"Message {message.id} is {message.state}; only a draft can be approved.")
    session.refresh(message)


def discard(session: Session, message: Message, why: str) -> None:
    """Take a message back that has not been said. Raises `NotPossibleError`."""
    if not _change(session, message.id, ("draft", "approved", "unknown"), state="discarded", error=why):
        raise NotPossibleError(f"Message {message.id} is {message.state}; it cannot be taken back.")


def due(session: Session, now: datetime, limit: int = 200) -> list[int]:
    """Approved messages whose time has come, of accounts that are not paused."""
    statement = (
        select(Message.id)
        .join(Account, col(Account.id) == col(Message.account_id))
        .join(Prospect, col(Prospect.id) == col(Message.prospect_id))
        .where(
            Message.state == "approved",
            col(Message.by_hand).is_(False),
            col(Message.send_at) <= now,
            col(Account.paused_why).is_(None) | (col(Account.paused_until) <= now),
            col(Prospect.paused_until).is_(None) | (col(Prospect.paused_until) <= now),
        )
        .order_by(col(Message.send_at), col(Message.id))
        .limit(limit)
    )
    return list(session.exec(statement))


def claim(session: Session, message_id: int, limits: Limits, now: datetime) -> Claim | None:
    """Take one message for delivery, by one UPDATE that checks everything; None if it may not go."""
    message = session.get_one(Message, message_id)
    prospect = session.get_one(Prospect, message.prospect_id)
    session.get_one(Account, message.account_id, with_for_update=True)
    profiles = session.exec(select(Profile).where(Profile.prospect_id == prospect.id)).all()
    forbidden = exists().where(col(Suppression.key).in_(keys_of(prospect, profiles)))
    ledger = select(func.count()).where(
        col(Message.account_id) == message.account_id, col(Message.state).in_(COUNTED)
    )
    conditions = [
        col(Message.id) == message_id,
        col(Message.state) == "approved",
        col(Message.send_at) <= now,
        col(Message.approved_hash) == content_hash(message),
        ~forbidden,
    ]
    if limits.cap is not None:
        today = ledger.where(col(Message.claimed_at) > now - DAY).scalar_subquery()
        conditions.append(today < limits.cap)
    if limits.gap:
        gap = jittered(limits.gap, message.message_id or "")
        recent = ledger.where(col(Message.claimed_at) > now - gap).scalar_subquery()
        conditions.append(recent == 0)
    taken = session.exec(
        update(Message)
        .where(*conditions)
        .values(state="sending", claimed_at=now, data_at=None, tries=Message.tries + 1)
        .execution_options(synchronize_session=False)
    ).rowcount
    return Claim(message_id, now) if taken == 1 else None


def jittered(gap: timedelta, message_id: str) -> timedelta:
    """The gap before this message: up to 60 % longer, the same after a restart."""
    return gap * (1 + random.Random(message_id).uniform(0, 0.6))


def mark_data(session: Session, claim: Claim, now: datetime) -> bool:
    """The second mark; False when the claim was taken back meanwhile: then say no more."""
    return _under(session, claim, col(Message.data_at).is_(None), data_at=now)


def settle_sent(session: Session, claim: Claim, *, reply: str, uri: str, now: datetime) -> bool:
    """Accepted. Also true news for a claim that was given up: then the message was `unknown`."""
    values: dict[str, Any] = {
        "state": "sent",
        "sent_at": now,
        "reply": reply[:500],
        "uri": uri,
        "error": None,
    }
    return _under(session, claim, **values) or _change(session, claim.message_id, ("unknown",), **values)


def settle_refused(session: Session, claim: Claim, why: str) -> bool:
    return _under(session, claim, state="refused", error=why[:500])


def settle_unsaid(session: Session, claim: Claim, why: str, again_at: datetime) -> bool:
    """Surely not accepted: back to the outbox, or refused after too many tries."""
    message = session.get_one(Message, claim.message_id)
    if message.tries >= TRIES:
        return settle_refused(session, claim, f"given up after {message.tries} tries: {why}")
    values: dict[str, Any] = {"state": "approved", "claimed_at": None, "data_at": None}
    return _under(session, claim, send_at=again_at, error=why[:500], **values)


def settle_unknown(session: Session, claim: Claim, why: str) -> bool:
    """Nobody can know: said so, and left for proof or a person."""
    return _under(session, claim, state="unknown", error=why[:500])


def note_by_hand(session: Session, message: Message, uri: str, now: datetime) -> None:
    """A by-hand message is sent when, and only when, the person says so."""
    _change(session, message.id, ("approved",), state="sent", sent_at=now, uri=uri, reply="done by hand")


def recover(session: Session, claimed_before: datetime) -> tuple[int, int]:
    """Settle what a dead process left in `sending`: how many went back, how many are unknown."""
    stuck = (col(Message.state) == "sending", col(Message.claimed_at) < claimed_before)
    unsaid = session.exec(
        update(Message)
        .where(*stuck, col(Message.data_at).is_(None))
        .values(state="approved", claimed_at=None, error="interrupted before anything was said")
    ).rowcount
    unknown = session.exec(
        update(Message)
        .where(*stuck, col(Message.data_at).is_not(None))
        .values(state="unknown", error="interrupted while the server had the last word")
    ).rowcount
    return unsaid, unknown


def prove_sent(session: Session, message_ids: Sequence[str], why: str, now: datetime) -> list[int]:
    """A reply, a bounce or the Sent folder quotes these Message-IDs: what was unknown was sent."""
    if not message_ids:
        return []
    statement = (
        update(Message)
        .where(col(Message.message_id).in_(message_ids), col(Message.state) == "unknown")
        .values(state="sent", sent_at=now, error=None, reply=why)
        .returning(col(Message.id))
    )
    return [row[0] for row in session.execute(statement)]


def prove_unsent(session: Session, message_id: int, now: datetime) -> bool:
    """It was looked for and surely is not there: approved again."""
    return _change(
        session, message_id, ("unknown",), state="approved", claimed_at=None, data_at=None, send_at=now
    )


def _under(session: Session, claim: Claim, *conditions: Any, **values: Any) -> bool:
    """Compare and set: only while the message is still ours, as claimed."""
    statement = (
        update(Message)
        .where(
            col(Message.id) == claim.message_id,
            col(Message.state) == "sending",
            col(Message.claimed_at) == claim.claimed_at,
            *conditions,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return session.exec(statement).rowcount == 1


def _change(session: Session, message_id: int, states: Sequence[str], **values: Any) -> bool:
    statement = (
        update(Message)
        .where(col(Message.id) == message_id, col(Message.state).in_(states))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return session.exec(statement).rowcount == 1
