"""Our accounts over the API: how each fares, look now, pause, and go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel
from sqlmodel import Session

from prospector.installation import Installation, utc_now
from prospector.models import Account as Row
from prospector.polling import attention, health
from prospector.web import sources
from prospector.web.api import ANSWERS
from prospector.web.viewer import Opened, Signed

router = APIRouter(prefix="/api/accounts", tags=["accounts"], responses=ANSWERS)
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


class Account(BaseModel):
    """One of our accounts, as in `prospector accounts --json`; `state` and `words` say how it fares:
    good, warn (it cannot be looked at), bad (refused), man (paused by hand, or not looked at yet)."""

    id: int
    account: str
    connector: str
    acts: list[str]
    looked: datetime | None
    next: datetime | None
    failures: int
    error: str | None
    paused: str | None
    state: str
    words: str


@router.get("")
def listed(viewer: Signed, installation: Opened) -> list[Account]:
    """All accounts of config.toml."""
    return _accounts(installation, list(installation.account_ids.values()))


@router.post("/{account_id}/poll")
def poll(account_id: Id, viewer: Signed, installation: Opened) -> Account:
    """Let its inbox and its next profiles be due now; the worker looks within seconds."""
    now = utc_now()
    return _changed(installation, account_id, lambda session, one: attention.look_now(session, one, now))


@router.post("/{account_id}/pause")
def pause(account_id: Id, viewer: Signed, installation: Opened) -> Account:
    """Look at nothing and send nothing by it until somebody lets it go on."""
    return _changed(installation, account_id, lambda session, one: attention.pause(one, viewer.name))


@router.post("/{account_id}/resume")
def resume(account_id: Id, viewer: Signed, installation: Opened) -> Account:
    """Go on, whoever or whatever paused it."""
    now = utc_now()
    return _changed(installation, account_id, lambda session, one: attention.resume(one, now))


def _changed(installation: Installation, account_id: int, work: Callable[[Session, Row], object]) -> Account:
    sources.change(installation, account_id, work)
    return _accounts(installation, [account_id])[0]


def _accounts(installation: Installation, ids: list[int]) -> list[Account]:
    now, accounts = utc_now(), installation.settings.accounts
    with installation.store.reading() as session:
        found = health.standings(session, ids)
    rows = []
    for one in found:
        how = health.condition_of(one, now)
        row = health.as_json(one, accounts[one.name].connector.can)
        rows.append(Account(id=one.id, state=how.state, words=how.words, **row))
    return rows
