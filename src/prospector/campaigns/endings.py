"""What ends a series (outreach.md, E19): all of it that has not left is taken back, with the reason.

An answer on any channel, a booked meeting, a no, a bounce, a terminal stage or a person; what a colleague
answered ends it, or pauses their company, as the campaign says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, literal
from sqlmodel import Session, col, select, update

from prospector.models import Campaign, Company, Engagement, Message, Prospect, Recipient, table_of
from prospector.outreach import suppression
from prospector.outreach.readings import FILTERS, HUMAN
from prospector.outreach.states import ABOUT_TO, UNSAID
from prospector.store import read_rows

ANSWERED = "a colleague has answered"
"""How the reason of a company's pause begins that a colleague's answer brought."""
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
COMPANY_PAUSE = timedelta(days=14)
"""How long the answer of one keeps us from going on with their colleagues, unless a person says otherwise."""
WORDS: Mapping[str, str] = {
    "email_reply": "they answered by mail",
    "reply": "they answered",
    "comment": "they commented",
    "dm": "they wrote a direct message",
    "mention": "they mentioned us",
    "quote": "they quoted us",
    "meeting_booked": "they booked a meeting",
}
"""By what they did, why their series ended."""
_TIME = table_of(Message).c.sent_at.type
_IN_SERIES = (
    select(Recipient.id)
    .where(
        col(Recipient.prospect_id) == bindparam("prospect"),
        col(Recipient.state).in_(bindparam("states", expanding=True)),
        col(Recipient.at) <= bindparam("since"),
    )
    .order_by(col(Recipient.id))
)


def obey(session: Session, engagement: Engagement, now: datetime) -> str | None:
    """End what an engagement ends: the person's series, and as their campaigns say that of their
    colleagues. Why, or None where nothing was ended."""
    if engagement.by != "them" or engagement.prospect_id is None:
        return None
    if engagement.kind not in HUMAN and engagement.kind != "meeting_booked":
        return None
    states = ABOUT_TO if engagement.kind == "meeting_booked" else ("active",)
    why = WORDS[engagement.kind]
    stopped = stop(session, engagement.prospect_id, why, now, states=states, since=engagement.at)
    if engagement.kind in FILTERS["answers"]:
        _spare_colleagues(session, engagement, now)
    return why if stopped else None


def stop(
    session: Session,
    prospect_id: int,
    why: str,
    now: datetime | None = None,
    *,
    states: Sequence[str] = ABOUT_TO,
    since: datetime | None = None,
) -> int:
    """End all series of a person that are in these states, and were before `since` (None: whenever):
    what has not left is taken back. How many series that were."""
    given: dict[str, Any] = {"prospect": prospect_id, "states": list(states), "since": since or LATEST}
    ids = [row.id for row in read_rows(session, _IN_SERIES, **given)]
    if ids:
        stop_these(session, ids, why, now)
    return len(ids)


def stop_these(session: Session, recipient_ids: Sequence[int], why: str, now: datetime | None = None) -> None:
    """End these series; `at` stays what it is where nobody says what time it is."""
    ending = col(Recipient.id).in_(recipient_ids), col(Recipient.state).in_(ABOUT_TO)
    values: dict[str, Any] = {"state": "stopped", "why": why[:300]} | ({"at": now} if now else {})
    session.exec(update(Recipient).where(*ending).values(**values))
    unsaid = col(Message.recipient_id).in_(recipient_ids), col(Message.state).in_(UNSAID)
    session.exec(update(Message).where(*unsaid).values(state="discarded", error=why[:500]))


def break_off(session: Session, message_id: int, why: str) -> None:
    """A mail of a series was taken back or refused: what was to follow it makes no sense any more."""
    message = session.get_one(Message, message_id)
    if message.recipient_id is not None:
        stop_these(session, [message.recipient_id], why)


def spared(campaign_id: Any) -> ColumnElement[bool]:
    """What a company's pause does not hold back, where a colleague's answer brought it: all that is of
    no campaign, such as the answer to the colleague. `campaign_id` is a column, or a message's own."""
    brought = func.coalesce(col(Company.paused_why), "").startswith(ANSWERED, autoescape=True)
    of_none = literal(campaign_id is None) if isinstance(campaign_id, int | None) else campaign_id.is_(None)
    return and_(of_none, brought)


def spares(message: Message, company: Company) -> bool:
    """The same for one message and the pause of one company."""
    return message.campaign_id is None and (company.paused_why or "").startswith(ANSWERED)


def ended_by(session: Session, recipient: Recipient) -> str | None:
    """Why a person must get no more mail of a campaign, read anew from all that is known of them,
    whatever the state of their series; or None."""
    prospect = session.get_one(Prospect, recipient.prospect_id)
    if (why := suppression.suppressed(session, prospect)) is not None:
        return f"never written to: {why}"
    if prospect.archived_at is not None:
        return "archived"
    answer = session.exec(
        select(Engagement.kind)
        .where(
            Engagement.prospect_id == prospect.id,
            Engagement.by == "them",
            col(Engagement.kind).in_((*HUMAN, "meeting_booked")),
            col(Engagement.at) >= _begun(session, recipient),
            col(Engagement.retracted_at).is_(None),
        )
        .order_by(col(Engagement.at))
    ).first()
    return WORDS[answer] if answer is not None else None


def _spare_colleagues(session: Session, engagement: Engagement, now: datetime) -> None:
    """What one of a company answered ends or pauses what goes to the others, as the campaigns say."""
    person = session.get_one(Prospect, engagement.prospect_id)
    if person.company_id is None:
        return
    colleagues = session.exec(
        select(Recipient.id, Campaign.stops)
        .join(Prospect, col(Prospect.id) == Recipient.prospect_id)
        .join(Campaign, col(Campaign.id) == Recipient.campaign_id)
        .where(
            Prospect.company_id == person.company_id,
            Prospect.id != person.id,
            col(Recipient.state).in_(ABOUT_TO),
            col(Recipient.at) <= engagement.at,
        )
    ).all()
    wishes = [(id_, (stops or {}).get("company", "pause")) for id_, stops in colleagues]
    if ended := [id_ for id_, wish in wishes if wish == "stop"]:
        stop_these(session, ended, answered_by(person), now)
    if any(wish == "pause" for _, wish in wishes):
        _pause(session.get_one(Company, person.company_id), person, engagement.at + COMPANY_PAUSE, now)


def _pause(company: Company, person: Prospect, until: datetime, now: datetime) -> None:
    if until <= now or (company.paused_until is not None and company.paused_until >= until):
        return
    company.paused_until, company.paused_why = until, answered_by(person)


def answered_by(person: Prospect) -> str:
    """Why a colleague's answer holds a series back or ends it."""
    return f"{ANSWERED}: {person.name}"[:300]


def _begun(session: Session, recipient: Recipient) -> datetime:
    """Since when an answer of theirs counts: our first mail of the series, else since somebody said yes
    to it, else since they are in it."""
    theirs = Message.recipient_id == recipient.id
    dates = select(func.min(Message.sent_at, type_=_TIME), func.min(Message.approved_at, type_=_TIME))
    sent_at, approved_at = session.exec(dates.where(theirs)).one()
    return sent_at or approved_at or recipient.at
