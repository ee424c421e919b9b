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
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, select, update

from prospector.campaigns import endings
from prospector.models import Account, Campaign, Company, Message, Profile, Prospect, Suppression
from prospector.outreach import fresh, ledger
from prospector.outreach.ledger import Limits
from prospector.outreach.states import UNSAID
from prospector.outreach.suppression import keys_of

TRIES = 6
# The platform's own word settles a claim even after recovery has declared it unknown.
ANSWERED = ("sending", "unknown")


@dataclass(frozen=True, slots=True)
class Claim:
    """One message that this process alone may deliver now; `claimed_at` proves it."""

    message_id: int
    claimed_at: datetime


class NotPossibleError(Exception):
    """A message cannot go from its state to the one that was asked for; the message says why."""


def content_hash(message: Message) -> str:
    """What a person approved, byte for byte: action, subject and body, and to whom. Of a mail that is the
    address, with the account that it leaves from and its footer: it holds where two rows of one person
    are merged."""
    to = message.address or str(message.prospect_id)
    parts = [message.action, to, message.subject, message.body]
    # What was approved before addresses were kept stays approved.
    if message.address is not None:
        parts += [str(message.account_id), message.footer]
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
    """Put a draft into the outbox. Raises `NotPossibleError`; problems are the caller's to check.

    A mail goes to the address that the person has now. A follow-up has no time yet: the message
    before it must be sent first.
    """
    message.address = _address_of(session, message)
    changed = session.exec(
        update(Message)
        .where(col(Message.id) == message.id, col(Message.state) == "draft")
        .values(
            state="approved",
            approved_by=user_id,
            approved_at=now,
            approved_hash=content_hash(message),
            address=message.address,
            message_id=message.message_id or new_message_id(domain),
            send_at=None if message.by_hand or follows_up(message) else now + hold,
            copied_at=now if message.by_hand else None,
        )
        .execution_options(synchronize_session=False)
    ).rowcount
    if changed != 1:
        raise NotPossibleError(f"Message {message.id} is {message.state}; only a draft can be approved.")
    session.refresh(message)


def _address_of(session: Session, message: Message) -> str | None:
    if message.action != "email":
        return None
    return session.get_one(Prospect, message.prospect_id).email


def follows_up(message: Message) -> bool:
    """Whether a message of a campaign comes after another to the same person."""
    return message.step is not None and message.step > 1


def discard(session: Session, message: Message, why: str) -> None:
    """Take a message back that has not been said, and with it all that was to follow it. Raises
    `NotPossibleError`."""
    if not change(session, message.id, ("draft", "approved", "unknown"), state="discarded", error=why):
        raise NotPossibleError(f"Message {message.id} is {message.state}; it cannot be taken back.")
    endings.break_off(session, message.id, why)


def due(session: Session, now: datetime, limits: Mapping[int, Limits]) -> list[int]:
    """What may leave now: of each account that is not paused the next message where a gap is kept,
    else as many as its cap leaves. One account's backlog never holds up another's."""
    ours = [id_ for id_, one in limits.items() if not one.paused]
    accounts = session.exec(
        select(Account).where(col(Account.id).in_(ours), *may_send(now)).order_by(col(Account.id))
    ).all()
    idle = list(session.exec(select(Campaign.id).where(Campaign.state != "running")))
    return [id_ for account in accounts for id_ in _next(session, account, limits[account.id], idle, now)]


def may_send(now: datetime) -> list[ColumnElement[bool]]:
    """An account that neither a person, a refusal nor a circuit breaker holds back."""
    # An account without an end to its break waits until somebody has renewed its access.
    paused = col(Account.paused_why).is_not(None)
    held = col(Account.held_why).is_not(None)
    over = col(Account.paused_until).is_not(None) & (col(Account.paused_until) <= now)
    held_over = col(Account.held_until).is_not(None) & (col(Account.held_until) <= now)
    return [~paused | over, ~held | held_over]


