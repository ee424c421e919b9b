"""The people of a campaign as its pages list them: state, version, variant, and what came of their mails."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from prospector.models import (
    Account,
    CampaignVersion,
    Company,
    Engagement,
    Message,
    Prospect,
    Recipient,
    table_of,
)

OUTCOMES = ("replied", "bounced", "opted out", "complained")
ANSWERS = {
    "email_reply": "replied",
    "reply": "replied",
    "dm": "replied",
    "bounce": "bounced",
    "unsubscribe": "opted out",
    "complaint": "complained",
}
"""What an engagement of theirs means for the campaign."""
LONGEST = 100

_R, _P = table_of(Recipient), table_of(Prospect)
_V, _C, _A = table_of(CampaignVersion), table_of(Company), table_of(Account)
_M, _E = table_of(Message), table_of(Engagement)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which people are wanted: in a state of `Recipient`, with these letters in name or address."""

    state: str = ""
    q: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What they did after a mail of the campaign; `engagement_id` leads to it in Replies."""

    kind: str
    at: datetime
    engagement_id: int


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a campaign. `sent` counts their mails that left, `outcomes` are the newest last."""

    id: int
    prospect_id: int
    name: str
    address: str | None
    company: str | None
    state: str
    why: str | None
    at: datetime
    version: int | None
    variant: str
    mailbox: str | None
    sent: int = 0
    last_sent_at: datetime | None = None
    outcomes: tuple[Outcome, ...] = ()


def listed(session: Session, campaign_id: int, wanted: Filter, after: int, limit: int) -> list[Member]:
    """The next people behind this recipient, in the order in which they came."""
    statement = (
        select(
            *_R.c["id", "prospect_id", "state", "why", "at", "variant"],
            *_P.c["name", "email"],
            _C.c.name.label("company"),
            _V.c.number,
            _A.c.name.label("mailbox"),
        )
        .join_from(_R, _P, _P.c.id == _R.c.prospect_id)
        .join(_C, _C.c.id == _P.c.company_id, isouter=True)
        .join(_V, _V.c.id == _R.c.version_id, isouter=True)
        .join(_A, _A.c.id == _R.c.account_id, isouter=True)
        .where(_R.c.campaign_id == campaign_id, _R.c.id > after)
    )
    if wanted.state:
        statement = statement.where(_R.c.state == wanted.state)
    if words := wanted.q.strip().lower()[:LONGEST]:
        named = func.lower(_P.c.name).contains(words, autoescape=True)
        statement = statement.where(named | func.lower(_P.c.email).contains(words, autoescape=True))
    rows = session.connection().execute(statement.order_by(_R.c.id).limit(limit)).mappings().all()
    return _told(session, campaign_id, rows)


def ids_of(session: Session, campaign_id: int, ids: Collection[int]) -> list[int]:
    """Those of these recipients that are of this campaign."""
    statement = select(_R.c.id).where(_R.c.campaign_id == campaign_id, _R.c.id.in_(ids))
    return list(session.connection().execute(statement.order_by(_R.c.id)).scalars())


def _told(session: Session, campaign_id: int, rows: Sequence[Any]) -> list[Member]:
    """The rows with what was sent to each and what they did since."""
    sent = _sent(session, [row["id"] for row in rows])
    began = {row["prospect_id"]: sent[row["id"]][1] for row in rows if row["id"] in sent}
    came = _outcomes(session, began)
    return [
        Member(
            row["id"],
            row["prospect_id"],
            row["name"],
            row["email"],
            row["company"],
            row["state"],
            row["why"],
            row["at"],
            row["number"],
            row["variant"],
            row["mailbox"],
            *_counted(sent.get(row["id"])),
            tuple(came.get(row["prospect_id"], ())),
        )
        for row in rows
    ]


def _counted(found: tuple[int, datetime, datetime] | None) -> tuple[int, datetime | None]:
    return (found[0], found[2]) if found else (0, None)


def _sent(session: Session, ids: Collection[int]) -> Mapping[int, tuple[int, datetime, datetime]]:
    """By recipient: how many mails left, the first and the last."""
    first = func.min(_M.c.sent_at, type_=_M.c.sent_at.type)
    last = func.max(_M.c.sent_at, type_=_M.c.sent_at.type)
    statement = (
        select(_M.c.recipient_id, func.count(), first, last)
        .where(_M.c.recipient_id.in_(ids), _M.c.state == "sent")
        .group_by(_M.c.recipient_id)
    )
    return {id_: (number, one, two) for id_, number, one, two in session.connection().execute(statement)}


def _outcomes(session: Session, began: Mapping[int, datetime]) -> Mapping[int, list[Outcome]]:
    """By person: the first of each kind that they did since our first mail."""
    statement = (
        select(*_E.c["prospect_id", "kind", "at", "id"])
        .where(
            _E.c.prospect_id.in_(began),
            _E.c.by == "them",
            _E.c.kind.in_(ANSWERS),
            _E.c.retracted_at.is_(None),
        )
        .order_by(_E.c.at, _E.c.id)
    )
    found: dict[int, list[Outcome]] = {}
    for prospect_id, kind, at, id_ in session.connection().execute(statement):
        known = found.setdefault(prospect_id, [])
        if at >= began[prospect_id] and ANSWERS[kind] not in {one.kind for one in known}:
            known.append(Outcome(ANSWERS[kind], at, id_))
    return found
