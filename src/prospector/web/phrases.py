"""How a card reads on the page: its headline, when its text leaves, how long that is, what is true of it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from prospector.queue.happenings import Exchange
from prospector.queue.item import Item
from prospector.queue.leaving import Leaves
from prospector.queue.listing import Row
from prospector.web.rendering import clock

_NOT_DONE_BY_THEM = frozenset(
    {"failed", "uncertain", "stale", "suggested_move", "rule", "follow_up", "playbook"}
)


_DONE = {
    "call": "called",
    "comment": "commented",
    "dm": "sent a direct message",
    "email": "wrote a mail",
    "email_reply": "answered by mail",
    "follow": "followed",
    "invite": "sent an invitation",
    "like": "liked a post",
    "mention": "mentioned us",
    "meeting_booked": "booked a meeting",
    "meeting_cancelled": "cancelled a meeting",
    "post": "posted",
    "quote": "quoted a post",
    "reply": "replied",
    "repost": "reposted",
}


def did(row: Row) -> str:
    """What stands after the person's name: `replied`, `posted`; or a colon and what is the matter."""
    said = row.words[:1].lower() + row.words[1:]
    return f"· {said}" if row.kind in _NOT_DONE_BY_THEM else said


def exchanged(one: Exchange, name: str) -> str:
    """What somebody did, in words; `name` is the viewer's own."""
    done = _DONE.get(one.kind, one.kind.replace("_", " "))
    if not one.ours:
        return done[:1].upper() + done[1:]
    return f"{'You' if one.who == name else one.who or 'We'} {done}"


def leaves(when: Leaves, now: datetime, zone: ZoneInfo) -> str:
    """When a text would leave if it were approved now: `Sends 10:42`, and why not at once."""
    if when.at is None:
        return f"Cannot leave: {when.why}"
    said = f"Sends {clock(when.at, zone, now)}"
    return f"{said}, {when.why}" if when.why else said


def place(local: datetime) -> str:
    """The town that a time zone is named after."""
    return str(local.tzinfo).rpartition("/")[2].replace("_", " ")


def truth(item: Item) -> str:
    """A mark of what a decision rests on: when it changes under an open page, the page must say so.

    The clock is no part of it, nor one's own hold.
    """
    draft, hold = item.draft, item.hold
    held = (hold.user_id, hold.name) if hold is not None and not hold.mine else None
    written = draft and (draft.id, draft.state, draft.stale, draft.obstacle, draft.copied_at)
    facts = (item.state, [one.gone for one in item.causes], written, held, item.asks and item.asks.sentence)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]
