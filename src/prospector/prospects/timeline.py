"""What happened with a person, the newest first: what they did, what we did, and what changed.

Two tables are read page by page and merged; a place in them is a key (time, table, id), never a number
of rows to skip.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, or_, true
from sqlmodel import Session, col, func, select

from prospector.models import Engagement, Move, User
from prospector.sdk import BY_HAND_KINDS

Show = Literal["all", "them", "us", "changes"]
SHOWS: tuple[Show, ...] = ("all", "them", "us", "changes")
PAGE = 50


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an entry stands: by time, and at one time engagements before moves, then by id."""

    at: datetime
    move: bool
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{'m' if self.move else 'e'}{self.id}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Raises ValueError where the text is no place."""
        at, _, rest = text.partition("~")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or rest[:1] not in ("e", "m") or not rest[1:].isascii() or len(rest) > 19:
            raise ValueError(f'"{text[:60]}" is no place in a timeline')
        try:
            return cls(moment.astimezone(UTC), rest[0] == "m", int(rest[1:]))
        except OverflowError:
            raise ValueError("that time is beyond the calendar") from None


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the timeline. `shelf` is them, us or changes; `who` the colleague who did it, where
    one did. Of a move by hand, `undo` is its key."""

    place: Place
    shelf: str
    kind: str
    channel: str
    prospect_id: int
    who: str | None = None
    text: str = ""
    url: str | None = None
    subject: str = ""
    estimated: bool = False
    retracted: bool = False
    field: str = ""
    value: Any = None
    before: str = ""
    after: str | None = None
    rule: str | None = None
    sentence: str = ""
    undo: str | None = None

    @property
    def at(self) -> datetime:
        return self.place.at


