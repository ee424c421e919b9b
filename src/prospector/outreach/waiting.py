"""Why an approved message has not left: one reason, and the time at which it ends where that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from prospector.campaigns import endings, series
from prospector.config import Settings
from prospector.models import Account, Campaign, Company, Message, Prospect
from prospector.outreach import consents, fresh, ledger, staleness, suppression
from prospector.outreach.drafts import Desk
from prospector.outreach.ledger import Limits
from prospector.outreach.window import calendar_for, closed, opening, window_of, zone_for

Code = Literal[
    "suppressed",
    "law",
    "by-hand",
    "stale",
    "archived",
    "no-account",
    "paused",
    "held",
    "campaign",
    "series",
    "hold",
    "window",
    "cap",
    "domain",
    "sending",
    "campaign-cap",
    "inbox",
    "gap",
]


@dataclass(frozen=True, slots=True)
class Waits:
    """The one reason to show; `until` is None where it is a person's turn, or nobody can tell."""

    code: Code
    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """A break of an account, a person or a company: `until` None means until somebody acts."""

    who: str
    why: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that bears on one approved message. `unlawful` is why the law of their country lets no cold mail go
    (any more); `stale` says what has changed since it was approved, `held` is a circuit breaker's break,
    `campaign` why its series does not go on and `follows` what it comes after. `opens` is when the window
    lets it go (None: never) and `closed` why not now; `cap_ends` is when the fullest of its quotas lets it
    go, `gap_ends` when the mailbox may send again; `unread` is why the inbox does not."""

    send_at: datetime | None
    by_hand: bool = False
    suppressed: str | None = None
    unlawful: str | None = None
    stale: Sequence[str] = ()
    archived: bool = False
    account: bool = True
    pauses: Sequence[Pause] = ()
    held: Pause | None = None
    campaign: tuple[fresh.Code, str] | None = None
    error: str | None = None
    follows: str = "its time has not come"
    opens: datetime | None = None
    closed: str = "outside the hours in which mail may leave"
    cap: int | None = None
    cap_code: ledger.Code = "cap"
    cap_why: str = ""
    cap_ends: datetime | None = None
    unread: str | None = None
    gap_ends: datetime | None = None


def why(given: Circumstances, now: datetime) -> Waits | None:
    """The reason that weighs most; None where the message may leave now."""
    return _unbounded(given, now) or _bounded(given, now)


def _unbounded(given: Circumstances, now: datetime) -> Waits | None:
    return (
        _lasting(given)
        or _paused(given.pauses, now)
        or _held(given.held, now)
        or (Waits(*given.campaign) if given.campaign is not None else None)
        or _timed(given, now)
    )


def _lasting(given: Circumstances) -> Waits | None:
    """What no time ends."""
    if (forbidden := _forbidden(given)) is not None:
        return forbidden
    if given.by_hand:
        return Waits("by-hand", "for you to do by hand; then `prospector sent ID`")
    if given.stale:
        return Waits("stale", f"out of date: {'; '.join(given.stale)}. Make it anew")
    if given.archived:
        return Waits("archived", "the person is archived")
    if not given.account:
        return Waits("no-account", "its account has left config.toml")
    return None


def _forbidden(given: Circumstances) -> Waits | None:
    if given.suppressed is not None:
        return Waits("suppressed", f"never written to: {given.suppressed}")
    return Waits("law", given.unlawful) if given.unlawful is not None else None


def of(session: Session, settings: Settings, desk: Desk, message: Message, now: datetime) -> Waits | None:
    """Why this approved message waits now. The quotas, whose counts cost most, are read only where
    nothing that weighs more holds it."""
    given = _without_quotas(session, settings, desk, message, now)
    return _unbounded(given, now) or _bounded(_with_quotas(session, settings, desk, message, given, now), now)


def circumstances_of(
    session: Session, settings: Settings, desk: Desk, message: Message, now: datetime
) -> Circumstances:
    """What the store says of a message, and config.toml of its account."""
    given = _without_quotas(session, settings, desk, message, now)
    return _with_quotas(session, settings, desk, message, given, now)


def _with_quotas(
    session: Session, settings: Settings, desk: Desk, message: Message, given: Circumstances, now: datetime
) -> Circumstances:
    limits = ledger.limits_of(settings, desk.account_ids).get(message.account_id or 0)
    account = session.get(Account, message.account_id) if message.account_id is not None else None
    full = _full(session, message, account, limits, now)
    gap_ends = ledger.gap_ends(session, message, limits or Limits(), now)
    if full is None:
        return replace(given, gap_ends=gap_ends)
    return replace(
        given,
        cap=full.quota.most,
        cap_code=full.quota.code,
        cap_why=full.quota.why,
        cap_ends=full.until,
        gap_ends=gap_ends,
    )


def _without_quotas(
    session: Session, settings: Settings, desk: Desk, message: Message, now: datetime
) -> Circumstances:
    prospect = session.get_one(Prospect, message.prospect_id)
    limits = ledger.limits_of(settings, desk.account_ids).get(message.account_id or 0)
    account = session.get(Account, message.account_id) if message.account_id is not None else None
    campaign = session.get(Campaign, message.campaign_id) if message.campaign_id is not None else None
    zone = zone_for(prospect.timezone, prospect.country, desk.timezone)
    window = window_of(settings.file.outreach.window, campaign.schedule if campaign else {})
    mails = message.action == "email"
    hindered = None if message.by_hand else fresh.hindrance(session, message, now)
    lawful = consents.of_message(session, settings.file.outreach, message, now)
    return Circumstances(
        send_at=message.send_at,
        by_hand=message.by_hand,
        suppressed=suppression.suppressed(session, prospect),
        unlawful=None if lawful.ok else lawful.why,
        stale=staleness.changes(session, desk, message, message.approved_by),
        archived=prospect.archived_at is not None,
        account=limits is not None,
        pauses=_pauses(session, message, account, prospect, limits),
        held=_hold(account),
        campaign=hindered if hindered and hindered[0] != "inbox" else None,
        error=message.error,
        follows=series.in_words(session, message) or "its time has not come",
        opens=opening(window, zone.info, now, calendar_for(window, prospect.country)) if mails else now,
        closed=closed(window, zone, now),
        unread=hindered[1] if hindered and hindered[0] == "inbox" else None,
    )


def _full(
    session: Session, message: Message, account: Account | None, limits: Limits | None, now: datetime
) -> ledger.Full | None:
    if account is None or limits is None:
        return None
    return ledger.full(session, ledger.quotas(session, message, account, limits, now), now)


def _paused(pauses: Sequence[Pause], now: datetime) -> Waits | None:
    running = [pause for pause in pauses if pause.until is None or pause.until > now]
    if not running:
        return None
    last = max(running, key=lambda pause: (pause.until is None, pause.until or now))
    return Waits("paused", f"{last.who} is paused: {last.why}", last.until)


def _held(held: Pause | None, now: datetime) -> Waits | None:
    if held is None or (held.until is not None and held.until <= now):
        return None
    return Waits("held", f"{held.who} does not send: {held.why}", held.until)


def _timed(given: Circumstances, now: datetime) -> Waits | None:
    if given.send_at is None or given.send_at > now:
        reason = f"it will be tried again: {given.error}" if given.error else given.follows
        return Waits("hold", reason, given.send_at)
    if given.opens is None:
        return Waits("window", "no hour of any day is open for mail; see [outreach.window]")
    if given.opens > now:
        return Waits("window", given.closed, given.opens)
    return None


def _bounded(given: Circumstances, now: datetime) -> Waits | None:
    if given.cap == 0 or (given.cap_ends is not None and given.cap_ends > now):
        why = given.cap_why or f"the account has sent its {given.cap} of 24 hours"
        return Waits(given.cap_code, why, given.cap_ends)
    if given.unread is not None:
        return Waits("inbox", given.unread)
    if given.gap_ends is not None and given.gap_ends > now:
        return Waits("gap", "the account has just sent another", given.gap_ends)
    return None


def _hold(account: Account | None) -> Pause | None:
    if account is None or account.held_why is None:
        return None
    return Pause(account.name, account.held_why, account.held_until)


def _pauses(
    session: Session,
    message: Message,
    account: Account | None,
    prospect: Prospect,
    limits: Limits | None,
) -> list[Pause]:
    company = session.get(Company, prospect.company_id) if prospect.company_id is not None else None
    pauses = []
    if limits is not None and limits.paused:
        pauses.append(Pause("all sending", "[outreach] paused is set in config.toml", None))
    if account is not None and account.paused_why is not None:
        pauses.append(Pause(f"the account {account.name}", account.paused_why, account.paused_until))
    if prospect.paused_until is not None:
        why = f"{prospect.paused_why or ''}{'; the series goes on then' if message.recipient_id else ''}"
        pauses.append(Pause(prospect.name, why, prospect.paused_until))
    if company is not None and company.paused_until is not None and not endings.spares(message, company):
        pauses.append(Pause(company.name, company.paused_why or "", company.paused_until))
    return pauses
