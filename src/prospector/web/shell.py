"""What stands around every page: where one can go, how the sources fare, what waits in the outbox, and
what is wrong enough to be said on every page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, literal_column, select
from sqlmodel import Session

from prospector.installation import Installation
from prospector.models import Account, Card, Message, User, table_of
from prospector.outreach import ledger, listing, replies
from prospector.polling.health import Heartbeat
from prospector.prospects import strangers
from prospector.queue import session as days
from prospector.queue.reader import start_of
from prospector.web import sight
from prospector.web.access import grant_of, verdict
from prospector.web.kept import Kept, kept_of
from prospector.web.rendering import CHANNELS, channel_name, clock, counted, page
from prospector.web.sight import Health, Look
from prospector.web.viewer import Signed, Viewer, installation_of

router = APIRouter(include_in_schema=False)

MOST_REPLIES = 20
MOST_STRANGERS = 20
MOMENT = 15.0
SEEN = "replies_seen_at"
"""Where a user's preferences keep up to when they have seen the replies."""

_CARD, _MESSAGE = table_of(Card), table_of(Message)
_LAST_CHANGE = (
    select(func.max(_CARD.c.decided_at)),
    select(func.max(_CARD.c.arrived_at)).where(literal_column("card.state = 'open'")),
)
_NEXT: Any = select(func.min(_MESSAGE.c.send_at)).where(
    _MESSAGE.c.state == "approved", _MESSAGE.c.send_at.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Place:
    """A page that the navigation leads to."""

    page: str
    path: str
    label: str
    icon: str
    count: str | None = None
    hot: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One of our accounts: `state` is good, warn, bad or man; `words` say what is the matter."""

    name: str
    connector: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Mails:
    """How many mails may still leave in this span of 24 hours, of how many."""

    left: int
    cap: int


@dataclass(frozen=True, slots=True)
class Banner:
    """What everybody must know at once. `words` are a provider's, and may be anything."""

    id: str
    kind: str
    icon: str
    lead: str
    text: str
    path: str
    link: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of a page for a viewer."""

    places: tuple[Place, ...]
    sources: tuple[Source, ...]
    outbox: int
    next_at: datetime | None
    mails: Mails | None
    banners: tuple[Banner, ...]


PLACES = (
    ("queue", "/queue", "Queue", "inbox"),
    ("prospects", "/p", "People", "users"),
    ("companies", "/c", "Companies", "building"),
    ("campaigns", "/m", "Campaigns", "mail"),
    ("replies", "/replies", "Replies", "message-reply"),
    ("outbox", "/outbox", "Outbox", "send"),
    ("strangers", "/strangers", "Strangers", "user-question"),
    ("sources", "/sources", "Sources", "plug"),
    ("settings", "/settings/me", "Settings", "settings"),
)


@router.get("/live")
def live(request: Request, viewer: Signed, page_name: str = "") -> Response:
    """The parts of the frame that change by themselves, for the page that asks every 15 seconds."""
    shown = page_name if page_name in {place[0] for place in PLACES} else "live"
    return page(request, viewer, "live.html", page=shown)


def of(request: Request, viewer: Viewer, now: datetime) -> Shell:
    """The frame as things stand now."""
    installation, kept = installation_of(request), kept_of(request)
    with installation.store.reading() as session:
        health = sight.read(request, session, now)
        counts = counts_of(session, kept, viewer, now)
        outbox = listing.count(session, viewer.scope)
        return Shell(
            places=tuple(_place(*place, counts) for place in PLACES if _may_open(viewer, place[1])),
            sources=sources_of(health),
            outbox=outbox,
            next_at=session.connection().execute(_NEXT).scalar_one() if outbox else None,
            mails=mails_of(session, installation, now),
            banners=banners_of(health, viewer, now),
        )


def counts_of(session: Session, kept: Kept, viewer: Viewer, now: datetime) -> Mapping[str, str | None]:
    """The numbers beside the pages' names; None is no number."""
    changed = tuple(session.connection().execute(one).scalar_one() for one in _LAST_CHANGE)
    left = kept.get(("queue", viewer.id, changed), MOMENT, lambda: len(days.today(session, viewer, now)))
    strange = kept.get("strangers", MOMENT, lambda: len(strangers.listed(session, MOST_STRANGERS + 1)))
    unread = replies.count_since(session, viewer.scope, seen_at(session, viewer, now), MOST_REPLIES + 1)
    return {
        "queue": _capped(left, days.MOST_COUNTED),
        "replies": _capped(unread, MOST_REPLIES),
        "strangers": _capped(strange, MOST_STRANGERS),
    }


def seen_at(session: Session, viewer: Viewer, now: datetime) -> datetime:
    """Up to when this viewer has seen the replies; else, the start of their day."""
    user = session.get(User, viewer.id)
    said = user.preferences.get(SEEN) if user is not None else None
    begun = start_of(viewer, now)
    return max(datetime.fromisoformat(said), begun) if said else begun


def sources_of(health: Health) -> tuple[Source, ...]:
    """Our accounts, then the platforms on which people must act by hand."""
    ours = tuple(
        Source(look.account.name, look.channel, look.condition.state, look.condition.words)
        for look in health.looks
    )
    known = [name for name in health.by_hand if name in CHANNELS]
    return ours + tuple(Source(channel_name(name), name, "man", "by hand") for name in known)


def mails_of(session: Session, installation: Installation, now: datetime) -> Mails | None:
    """What the caps of our mailboxes leave together; None where no mailbox has one."""
    limits = ledger.limits_of(installation.settings, installation.account_ids)
    mailboxes = [
        id_
        for name, id_ in installation.account_ids.items()
        if installation.settings.accounts[name].connector.can.email.itself
    ]
    rows = [session.get_one(Account, id_) for id_ in mailboxes]
    caps = {row.id: ledger.cap_of(session, row, limits[row.id], now) for row in rows}
    bounded = {id_: cap for id_, cap in caps.items() if cap is not None}
    if not bounded:
        return None
    left = 0
    for id_, cap in bounded.items():
        today = ledger.counted(id_).where(_MESSAGE.c.claimed_at > now - ledger.DAY)
        left += max(0, cap - session.exec(today).one())
    return Mails(left, sum(bounded.values()))


def banners_of(health: Health, viewer: Viewer, now: datetime) -> tuple[Banner, ...]:
    """A worker that has stopped, and each source that is blind."""
    found = [_stopped(health.heartbeat, viewer, now)] if health.heartbeat.stopped else []
    return (*found, *(_blind(look, viewer, now) for look in health.blind))


def _stopped(heartbeat: Heartbeat, viewer: Viewer, now: datetime) -> Banner:
    at = clock(heartbeat.since, viewer.zone, now)
    lead = f"Stopped since {at}." if heartbeat.last else "The worker has not started yet."
    text = "Nothing is looked at and nothing is sent. Start it again: prospector run."
    return Banner("b-worker", "bad", "alert-triangle", lead, text, "/status", "See the status")


def _blind(look: Look, viewer: Viewer, now: datetime) -> Banner:
    account, since = look.account, clock(look.condition.since, viewer.zone, now)
    verb = "has been paused" if look.condition.paused else "could not be looked at"
    lead = f"{account.name} {verb}{f' since {since}' if since else ''}."
    watched = look.sight.watched
    text = f"New posts of {counted(watched, 'person', 'people')} are missing." if watched else ""
    if not watched:
        text = "Answers that reach it are missing."
    words = account.paused_why or account.error or ""
    where = f"/sources#source-{account.id}"
    return Banner(f"b-{account.id}", look.condition.state, "plug", lead, text, where, "Repair it", words)


def _place(page: str, path: str, label: str, drawing: str, counts: Mapping[str, str | None]) -> Place:
    return Place(page, path, label, drawing, counts.get(page), hot=page == "queue")


def _may_open(viewer: Viewer, path: str) -> bool:
    return verdict(grant_of("GET", path), viewer.role) == "go"


def _capped(number: int, most: int) -> str | None:
    return None if not number else f"{most}+" if number > most else str(number)
