"""Drafts in the store: the text made for a person, the way it goes, and whether it still holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select, update

from prospector import config
from prospector.campaigns import series
from prospector.config import AccountSettings
from prospector.models import Account, Engagement, Message, Profile, Prospect
from prospector.outreach import consents, naming, render
from prospector.outreach.closing import Closing, closing_of, is_cold, source_of
from prospector.outreach.dossier import facts_of
from prospector.outreach.facts import digest
from prospector.outreach.lint import lint
from prospector.outreach.outbox import NotPossibleError
from prospector.outreach.problem import Problem, approvable
from prospector.outreach.template import Template
from prospector.store import insert_new


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
    timezone: str = "UTC"
    outreach: config.Outreach = field(default_factory=config.Outreach)

    def way(self, session: Session, prospect: Prospect, action: str, engagement: Engagement | None) -> Way:
        """How this act reaches this person."""
        if action == "email":
            return self._by_mail(prospect, engagement)
        profile = _profile(session, prospect, engagement)
        if profile is None:
            return Way(None, None, True, problem=_no_way("there is no profile to do this on; add one"))
        account = self.account(profile.account_id)
        if account is None:
            return Way(None, profile.id, True)
        able = account.connector.can.act(action)
        by_hand = not able.itself or (action in ("like", "reply") and engagement is None)
        return Way(profile.account_id, profile.id, by_hand, account.connector.can.longest)

    def _by_mail(self, prospect: Prospect, answered: Engagement | None) -> Way:
        """From the mailbox that the thread is in, else from the first in the file."""
        names = [name for name, account in self.accounts.items() if account.connector.can.email.itself]
        if prospect.email is None:
            return Way(None, None, False, problem=_no_way("there is no e-mail address; add one"))
        if not names:
            return Way(None, None, False, problem=_no_way("config.toml has no account that sends mail"))
        mailboxes = {self.account_ids[name]: name for name in reversed(names)}
        used = answered.account_id if answered is not None and answered.channel == "email" else None
        chosen = used if used in mailboxes else self.account_ids[names[0]]
        return Way(chosen, None, False, self.accounts[mailboxes[chosen]].connector.can.longest)

    def account(self, account_id: int | None) -> AccountSettings | None:
        """The settings behind an account's row; None once it has left config.toml."""
        names = (name for name, row in self.account_ids.items() if row == account_id)
        return next((self.accounts[name] for name in names), None)

    def mailbox(self, account_id: int | None) -> str:
        """The address that an account writes from; empty where it has none."""
        account = self.account(account_id)
        return str(getattr(account.settings, "address", "") or "") if account is not None else ""

    def sender_of(self, row: Account) -> str:
        """As whom an account writes: our address or our name there where it is known, else its own."""
        account = self.account(row.id)
        settings = account.settings if account is not None else None
        if address := getattr(settings, "address", ""):
            return str(address)
        handle = getattr(settings, "handle", "") or row.handle
        return f"@{handle.removeprefix('@')}" if handle else row.name