@dataclass(frozen=True, slots=True)
class Counts:
    """How many entries each filter has; the three parts make up everything."""

    them: int
    us: int
    changes: int

    @property
    def all(self) -> int:
        return self.them + self.us + self.changes

    def of(self, show: str) -> int:
        return int(getattr(self, show))


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, and where the older ones begin (None: there are none)."""

    items: tuple[Item, ...]
    older: Place | None

    def days(self, zone: ZoneInfo) -> list[tuple[datetime, list[Item]]]:
        """The entries by day of this zone: the first moment shown of each, and its entries."""
        grouped = groupby(self.items, key=lambda item: item.at.astimezone(zone).date())
        return [(found[0].at, found) for _, group in grouped if (found := list(group))]


def counts(session: Session, prospect_ids: Sequence[int]) -> Counts:
    """How many entries people have by filter, from the tables."""
    shelf = case((col(Engagement.kind) == "field_set", "changes"), else_=col(Engagement.by))
    statement = (
        select(shelf, func.count())
        .where(col(Engagement.prospect_id).in_(prospect_ids), col(Engagement.kind) != "stage_set")
        .group_by(shelf)
    )
    found: dict[str, int] = dict(session.exec(statement).all())
    moves = select(func.count()).select_from(Move).where(*_current(prospect_ids))
    changes = found.get("changes", 0) + session.exec(moves).one()
    return Counts(found.get("them", 0), found.get("us", 0), changes)


def page(
    session: Session,
    prospect_ids: Sequence[int],
    show: Show = "all",
    before: Place | None = None,
    limit: int = PAGE,
) -> Page:
    """The newest entries of these people before a place."""
    engagements = _engagements(session, prospect_ids, show, before, limit + 1)
    moves = _moves(session, prospect_ids, before, limit + 1) if show in ("all", "changes") else []
    merged = list(heapq.merge(engagements, moves, key=lambda item: item.place, reverse=True))[: limit + 1]
    older = merged[limit - 1].place if len(merged) > limit else None
    return Page(tuple(merged[:limit]), older)


def _engagements(
    session: Session, prospect_ids: Sequence[int], show: Show, before: Place | None, limit: int
) -> list[Item]:
    condition: dict[str, ColumnElement[bool]] = {
        "all": true(),
        "changes": col(Engagement.kind) == "field_set",
    }
    theirs = and_(col(Engagement.by) == show, col(Engagement.kind) != "field_set")
    statement = (
        select(Engagement, User.name)
        .join(User, col(User.id) == col(Engagement.user_id), isouter=True)
        .where(
            col(Engagement.prospect_id).in_(prospect_ids),
            col(Engagement.kind) != "stage_set",
            condition.get(show, theirs),
        )
    )
    if before is not None:
        older = col(Engagement.at) < before.at
        same = and_(
            col(Engagement.at) == before.at, true() if before.move else col(Engagement.id) < before.id
        )
        statement = statement.where(or_(older, same))
    ordered = statement.order_by(col(Engagement.at).desc(), col(Engagement.id).desc()).limit(limit)
    return [_item(one, who) for one, who in session.exec(ordered)]


def _moves(session: Session, prospect_ids: Sequence[int], before: Place | None, limit: int) -> list[Item]:
    statement = (
        select(Move, User.name)
        .join(Engagement, col(Engagement.key) == col(Move.key), isouter=True)
        .join(User, col(User.id) == func.coalesce(Move.user_id, Engagement.user_id), isouter=True)
        .where(*_current(prospect_ids))
    )
    if before is not None:
        older = col(Move.effective_at) < before.at
        if before.move:
            older = or_(older, and_(col(Move.effective_at) == before.at, col(Move.id) < before.id))
        statement = statement.where(older)
    ordered = statement.order_by(col(Move.effective_at).desc(), col(Move.id).desc()).limit(limit)
    return [_moved(one, who) for one, who in session.exec(ordered)]


def _current(prospect_ids: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    return col(Move.prospect_id).in_(prospect_ids), col(Move.superseded_at).is_(None)


def _item(one: Engagement, who: str | None) -> Item:
    changed = one.kind == "field_set"
    return Item(
        place=Place(one.at, False, one.id),
        shelf="changes" if changed else one.by,
        kind=str(one.attributes.get("what") or one.kind),
        channel=one.channel,
        prospect_id=one.prospect_id or 0,
        who=who,
        text=one.text,
        url=one.url,
        subject=str(one.attributes.get("subject") or "") if one.channel == "email" else "",
        estimated=one.at_estimated,
        retracted=one.retracted_at is not None,
        field=str(one.attributes.get("field") or "") if changed else "",
        value=one.attributes.get("value") if changed else None,
    )


def _moved(one: Move, who: str | None) -> Item:
    by_hand = one.rule is None
    return Item(
        place=Place(one.effective_at, True, one.id),
        shelf="changes",
        kind="move",
        channel="ui",
        prospect_id=one.prospect_id,
        who=who,
        before=one.before,
        after=one.after,
        rule=one.rule,
        sentence=str(one.why.get("sentence") or ""),
        undo=one.key if by_hand else None,
    )


# --- Rows of the lists that commands and programs read ---------------------------------------------


def engagement_row(one: Engagement) -> dict[str, Any]:
    """One engagement as `prospector engagements --json` and the API show it."""
    return {
        "id": one.id,
        "at": one.at,
        "prospect": one.prospect_id,
        "by": one.by,
        "kind": one.kind,
        "channel": one.channel,
        "who": one.actor_name or one.actor,
        "text": " ".join(one.text.split())[:200],
        "url": one.url,
        "seen_at": one.seen_at,
    }


def move_row(one: Move, name: str) -> dict[str, Any]:
    """One move as `prospector moves --json` and the API show it."""
    return {
        "at": one.effective_at,
        "prospect": name,
        "before": one.before,
        "after": one.after,
        "rule": one.rule or "by hand",
        "known": one.decided_at,
        "superseded": one.superseded_at,
    }


def engagement_rows(
    session: Session, prospect_id: int | None, limit: int, before: Place | None = None
) -> list[dict[str, Any]]:
    """The newest engagements, of one person or of all, without changes of fields."""
    statement = select(Engagement).where(col(Engagement.kind).not_in(BY_HAND_KINDS - {"stage_set"}))
    if prospect_id is not None:
        statement = statement.where(Engagement.prospect_id == prospect_id)
    if before is not None:
        same = and_(col(Engagement.at) == before.at, col(Engagement.id) < before.id)
        statement = statement.where(or_(col(Engagement.at) < before.at, same))
    newest = statement.order_by(col(Engagement.at).desc(), col(Engagement.id).desc()).limit(limit)
    return [engagement_row(one) for one in session.exec(newest)]


def older_than(rows: Iterable[dict[str, Any]], limit: int) -> Place | None:
    """Where the page after these rows begins; None where they were the last."""
    found = list(rows)
    return Place(found[-1]["at"], False, found[-1]["id"]) if len(found) == limit else None
