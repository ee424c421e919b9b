"""The tables, and nothing else.

Integer keys; `*_at` are aware UTC; choices are text with a CHECK; JSON only for what is never
searched; money in minor units with a currency.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, DateTime, Index, MetaData, Table, UniqueConstraint, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata

HIGHEST_ID = 2**31 - 1
"""The largest number that a row can have: an INTEGER of PostgreSQL."""


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out, on both databases; a naive time is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value.isoformat()}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


UTCTime: Any = UTCDateTime
Json: Any = JSON


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model, for statements that are made once of plain columns."""
    return model.__table__  # type: ignore[attr-defined,no-any-return]


def one_of(column: str, *values: str) -> CheckConstraint:
    quoted = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({quoted})", name=column)


def partial(name: str, *columns: Any, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


class User(SQLModel, table=True):
    """One of us. `password` is an argon2id hash, `totp` a sealed secret; `notify` says which of the
    channels of config.toml get what, `preferences` how the pages look and whether letters are keys."""

    __tablename__ = "user"
    __table_args__ = (one_of("role", "rep", "founder", "manager", "admin"),)
    id: int = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str
    role: str = "admin"
    timezone: str = "UTC"
    day_start: str = "07:00"
    minutes: int = 25
    password: str | None = None
    totp: str | None = None
    totp_step: int = 0
    notify: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    preferences: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    away_until: datetime | None = Field(default=None, sa_type=UTCTime)
    cover_id: int | None = Field(default=None, foreign_key="user.id")
    digested_at: datetime | None = Field(default=None, sa_type=UTCTime)
    notified_at: datetime | None = Field(default=None, sa_type=UTCTime)
    created_at: datetime = Field(sa_type=UTCTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UTCTime)


class Login(SQLModel, table=True):
    """What lets somebody in, known by the hash of a random token: a browser's session, a device that
    signed in before, a program's bearer token, or a link that works once (`setup`: for the first user)."""

    __table_args__ = (one_of("kind", "session", "device", "api", "link", "setup"),)
    token_hash: str = Field(primary_key=True)
    kind: str
    user_id: int | None = Field(default=None, foreign_key="user.id", index=True)
    label: str = ""
    created_at: datetime = Field(sa_type=UTCTime)
    seen_at: datetime = Field(sa_type=UTCTime)
    expires_at: datetime = Field(sa_type=UTCTime)


class Attempt(SQLModel, table=True):
    """A sign-in that failed; `key` is what it is counted against (an account, an address)."""

    __table_args__ = (Index("ix_attempt_key_at", "key", "at"),)
    id: int = Field(default=None, primary_key=True)
    key: str
    at: datetime = Field(sa_type=UTCTime)


class View(SQLModel, table=True):
    """A search of the people's list that somebody keeps; `shared` shows it to everybody."""

    id: int = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="user.id", index=True)
    name: str
    query: str
    shared: bool = False
    created_at: datetime = Field(sa_type=UTCTime)


class Account(SQLModel, table=True):
    """Our own access to a platform: the file owns the settings, this row owns the pace.

    `paused_*` stops everything, `held_*` only the sending, by a circuit breaker: `held_times` counts how
    often it has broken since all was well, `troubles` are the last that it counts, each with its kind
    and time. `first_sent_on` is the day from which the ramp counts, and `authentication` what DNS and
    a mail of ours said of SPF, DKIM and DMARC."""

    __table_args__ = (
        UniqueConstraint("connector", "name"),
        partial("ix_account_due", "next_poll_at", where="next_poll_at IS NOT NULL"),
    )
    id: int = Field(default=None, primary_key=True)
    connector: str
    name: str
    remote_id: str | None = None
    handle: str | None = None
    every_ms: int = 0
    free_at: datetime = Field(sa_type=UTCTime)
    budget: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    inbox_cursor: str | None = None
    next_poll_at: datetime | None = Field(default=None, sa_type=UTCTime)
    polled_at: datetime | None = Field(default=None, sa_type=UTCTime)
    covered_until: datetime | None = Field(default=None, sa_type=UTCTime)
    rhythm: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    failures: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=UTCTime)
    error: str | None = None
    paused_until: datetime | None = Field(default=None, sa_type=UTCTime)
    paused_why: str | None = None
    held_until: datetime | None = Field(default=None, sa_type=UTCTime)
    held_why: str | None = None
    held_times: int = 0
    troubles: list[Any] = Field(default_factory=list, sa_type=Json)
    first_sent_on: datetime | None = Field(default=None, sa_type=UTCTime)
    authentication: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class Company(SQLModel, table=True):
    __table_args__ = (
        partial("uq_company_domain", "domain", where="domain IS NOT NULL", unique=True),
        Index("ix_company_name", "name", "id"),
    )
    id: int = Field(default=None, primary_key=True)
    name: str
    domain: str | None = None
    fields: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    paused_until: datetime | None = Field(default=None, sa_type=UTCTime)
    paused_why: str | None = None


