"""Who of us has just written to a person or to their company, and whether that asks for a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, func, select
from sqlmodel import Session

from prospector.models import Engagement, Message, Prospect, User, table_of
from prospector.outreach.staleness import WRITING, WROTE
from prospector.sdk import THEIR_CONTENT
from prospector.store import read_rows

MOST = 50
ANSWERED_WITHIN = timedelta(days=14)
"""What they wrote longer ago is no longer answered by what one writes now (queue/rank.py)."""
PENDING = ("approved", "sending", "unknown")
SHORTEST, LONGEST = 3, 200

_ENGAGEMENT, _MESSAGE = table_of(Engagement), table_of(Message)
_PROSPECT, _USER = table_of(Prospect), table_of(User)
_SAID = (
    select(
        *_ENGAGEMENT.c["at", "kind", "user_id", "prospect_id"],
        _USER.c.name.label("who"),
        _PROSPECT.c.name.label("to"),
    )
    .join_from(_ENGAGEMENT, _PROSPECT, _PROSPECT.c.id == _ENGAGEMENT.c.prospect_id)
    .join(_USER, _USER.c.id == _ENGAGEMENT.c.user_id, isouter=True)
    .where(_ENGAGEMENT.c.at > bindparam("since"), _ENGAGEMENT.c.by == "us", _ENGAGEMENT.c.kind.in_(WRITING))
    .order_by(_ENGAGEMENT.c.at.desc())
    .limit(MOST)
)
_WAITING = (
    select(
        func.coalesce(_MESSAGE.c.claimed_at, _MESSAGE.c.approved_at, type_=_MESSAGE.c.approved_at.type).label(
            "at"
        ),
        _MESSAGE.c.action.label("kind"),
        _MESSAGE.c.approved_by.label("user_id"),
        _MESSAGE.c.prospect_id,
        _USER.c.name.label("who"),
        _PROSPECT.c.name.label("to"),
    )
    .join_from(_MESSAGE, _PROSPECT, _PROSPECT.c.id == _MESSAGE.c.prospect_id)
    .join(_USER, _USER.c.id == _MESSAGE.c.approved_by, isouter=True)
    .where(
        _MESSAGE.c.state.in_(PENDING), _MESSAGE.c.action.in_(WRITING), _MESSAGE.c.id != bindparam("message")
    )
    .limit(MOST)
)
_OF_PERSON = {
    "said": _SAID.where(_ENGAGEMENT.c.prospect_id == bindparam("prospect")),
    "waiting": _WAITING.where(_MESSAGE.c.prospect_id == bindparam("prospect")),
}
_OF_COMPANY = {
    "said": _SAID.where(
        _PROSPECT.c.company_id == bindparam("company"), _PROSPECT.c.id != bindparam("prospect")
    ),
    "waiting": _WAITING.where(
        _PROSPECT.c.company_id == bindparam("company"), _PROSPECT.c.id != bindparam("prospect")
    ),
}
_THEIRS = select(func.max(_ENGAGEMENT.c.at, type_=_ENGAGEMENT.c.at.type)).where(
    _ENGAGEMENT.c.prospect_id == bindparam("prospect"),
    _ENGAGEMENT.c.by == "them",
    _ENGAGEMENT.c.kind.in_(WROTE),
    _ENGAGEMENT.c.at > bindparam("since"),
    _ENGAGEMENT.c.retracted_at.is_(None),
)
_OURS = select(func.max(_ENGAGEMENT.c.at, type_=_ENGAGEMENT.c.at.type)).where(
    _ENGAGEMENT.c.prospect_id == bindparam("prospect"),
    _ENGAGEMENT.c.by == "us",
    _ENGAGEMENT.c.kind.in_(WRITING),
)


@dataclass(frozen=True, slots=True)
class Touch:
    """An act of ours in words. `who` is None where no user did it, `pending` where it is approved and
    has not left; `person` tells them from their colleagues."""

    at: datetime
    kind: str
    user_id: int | None
    who: str | None
    to: str
    person: bool
    pending: bool


@dataclass(frozen=True, slots=True)
class Rest:
    """For how long we leave a person, and a company, alone after an act."""

    person: timedelta
    company: timedelta


@dataclass(frozen=True, slots=True)
class Question:
    """What has to be answered before one writes: the touches, the newest first."""

    touches: tuple[Touch, ...]

    def sentence(self, user_id: int | None, now: datetime, zone: ZoneInfo) -> str:
        said = told(self.touches[0], user_id, now, zone)
        return f"{said} Say in a few words why you write all the same."


def must_ask(
    touches: Iterable[Touch],
    their_last: datetime | None,
    rest: Rest,
    now: datetime,
    our_last: datetime | None = None,
) -> Question | None:
    """Whether going on needs a reason. Answering what they wrote (`their_last`) after our last act
    towards them (`our_last`, however long ago) needs none, whoever of us wrote to their company."""
    recent = [
        one for one in touches if one.pending or one.at > now - (rest.person if one.person else rest.company)
    ]
    written = [one.at for one in recent if one.person] + ([our_last] if our_last is not None else [])
    ours = max(written, default=None)
    if not recent or (their_last is not None and (ours is None or their_last > ours)):
        return None
    return Question(tuple(sorted(recent, key=lambda one: one.at, reverse=True)))


def touches_of(
    session: Session, prospect: Prospect, rest: Rest, now: datetime, message_id: int | None = None
) -> list[Touch]:
    """Our acts towards a person and their company while they should rest, also those that are
    approved and wait; but for one message."""
    given: dict[str, Any] = {"prospect": prospect.id, "message": message_id or 0}
    found = _read(session, _OF_PERSON, given | {"since": now - rest.person}, person=True)
    if prospect.company_id is not None:
        given |= {"company": prospect.company_id, "since": now - rest.company}
        found += _read(session, _OF_COMPANY, given, person=False)
    return found


def their_last(
    session: Session, prospect_id: int, answered: Engagement | None, now: datetime
) -> datetime | None:
    """When they last wrote to us, of late; a text that answers a post of theirs answers that, too."""
    wrote = read_rows(session, _THEIRS, prospect=prospect_id, since=now - ANSWERED_WITHIN)[0][0]
    post = answered.at if answered is not None and answered.kind in THEIR_CONTENT else None
    return max((at for at in (wrote, post) if at is not None), default=None)


def question_of(session: Session, message: Message, rest: Rest, now: datetime) -> Question | None:
    """What has to be answered before this message is approved."""
    if message.action not in WRITING:
        return None
    prospect = session.get_one(Prospect, message.prospect_id)
    found = touches_of(session, prospect, rest, now, message.id)
    if not found:
        return None
    answered = session.get(Engagement, message.engagement_id) if message.engagement_id is not None else None
    last = their_last(session, prospect.id, answered if answered and answered.by == "them" else None, now)
    ours = read_rows(session, _OURS, prospect=prospect.id)[0][0]
    return must_ask(found, last, rest, now, ours)


def is_reason(text: str | None) -> bool:
    """Whether a text is a reason of a few words."""
    return text is not None and SHORTEST <= len(text.strip()) <= LONGEST


def told(touch: Touch, user_id: int | None, now: datetime, zone: ZoneInfo) -> str:
    """A touch as a sentence: "Jonas wrote to Anna Weber yesterday (email)."."""
    mine = touch.user_id is not None and touch.user_id == user_id
    who = "You" if mine else touch.who or "Somebody of us"
    at_company = "" if touch.person else ", of the same company,"
    if touch.pending:
        has = "have" if mine else "has"
        return f"{who} {has} a message to {touch.to}{at_company} in the outbox ({touch.kind})."
    return f"{who} wrote to {touch.to}{at_company} {day_of(touch.at, now, zone)} ({touch.kind})."


def day_of(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A day near to now, in words."""
    then: date = at.astimezone(zone).date()
    days = (now.astimezone(zone).date() - then).days
    return {0: "today", 1: "yesterday"}.get(days, f"on {then:%-d %b}")


def _read(
    session: Session, statements: Mapping[str, Select[Any]], given: Mapping[str, Any], *, person: bool
) -> list[Touch]:
    said = {name: value for name, value in given.items() if name != "message"}
    waiting = {name: value for name, value in given.items() if name != "since"}
    found = [_touch(row, person, False) for row in read_rows(session, statements["said"], **said)]
    return found + [_touch(row, person, True) for row in read_rows(session, statements["waiting"], **waiting)]


def _touch(row: Any, person: bool, pending: bool) -> Touch:
    return Touch(row.at, row.kind, row.user_id, row.who, row.to, person, pending)
