"""Our mailboxes: how much each may send and when, whether it is held and why, and whether it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session, col

from prospector import mail_checks
from prospector.config import AccountSettings, Window
from prospector.domain_records import NoAnswerError
from prospector.installation import Installation, utc_now
from prospector.models import Account, Message
from prospector.outreach import holds, ledger
from prospector.outreach.authentication import Finding, findings_of
from prospector.outreach.proof import files_copies, proof_of
from prospector.web.problems import NotNowError
from prospector.web.rendering import page
from prospector.web.sources import change, known
from prospector.web.viewer import Opened, Signed

PLACE = "/settings/mailboxes"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SAID: Mapping[str, str] = {
    "stopped": "It sends nothing until somebody lets it go on. Its inbox is still read.",
    "all": "No mailbox sends anything until somebody lets it go on. Inboxes are still read.",
    "released": "It goes on sending.",
    "asked": "DNS was asked anew.",
}
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as the page shows it: `cap` of 24 hours now, on day `day` of its ramp (None: over)
    towards `full`."""

    account: Account
    address: str
    sent: int
    cap: int | None
    full: int | None
    day: int | None
    days: int
    held: bool
    gap: timedelta
    domain_cap: int | None
    kin_cap: int | None
    copies: str
    proof: str
    findings: tuple[Finding, ...]
    asked_at: datetime | None
    mailed_at: datetime | None


@router.get(PLACE)
def listed(request: Request, viewer: Signed, installation: Opened, said: str = "") -> Response:
    """The page."""
    now = utc_now()
    values = contents(installation, now)
    return page(request, viewer, "settings-mailboxes.html", now=now, said=SAID.get(said, ""), **values)


@router.post(f"{PLACE}/stop")
def stop_all(viewer: Signed, installation: Opened) -> Response:
    """No mailbox sends any more."""
    for name, account in installation.settings.accounts.items():
        if account.connector.can.email.itself:
            row = installation.account_ids[name]
            change(installation, row, lambda _, one: holds.stop(one, viewer.name))
    return _back("all")


@router.post(f"{PLACE}/{{account_id}}/stop")
def stop(viewer: Signed, installation: Opened, account_id: int) -> Response:
    """Send no more; go on reading."""
    change(installation, account_id, lambda _, one: holds.stop(one, viewer.name))
    return _back("stopped", account_id)


@router.post(f"{PLACE}/{{account_id}}/release")
def release(viewer: Signed, installation: Opened, account_id: int) -> Response:
    """A person has looked: send again."""
    now = utc_now()
    change(installation, account_id, lambda _, one: holds.release(one, now))
    return _back("released", account_id)


@router.post(f"{PLACE}/{{account_id}}/names")
def names(viewer: Signed, installation: Opened, account_id: int) -> Response:
    """Ask DNS anew for SPF, DMARC and MX."""
    known(installation, account_id)
    try:
        for mailbox in mail_checks.mailboxes(installation):
            if mailbox.row == account_id:
                mail_checks.published(installation, mailbox, utc_now())
    except NoAnswerError as error:
        raise NotNowError(str(error)) from None
    return _back("asked", account_id)


def contents(installation: Installation, now: datetime) -> dict[str, Any]:
    """What the page shows."""
    outreach = installation.settings.file.outreach
    limits = ledger.limits_of(installation.settings, installation.account_ids)
    with installation.store.reading() as session:
        mailboxes = [
            _mailbox(session, account, installation.account_ids[name], limits, now)
            for name, account in installation.settings.accounts.items()
            if account.connector.can.email.itself
        ]
    return {
        "mailboxes": mailboxes,
        "window": hours_of(outreach.window),
        "paused": outreach.paused,
        "public_url": outreach.public_url,
        "tab": "mailboxes",
    }


def hours_of(window: Window) -> str:
    """The hours of mail in words."""
    if window.always:
        return "at any hour"
    days = ", ".join(DAYS[day - 1] for day in sorted(window.days)) or "no day"
    hours = f"{window.start:%H:%M}–{window.end:%H:%M} by the recipient's clock"
    return f"{days}, {hours}{', but not on their public holidays' if window.holidays else ''}"


def _mailbox(
    session: Session,
    account: AccountSettings,
    row: int,
    limits: Mapping[int, ledger.Limits],
    now: datetime,
) -> Mailbox:
    found, bounds = session.get_one(Account, row), limits[row]
    today = ledger.counted(row).where(col(Message.claimed_at) > now - ledger.DAY)
    since = ledger.sends_since(session, found)
    kept = found.authentication
    return Mailbox(
        account=found,
        address=str(getattr(account.settings, "address", "") or account.name),
        sent=session.exec(today).one(),
        cap=ledger.cap_of(session, found, bounds, now),
        full=bounds.cap,
        day=bounds.ramp.day(since, now),
        days=bounds.ramp.days,
        held=holds.is_held(found, now),
        gap=bounds.gap,
        domain_cap=bounds.domain_cap,
        kin_cap=bounds.kin_cap,
        copies=files_copies(account),
        proof=proof_of(account).why,
        findings=tuple(findings_of(kept)),
        asked_at=_at(kept, "dns"),
        mailed_at=_at(kept, "mail"),
    )


def _at(kept: Mapping[str, Any], source: str) -> datetime | None:
    return datetime.fromisoformat(kept[source]["at"]) if source in kept else None


def _back(said: str, account_id: int | None = None) -> Response:
    place = f"#mailbox-{account_id}" if account_id is not None else ""
    return RedirectResponse(f"{PLACE}?said={said}{place}", 303)
