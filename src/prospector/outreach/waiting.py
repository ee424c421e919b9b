"""Why an approved message has not left: one reason, and the time at which it ends where that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from prospector.config import Settings
from prospector.models import Account, Company, Message, Prospect
from prospector.outreach import ledger, staleness, suppression
from prospector.outreach.drafts import Desk
from prospector.outreach.ledger import Limits
from prospector.outreach.window import opening, zone_of

Code = Literal[
    "suppressed", "by-hand", "stale", "archived", "no-account", "paused", "hold", "window", "cap", "gap"
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
    """All that bears on one approved message. `stale` says what has changed since it was approved,
    `opens` is when the window lets it go (None: never), `cap_ends` and `gap_ends` when the mailbox
    may send again."""

    send_at: datetime | None
    by_hand: bool = False
    suppressed: str | None = None
    stale: Sequence[str] = ()
    archived: bool = False
    account: bool = True
    pauses: Sequence[Pause] = ()
    error: str | None = None
    opens: datetime | None = None
    cap: int | None = None
    cap_ends: datetime | None = None
    gap_ends: datetime | None = None


def why(given: Circumstances, now: datetime) -> Waits | None:
    """The reason that weighs most; None where the message may leave now."""
    if given.suppressed is not None:
        return Waits("suppressed", f"never written to: {given.suppressed}")
    if given.by_hand:
        return Waits("by-hand", "for you to do by hand; then `prospector sent ID`")
    if given.stale:
        return Waits("stale", f"out of date: {'; '.join(given.stale)}. Make it anew")
    if given.archived:
        return Waits("archived", "the person is archived")
    if not given.account:
        return Waits("no-account", "its account has left config.toml")
    return _paused(given.pauses, now) or _timed(given, now)


def of(session: Session, settings: Settings, desk: Desk, message: Message, now: datetime) -> Waits | None:
    """Why this approved message waits now."""
    return why(circumstances_of(session, settings, desk, message, now), now)


def circumstances_of(
    session: Session, settings: Settings, desk: Desk, message: Message, now: datetime
) -> Circumstances:
    """What the store says of a message, and config.toml of its account."""
    prospect = session.get_one(Prospect, message.prospect_id)
    limits = ledger.limits_of(settings, desk.account_ids).get(message.account_id or 0)
    zone = zone_of(prospect.timezone, desk.timezone)
    cap_ends, gap_ends = ledger.free_at(session, message, limits or Limits(), now)
    return Circumstances(
        send_at=message.send_at,
        by_hand=message.by_hand,
        suppressed=suppression.suppressed(session, prospect),
        stale=staleness.changes(session, desk, message, message.approved_by),
        archived=prospect.archived_at is not None,
        account=limits is not None,
        pauses=_pauses(session, message, prospect),
        error=message.error,
        opens=opening(settings.file.outreach.window, zone, now) if message.action == "email" else now,
        cap=limits.cap if limits else None,
        cap_ends=cap_ends,
        gap_ends=gap_ends,
    )


def _paused(pauses: Sequence[Pause], now: datetime) -> Waits | None:
    running = [pause for pause in pauses if pause.until is None or pause.until > now]
    if not running:
        return None
    last = max(running, key=lambda pause: (pause.until is None, pause.until or now))
    return Waits("paused", f"{last.who} is paused: {last.why}", last.until)


def _timed(given: Circumstances, now: datetime) -> Waits | None:
    if given.send_at is None or given.send_at > now:
        reason = f"it will be tried again: {given.error}" if given.error else "its time has not come"
        return Waits("hold", reason, given.send_at)
    if given.opens is None:
        return Waits("window", "no hour of any day is open for mail; see [outreach.window]")
    if given.opens > now:
        return Waits("window", "outside the hours in which mail may leave", given.opens)
    if given.cap == 0 or (given.cap_ends is not None and given.cap_ends > now):
        return Waits("cap", f"the account has sent its {given.cap} of 24 hours", given.cap_ends)
    if given.gap_ends is not None and given.gap_ends > now:
        return Waits("gap", "the account has just sent another", given.gap_ends)
    return None


def _pauses(session: Session, message: Message, prospect: Prospect) -> list[Pause]:
    account = session.get(Account, message.account_id) if message.account_id is not None else None
    company = session.get(Company, prospect.company_id) if prospect.company_id is not None else None
    pauses = []
    if account is not None and account.paused_why is not None:
        pauses.append(Pause(f"the account {account.name}", account.paused_why, account.paused_until))
    if prospect.paused_until is not None:
        pauses.append(Pause(prospect.name, prospect.paused_why or "", prospect.paused_until))
    if company is not None and company.paused_until is not None:
        pauses.append(Pause(company.name, company.paused_why or "", company.paused_until))
    return pauses
