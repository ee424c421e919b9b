"""How a campaign goes out, as a form: mailboxes, hours, cap, stops, basis and source; read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Any

from fastapi import Form
from sqlmodel import Session, col, select

from prospector.campaigns.editing import COMPANY
from prospector.config import Outreach
from prospector.installation import Installation
from prospector.models import HIGHEST_ID, Account, Campaign
from prospector.outreach.window import window_of
from prospector.web.problems import InvalidError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST_A_DAY = 500
Line = Annotated[str, Form(max_length=500)]
Note = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One of our accounts that send mail."""

    id: int
    name: str
    address: str
    held: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The form's fields, as they were typed; days from 1, Monday."""

    accounts: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    start: str = ""
    end: str = ""
    daily_cap: str = ""
    holidays: bool = True
    always: bool = False
    company: str = COMPANY[0]
    basis: str = ""
    source: str = ""
    reply_to: str = ""


def read_settings(
    accounts: Annotated[list[int], Form(default_factory=list, max_length=50)],
    days: Annotated[list[int], Form(default_factory=list, max_length=7)],
    start: Line = "",
    end: Line = "",
    daily_cap: Line = "",
    holidays: Line = "",
    always: Line = "",
    company: Line = COMPANY[0],
    basis: Note = "",
    source: Note = "",
    reply_to: Line = "",
) -> Settings:
    several = tuple(sorted({day for day in days if 1 <= day <= 7}))
    whose = tuple(id_ for id_ in dict.fromkeys(accounts) if 0 < id_ <= HIGHEST_ID)
    ticks = holidays == "on", always == "on"
    return Settings(whose, several, start, end, daily_cap, *ticks, company, basis, source, reply_to)


def mailboxes_of(session: Session, installation: Installation) -> list[Mailbox]:
    """Our accounts that send mail, in the order of the file."""
    sending = {
        installation.account_ids[name]: account
        for name, account in installation.settings.accounts.items()
        if account.connector.can.email.itself
    }
    rows = {row.id: row for row in session.exec(select(Account).where(col(Account.id).in_(sending)))}
    return [
        Mailbox(id_, rows[id_].name, getattr(account.settings, "address", ""), _held(rows[id_]))
        for id_, account in sending.items()
        if id_ in rows
    ]


def _held(row: Account) -> str:
    """Why nothing leaves from it, in a few words."""
    return row.paused_why or row.held_why or ""


def settings_of(campaign: Campaign, outreach: Outreach) -> Settings:
    """The fields as the campaign has them; its hours are the installation's where it has none."""
    window = window_of(outreach.window, campaign.schedule)
    return Settings(
        tuple(campaign.account_ids),
        tuple(window.days),
        f"{window.start:%H:%M}",
        f"{window.end:%H:%M}",
        str(campaign.schedule.get("daily_cap") or ""),
        window.holidays,
        window.always,
        str(campaign.stops.get("company", COMPANY[0])),
        campaign.basis,
        campaign.source,
        campaign.reply_to or "",
    )


def values_of(given: Settings, known: Sequence[Mailbox]) -> Mapping[str, Any]:
    """What `editing.configure` takes. Raises `InvalidError` with the fields that are wrong."""
    wrong: dict[str, str] = {}
    schedule = _schedule(given, wrong)
    ids = [box.id for box in known if box.id in given.accounts]
    if not ids:
        wrong["accounts"] = "Choose at least one mailbox."
    if given.company not in COMPANY:
        wrong["company"] = "Choose what a colleague's answer does."
    addresses = {box.address for box in known if box.address}
    if given.reply_to.strip() and given.reply_to.strip().lower() not in addresses:
        wrong["reply_to"] = "Choose an address of one of our mailboxes: only those are read."
    if wrong:
        raise InvalidError("Some fields cannot be saved like that.", wrong)
    return {
        "account_ids": ids,
        "schedule": schedule,
        "stops": {"company": given.company},
        "basis": given.basis,
        "source": given.source,
        "reply_to": given.reply_to.strip().lower() or None,
    }


def _schedule(given: Settings, wrong: dict[str, str]) -> dict[str, Any]:
    start, end = _time(given.start, "start", wrong), _time(given.end, "end", wrong)
    if start is not None and end is not None and start >= end:
        wrong["end"] = "The last hour comes after the first."
    if not given.days and not given.always:
        wrong["days"] = "Choose at least one day."
    found: dict[str, Any] = {"holidays": given.holidays, "always": given.always}
    if start is not None and end is not None:
        found |= {"days": list(given.days), "start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
    if cap := given.daily_cap.strip():
        if not cap.isdecimal() or not 0 < int(cap[:9]) <= MOST_A_DAY:
            wrong["daily_cap"] = f"Write a number from 1 to {MOST_A_DAY}, or leave it empty."
        else:
            found["daily_cap"] = int(cap)
    return found


def _time(given: str, name: str, wrong: dict[str, str]) -> time | None:
    try:
        return time.fromisoformat(given.strip())
    except ValueError:
        wrong[name] = f'"{given.strip()[:20]}" is no time; write one such as 08:30.'
        return None