class Prospect(SQLModel, table=True):
    """A person we want to win. `stage` is the last word of the fold, kept here to be searched.

    Who was entered twice stays as an archived row whose `merged_into_id` is the one that lives on."""

    __table_args__ = (
        partial("uq_prospect_email", "email", where="email IS NOT NULL", unique=True),
        Index("ix_prospect_owner_stage", "owner_id", "stage"),
        Index("ix_prospect_owner_heat", "owner_id", "heat"),
        Index("ix_prospect_heat", "heat", "id"),
        partial("ix_prospect_timer", "next_timer_at", where="next_timer_at IS NOT NULL"),
    )
    id: int = Field(default=None, primary_key=True)
    owner_id: int | None = Field(default=None, foreign_key="user.id")
    company_id: int | None = Field(default=None, foreign_key="company.id", index=True)
    name: str
    email: str | None = None
    title: str | None = None
    country: str | None = None
    timezone: str | None = None
    value: int | None = None
    currency: str | None = None
    expected_close_on: str | None = None
    lost_reason: str | None = None
    tags: list[str] = Field(default_factory=list, sa_type=Json)
    fields: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    source: str | None = None
    source_at: datetime | None = Field(default=None, sa_type=UTCTime)
    legal_basis: str | None = None
    start_stage: str
    tracked_from: datetime = Field(sa_type=UTCTime)
    stage: str
    stage_at: datetime = Field(sa_type=UTCTime)
    horizon: datetime | None = Field(default=None, sa_type=UTCTime)
    next_timer_at: datetime | None = Field(default=None, sa_type=UTCTime)
    heat: float = 0.0
    fit: int = 50
    fit_verdict: str = "review"
    fit_reasons: list[Any] = Field(default_factory=list, sa_type=Json)
    paused_until: datetime | None = Field(default=None, sa_type=UTCTime)
    paused_why: str | None = None
    created_at: datetime = Field(sa_type=UTCTime)
    archived_at: datetime | None = Field(default=None, sa_type=UTCTime)
    merged_into_id: int | None = Field(default=None, foreign_key="prospect.id", index=True)


class Profile(SQLModel, table=True):
    """One of a prospect's accounts or feeds, found by its canonical URL. `confidence` is how sure it
    is that it is theirs: 1 where a person said so."""

    __table_args__ = (
        UniqueConstraint("platform", "url"),
        partial("uq_profile_remote", "platform", "remote_id", where="remote_id IS NOT NULL", unique=True),
        partial(
            "ix_profile_due",
            "account_id",
            "next_poll_at",
            where="gone_at IS NULL AND next_poll_at IS NOT NULL",
        ),
        partial(
            "ix_profile_failing",
            "account_id",
            "failing_since",
            where="failing_since IS NOT NULL AND gone_at IS NULL",
        ),
    )
    id: int = Field(default=None, primary_key=True)
    prospect_id: int = Field(foreign_key="prospect.id", index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    platform: str
    url: str
    handle: str
    remote_id: str | None = None
    name: str | None = None
    source_url: str | None = None
    cursor: str | None = None
    next_poll_at: datetime | None = Field(default=None, sa_type=UTCTime)
    rhythm: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    polled_at: datetime | None = Field(default=None, sa_type=UTCTime)
    covered_until: datetime | None = Field(default=None, sa_type=UTCTime)
    failures: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=UTCTime)
    error: str | None = None
    confidence: float = 1.0
    gone_at: datetime | None = Field(default=None, sa_type=UTCTime)


