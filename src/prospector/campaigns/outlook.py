"""How a campaign goes out, in words, and when its last mail leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sql
from sqlmodel import Session, col, func, select

from prospector.campaigns import editing, forecast
from prospector.campaigns.forecast import LEFT_OUT, Waiting
from prospector.config import Settings, Window
from prospector.models import Account, Campaign, Message, Prospect, Recipient, table_of
from prospector.outreach import ledger
from prospector.outreach.ledger import Limits
from prospector.outreach.window import window_of, zone_of

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NOT_BEGUN = ("added", "drafted")

_MESSAGE, _RECIPIENT, _PROSPECT = table_of(Message), table_of(Recipient), table_of(Prospect)
_TIME = _MESSAGE.c.send_at.type
_NEXT = (
    sql.select(
        _MESSAGE.c.recipient_id,
        sql.func.min(_MESSAGE.c.step).label("step"),
        sql.func.max(_MESSAGE.c.send_at, type_=_TIME).label("send_at"),
    )
    .where(_MESSAGE.c.campaign_id == sql.bindparam("campaign"), _MESSAGE.c.state == "approved")
    .group_by(_MESSAGE.c.recipient_id)
    .subquery()
)
_FOLLOWING = (
    sql.select(
        _RECIPIENT.c.account_id,
        _PROSPECT.c.country,
        _NEXT.c.step,
        sql.func.count(),
        sql.func.max(_NEXT.c.send_at, type_=_TIME),
    )
    .join_from(_RECIPIENT, _PROSPECT, _PROSPECT.c.id == _RECIPIENT.c.prospect_id)
    .join(_NEXT, _NEXT.c.recipient_id == _RECIPIENT.c.id)
    .where(_RECIPIENT.c.campaign_id == sql.bindparam("campaign"), _RECIPIENT.c.state == "active")
    .group_by(_RECIPIENT.c.account_id, _PROSPECT.c.country, _NEXT.c.step)
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """For the screen: the rules, when the last mail leaves, and what that leaves out; the last two are
    empty where nobody waits."""

    words: str
    last: str = ""
    without: str = ""


def schedule_in_words(session: Session, settings: Settings, campaign: Campaign, now: datetime) -> Schedule:
    """How a campaign goes out: "Tuesday to Thursday, 08:30 to 11:30 their time, at most 40 a day from
    mira", and "the last one leaves Wed 20 May"."""
    window = window_of(settings.file.outreach.window, campaign.schedule)
    words = f"{_hours(window)}, {_caps(session, settings, campaign, now)}"
    last = last_leaves(session, settings, campaign, now)
    if last is None:
        return Schedule(words)
    day = f"{last:%a %-d %b}" if last.year == now.year else f"{last:%a %-d %b %Y}"
    return Schedule(words, f"the last one leaves {day}", LEFT_OUT)


def last_leaves(session: Session, settings: Settings, campaign: Campaign, now: datetime) -> date | None:
    """The day on which the last mail leaves, by a plan over people who wait; None where nobody waits,
    or it could never leave."""
    version = editing.newest(session, campaign.id)
    if version is None or not campaign.account_ids:
        return None
    window = window_of(settings.file.outreach.window, campaign.schedule)
    accounts = {one.id: one for one in _accounts(session, campaign)}
    limits = _limits(session, settings)
    share = _share(campaign)
    today = now.astimezone(zone_of(settings.file.queue.timezone)).date()

    def capacity(mailbox: int, day: date) -> int:
        known = limits.get(mailbox, Limits())
        begun = accounts[mailbox].first_sent_on or now
        cap = known.cap
        if cap is not None and known.ramp.weeks:
            cap = known.ramp.cap(cap, begun, datetime.combine(day, time(), UTC) + timedelta(hours=12))
        bounds = [bound for bound in (cap, share, forecast.fits(window, known.gap)) if bound is not None]
        return min(bounds, default=10**6)

    waits = [int(step.get("wait", 0)) for step in version.steps]
    waiting = list(_waiting(session, campaign, list(accounts), today))
    return forecast.last_day(waiting, waits, window, capacity, today)


def _waiting(
    session: Session, campaign: Campaign, mailboxes: Sequence[int], today: date
) -> Iterable[Waiting]:
    """Who waits for their first mail, and who for a follow-up."""
    first = (
        select(Recipient.account_id, Prospect.country, func.count())
        .join(Prospect, col(Prospect.id) == Recipient.prospect_id)
        .where(Recipient.campaign_id == campaign.id, col(Recipient.state).in_(NOT_BEGUN))
        .group_by(col(Recipient.account_id), col(Prospect.country))
    )
    for mailbox, country, people in session.exec(first):
        # Who has no mailbox yet will be spread evenly.
        share = [mailbox] if mailbox is not None and mailbox in mailboxes else list(mailboxes)
        for place, id_ in enumerate(share):
            part = people // len(share) + (place < people % len(share))
            yield Waiting(id_, country, part, 1, today)
    for mailbox, country, step, people, send_at in session.execute(_FOLLOWING, {"campaign": campaign.id}):
        if mailbox in mailboxes:
            yield Waiting(mailbox, country, people, step, send_at.date() if send_at else today)


def _hours(window: Window) -> str:
    if window.always:
        return "at any hour"
    holidays = ", not on public holidays" if window.holidays else ""
    return f"{days_in_words(window.days)}, {window.start:%H:%M} to {window.end:%H:%M} their time{holidays}"


def days_in_words(days: Iterable[int]) -> str:
    """Weekdays (1 is Monday) as people say them: "Monday to Thursday", "Monday and Friday"."""
    known = sorted(set(days))
    names = [DAYS[day - 1] for day in known]
    if len(known) > 2 and known[-1] - known[0] == len(known) - 1:
        return f"{names[0]} to {names[-1]}"
    if len(names) < 2:
        return names[0] if names else "on no day"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _caps(session: Session, settings: Settings, campaign: Campaign, now: datetime) -> str:
    limits = _limits(session, settings)
    parts = []
    for account in _accounts(session, campaign):
        cap = ledger.cap_of(session, account, limits[account.id], now) if account.id in limits else None
        parts.append(f"at most {cap} a day from {account.name}" if cap is not None else account.name)
    most = campaign.schedule.get("daily_cap")
    whole = [f"{most} in all"] if isinstance(most, int) else []
    return ", ".join([*parts, *whole]) or "from no mailbox yet"


def _share(campaign: Campaign) -> int | None:
    """What the campaign's own cap leaves for each of its mailboxes."""
    most = campaign.schedule.get("daily_cap")
    return max(1, most // len(campaign.account_ids)) if isinstance(most, int) else None


def _accounts(session: Session, campaign: Campaign) -> Sequence[Account]:
    chosen = select(Account).where(col(Account.id).in_(campaign.account_ids)).order_by(col(Account.id))
    return session.exec(chosen).all()


def _limits(session: Session, settings: Settings) -> Mapping[int, Limits]:
    ids = dict(session.exec(select(Account.name, Account.id).order_by(col(Account.id))).all())
    return ledger.limits_of(settings, ids)
