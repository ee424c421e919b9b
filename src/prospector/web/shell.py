"""What stands around every page: where one can go, how the sources fare, what waits in the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from sqlmodel import Session, col, func, select

from prospector.models import Account, Message
from prospector.web.viewer import Viewer, installation_of


@dataclass(frozen=True, slots=True)
class Place:
    """A page that the navigation leads to."""

    page: str
    path: str
    label: str
    icon: str
    count: int | None = None
    hot: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One of our accounts: `state` is good, warn, bad or manual; `words` say what is the matter."""

    name: str
    connector: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of a page for a viewer."""

    places: tuple[Place, ...]
    sources: tuple[Source, ...]
    outbox: int
    next_at: datetime | None


PLACES = (
    ("queue", "/queue", "Queue", "inbox"),
    ("prospects", "/p", "People", "users"),
    ("companies", "/c", "Companies", "building"),
    ("replies", "/replies", "Replies", "message-reply"),
    ("outbox", "/outbox", "Outbox", "send"),
    ("strangers", "/strangers", "Strangers", "user-question"),
    ("sources", "/sources", "Sources", "plug"),
    ("settings", "/settings/me", "Settings", "settings"),
)


def of(request: Request, viewer: Viewer, now: datetime) -> Shell:
    """The frame as things stand now."""
    installation = installation_of(request)
    with installation.store.reading() as session:
        return read(session, list(installation.account_ids.values()), now)


def read(session: Session, accounts: list[int], now: datetime) -> Shell:
    waiting = select(func.count(), func.min(Message.send_at)).where(Message.state == "approved")
    outbox, next_at = session.exec(waiting).one()
    rows = session.exec(select(Account).where(col(Account.id).in_(accounts)).order_by(Account.name))
    places = tuple(Place(*place) for place in PLACES)
    return Shell(places, tuple(_source(row) for row in rows), outbox, next_at)


def _source(account: Account) -> Source:
    if account.paused_why is not None:
        return Source(account.name, account.connector, "bad", f"paused: {account.paused_why}")
    if account.failing_since is not None:
        return Source(account.name, account.connector, "warn", f"could not look: {account.error}")
    return Source(account.name, account.connector, "good", "working")