def desk_of(settings: config.Settings, account_ids: Mapping[str, int]) -> Desk:
    """The desk that a configuration stands for; `account_ids` are the rows of its accounts."""
    file = settings.file
    return Desk(file.sender, settings.accounts, account_ids, file.queue.timezone, file.outreach)


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

    A new draft for the same occasion discards the old one. A mail whose subject is that of the
    thread follows up our last mail to the person, where it answers nothing else.
    """
    if engagement is None and _follows_up(template):
        engagement = last_mail(session, prospect.id)
    facts = facts_of(session, prospect, engagement, desk.sender, desk.timezone)
    way = desk.way(session, prospect, template.action, engagement)
    draft = render.render(template, facts, limit=way.longest)
    problems = [*draft.problems, *([way.problem] if way.problem else [])]
    closing = _closing(session, desk, prospect, template, way, engagement)
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
        "facts": {"read": list(draft.read), "language": template.language},
        "facts_hash": draft.facts_hash,
        "problems": [asdict(problem) for problem in problems],
        "subject": draft.subject,
        "body": draft.body,
        "footer": closing.footer,
        "token": closing.token,
        "state": "draft",
        "created_at": now,
    }
    new = insert_new(session, Message, [row])
    return session.get(Message, new[0][0]) if new else None


def _closing(
    session: Session,
    desk: Desk,
    prospect: Prospect,
    template: Template,
    way: Way,
    answered: Engagement | None,
) -> Closing:
    """The footer and token of a cold mail; nothing for what is none."""
    if not is_cold(template.action, answered):
        return Closing()
    return closing_of(
        desk.sender,
        desk.outreach,
        mailbox=desk.mailbox(way.account_id),
        language=template.language,
        first=last_mail(session, prospect.id) is None,
        source=source_of(prospect.source),
        basis=prospect.legal_basis or "",
    )


def forbidden(
    session: Session,
    desk: Desk,
    action: str,
    prospect: Prospect,
    answered: Engagement | None,
    now: datetime,
) -> str | None:
    """Why the law of their country lets no such message be drafted to a person; None where it does."""
    if not is_cold(action, answered):
        return None
    verdict = consents.verdict_of(session, desk.outreach, prospect, now, consents.BY_HAND)
    return None if verdict.ok else verdict.why


def last_mail(session: Session, prospect_id: int) -> Engagement | None:
    """Our last mail to a person."""
    ours = select(Engagement).where(
        Engagement.prospect_id == prospect_id, Engagement.kind == "email", Engagement.by == "us"
    )
    return session.exec(ours.order_by(col(Engagement.at).desc(), col(Engagement.id).desc())).first()


def is_stale(session: Session, message: Message, desk: Desk) -> bool:
    """Whether a fact that the text was made of has changed, or what it answers was deleted."""
    prospect = session.get_one(Prospect, message.prospect_id)
    engagement = _answered(session, message)
    if engagement is not None and engagement.retracted_at is not None:
        return True
    if not message.facts_hash:
        return False
    facts = facts_of(session, prospect, engagement, desk.sender, desk.timezone)
    return render.is_stale(message.facts_hash, message.facts.get("read", ()), facts)


def rewrite(session: Session, desk: Desk, message: Message, subject: str, body: str) -> None:
    """A person's own text in place of the draft's, held against the same checks and the facts of
    now. Raises `NotPossibleError` for what is no draft any more."""
    if message.state != "draft":
        raise NotPossibleError(f"Message {message.id} is {message.state}; only a draft can be rewritten.")
    prospect = session.get_one(Prospect, message.prospect_id)
    engagement = _answered(session, message)
    facts = naming.completed(facts_of(session, prospect, engagement, desk.sender, desk.timezone))
    if (thread := series.thread_of(session, message)) is not None:
        facts = {**facts, "engagement": thread}
    way = desk.way(session, prospect, message.action, engagement)
    language = message.facts.get("language", "en")
    found = lint(subject, body, facts, action=message.action, language=language, limit=way.longest)
    message.subject, message.body = subject, body
    message.problems = [asdict(problem) for problem in [*found, *([way.problem] if way.problem else [])]]
    message.facts_hash = digest(facts, message.facts.get("read", ()))
    message.facts = {**message.facts, "rewritten": True}
    session.add(message)
    series.carry_subject(session, message)


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
    theirs = select(Profile).where(Profile.prospect_id == prospect.id, Profile.platform != "email")
    of_person = theirs.order_by(col(Profile.id))
    if engagement is None:
        return session.exec(of_person).first()
    if engagement.profile_id is not None:
        return session.get(Profile, engagement.profile_id)
    return session.exec(of_person.where(Profile.platform == engagement.channel)).first()


def _answered(session: Session, message: Message) -> Engagement | None:
    return session.get_one(Engagement, message.engagement_id) if message.engagement_id is not None else None


def _follows_up(template: Template) -> bool:
    """Whether the template continues a thread rather than begin one."""
    return template.action == "email" and (not template.subject or "engagement.subject" in template.subject)


def _no_way(message: str) -> Problem:
    return Problem("no-way", message, "error", "body")
