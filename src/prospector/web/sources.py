"""Our accounts: what each sees and cannot see, what it costs, what it may do, and how to repair it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session, col

from prospector.installation import Installation, utc_now
from prospector.models import Account, Message
from prospector.outreach import ledger
from prospector.polling import access, attention, renewal, spending
from prospector.polling.access import Access
from prospector.polling.renewal import Renewal
from prospector.polling.spending import Looks
from prospector.runtime import Runtime
from prospector.sdk import Can, Capabilities
from prospector.web import sight
from prospector.web.kept import kept_of
from prospector.web.problems import NotThereError
from prospector.web.rendering import page
from prospector.web.sight import MINUTE, Health, Look
from prospector.web.viewer import Opened, Signed, Viewer, installation_of

router = APIRouter(include_in_schema=False)

ABILITIES: Mapping[str, str] = {
    "posts": "See what people post",
    "interactions": "See what they do towards us",
    "reply": "Reply",
    "like": "Like",
    "follow": "Follow",
    "dm": "Direct messages",
    "email": "Send mail",
}
LEVELS: Mapping[str, str] = {"yes": "Yes", "limited": "Limited", "by_hand": "By hand", "no": "No"}
SAID: Mapping[str, str] = {
    "poll": "Asked for. The worker looks within seconds; what it finds comes by itself.",
    "pause": "Paused. Nothing is looked at and nothing is sent by it until somebody lets it go on.",
    "resume": "It goes on.",
}
LEADS = frozenset({"founder", "manager", "admin"})


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether an account may do a thing, in words, and why not."""

    label: str
    level: str
    words: str
    why: str


@dataclass(frozen=True, slots=True)
class Source:
    """An account as the page shows it. `pace` is the least time between two requests in milliseconds,
    `sends` how many messages it has begun in 24 hours, of `cap` (None: no bound)."""

    look: Look
    abilities: tuple[Ability, ...]
    looks: int
    about: bool
    pace: int
    sends: int
    cap: int | None
    renewals: tuple[Renewal, ...]
    acts: bool

    @property
    def cannot(self) -> str:
        """What it cannot do at all, on one line."""
        none = [one.label for one in self.abilities if one.level == "no" and not one.why]
        return ", ".join(label if at == 0 else label.lower() for at, label in enumerate(none))


@router.get("/sources")
def listed(request: Request, viewer: Signed, said: str = "") -> Response:
    """The page."""
    now = utc_now()
    values = contents(request, viewer, now)
    return page(request, viewer, "sources.html", block="list", now=now, said=SAID.get(said, ""), **values)


@router.post("/sources/{account_id}/poll")
def poll(request: Request, viewer: Signed, installation: Opened, account_id: int) -> Response:
    """Look now."""
    now = utc_now()
    return _act(request, viewer, account_id, "poll", lambda s, one: attention.look_now(s, one, now))


@router.post("/sources/{account_id}/pause")
def pause(request: Request, viewer: Signed, installation: Opened, account_id: int) -> Response:
    """Stop looking and sending by this account."""
    return _act(request, viewer, account_id, "pause", lambda s, one: attention.pause(one, viewer.name))


@router.post("/sources/{account_id}/resume")
def resume(request: Request, viewer: Signed, installation: Opened, account_id: int) -> Response:
    """Go on."""
    now = utc_now()
    return _act(request, viewer, account_id, "resume", lambda s, one: attention.resume(one, now))


@router.post("/sources/{account_id}/check")
def check(request: Request, viewer: Signed, installation: Opened, account_id: int) -> Response:
    """Ask the account who we are there; where it lets us in and was refused before, it goes on."""
    known(installation, account_id)
    answered = asyncio.run(_ask(installation, account_id))
    now = utc_now()
    if answered.ok:
        change(installation, account_id, lambda session, one: _let_in(one, answered.handle, now))
    checked = {account_id: answered}
    values = contents(request, viewer, now)
    return page(
        request, viewer, "sources.html", block="list", now=now, said="", **(values | {"checked": checked})
    )


