"""How things are, one row, one state and one time each; `/healthz` for monitors; and the pages that only
list: help and menu."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Select, func, literal_column, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from prospector import __version__, doctor
from prospector.installation import Installation, utc_now
from prospector.models import Card, Engagement, Message, Poll, Prospect, table_of
from prospector.polling.health import Heartbeat
from prospector.store import Store, say
from prospector.telemetry import redact
from prospector.web import sight
from prospector.web.kept import kept_of
from prospector.web.rendering import page
from prospector.web.sight import MINUTE, Health
from prospector.web.viewer import Opened, Signed, Viewer

router = APIRouter(include_in_schema=False)

MOST = 10_000
MOMENT = 10.0
LAST_SEEN = 12
STRETCH = 200
CARDS: Mapping[str, str] = {"open": "Cards in the queue", "snoozed": "Cards put away"}
MESSAGES: Mapping[str, str] = {
    "draft": "Drafts",
    "approved": "Approved, not gone",
    "sending": "On their way",
    "unknown": "In doubt",
    "refused": "Refused",
}
URGENT = frozenset({"unknown", "refused"})

_CARD, _MESSAGE, _POLL = table_of(Card), table_of(Message), table_of(Poll)
_ENGAGEMENT, _PROSPECT = table_of(Engagement), table_of(Prospect)
_SEEN = (
    select(
        *_ENGAGEMENT.c["id", "at", "kind", "by", "channel", "text", "actor", "actor_name", "prospect_id"],
        *_PROSPECT.c["name", "owner_id"],
    )
    .join_from(_ENGAGEMENT, _PROSPECT, _PROSPECT.c.id == _ENGAGEMENT.c.prospect_id, isouter=True)
    .order_by(_ENGAGEMENT.c.id.desc())
    .limit(STRETCH)
)
_LAST_LOOK = select(_POLL.c.started_at).order_by(_POLL.c.id.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing, its state (good, warn, bad, man), what there is to say, and since when or when last."""

    name: str
    state: str
    words: str
    at: datetime | None = None
    path: str = ""


@router.get("/status")
def status(request: Request, viewer: Signed, installation: Opened) -> Response:
    """The page; its figures are read anew every few seconds."""
    now = utc_now()
    with installation.store.reading() as session:
        values = contents(request, session, viewer, installation, now)
    return page(request, viewer, "status.html", block="list", now=now, **values)


@router.get("/help")
def keys(request: Request, viewer: Signed) -> Response:
    return page(request, viewer, "help.html")


@router.get("/menu")
def menu(request: Request, viewer: Signed) -> Response:
    return page(request, viewer, "menu.html")


@router.get("/healthz")
def health(response: Response, installation: Opened) -> dict[str, Any]:
    """Whether the database answers, and when something was looked at last; for monitors, without a
    sign-in, and so without a word about anybody."""
    try:
        with installation.store.reading() as session:
            last = session.connection().execute(_LAST_LOOK).scalar_one_or_none()
    except SQLAlchemyError as error:
        response.status_code = 503
        return {"ok": False, "version": __version__, "why": redact(say(error))}
    return {"ok": True, "version": __version__, "last_look": last}


def contents(
    request: Request, session: Session, viewer: Viewer, installation: Installation, now: datetime
) -> dict[str, Any]:
    """What the page shows."""
    kept = kept_of(request)
    fares = sight.read(request, session, now)
    lengths = kept.get("lengths", MOMENT, lambda: lengths_of(session))
    checks = kept.get("checks", MINUTE, lambda: checks_of(installation))
    size = kept.get("size", MINUTE, lambda: size_of(session, installation.store))
    return {
        "worker": worker_row(fares.heartbeat),
        "sources": source_rows(fares),
        "lengths": lengths,
        "checks": checks,
        "database": f"{'SQLite' if installation.store.sqlite else 'PostgreSQL'}, {readable(size)}",
        "seen": seen_last(session, viewer),
    }


def worker_row(heartbeat: Heartbeat) -> Row:
    """Whether somebody works."""
    if heartbeat.stopped:
        state = "stopped" if heartbeat.last else "not started"
        words = f"{state}: what is due is left undone. Start it: prospector run"
        return Row("Worker", "bad", words, heartbeat.since)
    if heartbeat.last is None:
        return Row("Worker", "man", "nothing has been due yet")
    return Row("Worker", "good", "working", heartbeat.last)


def source_rows(fares: Health) -> tuple[Row, ...]:
    """How each account fares, with the time of its last look, or since when it is blind."""
    return tuple(
        Row(
            look.account.name,
            look.condition.state,
            look.condition.words,
            look.condition.since or look.account.polled_at,
            f"/sources#source-{look.account.id}",
        )
        for look in fares.looks
    )


def lengths_of(session: Session) -> tuple[Row, ...]:
    """How long each queue is, counted no further than 10,000, and since when its oldest waits."""
    cards = [_length(session, name, "/queue", _cards(state)) for state, name in CARDS.items()]
    messages = [
        _length(session, name, "/outbox", _messages(state), urgent=state in URGENT)
        for state, name in MESSAGES.items()
    ]
    return (*cards, *messages)


def checks_of(installation: Installation) -> tuple[Row, ...]:
    """What `prospector doctor` finds without asking a server or reading the data."""
    checks = doctor.files(installation)
    found = [one for one in checks if not (one.ok and one.check.startswith("connector "))]
    return tuple(Row(one.check, "good" if one.ok else "bad", one.detail) for one in found)


def size_of(session: Session, store: Store) -> int:
    """The bytes that the database takes."""
    statement = (
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        if store.sqlite
        else "SELECT pg_database_size(current_database())"
    )
    return int(session.connection().execute(text(statement)).scalar_one())


def readable(size: int) -> str:
    """`4.7 MB`."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    power = min(max(len(str(size)) - 1, 0) // 3, len(units) - 1)
    return f"{size / 1000**power:.1f} {units[power]}" if power else f"{size} bytes"


def seen_last(session: Session, viewer: Viewer) -> list[Any]:
    """The last things that were seen, of the people whom the viewer may see."""
    found = session.connection().execute(_SEEN).all()
    return [one for one in found if _may_see(viewer, one)][:LAST_SEEN]


def _may_see(viewer: Viewer, one: Any) -> bool:
    return one.prospect_id is None or viewer.scope.allows(one.owner_id)


def _cards(state: str) -> Select[Any]:
    # SQLite takes the index on cards of one state only where the state is no parameter.
    of_state: Any = literal_column(f"card.state = '{state}'")
    return select(_CARD.c.id, _CARD.c.arrived_at.label("since")).where(of_state)


def _messages(state: str) -> Select[Any]:
    return select(_MESSAGE.c.id, _MESSAGE.c.created_at.label("since")).where(_MESSAGE.c.state == state)


def _length(session: Session, name: str, path: str, rows: Select[Any], urgent: bool = False) -> Row:
    some = rows.limit(MOST).subquery()
    count, oldest = session.connection().execute(select(func.count(), func.min(some.c.since))).one()
    shown = f"{MOST:,}+" if count >= MOST else f"{count:,}"
    return Row(name, "warn" if urgent and count else "good", shown, oldest, path)
