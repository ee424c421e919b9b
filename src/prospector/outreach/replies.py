"""What people wrote back, on every channel, the newest first: who, on what, and how it was read.

Only a bounded stretch of the history is read for a page, along the index on answers: a page may be
short, and still lead on to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import and_, bindparam, literal_column, or_, select
from sqlmodel import Session

from prospector.models import Engagement, Message, Prospect, Suppression, table_of
from prospector.outreach import suppression
from prospector.outreach.place import Place
from prospector.outreach.readings import FILTERS, KINDS, NOT_THEIRS, Reading, choices_of, reading_of
from prospector.prospects.scope import Scope
from prospector.store import read_rows

PAGE = 40
STRETCH = 4000
"""Answers that are read for one page at most, whoever's they are."""

_ENGAGEMENT, _PROSPECT, _MESSAGE = table_of(Engagement), table_of(Prospect), table_of(Message)
# Word for word as the partial index has it: SQLite takes it only where nothing is a parameter.
ANSWERS = and_(
    literal_column("engagement.by") == literal_column("'them'"),
    literal_column("engagement.kind NOT IN ('post', 'like', 'repost', 'follow')"),
)
_COLUMNS = (
    *_ENGAGEMENT.c["id", "key", "prospect_id", "actor", "actor_name", "channel", "kind", "at", "object"],
    *_ENGAGEMENT.c["post", "url", "text", "attributes", "retracted_at"],
    *_PROSPECT.c["name", "email", "stage", "owner_id", "paused_until", "paused_why"],
)
_NEWEST: Any = (
    select(*_COLUMNS)
    .join_from(_ENGAGEMENT, _PROSPECT, _PROSPECT.c.id == _ENGAGEMENT.c.prospect_id, isouter=True)
    .where(ANSWERS)
    .order_by(_ENGAGEMENT.c.at.desc(), _ENGAGEMENT.c.id.desc())
    .limit(bindparam("limit"))
)
_AFTER: Any = _NEWEST.where(
    _ENGAGEMENT.c.at <= bindparam("at"),
    or_(_ENGAGEMENT.c.at < bindparam("at"), _ENGAGEMENT.c.id < bindparam("after")),
)
_POSTS: Any = select(*_ENGAGEMENT.c["object", "by", "text", "url"]).where(
    _ENGAGEMENT.c.object.in_(bindparam("objects", expanding=True)),
    _ENGAGEMENT.c.kind.in_(("post", "reply", "comment", "email", "quote", "mention")),
)
_MAILS: Any = select(*_MESSAGE.c["message_id", "subject", "body"]).where(
    _MESSAGE.c.message_id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Correction:
    """That a person read it otherwise: from what, who, when."""

    before: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `text` is theirs and may be anything; `on` is what they answered, `on_ours` whether
    that is ours."""

    id: int
    prospect_id: int
    name: str
    stage: str
    owner_id: int | None
    actor: str
    channel: str
    kind: str
    at: datetime
    text: str
    url: str | None
    on: str
    on_ours: bool
    reading: Reading
    corrected: Correction | None
    choices: tuple[str, ...]
    gone: bool

    @property
    def place(self) -> Place:
        return Place(self.at, self.id)


@dataclass(frozen=True, slots=True)
class Replies:
    """A page of answers, and where the next begins; None at the end."""

    rows: tuple[Reply, ...]
    after: Place | None


def page_of(
    session: Session, scope: Scope, chosen: str = "", after: Place | None = None, size: int = PAGE
) -> Replies:
    """The newest answers of the people in scope; `chosen` is a name of `FILTERS`, or all."""
    kinds = frozenset(FILTERS.get(chosen, KINDS))
    statement, given = (_NEWEST, {}) if after is None else (_AFTER, {"at": after.at, "after": after.id})
    read = read_rows(session, statement, limit=STRETCH + 1, **given)
    found = [row for row in read[:STRETCH] if _wanted(row, scope, kinds)]
    shown, last = found[:size], None
    if len(found) > size:
        last = Place(shown[-1].at, shown[-1].id)
    elif len(read) > STRETCH:
        last = Place(read[STRETCH - 1].at, read[STRETCH - 1].id)
    return Replies(tuple(rows_of(session, shown)), last)


def one(session: Session, scope: Scope, engagement_id: int) -> Reply | None:
    """One answer; None where it is none, or not for this reader."""
    statement = select(*_COLUMNS).join_from(
        _ENGAGEMENT, _PROSPECT, _PROSPECT.c.id == _ENGAGEMENT.c.prospect_id
    )
    rows = session.connection().execute(statement.where(_ENGAGEMENT.c.id == engagement_id, ANSWERS)).all()
    return next(iter(rows_of(session, [row for row in rows if _wanted(row, scope, frozenset(KINDS))])), None)


def count_since(session: Session, scope: Scope, since: datetime, most: int) -> int:
    """How many answers of people there have been since then, counted no further than `most`."""
    statement = (
        select(_ENGAGEMENT.c.kind, _PROSPECT.c.owner_id)
        .join_from(_ENGAGEMENT, _PROSPECT, _PROSPECT.c.id == _ENGAGEMENT.c.prospect_id)
        .where(ANSWERS, _ENGAGEMENT.c.at > since)
        # Along the index: without an order PostgreSQL joins everything before it stops.
        .order_by(_ENGAGEMENT.c.at.desc())
        .limit(STRETCH)
    )
    found = session.connection().execute(statement)
    mine = (row for row in found if row.kind in KINDS and scope.allows(row.owner_id))
    return sum(1 for _ in islice(mine, most))


def rows_of(session: Session, found: Sequence[Any]) -> list[Reply]:
    """The rows of these answers, what they need beside read once for all of them."""
    mails = {str(id_) for row in found for id_ in row.attributes.get("refers_to") or ()}
    posts = {row.post for row in found if row.post and row.channel != "email"}
    ours = {one.message_id: one for one in read_rows(session, _MAILS, ids=sorted(mails))} if mails else {}
    seen = {one.object: one for one in read_rows(session, _POSTS, objects=sorted(posts))} if posts else {}
    stopped = _stopped(session, found)
    return [_reply(row, _answered(row, ours, seen), stopped) for row in found]


def _wanted(row: Any, scope: Scope, kinds: frozenset[str]) -> bool:
    """Of people whom we do not know yet the page of strangers tells."""
    return row.prospect_id is not None and row.kind in kinds and scope.allows(row.owner_id)


def _stopped(session: Session, found: Sequence[Any]) -> frozenset[str]:
    """By what these people are never written to."""
    keys = {f"person:{row.prospect_id}" for row in found}
    keys |= {f"email:{row.email}" for row in found if row.email}
    if not keys:
        return frozenset()
    table = table_of(Suppression)
    statement = select(table.c.by).where(table.c.key.in_(sorted(keys)))
    return frozenset(session.connection().execute(statement).scalars())


def _answered(row: Any, mails: Mapping[str, Any], posts: Mapping[str, Any]) -> tuple[str, bool]:
    """What they answered, on one line, and whether it is ours."""
    for id_ in row.attributes.get("refers_to") or ():
        if (mail := mails.get(str(id_))) is not None:
            return _line(mail.subject or mail.body), True
    post = posts.get(row.post) if row.post != row.object else None
    if post is not None:
        return _line(post.text), post.by == "us"
    return _line(str(row.attributes.get("subject") or "")), False


def _line(text: str) -> str:
    return " ".join(text[:300].split())[:140]


def _reply(row: Any, answered: tuple[str, bool], stopped: frozenset[str]) -> Reply:
    notes = row.attributes.get("corrections") or []
    original = notes[0]["before"] if notes else row.kind
    kind = NOT_THEIRS if row.attributes.get(NOT_THEIRS) else row.kind
    corrected = None
    if notes and kind != original:
        corrected = Correction(notes[-1]["before"], notes[-1]["by"], datetime.fromisoformat(notes[-1]["at"]))
    waits = row.paused_why if row.paused_until is not None else None
    stops, doubt = f"engagement:{row.key}" in stopped, waits == suppression.IN_DOUBT
    return Reply(
        id=row.id,
        prospect_id=row.prospect_id,
        name=row.name,
        stage=row.stage,
        owner_id=row.owner_id,
        actor=row.actor,
        channel=row.channel,
        kind=kind,
        at=row.at,
        text=row.text,
        url=row.url,
        on=answered[0],
        on_ours=answered[1],
        reading=reading_of(row.kind, row.attributes, stops, waits, doubt),
        corrected=corrected,
        choices=choices_of(kind, row.channel, original),
        gone=row.retracted_at is not None and kind != NOT_THEIRS,
    )


def as_json(row: Reply) -> dict[str, Any]:
    """A row under the names of `GET /api/replies`, those of `prospector engagements --json` among them."""
    return {
        "id": row.id,
        "at": row.at,
        "prospect": row.prospect_id,
        "who": row.name,
        "kind": row.kind,
        "channel": row.channel,
        "text": row.text,
        "url": row.url,
        "on": row.on,
        "classified": row.reading.words,
        "then": row.reading.then,
        "was": row.corrected.before if row.corrected else None,
        "choices": list(row.choices),
    }
