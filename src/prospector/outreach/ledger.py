"""What bounds an account's sending, counted from the messages themselves and never from memory."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from prospector.config import AccountSettings, Settings
from prospector.models import Account, Campaign, Message, Prospect
from prospector.outreach.domains import domain_of, registered
from prospector.outreach.ramp import Ramp
from prospector.prospects.people import FREE_MAIL

COUNTED = ("sending", "sent", "unknown")
DAY = timedelta(hours=24)
# As many as there are mail threads: what is claimed and only waits would be taken for stuck.
BURST = 8
WITHOUT_ONE_CLICK = 4_000
"""Mails in 24 hours from one domain where nobody can unsubscribe with one click. From 5,000 to its
users Gmail demands it (RFC 8058), and from then on for ever."""

NO_RAMP = Ramp(weeks=0)


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds one account's sending: `cap` in any 24 hours (None: no bound), `gap` between two.

    Of a mailbox, too: `domain_cap` mails to one domain of theirs from all `mailboxes` together, and
    `kin_cap` from all mailboxes of the same domain of ours, `kin`. `paused`: nothing goes at all.
    """

    cap: int | None = None
    gap: timedelta = timedelta()
    ramp: Ramp = NO_RAMP
    domain_cap: int | None = None
    mailboxes: tuple[int, ...] = ()
    kin_cap: int | None = None
    kin: tuple[int, ...] = ()
    paused: bool = False


Code = Literal["cap", "domain", "sending", "campaign-cap"]


@dataclass(frozen=True, slots=True)
class Quota:
    """At most so many of these messages in any 24 hours; `why` tells it to a person."""

    code: Code
    most: int
    of: Sequence[ColumnElement[bool]]
    why: str


@dataclass(frozen=True, slots=True)
class Full:
    """A quota that is used up, and when the first of its messages is a day old (None: never)."""

    quota: Quota
    until: datetime | None


def limits_of(settings: Settings, account_ids: Mapping[str, int]) -> dict[int, Limits]:
    """The limits of every account in config.toml, by its row; only mailboxes have more than a cap."""
    outreach = settings.file.outreach
    mailboxes = {
        account_ids[name]: account
        for name, account in settings.accounts.items()
        if account.connector.can.email.itself
    }
    limits = {id_: Limits(account.table.daily_cap) for id_, account in _rows(settings, account_ids)}
    for id_, account in mailboxes.items():
        table, domain = account.table, _sending_domain(account)
        ramp = Ramp(
            outreach.ramp_from if table.ramp_from is None else table.ramp_from,
            outreach.ramp_weeks if table.ramp_weeks is None else table.ramp_weeks,
        )
        limits[id_] = Limits(
            cap=outreach.daily_cap if table.daily_cap is None else table.daily_cap,
            gap=outreach.gap,
            ramp=ramp,
            domain_cap=outreach.domain_cap,
            mailboxes=tuple(sorted(mailboxes)),
            kin_cap=None if outreach.public_url or not domain else WITHOUT_ONE_CLICK,
            kin=tuple(sorted(row for row, other in mailboxes.items() if _sending_domain(other) == domain)),
            paused=outreach.paused,
        )
    return limits


def _rows(settings: Settings, account_ids: Mapping[str, int]) -> list[tuple[int, AccountSettings]]:
    return [(account_ids[name], account) for name, account in settings.accounts.items()]


def _sending_domain(account: AccountSettings) -> str:
    return registered(domain_of(getattr(account.settings, "address", "")))


def cap_of(session: Session, account: Account, limits: Limits, now: datetime) -> int | None:
    """What an account may send in any 24 hours now, on its ramp."""
    if limits.cap is None or not limits.ramp.weeks:
        return limits.cap
    return limits.ramp.cap(limits.cap, sends_since(session, account), now)


def sends_since(session: Session, account: Account) -> datetime | None:
    """When an account sent for the first time: what is noted, else what the oldest message says, for
    an account that has sent since before this was noted."""
    if account.first_sent_on is not None:
        return account.first_sent_on
    oldest = (
        select(Message.claimed_at)
        .where(Message.account_id == account.id, col(Message.state).in_(COUNTED))
        .where(col(Message.claimed_at).is_not(None))
        .order_by(col(Message.claimed_at))
        .limit(1)
    )
    return session.exec(oldest).first()


def quotas(
    session: Session, message: Message, account: Account, limits: Limits, now: datetime
) -> list[Quota]:
    """Every quota that a message falls under."""
    found = []
    cap = cap_of(session, account, limits, now)
    if cap is not None:
        day = limits.ramp.day(sends_since(session, account), now) if limits.ramp.weeks else None
        ramp = f", on day {day} of {limits.ramp.days} of its ramp" if day is not None else ""
        words = f"the account has sent its {cap} of 24 hours{ramp}"
        found.append(Quota("cap", cap, [col(Message.account_id) == account.id], words))
    if message.action == "email":
        found += _of_mail(session, message, limits)
    if message.campaign_id is not None:
        found += _of_campaign(session, message.campaign_id)
    return found