def _next(
    session: Session, account: Account, limits: Limits, idle: Sequence[int], now: datetime
) -> list[int]:
    statement = (
        select(Message)
        .join(Prospect, col(Prospect.id) == col(Message.prospect_id))
        .join(Company, col(Company.id) == col(Prospect.company_id), isouter=True)
        .where(
            Message.account_id == account.id,
            Message.state == "approved",
            col(Message.by_hand).is_(False),
            col(Message.send_at) <= now,
            col(Prospect.archived_at).is_(None),
            col(Prospect.paused_until).is_(None) | (col(Prospect.paused_until) <= now),
            _free(Company.paused_until, now) | endings.spared(Message.campaign_id),
        )
        .order_by(col(Message.send_at), col(Message.id))
        .limit(1 if limits.gap else ledger.BURST)
    )
    if idle:
        statement = statement.where(
            col(Message.campaign_id).is_(None) | col(Message.campaign_id).not_in(idle)
        )
    waiting = session.exec(statement).all()
    if not waiting or ledger.gap_ends(session, waiting[0], limits, now) is not None:
        return []
    cap = ledger.cap_of(session, account, limits, now)
    return [message.id for message in waiting[: ledger.left(session, account.id, cap, now)]]


def put_off(session: Session, message_id: int, until: datetime, why: str | None = None) -> bool:
    """Look at an approved message again only then."""
    values: dict[str, Any] = {"send_at": until} | ({"error": why} if why is not None else {})
    return change(session, message_id, ("approved",), **values)


def put_off_all(session: Session, which: Sequence[ColumnElement[bool]], until: datetime) -> int:
    """Look at all approved messages of a sort again only then, so that they block nobody's way."""
    statement = (
        update(Message)
        .where(col(Message.state) == "approved", col(Message.send_at) < until, *which)
        .values(send_at=until)
        .execution_options(synchronize_session=False)
    )
    return session.exec(statement).rowcount


def claim(session: Session, message_id: int, limits: Limits, now: datetime) -> Claim | None:
    """Take one message for delivery, by one UPDATE that checks everything that the tables know:
    suppression, breaks, the archive, the campaign, quotas and gap. None if it may not go."""
    message = session.get_one(Message, message_id)
    prospect = session.get_one(Prospect, message.prospect_id)
    account = _locked(session, message, limits)
    conditions = [
        col(Message.id) == message_id,
        col(Message.state) == "approved",
        col(Message.send_at) <= now,
        col(Message.approved_hash) == content_hash(message),
        _not_forbidden(session, prospect),
        *_unhindered(prospect, message, now),
        *fresh.may_leave(message, now),
    ]
    for quota in ledger.quotas(session, message, account, limits, now):
        conditions.append(ledger.used(quota, now).scalar_subquery() < quota.most)
    if limits.gap:
        gap = ledger.jittered(limits.gap, message.message_id or "")
        counted = ledger.counted(message.account_id)
        recent = counted.where(col(Message.claimed_at) > now - gap).scalar_subquery()
        conditions.append(recent == 0)
    if limits.paused:
        return None
    taken = session.exec(
        update(Message)
        .where(*conditions)
        .values(state="sending", claimed_at=now, data_at=None, tries=Message.tries + 1)
        .execution_options(synchronize_session=False)
    ).rowcount
    return Claim(message_id, now) if taken == 1 else None


def _locked(session: Session, message: Message, limits: Limits) -> Account:
    """The account, for us alone; of mail all mailboxes, since some quotas are theirs together. Always
    in one order, so that two claims cannot wait for each other."""
    ids = sorted({*limits.mailboxes, message.account_id or 0})
    session.exec(
        select(Account.id).where(col(Account.id).in_(ids)).order_by(col(Account.id)).with_for_update()
    ).all()
    return session.get_one(Account, message.account_id, populate_existing=True)


def _unhindered(prospect: Prospect, message: Message, now: datetime) -> list[ColumnElement[bool]]:
    """The person is not archived and still has the address, and neither they, their company nor the
    account have a break."""
    person = exists().where(
        col(Prospect.id) == prospect.id,
        col(Prospect.archived_at).is_(None),
        _free(Prospect.paused_until, now),
        *([col(Prospect.email) == message.address] if message.address is not None else []),
    )
    company = exists().where(
        col(Company.id) == col(Prospect.company_id),
        col(Prospect.id) == prospect.id,
        col(Company.paused_until) > now,
        ~endings.spared(message.campaign_id),
    )
    account = exists().where(col(Account.id) == message.account_id, *may_send(now))
    return [person, ~company, account]


def _free(paused_until: Any, now: datetime) -> ColumnElement[bool]:
    return col(paused_until).is_(None) | (col(paused_until) <= now)


def mark_data(session: Session, claim: Claim, now: datetime) -> bool:
    """The second mark; False when the claim was taken back meanwhile, they have said no since, or the
    campaign was stopped: then say no more."""
    message = session.get_one(Message, claim.message_id)
    prospect = session.get_one(Prospect, message.prospect_id)
    wanted = [_not_forbidden(session, prospect), *fresh.still_wanted(message)]
    return _under(session, claim, col(Message.data_at).is_(None), *wanted, data_at=now)


