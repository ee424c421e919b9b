"""What becomes of a series once it goes out: when the next mail may leave, and in which thread.

A follow-up is approved with the first mail but gets its time only once the mail before it was sent.
What ends a series is told in `endings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select, update

from prospector.config import Settings
from prospector.models import Campaign, CampaignVersion, Engagement, Message, Prospect, Recipient
from prospector.outreach.filters import reply_subject
from prospector.outreach.states import UNSAID
from prospector.outreach.window import window_of, working_days_later, zone_for

ORDINALS = {1: "the first mail", 2: "the second mail", 3: "the third mail", 4: "the fourth mail"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands in its series: after which step it goes, how many working days later."""

    wait: int
    before: Message | None


def after_sent(session: Session, settings: Settings, message: Message, sent: Engagement) -> None:
    """A mail of a series has left (`sent` is it in the history): the next follows it in the thread
    and gets its time; after the last one the series is done."""
    following = _next(session, message)
    if following is None:
        last = col(Recipient.id) == message.recipient_id, col(Recipient.state) == "active"
        done = {"state": "done", "why": None, "at": sent.seen_at}
        session.exec(update(Recipient).where(*last).values(**done))
        return
    following.engagement_id = sent.id
    session.add(following)
    session.flush()
    schedule(session, settings, following)


def schedule(session: Session, settings: Settings, message: Message) -> None:
    """Give an approved follow-up its time, where the mail before it has left: so many working days
    later for the person, not before the time that it has."""
    place = place_of(session, message)
    if place is None or message.state != "approved":
        return
    due = _due(session, settings, message, place)
    if due is not None and message.send_at is not None:
        due = max(due, message.send_at)
    message.send_at = due
    session.add(message)
    session.flush()


def place_of(session: Session, message: Message) -> Place | None:
    """Where a follow-up stands in its series; None for what is no follow-up."""
    if message.recipient_id is None or message.step is None or message.step < 2:
        return None
    before = session.exec(
        select(Message).where(
            Message.recipient_id == message.recipient_id,
            Message.step == message.step - 1,
            Message.state != "discarded",
        )
    ).first()
    return Place(_wait(session, message), before)


def in_words(session: Session, message: Message) -> str | None:
    """Why a follow-up has not left, as far as its series goes; None where that does not hold it."""
    if (place := place_of(session, message)) is None:
        return None
    before = ORDINALS.get((message.step or 2) - 1, "the mail before")
    days = "1 working day" if place.wait == 1 else f"{place.wait} working days"
    match place.before.state if place.before is not None else "":
        case "sent":
            return f"goes {days} after {before}"
        case "unknown":
            return f"goes {days} after {before}, of which nobody knows whether it arrived"
        case "draft":
            return f"goes {days} after {before}, which is not approved"
        case "approved" | "sending":
            return f"goes {days} after {before}, which has not left yet"
    return f"{before} never left; take this one back"


def activate(session: Session, recipient_id: int, now: datetime) -> None:
    """The first mail of a person is approved: the series is under way."""
    waiting = col(Recipient.id) == recipient_id, col(Recipient.state).in_(("added", "drafted"))
    session.exec(update(Recipient).where(*waiting).values(state="active", why=None, at=now))


def thread_of(session: Session, message: Message) -> dict[str, object] | None:
    """What a follow-up answers, as templates and checks see it: our own first mail; None for what
    follows nothing."""
    if message.recipient_id is None or message.step is None or message.step < 2:
        return None
    first = select(Message.subject).where(
        Message.recipient_id == message.recipient_id, Message.step == 1, Message.state != "discarded"
    )
    subject = session.exec(first).first()
    return thread(subject) if subject is not None else None


def thread(subject: str) -> dict[str, object]:
    """Our own mail of this subject as what is answered."""
    return {"kind": "email", "channel": "email", "subject": subject}


def carry_subject(session: Session, message: Message) -> None:
    """The subject of a first mail has changed: follow-ups that have none of their own follow it."""
    if message.recipient_id is None or message.step != 1:
        return
    for later in drafts_behind(session, message):
        if later.facts.get("follows"):
            later.subject = reply_subject(message.subject)
            session.add(later)


def drafts_behind(session: Session, message: Message) -> list[Message]:
    """The drafts of the rest of a series, in its order."""
    behind = select(Message).where(Message.recipient_id == message.recipient_id, Message.state == "draft")
    later = behind.where(col(Message.step) > (message.step or 0)).order_by(col(Message.step))
    return list(session.exec(later))


def _next(session: Session, message: Message) -> Message | None:
    """The mail of a series behind this one, that has not left."""
    behind = select(Message).where(
        Message.recipient_id == message.recipient_id, col(Message.state).in_(UNSAID)
    )
    later = behind.where(col(Message.step) > (message.step or 0)).order_by(col(Message.step))
    return session.exec(later).first()


def _wait(session: Session, message: Message) -> int:
    """The working days before a follow-up, as the version of the person has it."""
    recipient = session.get_one(Recipient, message.recipient_id)
    version = session.get(CampaignVersion, recipient.version_id) if recipient.version_id else None
    steps = version.steps if version is not None else []
    number = (message.step or 1) - 1
    return int(steps[number].get("wait", 0)) if number < len(steps) else 0


def _due(session: Session, settings: Settings, message: Message, place: Place) -> datetime | None:
    if place.before is None or place.before.state != "sent" or place.before.sent_at is None:
        return None
    prospect = session.get_one(Prospect, message.prospect_id)
    campaign = session.get_one(Campaign, message.campaign_id)
    zone = zone_for(prospect.timezone, prospect.country, settings.file.queue.timezone)
    window = window_of(settings.file.outreach.window, campaign.schedule)
    return working_days_later(place.before.sent_at, place.wait, zone.info, window, zone.country)
