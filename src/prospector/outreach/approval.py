"""A person says yes to a draft: what must hold then, the same from the page and the command line."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from prospector.config import Settings
from prospector.models import Message, Prospect
from prospector.outreach import drafts, outbox, suppression
from prospector.outreach.drafts import Desk
from prospector.queue import day


class NotApprovedError(Exception):
    """The draft may not go; the message says why and what to do."""


def approve(
    session: Session, settings: Settings, desk: Desk, message: Message, user_id: int | None, now: datetime
) -> None:
    """Put a draft into the outbox and settle its card. Raises `NotApprovedError`."""
    if (why := obstacle(session, desk, message)) is not None:
        raise NotApprovedError(why)
    hold = settings.file.outreach.hold
    domain = sending_domain(settings, desk, message)
    try:
        outbox.approve(session, message, user_id=user_id, domain=domain, hold=hold, now=now)
    except outbox.NotPossibleError as error:
        raise NotApprovedError(str(error)) from None
    if message.card_id is not None:
        day.settle(session, message.card_id, user_id=user_id, now=now)


def obstacle(session: Session, desk: Desk, message: Message) -> str | None:
    """Why a draft may not be approved as it stands, or None."""
    person = session.get_one(Prospect, message.prospect_id)
    if message.state == "draft" and not drafts.is_approvable(message):
        errors = [problem.message for problem in drafts.problems_of(message) if problem.level == "error"]
        return f"mend it first: {'; '.join(errors)}"
    if drafts.is_stale(session, message, desk):
        return "the facts have changed since; make it anew"
    if (why := suppression.suppressed(session, person)) is not None:
        return f"{person.name} is never written to: {why}"
    return None


def sending_domain(settings: Settings, desk: Desk, message: Message) -> str:
    """The domain of our Message-IDs: the mailbox's own, so that answers are known as ours."""
    account = desk.account(message.account_id)
    address = getattr(account.settings, "address", "") if account is not None else ""
    return (address or settings.file.sender.email).rpartition("@")[2]
