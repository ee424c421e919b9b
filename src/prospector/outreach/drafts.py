"""Drafts in the store: the facts about a person, the text made of them, and whether it still holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select, update

from prospector import config
from prospector.config import AccountSettings
from prospector.models import Company, Engagement, Message, Profile, Prospect
from prospector.outreach import naming, render
from prospector.outreach.facts import Facts, digest
from prospector.outreach.filters import truncated
from prospector.outreach.lint import lint
from prospector.outreach.problem import Problem, approvable
from prospector.outreach.template import Template
from prospector.store import insert_new

EXCERPT = 120


@dataclass(frozen=True, slots=True)
class Way:
    """By which account and profile an act reaches a person; `by_hand` where a person must do it."""

    account_id: int | None
    profile_id: int | None
    by_hand: bool
    longest: int | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Desk:
    """What every draft needs and the database does not hold: our accounts and who writes."""

    sender: config.Sender
    accounts: Mapping[str, AccountSettings]
    account_ids: Mapping[str, int]

    def way(self, session: Session, prospect: Prospect, action: str, engagement: Engagement | None) -> Way:
        """How this act reaches this person."""
        if action == "email":
            return self._by_mail(prospect)
        profile = _profile(session, prospect, engagement)
        if profile is None:
            return Way(None, None, True, problem=_no_way("there is no profile to do this on; add one"))
        account = self._account(profile.account_id)
        if account is None:
            return Way(None, profile.id, True)
        able = account.connector.can.act(action)
        by_hand = not able.itself or (action in ("like", "reply") and engagement is None)
        return Way(profile.account_id, profile.id, by_hand, account.connector.can.longest)

    def _by_mail(self, prospect: Prospect) -> Way:
        mailboxes = (name for name, account in self.accounts.items() if account.connector.can.email.itself)
        mailbox = next(mailboxes, None)
        if prospect.email is None:
            return Way(None, None, False, problem=_no_way("there is no e-mail address; add one"))
        if mailbox is None:
            return Way(None, None, False, problem=_no_way("config.toml has no account that sends mail"))
        return Way(self.account_ids[mailbox], None, False)

    def _account(self, account_id: int | None) -> AccountSettings | None:
        names = (name for name, row in self.account_ids.items() if row == account_id)
        return next((self.accounts[name] for name in names), None)


def facts_of(
    session: Session, prospect: Prospect, engagement: Engagement | None, sender: config.Sender
) -> Facts:
    """What a template may say about this person, now."""
    company = session.get(Company, prospect.company_id) if prospect.company_id is not None else None
    first, _, last = prospect.name.strip().partition(" ")
    mine, _, my_last = sender.name.partition(" ")
    return {
        "prospect": {
            "first_name": first,
            "last_name": last,
            "company": company.name if company else None,
            **prospect.model_dump(
                include={"name", "email", "title", "country", "timezone", "stage", "tags", "fields"}
            ),
        },
        "company": _company_facts(company) if company else None,
        "engagement": _engagement_facts(engagement) if engagement else None,
        "sender": {"first_name": mine, "last_name": my_last, **sender.model_dump()},
    }


def compose(
    session: Session,
    desk: Desk,
    template: Template,
    prospect: Prospect,
    *,
    occasion: str,
    now: datetime,
    engagement: Engagement | None = None,
    card_id: int | None = None,
) -> Message | None:
    """Render a draft and store it; None where this occasion has a message that went further.

    A new draft for the same occasion discards the old one.
    """
    facts = facts_of(session, prospect, engagement, desk.sender)
    way = desk.way(session, prospect, template.action, engagement)
    draft = render.render(template, facts, limit=way.longest)
    problems = [*draft.problems, *([way.problem] if way.problem else [])]
    _discard_earlier(session, prospect.id, occasion, template.action)
    row = {
        "prospect_id": prospect.id,
        "account_id": way.account_id,
        "profile_id": way.profile_id,
        "engagement_id": engagement.id if engagement else None,
        "card_id": card_id,
        "action": template.action,
        "by_hand": way.by_hand,
        "occasion": occasion,
        "template": template.name,
        "facts": {"read": list(draft.read)},
        "facts_hash": draft.facts_hash,
        "problems": [asdict(problem) for problem in problems],
        "subject": draft.subject,
        "body": draft.body,
        "state": "draft",
        "created_at": now,
    }
    new = insert_new(session, Message, [row])
    return session.get(Message, new[0][0]) if new else None


def is_stale(session: Session, message: Message, sender: config.Sender) -> bool:
    """Whether a fact that the text was made of has changed, or what it answers was deleted."""
    prospect = session.get_one(Prospect, message.prospect_id)
    engagement = (
        session.get_one(Engagement, message.engagement_id) if message.engagement_id is not None else None
    )
    if engagement is not None and engagement.retracted_at is not None:
        return True
    facts = facts_of(session, prospect, engagement, sender)
    return bool(message.facts_hash) and digest(facts, message.facts.get("read", ())) != message.facts_hash


def rewrite(session: Session, message: Message, subject: str, body: str, sender: config.Sender) -> None:
    """A person's own text in place of the draft's, held against the same checks."""
    prospect = session.get_one(Prospect, message.prospect_id)
    engagement = (
        session.get_one(Engagement, message.engagement_id) if message.engagement_id is not None else None
    )
    facts = facts_of(session, prospect, engagement, sender)
    message.subject, message.body = subject, body
    found = lint(subject, body, facts, action=message.action, language="en", limit=None)
    message.problems = [asdict(problem) for problem in found]


def problems_of(message: Message) -> list[Problem]:
    return [Problem(**problem) for problem in message.problems]


def is_approvable(message: Message) -> bool:
    return approvable(problems_of(message))


def discard_drafts(session: Session, card_id: int, why: str) -> None:
    """Drafts of a card that was decided without them."""
    session.exec(
        update(Message)
        .where(col(Message.card_id) == card_id, col(Message.state) == "draft")
        .values(state="discarded", error=why)
        .execution_options(synchronize_session=False)
    )


def of_card(session: Session, card_ids: Sequence[int]) -> dict[int, Message]:
    """The newest draft or message of each card."""
    found = session.exec(
        select(Message)
        .where(col(Message.card_id).in_(card_ids), Message.state != "discarded")
        .order_by(col(Message.id))
    )
    return {message.card_id: message for message in found if message.card_id is not None}


def _discard_earlier(session: Session, prospect_id: int, occasion: str, action: str) -> None:
    session.exec(
        update(Message)
        .where(
            col(Message.prospect_id) == prospect_id,
            col(Message.occasion) == occasion,
            col(Message.action) == action,
            col(Message.state) == "draft",
        )
        .values(state="discarded", error="a newer draft took its place")
        .execution_options(synchronize_session=False)
    )


def _profile(session: Session, prospect: Prospect, engagement: Engagement | None) -> Profile | None:
    """Where the engagement happened, else the person's first profile."""
    of_person = select(Profile).where(Profile.prospect_id == prospect.id).order_by(col(Profile.id))
    if engagement is None:
        return session.exec(of_person).first()
    if engagement.profile_id is not None:
        return session.get(Profile, engagement.profile_id)
    return session.exec(of_person.where(Profile.platform == engagement.channel)).first()


def _company_facts(company: Company) -> dict[str, Any]:
    return {
        "name": company.name,
        "short_name": naming.short_name(company.name),
        "domain": company.domain,
        "fields": company.fields,
    }


def _engagement_facts(engagement: Engagement) -> dict[str, Any]:
    return {
        "kind": engagement.kind,
        "text": engagement.text,
        "excerpt": truncated(engagement.text, EXCERPT),
        "at": engagement.at,
        "url": engagement.url,
        "post": engagement.post,
        "channel": engagement.channel,
        "subject": engagement.attributes.get("subject"),
    }


def _no_way(message: str) -> Problem:
    return Problem("no-way", message, "error", "body")
