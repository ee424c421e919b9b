"""A person says yes to a draft: what must hold then, the same from the page and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from prospector.campaigns import series
from prospector.config import Settings
from prospector.models import Card, Message, Prospect
from prospector.outreach import consents, drafts, outbox, staleness, suppression
from prospector.outreach.drafts import Desk
from prospector.queue import day, touches, traces
from prospector.queue.touches import Question, Rest

GOING = ("approved", "sending", "sent", "unknown")
"""States of a message that somebody has said yes to."""


class NotApprovedError(Exception):
    """The draft may not go; the message says why and what to do."""


class StaleError(NotApprovedError):
    """Something has happened since the text was made; `changed` says what. The text is kept."""

    def __init__(self, changed: tuple[str, ...]) -> None:
        super().__init__(f"out of date: {'; '.join(changed)}. Make it anew")
        self.changed = changed


class AskFirstError(NotApprovedError):
    """One of us has just written to them: going on needs a reason of a few words."""

    def __init__(self, question: Question, sentence: str) -> None:
        super().__init__(sentence)
        self.question = question


@dataclass(frozen=True, slots=True)
class Wording:
    """A person's own text in place of the draft's."""

    subject: str
    body: str


def approve(
    session: Session,
    settings: Settings,
    desk: Desk,
    message: Message,
    user_id: int | None,
    now: datetime,
    *,
    wording: Wording | None = None,
    despite: str | None = None,
) -> None:
    """Put a draft into the outbox and settle its card; a message that a person does by hand keeps it
    open until they have. To approve once more what is approved changes nothing.

    Raises `StaleError`, `AskFirstError`, `NotApprovedError`.
    """
    session.refresh(message, with_for_update=True)  # of two clicks at once the second finds it approved
    if message.state in GOING:
        _require_same(message, wording)
        return
    if (changed := staleness.changes(session, desk, message, user_id)) and message.state == "draft":
        raise StaleError(changed)
    card = _card_of(session, message)
    was = traces.before(session, card) if card is not None else None
    if wording is not None and wording != Wording(message.subject, message.body):
        _rewrite(session, desk, message, wording)
    if (why := obstacle(session, settings, message, now)) is not None:
        raise NotApprovedError(why)
    message.despite = _reason(session, settings, message, user_id, despite, now)
    session.flush()
    _put_into_outbox(session, settings, desk, message, user_id, now)
    if message.recipient_id is not None:
        _approve_series(session, settings, desk, message, user_id, now)
    if card is not None and message.by_hand and was is not None:
        traces.keep(session, card, was, user_id, now)
    elif card is not None:
        day.settle(session, card.id, user_id=user_id, now=now, was=was)


def _approve_series(
    session: Session, settings: Settings, desk: Desk, message: Message, user_id: int | None, now: datetime
) -> None:
    """With the first mail of a person all of their series is approved, or nothing is; a follow-up gets
    its time where the mail before it has left already."""
    if message.step != 1:
        series.schedule(session, settings, message)
        return
    for later in series.drafts_behind(session, message):
        if (why := obstacle(session, settings, later, now)) is not None:
            raise NotApprovedError(f"mail {later.step} of their series: {why}")
        _put_into_outbox(session, settings, desk, later, user_id, now)
    series.activate(session, message.recipient_id or 0, now)


def obstacle(session: Session, settings: Settings, message: Message, now: datetime) -> str | None:
    """Why a draft may not be approved as it stands, or None."""
    person = session.get_one(Prospect, message.prospect_id)
    if (why := suppression.suppressed(session, person)) is not None:
        return f"{person.name} is never written to: {why}"
    if person.archived_at is not None:
        return f"{person.name} is archived; bring them back first"
    if message.campaign_id is not None and message.account_id is None:
        return "the campaign has no mailbox; choose one, then make the drafts anew"
    lawful = consents.of_message(session, settings.file.outreach, message, now)
    if not lawful.ok:
        return f"{person.name} may not have a cold mail: {lawful.why}"
    if message.state == "draft" and not drafts.is_approvable(message):
        errors = [problem.message for problem in drafts.problems_of(message) if problem.level == "error"]
        return f"mend it first: {'; '.join(errors)}"
    return None


def rest_of(settings: Settings) -> Rest:
    """How long we leave people and companies alone, as config.toml says."""
    return Rest(settings.file.queue.person_rest, settings.file.queue.company_rest)


def sending_domain(settings: Settings, desk: Desk, message: Message) -> str:
    """The domain of our Message-IDs: the mailbox's own, so that answers are known as ours."""
    account = desk.account(message.account_id)
    address = getattr(account.settings, "address", "") if account is not None else ""
    return (address or settings.file.sender.email).rpartition("@")[2]


def _require_same(message: Message, wording: Wording | None) -> None:
    if wording is not None and wording != Wording(message.subject, message.body):
        raise NotApprovedError(
            f"message {message.id} is {message.state} already, with another text. "
            "Take it back, then approve it with this one"
        )


def _card_of(session: Session, message: Message) -> Card | None:
    """The open card that the approval decides."""
    card = session.get(Card, message.card_id, with_for_update=True) if message.card_id is not None else None
    return card if card is not None and card.state in day.OPEN else None


def _rewrite(session: Session, desk: Desk, message: Message, wording: Wording) -> None:
    try:
        drafts.rewrite(session, desk, message, wording.subject, wording.body)
    except outbox.NotPossibleError as error:
        raise NotApprovedError(str(error)) from None


def _reason(
    session: Session,
    settings: Settings,
    message: Message,
    user_id: int | None,
    despite: str | None,
    now: datetime,
) -> str | None:
    """Why it goes although somebody of us has just written; None where nobody has."""
    if outbox.follows_up(message):
        return None  # whoever approves a series knows of its own mails
    question = touches.question_of(session, message, rest_of(settings), now)
    if question is None:
        return None
    if despite is None or not touches.is_reason(despite):
        zone = ZoneInfo(settings.file.queue.timezone)
        raise AskFirstError(question, question.sentence(user_id, now, zone))
    return despite.strip()


def _put_into_outbox(
    session: Session, settings: Settings, desk: Desk, message: Message, user_id: int | None, now: datetime
) -> None:
    hold = settings.file.outreach.hold
    domain = sending_domain(settings, desk, message)
    try:
        outbox.approve(session, message, user_id=user_id, domain=domain, hold=hold, now=now)
    except outbox.NotPossibleError as error:
        raise NotApprovedError(str(error)) from None