def _of_mail(session: Session, message: Message, limits: Limits) -> list[Quota]:
    found = []
    domain = domain_of(message.address or session.get_one(Prospect, message.prospect_id).email)
    # Behind the address of a free mailer there is no company that could feel besieged.
    if limits.domain_cap is not None and domain and domain not in FREE_MAIL:
        words = f"{domain} has had its {limits.domain_cap} mails of 24 hours"
        found.append(Quota("domain", limits.domain_cap, to_domain(domain, limits.mailboxes), words))
    if limits.kin_cap is not None:
        words = (
            f"our domain has sent {limits.kin_cap} mails in 24 hours, and without one-click unsubscribing "
            "that is the most; see [outreach] public_url"
        )
        found.append(Quota("sending", limits.kin_cap, [col(Message.account_id).in_(limits.kin)], words))
    return found


def to_domain(domain: str, mailboxes: Collection[int]) -> list[ColumnElement[bool]]:
    """Mails from these mailboxes to addresses of a domain."""
    address = func.lower(func.coalesce(Message.address, _ADDRESS))
    return [col(Message.account_id).in_(mailboxes), address.endswith("@" + domain, autoescape=True)]


_ADDRESS = (
    select(Prospect.email)
    .where(col(Prospect.id) == col(Message.prospect_id))
    .correlate(Message)
    .scalar_subquery()
)
"""Of messages that were approved before their address was kept."""


def _of_campaign(session: Session, campaign_id: int) -> list[Quota]:
    campaign = session.get_one(Campaign, campaign_id)
    most = campaign.schedule.get("daily_cap")
    if not isinstance(most, int):
        return []
    of: list[ColumnElement[bool]] = [col(Message.campaign_id) == campaign_id]
    if campaign.account_ids:
        of.append(col(Message.account_id).in_(campaign.account_ids))
    return [Quota("campaign-cap", most, of, f"the campaign has sent its {most} of 24 hours")]


def used(quota: Quota, now: datetime) -> SelectOfScalar[int]:
    """How many of its messages were begun in the last 24 hours."""
    return select(func.count()).where(
        *quota.of, col(Message.state).in_(COUNTED), col(Message.claimed_at) > now - DAY
    )


def full(session: Session, found: Sequence[Quota], now: datetime) -> Full | None:
    """Of the quotas that are used up the one that lasts longest."""
    ends = [one for quota in found if (one := _full(session, quota, now)) is not None]
    return max(ends, key=lambda one: (one.until is None, one.until or now), default=None)


def _full(session: Session, quota: Quota, now: datetime) -> Full | None:
    if quota.most <= 0:
        return Full(quota, None)
    claimed = (
        select(Message.claimed_at)
        .where(*quota.of, col(Message.state).in_(COUNTED), col(Message.claimed_at) > now - DAY)
        .order_by(col(Message.claimed_at).desc())
    )
    filling = session.exec(claimed.offset(quota.most - 1).limit(1)).first()
    return Full(quota, filling + DAY) if filling is not None else None


def gap_ends(session: Session, message: Message, limits: Limits, now: datetime) -> datetime | None:
    """When enough time has gone by since the account's last message; None: now."""
    if not limits.gap:
        return None
    last = (
        select(Message.claimed_at)
        .where(Message.account_id == message.account_id, col(Message.state).in_(COUNTED))
        .where(col(Message.claimed_at).is_not(None))
        .order_by(col(Message.claimed_at).desc())
        .limit(1)
    )
    claimed_at = session.exec(last).first()
    if claimed_at is None:
        return None
    ends = claimed_at + jittered(limits.gap, message.message_id or "")
    return ends if ends > now else None


def counted(account_id: int | None) -> SelectOfScalar[int]:
    """How many messages of an account count towards its limits; add when they were claimed."""
    return select(func.count()).where(col(Message.account_id) == account_id, col(Message.state).in_(COUNTED))


def left(session: Session, account_id: int, cap: int | None, now: datetime) -> int:
    """How many messages an account may begin at a time."""
    if cap is None:
        return BURST
    today = counted(account_id).where(col(Message.claimed_at) > now - DAY)
    return max(0, min(BURST, cap - session.exec(today).one()))


def jittered(gap: timedelta, message_id: str) -> timedelta:
    """The gap before this message: up to 60 % longer, the same after a restart."""
    return gap * (1 + random.Random(message_id).uniform(0, 0.6))
