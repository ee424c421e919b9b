"""What has happened since a text was made that whoever approves it should know: then it does not go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session

from prospector.models import Engagement, Message, Move, Prospect, User, table_of
from prospector.outreach import drafts, outbox
from prospector.outreach.drafts import Desk
from prospector.store import read_rows

WROTE = ("reply", "comment", "mention", "quote", "dm", "email_reply")
"""What they do towards us that a text should have taken into account. A post is for everybody."""
WRITING = ("email", "reply", "comment", "dm", "invite", "call")
"""Acts of ours that reach a person in words."""

_ENGAGEMENT, _MOVE, _USER = table_of(Engagement), table_of(Move), table_of(User)
_SINCE = (
    select(*_ENGAGEMENT.c["id", "by", "kind", "channel", "user_id"], _USER.c.name)
    .join_from(_ENGAGEMENT, _USER, _USER.c.id == _ENGAGEMENT.c.user_id, isouter=True)
    .where(
        _ENGAGEMENT.c.prospect_id == bindparam("prospect"),
        _ENGAGEMENT.c.seen_at > bindparam("since"),
        _ENGAGEMENT.c.retracted_at.is_(None),
        _ENGAGEMENT.c.kind.in_((*WROTE, *WRITING)),
    )
    .order_by(_ENGAGEMENT.c.at)
)
_MOVED = (
    select(_MOVE.c.after)
    .where(
        _MOVE.c.prospect_id == bindparam("prospect"),
        _MOVE.c.decided_at > bindparam("since"),
        _MOVE.c.superseded_at.is_(None),
        _MOVE.c.after.is_not(None),
    )
    .order_by(_MOVE.c.id.desc())
)


def changes(session: Session, desk: Desk, message: Message, user_id: int | None) -> tuple[str, ...]:
    """What has changed since somebody last read the facts behind a text, as parts of a sentence;
    none where it still holds. `user_id` is whose text it is: their own acts are no news to them."""
    found: list[str] = []
    answered = session.get(Engagement, message.engagement_id) if message.engagement_id is not None else None
    if answered is not None and answered.retracted_at is not None:
        found.append("what it answers was deleted")
    elif drafts.is_stale(session, message, desk):
        found.append("a fact that it uses has changed")
    if message.address is not None and message.address != _address(session, message):
        found.append("their address has changed since")
    if message.state == "approved" and message.approved_hash != outbox.content_hash(message):
        found.append("it is not word for word what was approved")
    since = read_at(message)
    found += _news(session, message, user_id, since)
    # A series goes on over the stages, and ends where one is terminal (campaigns/endings.py).
    of_series = message.campaign_id is not None
    moved = [] if of_series else read_rows(session, _MOVED, prospect=message.prospect_id, since=since)
    if moved:
        found.append(f"they are in {moved[0].after} now")
    return tuple(found)


def _address(session: Session, message: Message) -> str | None:
    return session.get_one(Prospect, message.prospect_id).email


def read_at(message: Message) -> datetime:
    """When a person last stood by the text with the facts of then: approved, rewrote or had it made."""
    known = message.facts.get("read_at")
    return message.approved_at or (datetime.fromisoformat(known) if known else message.created_at)


def _news(session: Session, message: Message, user_id: int | None, since: datetime) -> Sequence[str]:
    happened = read_rows(session, _SINCE, prospect=message.prospect_id, since=since)
    theirs = any(
        one.by == "them" and one.kind in WROTE and one.id != message.engagement_id for one in happened
    )
    colleagues = [
        one.name
        for one in happened
        if one.by == "us" and one.kind in WRITING and one.user_id not in (None, user_id)
    ]
    wrote = [f"{name} has written to them since" for name in dict.fromkeys(colleagues)]
    return [*(["they have written since"] if theirs else []), *wrote]
