"""Campaigns as rows: the same for the page, the command line and the API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from prospector.campaigns import editing
from prospector.config import Settings
from prospector.models import Account, Campaign, Engagement, Message, Recipient
from prospector.outreach import waiting
from prospector.outreach.drafts import desk_of
from prospector.outreach.window import moment, zone_of

LEFT = ("sent",)
ON_ITS_WAY = ("approved", "sending", "unknown")


@dataclass(frozen=True, slots=True)
class Row:
    """One campaign. People are counted once: `sent` are those whose first mail has left."""

    id: int
    name: str
    version: int
    state: str
    words: str
    people: int
    drafts: int
    approved: int
    sent: int
    replied: int
    bounced: int
    opted_out: int
    created_at: datetime
    started_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """The names of `prospector campaigns --json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Going:
    """Of a campaign that runs: its approved mails, how many of them are due today, and what holds the
    first of these back."""

    approved: int = 0
    due: int = 0
    held: str = ""


def rows(
    session: Session, settings: Settings, now: datetime, limit: int = 200, before: int | None = None
) -> list[Row]:
    """Campaigns, the newest first; `before`: those with a smaller id."""
    newest = select(Campaign).order_by(col(Campaign.id).desc()).limit(limit)
    if before is not None:
        newest = newest.where(col(Campaign.id) < before)
    return [row(session, settings, campaign, now) for campaign in session.exec(newest)]


def row(session: Session, settings: Settings, campaign: Campaign, now: datetime) -> Row:
    """One campaign as a row."""
    people = _people(session, campaign.id)
    firsts = _firsts(session, campaign.id)
    happened = _happened(session, campaign.id)
    newest = editing.newest(session, campaign.id)
    return Row(
        id=campaign.id,
        name=campaign.name,
        version=newest.number if newest is not None else 0,
        state=campaign.state,
        words=in_words(campaign, people, firsts, _now(session, settings, campaign, now)),
        people=people.total(),
        drafts=firsts["draft"],
        approved=sum(firsts[state] for state in ON_ITS_WAY),
        sent=sum(firsts[state] for state in LEFT),
        replied=happened["replied"],
        bounced=happened["bounced"],
        opted_out=happened["opted_out"],
        created_at=campaign.created_at,
        started_at=campaign.started_at,
    )


def in_words(campaign: Campaign, people: Mapping[str, int], firsts: Mapping[str, int], going: Going) -> str:
    """What a campaign does now, in a few words."""
    if campaign.state == "done":
        return "over"
    if campaign.state == "paused":
        return f"paused: {campaign.paused_why}"
    if campaign.state == "draft":
        undecided = _undecided(people)
        return f"draft: {undecided}" if undecided else "draft"
    if going.due:
        return f"held: {going.held}" if going.held else f"sending, {going.due} left today"
    if going.approved:
        return "running, the next ones are not due yet"
    undecided = _undecided(people)
    return f"running, {undecided}" if undecided else "running, nothing left to send"


def _undecided(people: Mapping[str, int]) -> str:
    """Who waits for us: for a look at their drafts, or for drafts."""
    waiting = {"to review": people["drafted"], "without drafts": people["added"]}
    return ", ".join(f"{number} {words}" for words, number in waiting.items() if number)


def _now(session: Session, settings: Settings, campaign: Campaign, now: datetime) -> Going:
    """What may leave until the end of our day, and what holds the next one back. Only a short wait,
    such as the gap between two mails, is still called sending."""
    if campaign.state != "running":
        return Going()
    zone = zone_of(settings.file.queue.timezone)
    tomorrow = moment(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
    approved = [col(Message.campaign_id) == campaign.id, col(Message.state) == "approved"]
    due = [*approved, col(Message.send_at) < tomorrow]
    whole = session.exec(select(func.count()).where(*approved)).one()
    left = session.exec(select(func.count()).where(*due)).one()
    first = session.exec(select(Message).where(*due).order_by(col(Message.send_at)).limit(1)).first()
    if first is None:
        return Going(whole)
    ids = dict(session.exec(select(Account.name, Account.id).order_by(col(Account.id))).all())
    waits = waiting.of(session, settings, desk_of(settings, ids), first, now)
    if waits is None or waits.code in ("gap", "hold"):
        return Going(whole, left)
    if waits.code == "window" and waits.until is not None:
        return Going(whole, left, f"window opens {waits.until.astimezone(zone):%a %H:%M}")
    return Going(whole, left, waits.why)


def _people(session: Session, campaign_id: int) -> Counter[str]:
    counted = session.exec(
        select(Recipient.state, func.count())
        .where(Recipient.campaign_id == campaign_id)
        .group_by(col(Recipient.state))
    )
    return Counter(dict(counted.all()))


def _firsts(session: Session, campaign_id: int) -> Counter[str]:
    counted = session.exec(
        select(Message.state, func.count())
        .where(Message.campaign_id == campaign_id, Message.step == 1)
        .group_by(col(Message.state))
    )
    return Counter(dict(counted.all()))


def _happened(session: Session, campaign_id: int) -> Counter[str]:
    """How many people answered, bounced or opted out since our first mail to them."""
    first = func.min(Message.sent_at).label("first")
    sent = (
        select(Message.prospect_id, first)
        .where(Message.campaign_id == campaign_id, Message.state == "sent")
        .group_by(col(Message.prospect_id))
        .subquery()
    )
    found = session.exec(
        select(Engagement.prospect_id, Engagement.kind)
        .join(sent, sent.c.prospect_id == Engagement.prospect_id)
        .where(
            Engagement.by == "them",
            col(Engagement.kind).in_(tuple(OUTCOMES)),
            col(Engagement.at) >= sent.c.first,
            col(Engagement.retracted_at).is_(None),
        )
    )
    people = {(prospect_id, OUTCOMES[kind]) for prospect_id, kind in found}
    return Counter(outcome for _, outcome in people)


OUTCOMES: Mapping[str, str] = {
    "email_reply": "replied",
    "reply": "replied",
    "dm": "replied",
    "bounce": "bounced",
    "unsubscribe": "opted_out",
    "complaint": "opted_out",
}
"""What counts as which outcome of a campaign."""
