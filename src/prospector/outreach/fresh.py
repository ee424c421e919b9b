"""What must still be so when a message of a campaign leaves: nobody has answered that we know not of.

A follow-up to somebody who has answered is the worst mail there is. So it leaves only while its
campaign runs, its person is in it, the message before it was sent, and a look at the mailbox that
began within `FRESH` has seen nothing that stops it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, select, update

from prospector.campaigns import series
from prospector.models import Account, Campaign, Message, Poll, Recipient

Code = Literal["campaign", "series", "inbox"]

FRESH = timedelta(minutes=15)
LOOKED = ("new", "nothing")
"""How a look ends that has seen all there was."""
RECENT = 60
"""Looks that are read back: more than there are within `FRESH` at the shortest interval of 30 s."""
PATIENCE = timedelta(minutes=1)


def may_leave(message: Message, now: datetime) -> list[ColumnElement[bool]]:
    """The conditions for the UPDATE that claims; none for a message that is of no campaign."""
    conditions = still_wanted(message)
    if message.step is not None and message.step > 1:
        conditions += [exists(_before(message)), exists(_look(message.account_id, now))]
    return conditions


def still_wanted(message: Message) -> list[ColumnElement[bool]]:
    """What may end while a message is on its way: its campaign runs, and its person is in it."""
    conditions: list[ColumnElement[bool]] = []
    if message.campaign_id is not None:
        conditions.append(
            exists().where(col(Campaign.id) == message.campaign_id, col(Campaign.state) == "running")
        )
    if message.recipient_id is not None:
        conditions.append(
            exists().where(col(Recipient.id) == message.recipient_id, col(Recipient.state) == "active")
        )
    return conditions


def hindrance(session: Session, message: Message, now: datetime) -> tuple[Code, str] | None:
    """Which of these does not hold, as a code and words; None where all do."""
    if message.campaign_id is not None:
        campaign = session.get_one(Campaign, message.campaign_id)
        if campaign.state != "running":
            return "campaign", _idle(campaign)
    if message.recipient_id is not None:
        recipient = session.get_one(Recipient, message.recipient_id)
        if recipient.state != "active":
            return "series", f"they are {recipient.state} in the campaign" + (
                f": {recipient.why}" if recipient.why else ""
            )
    if message.step is None or message.step <= 1:
        return None
    if session.exec(_before(message)).first() is None:
        return "series", series.in_words(session, message) or "the mail before it has not been sent"
    if session.exec(_look(message.account_id, now)).first() is None:
        minutes = int(FRESH.total_seconds() // 60)
        return "inbox", f"the inbox has not been read for {minutes} minutes, and they may have answered"
    return None


def look_now(session: Session, account_id: int, now: datetime) -> None:
    """Let the inbox be due, unless a look at it has just been or is under way."""
    session.exec(
        update(Account)
        .where(
            col(Account.id) == account_id,
            col(Account.next_poll_at) > now,
            col(Account.polled_at).is_(None) | (col(Account.polled_at) < now - PATIENCE),
        )
        .values(next_poll_at=now)
        .execution_options(synchronize_session=False)
    )


def follow_ups(account_id: int) -> list[ColumnElement[bool]]:
    """The messages of an account that wait for a fresh look."""
    return [col(Message.account_id) == account_id, col(Message.step) > 1]


def _idle(campaign: Campaign) -> str:
    words = {"draft": "has not been started", "paused": "is paused", "done": "is done"}[campaign.state]
    return f'the campaign "{campaign.name}" {words}' + (
        f": {campaign.paused_why}" if campaign.paused_why else ""
    )


def _before(message: Message) -> Any:
    earlier = col(Message.recipient_id) == message.recipient_id, Message.step == (message.step or 0) - 1
    return select(Message.id).where(*earlier, Message.state == "sent").correlate(None)


def _look(account_id: int | None, now: datetime) -> Any:
    """A look at the inbox that began early enough and saw everything."""
    last = (
        select(Poll.started_at, Poll.outcome)
        .where(Poll.account_id == account_id)
        .order_by(col(Poll.id).desc())
        .limit(RECENT)
        .subquery()
    )
    return select(last.c.started_at).where(last.c.started_at > now - FRESH, last.c.outcome.in_(LOOKED))
