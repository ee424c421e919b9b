"""Log what happened, exactly once, and do in the same transaction all that follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import class_mapper
from sqlmodel import Session, col, update

from prospector.models import Engagement
from prospector.sdk import Seen, engagement_key
from prospector.store import insert_new

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(seconds=300)
LONGEST_TEXT = 20_000
LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to log: what a connector saw, of whom, on which channel, and when we saw it."""

    channel: str
    seen: Seen
    seen_at: datetime
    prospect_id: int | None
    profile_id: int | None = None
    account_id: int | None = None
    user_id: int | None = None


def row_of(entry: Entry) -> dict[str, Any]:
    """The table's row. A time that is missing or cannot be true becomes the time we saw it."""
    seen = entry.seen
    at, estimated = _believable(seen.at, entry.seen_at, seen.at_estimated)
    return {
        "key": engagement_key(entry.channel, seen),
        "prospect_id": entry.prospect_id,
        "actor": seen.actor,
        "actor_url": seen.actor_url,
        "actor_name": _clean(seen.actor_name)[:LONGEST_NAME],
        "profile_id": entry.profile_id,
        "account_id": entry.account_id,
        "channel": entry.channel,
        "kind": seen.kind,
        "by": seen.by,
        "at": at,
        "seen_at": entry.seen_at,
        "at_estimated": estimated,
        "object": seen.object,
        "post": seen.post,
        "url": seen.url,
        "text": _clean(seen.text)[:LONGEST_TEXT],
        "attributes": dict(seen.attributes),
        "user_id": entry.user_id,
        "raw": dict(seen.raw),
        "confidence": 1.0,
    }


def log(session: Session, entries: Iterable[Entry]) -> list[Engagement]:
    """Insert what is not known yet; the engagements that were new, oldest first."""
    rows = {row["key"]: row for row in map(row_of, entries)}
    if not rows:
        return []
    new = insert_new(session, Engagement, list(rows.values()), returning=("id", "key"))
    found = _as_stored(rows[key] | {"id": id_} for id_, key in new)
    return sorted(found, key=lambda engagement: (engagement.at, engagement.key))


def _as_stored(rows: Iterable[dict[str, Any]]) -> list[Engagement]:
    """The objects that the table would give for these rows, made without asking it again: reading
    what was just written took half of the time. They belong to no session."""
    manager = class_mapper(Engagement).class_manager
    found: list[Engagement] = []
    for row in rows:
        engagement: Engagement = manager.new_instance()
        vars(engagement).update(row)
        found.append(engagement)
    return found


def retract(session: Session, channel: str, objects: Sequence[str], now: datetime) -> list[int]:
    """Mark posts as deleted since now and blank their text; the prospects whose history changes."""
    if not objects:
        return []
    statement = (
        update(Engagement)
        .where(
            col(Engagement.channel) == channel,
            col(Engagement.object).in_(objects),
            col(Engagement.retracted_at).is_(None),
        )
        .values(retracted_at=now.replace(microsecond=0), text="", url=None)
        .returning(col(Engagement.prospect_id))
    )
    return sorted({row[0] for row in session.execute(statement) if row[0] is not None})


def _believable(at: datetime | None, seen_at: datetime, estimated: bool) -> tuple[datetime, bool]:
    if at is None or at.tzinfo is None or not EARLIEST <= at <= seen_at + AHEAD:
        return seen_at.replace(microsecond=0), True
    return at.astimezone(UTC).replace(microsecond=0), estimated


def _clean(text: str) -> str:
    """Text that both databases take: PostgreSQL refuses NUL, UTF-8 refuses lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