def _not_forbidden(session: Session, prospect: Prospect) -> ColumnElement[bool]:
    profiles = session.exec(select(Profile).where(Profile.prospect_id == prospect.id)).all()
    return ~exists().where(col(Suppression.key).in_(keys_of(prospect, profiles)))


def settle_sent(session: Session, claim: Claim, *, reply: str, uri: str, now: datetime) -> bool:
    """Accepted. Also true news for a claim that was given up: then the message was `unknown`."""
    values: dict[str, Any] = {
        "state": "sent",
        "sent_at": now,
        "reply": reply[:500],
        "uri": uri,
        "error": None,
    }
    ours = _under(session, claim, **values) or change(session, claim.message_id, ("unknown",), **values)
    if ours:
        _note_first(session, claim, now)
    return ours


def _note_first(session: Session, claim: Claim, now: datetime) -> None:
    """Since when the account sends: the ramp counts from there."""
    message = session.get_one(Message, claim.message_id)
    account = session.get(Account, message.account_id) if message.account_id is not None else None
    if account is not None and account.first_sent_on is None:
        account.first_sent_on = ledger.sends_since(session, account) or now


def settle_refused(session: Session, claim: Claim, why: str) -> bool:
    """Surely not accepted, and never will be, nor what was to follow it."""
    ours = _of_claim(session, claim, ANSWERED, state="refused", error=why[:500])
    if ours:
        endings.break_off(session, claim.message_id, f"refused: {why}")
    return ours


def settle_unsaid(
    session: Session, claim: Claim, why: str, again_at: datetime, most: int | None = TRIES
) -> str | None:
    """Surely not accepted: `approved` again, or `refused` after too many tries (`most`, None: never);
    None where the message was no longer ours."""
    tries = session.exec(select(Message.tries).where(Message.id == claim.message_id)).one()
    if most is not None and tries >= most:
        return "refused" if settle_refused(session, claim, f"given up after {tries} tries: {why}") else None
    values: dict[str, Any] = {"state": "approved", "claimed_at": None, "data_at": None}
    back = _of_claim(session, claim, ANSWERED, send_at=again_at, error=why[:500], **values)
    return "approved" if back else None


def settle_unknown(session: Session, claim: Claim, why: str) -> bool:
    """Nobody can know: said so, and left for proof or a person. It is looked for at once."""
    return _under(session, claim, state="unknown", error=why[:500], send_at=claim.claimed_at)


def note_by_hand(session: Session, message: Message, uri: str, now: datetime) -> bool:
    """A by-hand message is sent when, and only when, the person says so."""
    values: dict[str, Any] = {"state": "sent", "sent_at": now, "uri": uri, "reply": "done by hand"}
    return change(session, message.id, ("approved",), **values)


def withdraw(session: Session, prospect_id: int, why: str, occasions: Sequence[str] = ()) -> int:
    """Take back what has not been said to a person (for these occasions only, where given); without
    occasions their series end, too."""
    chosen = [col(Message.prospect_id) == prospect_id, col(Message.state).in_(UNSAID)]
    if occasions:
        chosen.append(col(Message.occasion).in_(occasions))
    statement = update(Message).where(*chosen).values(state="discarded", error=why)
    taken = session.exec(statement.execution_options(synchronize_session=False)).rowcount
    if not occasions:
        endings.stop(session, prospect_id, why)
    return taken


def _under(session: Session, claim: Claim, *conditions: Any, **values: Any) -> bool:
    """Compare and set: only while the message is still ours, as claimed."""
    return _of_claim(session, claim, ("sending",), *conditions, **values)


def _of_claim(session: Session, claim: Claim, states: Sequence[str], *conditions: Any, **values: Any) -> bool:
    """Compare and set: only while nobody has claimed it anew, and only from one of these states."""
    statement = (
        update(Message)
        .where(
            col(Message.id) == claim.message_id,
            col(Message.state).in_(states),
            col(Message.claimed_at) == claim.claimed_at,
            *conditions,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return session.exec(statement).rowcount == 1


def change(session: Session, message_id: int, states: Sequence[str], **values: Any) -> bool:
    """Compare and set: only from one of these states."""
    statement = (
        update(Message)
        .where(col(Message.id) == message_id, col(Message.state).in_(states))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return session.exec(statement).rowcount == 1
