"""What happened, as a card tells it: each cause with its text and the post or mail that it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session

from prospector.models import Card, Engagement, User, table_of
from prospector.outreach.staleness import WRITING
from prospector.queue import day
from prospector.queue.rank import Cause
from prospector.sdk import BY_HAND_KINDS
from prospector.store import read_rows

LAST = 5
EXCERPT = 160

_ENGAGEMENT, _USER = table_of(Engagement), table_of(User)
_TOLD = _ENGAGEMENT.c["id", "kind", "at", "channel", "url", "text", "object", "post", "attributes"]
_BY_ID = select(*_TOLD, _ENGAGEMENT.c.retracted_at).where(
    _ENGAGEMENT.c.id.in_(bindparam("ids", expanding=True))
)
_BY_OBJECT = (
    select(*_ENGAGEMENT.c["object", "by", "text", "at"])
    .where(
        _ENGAGEMENT.c.object.in_(bindparam("objects", expanding=True)),
        _ENGAGEMENT.c.kind.not_in(("like", "repost", "follow")),
        _ENGAGEMENT.c.retracted_at.is_(None),
    )
    .order_by(_ENGAGEMENT.c.id)
)
_LATEST = (
    select(*_ENGAGEMENT.c["at", "by", "kind", "channel", "text"], _USER.c.name.label("who"))
    .join_from(_ENGAGEMENT, _USER, _USER.c.id == _ENGAGEMENT.c.user_id, isouter=True)
    .where(
        _ENGAGEMENT.c.prospect_id == bindparam("prospect"),
        _ENGAGEMENT.c.kind.not_in(sorted(BY_HAND_KINDS)),
    )
    .order_by(_ENGAGEMENT.c.at.desc(), _ENGAGEMENT.c.id.desc())
    .limit(LAST)
)


@dataclass(frozen=True, slots=True)
class Parent:
    """The post or mail that something answers; `ours` where one of us wrote it."""

    text: str
    at: datetime
    ours: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """A cause of a card. `words` is its kind in words, `detail` what it says apart from the text;
    what was deleted since is `gone`."""

    kind: str
    words: str
    at: datetime
    channel: str
    url: str | None
    text: str
    parent: Parent | None
    question: bool
    detail: str
    gone: bool

    @property
    def parent_text(self) -> str | None:
        return self.parent.text if self.parent is not None else None

    @property
    def parent_by_us(self) -> bool:
        return self.parent is not None and self.parent.ours


@dataclass(frozen=True, slots=True)
class Exchange:
    """One of the last things that went to and fro; `ours` tells who did it, `who` which of us."""

    at: datetime
    ours: bool
    who: str | None
    kind: str
    channel: str
    excerpt: str
    in_words: bool


def happenings_of(session: Session, card: Card) -> tuple[Happening, ...]:
    """The causes of a card, the strongest first."""
    causes = [day.cause_of(stored) for stored in card.causes]
    ids = [cause.engagement_id for cause in causes if cause.engagement_id is not None]
    known = {one.id: one for one in read_rows(session, _BY_ID, ids=ids)} if ids else {}
    parents = _parents(session, list(known.values()))
    return tuple(_happening(cause, known.get(cause.engagement_id), parents) for cause in causes)


def exchanges_of(session: Session, prospect_id: int) -> tuple[Exchange, ...]:
    """The last five things between a person and us, the newest first."""
    return tuple(
        Exchange(
            at=one.at,
            ours=one.by == "us",
            who=one.who,
            kind=one.kind,
            channel=one.channel,
            excerpt=" ".join(one.text[: 2 * EXCERPT].split())[:EXCERPT],
            in_words=one.kind in WRITING,
        )
        for one in read_rows(session, _LATEST, prospect=prospect_id)
    )


def _happening(cause: Cause, engagement: Any, parents: dict[str, Parent]) -> Happening:
    said = engagement.text if engagement is not None else ""
    return Happening(
        kind=cause.kind,
        words=cause.sort.label,
        at=cause.at,
        channel=engagement.channel if engagement is not None else "",
        url=engagement.url if engagement is not None else None,
        text=said,
        parent=next((parents[one] for one in answered(engagement) if one in parents), None),
        question=cause.question,
        detail="" if said.startswith(cause.detail) else cause.detail,
        gone=engagement is not None and engagement.retracted_at is not None,
    )


def answered(engagement: Any) -> Sequence[str]:
    """The objects that something may answer, the nearest first: the mail before it, its post."""
    if engagement is None:
        return ()
    references = [str(one) for one in engagement.attributes.get("references") or ()]
    near = [engagement.attributes.get("in_reply_to"), *reversed(references), engagement.post]
    return [str(one) for one in near if one and one != engagement.object]


def _parents(session: Session, engagements: Sequence[Any]) -> dict[str, Parent]:
    wanted = sorted({one for engagement in engagements for one in answered(engagement)})
    if not wanted:
        return {}
    found = read_rows(session, _BY_OBJECT, objects=wanted)
    return {one.object: Parent(one.text, one.at, one.by == "us") for one in found}
