"""When a campaign may start, what starting, pausing and ending it does, and when its last mail leaves."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from prospector.campaigns import approvals, drafting, editing, endings, recipients
from prospector.campaigns.editing import CampaignError
from prospector.campaigns.outlook import Schedule, last_leaves, schedule_in_words
from prospector.config import Settings
from prospector.models import Account, Campaign, Message, Recipient
from prospector.outreach import identity
from prospector.outreach.drafts import Desk
from prospector.outreach.identity import Missing
from prospector.outreach.states import ABOUT_TO


def gate(session: Session, settings: Settings, campaign: Campaign, now: datetime) -> list[Missing]:
    """All that has to be there before a campaign starts (outreach.md, E1); empty where it may."""
    found: list[Missing] = []
    place = f"/m/{campaign.id}"
    if editing.newest(session, campaign.id) is None:
        found.append(Missing("version", "there is no text yet; write the first mail", f"{place}/template"))
    if not any(recipients.counts(session, campaign.id)[state] for state in ABOUT_TO):
        found.append(Missing("people", "there is nobody to write to; add people", f"{place}/people"))
    found += _mailboxes(session, settings, campaign, place)
    return [*found, *identity.missing(session, settings, campaign)]


def start(session: Session, settings: Settings, desk: Desk, campaign: Campaign, now: datetime) -> None:
    """Let what is approved leave, from its mailboxes. Raises `CampaignError` with all that is missing."""
    if campaign.state == "running":
        return
    if campaign.state == "done":
        raise CampaignError(f'"{campaign.name}" is over; make a new campaign.')
    if missing := gate(session, settings, campaign, now):
        raise CampaignError(f'"{campaign.name}" cannot start: {"; ".join(one.message for one in missing)}.')
    campaign.state, campaign.paused_why = "running", None
    drafting.assign_mailboxes(session, desk, campaign)
    if campaign.started_at is None:
        ask_again(session, desk, campaign)
    campaign.started_at = campaign.started_at or now
    session.add(campaign)
    session.flush()


def ask_again(session: Session, desk: Desk, campaign: Campaign) -> int:
    """Series that were approved before the sender, the source or the basis was complete have the footer
    of now, and wait for somebody to approve them as they are. How many people that concerns."""
    changed = drafting.renew_footers(session, desk, campaign)
    people: set[int] = set()
    for at in range(0, len(changed), recipients.PAGE):
        some = select(Message.recipient_id).where(col(Message.id).in_(changed[at : at + recipients.PAGE]))
        people |= {id_ for id_ in session.exec(some) if id_ is not None}
    for at in range(0, len(people), recipients.PAGE):
        approvals.ask_again(session, sorted(people)[at : at + recipients.PAGE])
    return len(people)


def pause(session: Session, campaign: Campaign, why: str, now: datetime) -> None:
    """Let nothing more leave until somebody resumes it; what is being delivered this moment goes on."""
    if campaign.state != "running":
        raise CampaignError(f'"{campaign.name}" is not running.')
    campaign.state, campaign.paused_why = "paused", why.strip()[:300] or "paused by hand"
    session.add(campaign)
    session.flush()


def resume(session: Session, settings: Settings, desk: Desk, campaign: Campaign, now: datetime) -> None:
    """Go on with a paused campaign, as far as nothing is missing. Raises `CampaignError`."""
    if campaign.state != "paused":
        raise CampaignError(f'"{campaign.name}" is not paused.')
    start(session, settings, desk, campaign, now)


def finish(session: Session, campaign: Campaign, now: datetime) -> int:
    """End a campaign for good: what has not left is taken back. How many people that concerns."""
    if campaign.state == "done":
        return 0
    ids = list(
        session.exec(
            select(Recipient.id).where(
                Recipient.campaign_id == campaign.id, col(Recipient.state).in_(ABOUT_TO)
            )
        )
    )
    for at in range(0, len(ids), recipients.PAGE):
        endings.stop_these(session, ids[at : at + recipients.PAGE], "the campaign is over", now)
    campaign.state, campaign.ended_at, campaign.paused_why = "done", now, None
    session.add(campaign)
    session.flush()
    return len(ids)


def _mailboxes(session: Session, settings: Settings, campaign: Campaign, place: str) -> list[Missing]:
    """A campaign can start while one of its mailboxes works."""
    known = list(session.exec(select(Account).where(col(Account.id).in_(campaign.account_ids))))
    if not known:
        return [Missing("mailbox", "there is no mailbox to send from; choose one", place)]
    lost = [one for one in known if one.paused_why is not None or one.name not in settings.accounts]
    if len(lost) < len(known):
        return []
    return [
        Missing(
            "mailbox",
            f"the mailbox {one.name} is paused: {one.paused_why}"
            if one.paused_why is not None
            else f"the mailbox {one.name} has left config.toml",
            "/settings/mailboxes",
        )
        for one in lost
    ]


__all__ = [
    "Missing",
    "Schedule",
    "finish",
    "gate",
    "last_leaves",
    "pause",
    "resume",
    "schedule_in_words",
    "start",
]