def contents(request: Request, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """What the page shows."""
    installation, kept = installation_of(request), kept_of(request)
    with installation.store.reading() as session:
        health = sight.read(request, session, now)
        looks = kept.get("looks", MINUTE, lambda: spending.looks(session, now))
        sources = [_source(session, installation, viewer, look, looks, now) for look in health.looks]
    sources.sort(key=lambda source: not source.look.condition.blind)
    return {
        "sources": sources,
        "health": health,
        "empty": not any(_sees_us(installation, look) for look in health.looks),
        "offers": _offers(installation, health) if viewer.role in LEADS else [],
        "checked": {},
        "leads": viewer.role in LEADS,
    }


def abilities_of(can: Capabilities) -> tuple[Ability, ...]:
    """What an account may do, a line each."""
    return tuple(_ability(label, getattr(can, name)) for name, label in ABILITIES.items())


def known(installation: Installation, account_id: int) -> str:
    """The name of an account of config.toml. Raises `NotThereError`."""
    names = (name for name, row in installation.account_ids.items() if row == account_id)
    name = next(names, None)
    if name is None:
        raise NotThereError("config.toml has no such account.")
    return name


def change(installation: Installation, account_id: int, work: Callable[[Session, Account], object]) -> None:
    """Run `work` on an account of config.toml, in one transaction. Raises `NotThereError`."""
    known(installation, account_id)
    installation.store.write(
        lambda session: work(session, session.get_one(Account, account_id, with_for_update=True))
    )


def _act(
    request: Request,
    viewer: Viewer,
    account_id: int,
    name: str,
    work: Callable[[Session, Account], object],
) -> Response:
    change(installation_of(request), account_id, work)
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/sources?said={name}#source-{account_id}", 303)
    now = utc_now()
    values = contents(request, viewer, now)
    return page(request, viewer, "sources.html", block="list", now=now, said=SAID[name], **values)


async def _ask(installation: Installation, account_id: int) -> Access:
    runtime = Runtime(installation)
    try:
        return await access.ask(runtime, account_id)
    finally:
        await runtime.aclose()


def _let_in(account: Account, handle: str | None, now: datetime) -> None:
    """A refusal is over once we are let in; what a person paused stays so. What we are called there
    stands on what we write from then on."""
    account.handle = handle or account.handle
    if account.paused_until is None:
        attention.resume(account, now)


def _source(
    session: Session, installation: Installation, viewer: Viewer, look: Look, looks: Looks, now: datetime
) -> Source:
    settings = installation.settings.accounts[look.account.name]
    limits = ledger.limits_of(installation.settings, installation.account_ids)[look.account.id]
    acts = any(settings.connector.can.act(act).itself for act in ("email", "reply", "like", "dm", "follow"))
    renewals = renewal.renewals_of(look.account.name, settings.settings) if viewer.role in LEADS else []
    return Source(
        look=look,
        abilities=abilities_of(settings.connector.can),
        looks=looks.by_account.get(look.account.id, 0),
        about=looks.about,
        pace=look.account.every_ms,
        sends=_begun(session, look.account.id, now) if acts else 0,
        cap=ledger.cap_of(session, session.get_one(Account, look.account.id), limits, now),
        renewals=tuple(renewals),
        acts=acts,
    )


def _begun(session: Session, account_id: int, now: datetime) -> int:
    today = ledger.counted(account_id).where(col(Message.claimed_at) > now - ledger.DAY)
    return session.exec(today).one()


def _ability(label: str, can: Can) -> Ability:
    return Ability(label, can.level, LEVELS[can.level], can.why)


def _sees_us(installation: Installation, look: Look) -> bool:
    """Whether it is more than a reader of public feeds."""
    return installation.settings.accounts[look.account.name].connector.can.interactions.itself


def _offers(installation: Installation, health: Health) -> list[tuple[str, str]]:
    """The connectors that have no account yet, with what config.toml needs for one."""
    used = {look.account.connector for look in health.looks}
    connectors = sorted(installation.connectors.items())
    return [(name, renewal.outline_of(connector)) for name, connector in connectors if name not in used]