class Engagement(SQLModel, table=True):
    """One dated thing that they did, or that we did towards them: logged exactly once."""

    __table_args__ = (
        Index("ix_engagement_prospect_at", "prospect_id", "at"),
        partial("ix_engagement_stranger", "channel", "actor", "id", where="prospect_id IS NULL"),
        partial("ix_engagement_stranger_newest", "id", where="prospect_id IS NULL"),
        partial(
            "ix_engagement_answer",
            "at",
            where="by = 'them' AND kind NOT IN ('post', 'like', 'repost', 'follow')",
        ),
        one_of("by", "them", "us"),
    )
    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    prospect_id: int | None = Field(default=None, foreign_key="prospect.id")
    actor: str = ""
    actor_url: str = ""
    actor_name: str = ""
    profile_id: int | None = Field(default=None, foreign_key="profile.id", index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    channel: str
    kind: str
    by: str = "them"
    at: datetime = Field(sa_type=UTCTime)
    seen_at: datetime = Field(sa_type=UTCTime)
    at_estimated: bool = False
    object: str = Field(default="", index=True)
    post: str | None = None
    url: str | None = None
    text: str = ""
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    user_id: int | None = Field(default=None, foreign_key="user.id")
    raw: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    confidence: float = 1.0
    retracted_at: datetime | None = Field(default=None, sa_type=UTCTime)


class Ruleset(SQLModel, table=True):
    """A version of the rules. The fold takes those with `live_from` that are not voided."""

    __table_args__ = (
        one_of("state", "draft", "shadow", "live", "retired"),
        partial("uq_ruleset_live", "state", where="state = 'live'", unique=True),
    )
    id: int = Field(default=None, primary_key=True)
    source: str
    note: str = ""
    user_id: int | None = Field(default=None, foreign_key="user.id")
    state: str
    live_from: datetime | None = Field(default=None, sa_type=UTCTime)
    live_until: datetime | None = Field(default=None, sa_type=UTCTime)
    voided_at: datetime | None = Field(default=None, sa_type=UTCTime)
    created_at: datetime = Field(sa_type=UTCTime)


class Move(SQLModel, table=True):
    """A change of stage, or a firing without one, with its proof."""

    __table_args__ = (
        partial(
            "uq_move_rule",
            "prospect_id",
            "key",
            "ruleset_id",
            where="superseded_at IS NULL AND ruleset_id IS NOT NULL",
            unique=True,
        ),
        partial(
            "uq_move_hand",
            "prospect_id",
            "key",
            where="superseded_at IS NULL AND ruleset_id IS NULL",
            unique=True,
        ),
        CheckConstraint("rule IS NOT NULL OR ruleset_id IS NULL", name="cause"),
        Index("ix_move_prospect_at", "prospect_id", "effective_at"),
        Index("ix_move_effective_at", "effective_at"),
    )
    id: int = Field(default=None, primary_key=True)
    key: str
    prospect_id: int = Field(foreign_key="prospect.id")
    ruleset_id: int | None = Field(default=None, foreign_key="ruleset.id")
    rule: str | None = None
    before: str
    after: str | None = None
    effective_at: datetime = Field(sa_type=UTCTime)
    decided_at: datetime = Field(sa_type=UTCTime)
    user_id: int | None = Field(default=None, foreign_key="user.id")
    why: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    superseded_at: datetime | None = Field(default=None, sa_type=UTCTime)


class Effect(SQLModel, table=True):
    """What a firing asked for, at most once per key and action, ever."""

    __table_args__ = (
        UniqueConstraint("prospect_id", "key", "kind"),
        one_of("kind", "draft", "card", "tag", "notice"),
        one_of("state", "due", "done", "skipped"),
    )
    id: int = Field(default=None, primary_key=True)
    key: str
    prospect_id: int = Field(foreign_key="prospect.id")
    kind: str
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    state: str = "due"
    why: str = ""
    at: datetime = Field(sa_type=UTCTime)


class Card(SQLModel, table=True):
    """One thing for a rep to decide today; at most one open for a prospect.

    `since` is when its strongest cause arose, `arrived_at` when it came onto the list: made, woken, or
    with a stronger cause. `opened_at` is
    when who decides it began to read, `held_until` until when it is theirs alone. `decided_*` tells of
    a snooze too. `run_id` is the last decision, which can be taken back.
    """

    __table_args__ = (
        partial("uq_card_prospect", "prospect_id", where="state IN ('open', 'snoozed')", unique=True),
        partial("ix_card_arrived", "arrived_at", where="state = 'open'"),
        partial("ix_card_due", "due_on", where="state = 'open'"),
        partial("ix_card_snoozed", "until", "owner_id", where="state = 'snoozed'"),
        partial("ix_card_expires", "expires_at", where="state IN ('open', 'snoozed')"),
        Index("ix_card_decided", "decided_at"),
        one_of("state", "open", "snoozed", "done", "dismissed", "expired"),
    )
    id: int = Field(default=None, primary_key=True)
    prospect_id: int = Field(foreign_key="prospect.id", index=True)
    owner_id: int | None = Field(default=None, foreign_key="user.id")
    causes: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    reasons: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    priority: int = 0
    section: str = ""
    since: datetime = Field(sa_type=UTCTime)
    due_on: datetime = Field(sa_type=UTCTime)
    created_at: datetime = Field(sa_type=UTCTime)
    arrived_at: datetime = Field(sa_type=UTCTime)
    expires_at: datetime | None = Field(default=None, sa_type=UTCTime)
    state: str = "open"
    until: datetime | None = Field(default=None, sa_type=UTCTime)
    wake_on: str | None = None
    held_by: int | None = Field(default=None, foreign_key="user.id")
    held_until: datetime | None = Field(default=None, sa_type=UTCTime)
    opened_at: datetime | None = Field(default=None, sa_type=UTCTime)
    decided_by: int | None = Field(default=None, foreign_key="user.id")
    decided_at: datetime | None = Field(default=None, sa_type=UTCTime)
    decided_why: str | None = None
    run_id: int | None = Field(default=None, foreign_key="run.id")


# Outside of the class, since only a column that there is has a direction: the order of the list.
_LISTED = table_of(Card).c
_ORDER = (_LISTED.section, _LISTED.priority.desc(), _LISTED.since, _LISTED.id)
partial("ix_card_queue", _LISTED.owner_id, *_ORDER, where="state = 'open'")
partial("ix_card_open", *_ORDER, where="state = 'open'")


class Message(SQLModel, table=True):
    """A text before and after approval. `occasion` makes the same message twice impossible;
    `despite` says why it goes out although somebody of us has just written.

    Of a campaign: `step` counts from 1, `variant` is the arm of the trial, `shape` tells by which
    branches and fallbacks of the template the text came about. `address` is to whom it was approved,
    `footer` what is sent below the body, `token` what one click on "unsubscribe" brings back."""

    __table_args__ = (
        partial(
            "uq_message_occasion",
            "prospect_id",
            "occasion",
            "action",
            where="state <> 'discarded'",
            unique=True,
        ),
        Index("ix_message_state_send_at", "state", "send_at"),
        Index("ix_message_account_claimed_at", "account_id", "claimed_at"),
        partial("ix_message_sent", "sent_at", where="state = 'sent'"),
        partial("ix_message_campaign", "campaign_id", "step", "state", where="campaign_id IS NOT NULL"),
        partial("ix_message_recipient", "recipient_id", "step", where="recipient_id IS NOT NULL"),
        partial("uq_message_token", "token", where="token IS NOT NULL", unique=True),
        partial("ix_message_run", "run_id", where="run_id IS NOT NULL"),
        one_of("action", "email", "reply", "dm", "like", "follow", "invite", "call"),
        one_of("state", "draft", "approved", "sending", "sent", "refused", "unknown", "discarded"),
    )
    id: int = Field(default=None, primary_key=True)
    prospect_id: int = Field(foreign_key="prospect.id", index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    profile_id: int | None = Field(default=None, foreign_key="profile.id", index=True)
    engagement_id: int | None = Field(default=None, foreign_key="engagement.id", index=True)
    card_id: int | None = Field(default=None, foreign_key="card.id", index=True)
    action: str
    by_hand: bool = False
    copied_at: datetime | None = Field(default=None, sa_type=UTCTime)
    occasion: str
    template: str | None = None
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    facts_hash: str = ""
    problems: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    subject: str = ""
    body: str = ""
    approved_hash: str | None = None
    despite: str | None = None
    state: str = "draft"
    message_id: str | None = Field(default=None, unique=True)
    created_at: datetime = Field(sa_type=UTCTime)
    approved_by: int | None = Field(default=None, foreign_key="user.id")
    approved_at: datetime | None = Field(default=None, sa_type=UTCTime)
    send_at: datetime | None = Field(default=None, sa_type=UTCTime)
    claimed_at: datetime | None = Field(default=None, sa_type=UTCTime)
    data_at: datetime | None = Field(default=None, sa_type=UTCTime)
    sent_at: datetime | None = Field(default=None, sa_type=UTCTime)
    tries: int = 0
    reply: str = ""
    uri: str | None = None
    error: str | None = None
    run_id: int | None = Field(default=None, foreign_key="run.id")
    campaign_id: int | None = Field(default=None, foreign_key="campaign.id")
    recipient_id: int | None = Field(default=None, foreign_key="recipient.id")
    step: int | None = None
    variant: str | None = None
    shape: str = ""
    address: str | None = None
    footer: str = ""
    token: str | None = None


class Campaign(SQLModel, table=True):
    """Many messages from one series of templates. What is written lies in its versions; here is how it
    goes out: from which mailboxes, when (`schedule`, docs/campaigns.md), until what stops it (`stops`),
    on which lawful basis (`basis`) and with which note on where the addresses are from (`source`)."""

    __table_args__ = (one_of("state", "draft", "running", "paused", "done"),)
    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    state: str = "draft"
    account_ids: list[int] = Field(default_factory=list, sa_type=Json)
    schedule: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    stops: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    basis: str = ""
    source: str = ""
    reply_to: str | None = None
    created_by: int | None = Field(default=None, foreign_key="user.id")
    created_at: datetime = Field(sa_type=UTCTime)
    started_at: datetime | None = Field(default=None, sa_type=UTCTime)
    paused_why: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UTCTime)


class CampaignVersion(SQLModel, table=True):
    """What a campaign writes: its steps, with waits, variants and languages, and what stands for a
    fact that is missing. Never changed: an edit is a new version, and who has a draft keeps theirs."""

    __tablename__ = "campaign_version"
    __table_args__ = (UniqueConstraint("campaign_id", "number"),)
    id: int = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    number: int
    steps: list[Any] = Field(default_factory=list, sa_type=Json)
    fallbacks: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    note: str = ""
    user_id: int | None = Field(default=None, foreign_key="user.id")
    created_at: datetime = Field(sa_type=UTCTime)


class Recipient(SQLModel, table=True):
    """A person in a campaign: `added` until they have drafts, `active` once the first is approved."""

    __table_args__ = (
        UniqueConstraint("campaign_id", "prospect_id"),
        Index("ix_recipient_campaign_state", "campaign_id", "state", "id"),
        one_of("state", "added", "drafted", "active", "stopped", "skipped", "done"),
    )
    id: int = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    prospect_id: int = Field(foreign_key="prospect.id", index=True)
    version_id: int | None = Field(default=None, foreign_key="campaign_version.id", index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    variant: str = ""
    state: str = "added"
    why: str | None = None
    at: datetime = Field(sa_type=UTCTime)
    run_id: int | None = Field(default=None, foreign_key="run.id", index=True)


class Consent(SQLModel, table=True):
    """Why we may write to a person, with its evidence; kept, since the burden of proof is ours."""

    __table_args__ = (
        one_of("kind", "express", "relationship", "inquiry", "publication", "opt_in", "interest"),
    )
    id: int = Field(default=None, primary_key=True)
    prospect_id: int = Field(foreign_key="prospect.id", index=True)
    kind: str
    at: datetime = Field(sa_type=UTCTime)
    expires_at: datetime | None = Field(default=None, sa_type=UTCTime)
    evidence: str = ""
    user_id: int | None = Field(default=None, foreign_key="user.id")
    created_at: datetime = Field(sa_type=UTCTime)


class Suppression(SQLModel, table=True):
    """Never write to them: `email:…`, `domain:…`, `person:…` or `<platform>:<remote id>`."""

    key: str = Field(primary_key=True)
    why: str
    at: datetime = Field(sa_type=UTCTime)
    by: str = ""


class Poll(SQLModel, table=True):
    """One look at a profile or an inbox, kept for 30 days."""

    __table_args__ = (
        Index("ix_poll_profile", "profile_id", "id"),
        Index("ix_poll_account", "account_id", "id"),
        CheckConstraint("(profile_id IS NULL) <> (account_id IS NULL)", name="of"),
    )
    id: int = Field(default=None, primary_key=True)
    profile_id: int | None = Field(default=None, foreign_key="profile.id")
    account_id: int | None = Field(default=None, foreign_key="account.id")
    started_at: datetime = Field(sa_type=UTCTime)
    took_ms: int = 0
    outcome: str
    found: int = 0
    covered_until: datetime | None = Field(default=None, sa_type=UTCTime)
    cost: float = 0.0
    error: str | None = None


class Run(SQLModel, table=True):
    """A batch that can be undone."""

    __table_args__ = (Index("ix_run_kind", "kind", "id"),)
    id: int = Field(default=None, primary_key=True)
    kind: str
    at: datetime = Field(sa_type=UTCTime)
    user_id: int | None = Field(default=None, foreign_key="user.id")
    undone_at: datetime | None = Field(default=None, sa_type=UTCTime)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)

    def note(self, **values: Any) -> None:
        """Put these into the detail; it is stored only where it is a new value."""
        self.detail = {**self.detail, **values}


class Edit(SQLModel, table=True):
    """What a run changes of one person: the fields that it touched, before and after. A row without
    `done_at` is still to be done; `left` says why it was left as it was, `undone_at` that it was
    taken back."""

    run_id: int = Field(foreign_key="run.id", primary_key=True)
    prospect_id: int = Field(foreign_key="prospect.id", primary_key=True, index=True)
    before: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    after: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    left: str | None = None
    done_at: datetime | None = Field(default=None, sa_type=UTCTime)
    undone_at: datetime | None = Field(default=None, sa_type=UTCTime)


class Dismissal(SQLModel, table=True):
    """A stranger whom somebody does not want to see: not before something after `engagement_id`."""

    channel: str = Field(primary_key=True)
    actor: str = Field(primary_key=True)
    engagement_id: int
    user_id: int | None = Field(default=None, foreign_key="user.id")
    at: datetime = Field(sa_type=UTCTime)


class ImportRow(SQLModel, table=True):
    """A row of an imported file: `cells` as they were read, what the plan makes of it, and what came
    of it. `before` and `after` are what it changed, `left` why undoing it left something alone."""

    __tablename__ = "import_row"
    __table_args__ = (
        Index("ix_import_row_plan", "run_id", "plan", "number"),
        one_of("plan", "read", "add", "change", "same", "conflict", "refuse"),
    )
    run_id: int = Field(foreign_key="run.id", primary_key=True)
    number: int = Field(primary_key=True)
    cells: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    plan: str = "read"
    why: str | None = None
    prospect_id: int | None = Field(default=None, foreign_key="prospect.id", index=True)
    before: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    after: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    done_at: datetime | None = Field(default=None, sa_type=UTCTime)
    left: str | None = None
    undone_at: datetime | None = Field(default=None, sa_type=UTCTime)


class ColumnMapping(SQLModel, table=True):
    """Which column of a file with these headings meant what, the last time that somebody said."""

    __tablename__ = "column_mapping"
    signature: str = Field(primary_key=True)
    mapping: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    at: datetime = Field(sa_type=UTCTime)
