"""A series goes on again, since what had ended it turned out to be no answer.

All that ends a series is asked anew: it goes on only where nothing else ends it. What was taken back
is then as it was, approved or a draft, and what had left stays sent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from prospector.campaigns import endings, series
from prospector.campaigns.endings import COMPANY_PAUSE, WORDS, answered_by
from prospector.config import Settings
from prospector.models import Campaign, Company, Engagement, Message, Prospect, Recipient
from prospector.outreach import suppression
from prospector.outreach.readings import FILTERS

SAID = ("sending", "sent", "unknown")
LIVING = ("draft", "approved", *SAID, "refused")


def after_correction(
    session: Session, settings: Settings, engagement: Engagement, before: str, now: datetime
) -> int:
    """What an answer had ended while it was read as `before` goes on, where nothing else ends it: the
    person's own series, and what it held back of their colleagues. How many series that were."""
    person = session.get(Prospect, engagement.prospect_id) if engagement.prospect_id is not None else None
    if person is None:
        return 0
    left = suppression.LEFT if before == "auto_reply" else None
    known = (WORDS.get(before), suppression.HARD_STOPS.get(before), left)
    whys = {why for why in known if why is not None}
    resumed = resume(session, settings, _ended(session, [person.id], whys), whys, now)
    if before in FILTERS["answers"]:
        resumed += _release_colleagues(session, settings, person, now)
    return resumed


def resume(
    session: Session,
    settings: Settings,
    recipients: Sequence[Recipient],
    whys: Collection[str],
    now: datetime,
) -> int:
    """Let these series go on that ended for one of these reasons; how many do. Of the others the reason
    is what ends them now."""
    resumed = 0
    for recipient in recipients:
        why = _over(session, recipient) or endings.ended_by(session, recipient)
        if why is not None:
            recipient.why = why[:300]
            continue
        _restore(session, settings, recipient, whys, now)
        resumed += 1
    session.flush()
    return resumed


def _over(session: Session, recipient: Recipient) -> str | None:
    campaign = session.get_one(Campaign, recipient.campaign_id)
    return "the campaign is over" if campaign.state == "done" else None


def _ended(session: Session, prospect_ids: Sequence[int], whys: Collection[str]) -> Sequence[Recipient]:
    stopped = select(Recipient).where(
        col(Recipient.prospect_id).in_(prospect_ids),
        Recipient.state == "stopped",
        col(Recipient.why).in_(sorted(whys)),
    )
    return session.exec(stopped.order_by(col(Recipient.id)).with_for_update()).all()


def _restore(
    session: Session, settings: Settings, recipient: Recipient, whys: Collection[str], now: datetime
) -> None:
    """The messages that were taken back for these reasons are what they were."""
    rows = select(Message).where(Message.recipient_id == recipient.id).order_by(col(Message.id).desc())
    messages = session.exec(rows.execution_options(populate_existing=True)).all()
    steps = {one.step for one in messages if one.state in LIVING}
    for message in messages:
        if message.step in steps or message.state != "discarded" or message.error not in whys:
            continue
        steps.add(message.step)
        message.state = "approved" if message.approved_hash is not None else "draft"
        message.error = None
    session.flush()
    states = {one.state for one in messages}
    going = states & {"approved", *SAID}
    recipient.state = "active" if going else "drafted" if "draft" in states else "added"
    # From when on it went, as before it ended: what they did since then counts, whenever it is read anew.
    recipient.at = min((one.approved_at for one in messages if one.approved_at is not None), default=now)
    recipient.why = None
    session.flush()
    _go_on(session, settings, recipient, messages, now)


def _go_on(
    session: Session,
    settings: Settings,
    recipient: Recipient,
    messages: Sequence[Message],
    now: datetime,
) -> None:
    """The mail after the last that left follows it; where none is left, the series has come to its end."""
    sent = [one for one in messages if one.state == "sent"]
    if not sent:
        return
    last = max(sent, key=lambda one: one.step or 0)
    left = select(Engagement).where(
        Engagement.prospect_id == recipient.prospect_id,
        Engagement.by == "us",
        Engagement.object == (last.uri or last.message_id),
    )
    if (engagement := session.exec(left).first()) is not None:
        series.after_sent(session, settings, last, engagement)


def _release_colleagues(session: Session, settings: Settings, person: Prospect, now: datetime) -> int:
    """Nobody of the company has answered by this: its pause ends, or lasts as another answer says."""
    company = session.get(Company, person.company_id) if person.company_id is not None else None
    if company is None:
        return 0
    why, other = answered_by(person), _last_answer(session, company.id, now)
    if company.paused_why == why:
        company.paused_until = other[0] + COMPANY_PAUSE if other is not None else None
        company.paused_why = answered_by(other[1]) if other is not None else None
    if other is not None:
        return 0
    colleagues = session.exec(select(Prospect.id).where(Prospect.company_id == company.id)).all()
    return resume(session, settings, _ended(session, colleagues, {why}), {why}, now)


def _last_answer(session: Session, company_id: int, now: datetime) -> tuple[datetime, Prospect] | None:
    """The last answer of somebody of a company that still holds its series back."""
    answers = (
        select(Engagement.at, Prospect)
        .join(Prospect, col(Prospect.id) == Engagement.prospect_id)
        .where(
            Prospect.company_id == company_id,
            Engagement.by == "them",
            col(Engagement.kind).in_(FILTERS["answers"]),
            col(Engagement.at) > now - COMPANY_PAUSE,
            col(Engagement.retracted_at).is_(None),
        )
        .order_by(col(Engagement.at).desc())
    )
    return session.exec(answers).first()
