"""A card as a row of a list: read in a few statements for many cards, and the same for page, command
line and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, select
from sqlmodel import Session

from prospector.models import Card, Company, Engagement, Message, Profile, Prospect, User, table_of
from prospector.outreach import staleness
from prospector.outreach.drafts import Desk
from prospector.queue import day
from prospector.queue.rank import SORTS, Reason, Section
from prospector.store import read_rows

Shelf = Literal["reply", "post", "hand", "rest"]
EXCERPT = 240
UNSETTLED = ("draft", "approved")

_CARD, _PROSPECT, _COMPANY = table_of(Card), table_of(Prospect), table_of(Company)
_MESSAGE, _PROFILE, _ENGAGEMENT = table_of(Message), table_of(Profile), table_of(Engagement)
_HOLDER = table_of(User).alias("holder")
# Made once, since to make a statement costs more than to run it.
_CARDS = (
    select(
        *_CARD.c["id", "prospect_id", "priority", "section", "causes", "reasons", "state"],
        *_CARD.c["until", "wake_on", "arrived_at", "held_by", "held_until"],
        *_PROSPECT.c["name", "stage"],
        _COMPANY.c.name.label("company"),
        _HOLDER.c.name.label("holder"),
    )
    .join_from(_CARD, _PROSPECT, _PROSPECT.c.id == _CARD.c.prospect_id)
    .join(_COMPANY, _COMPANY.c.id == _PROSPECT.c.company_id, isouter=True)
    .join(_HOLDER, _HOLDER.c.id == _CARD.c.held_by, isouter=True)
    .where(_CARD.c.id.in_(bindparam("ids", expanding=True)))
)
_TEXTS = (
    select(
        *_MESSAGE.c["id", "card_id", "action", "by_hand", "state", "subject", "body", "problems"],
        *_MESSAGE.c["copied_at", "send_at"],
        _PROFILE.c.platform,
    )
    .join_from(_MESSAGE, _PROFILE, _PROFILE.c.id == _MESSAGE.c.profile_id, isouter=True)
    .where(_MESSAGE.c.card_id.in_(bindparam("ids", expanding=True)), _MESSAGE.c.state != "discarded")
    .order_by(_MESSAGE.c.id)
)
_HAPPENED = select(*_ENGAGEMENT.c["id", "kind", "at", "channel", "url", "text"]).where(
    _ENGAGEMENT.c.id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Happened:
    """What the strongest cause of a card is about. The text is theirs, and may be anything."""

    id: int
    kind: str
    at: datetime
    channel: str
    url: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """The card's newest draft or message."""

    id: int
    action: str
    by_hand: bool
    state: str
    subject: str
    body: str
    problems: tuple[Mapping[str, Any], ...]
    copied_at: datetime | None
    send_at: datetime | None
    channel: str


@dataclass(frozen=True, slots=True)
class Row:
    """A card in a list. `kind` and `words` tell of the strongest cause, `at` when it arose; `detail`
    is what it says beyond the engagement's own text; `arrived_at` when the card came onto the list."""

    id: int
    priority: int
    section: Section
    reasons: tuple[Reason, ...]
    prospect_id: int
    name: str
    stage: str
    company: str | None
    kind: str
    at: datetime
    detail: str
    state: str
    until: datetime | None
    wake_on: str | None
    arrived_at: datetime
    held_by: int | None
    holder: str | None
    held_until: datetime | None
    engagement: Happened | None
    message: Text | None

    @property
    def words(self) -> str:
        """What they did, in words."""
        return SORTS[self.kind].label if self.kind in SORTS else "Something happened"

    @property
    def channel(self) -> str:
        if self.engagement is not None:
            return self.engagement.channel
        return self.message.channel if self.message is not None else ""

    @property
    def excerpt(self) -> str:
        """The beginning of what they wrote, else of why the card is here, on one line."""
        said = self.engagement.text if self.engagement is not None else ""
        return " ".join((said or self.detail)[: 2 * EXCERPT].split())[:EXCERPT]

    @property
    def url(self) -> str | None:
        return self.engagement.url if self.engagement is not None else None

    @property
    def by_hand(self) -> bool:
        """Whether the card's act is one that a person must do."""
        return self.message is not None and self.message.by_hand and self.message.state in UNSETTLED

    @property
    def shelf(self) -> Shelf:
        """The one filter that the row belongs to."""
        if self.by_hand:
            return "hand"
        if self.section is Section.ANSWER:
            return "reply"
        return "post" if self.kind == "post" else "rest"


def rows_of(session: Session, card_ids: Sequence[int]) -> list[Row]:
    """The rows of these cards, in this order; an id that there is not gives none."""
    if not card_ids:
        return []
    cards = {card.id: card for card in read_rows(session, _CARDS, ids=list(card_ids))}
    texts = {text.card_id: text for text in read_rows(session, _TEXTS, ids=list(card_ids))}
    strongest = {card.id: card.causes[0].get("engagement_id") for card in cards.values() if card.causes}
    wanted = [id_ for id_ in strongest.values() if id_ is not None]
    happened = {one.id: Happened(*one) for one in read_rows(session, _HAPPENED, ids=wanted)} if wanted else {}
    return [
        _row(cards[id_], texts.get(id_), happened.get(strongest.get(id_))) for id_ in card_ids if id_ in cards
    ]


def as_json(session: Session, desk: Desk, row: Row, user_id: int | None = None) -> dict[str, Any]:
    """A row as a user sees it; the names are those that `prospector queue --json` and the API share
    (docs/cli.md)."""
    happened, text = row.engagement, row.message
    return {
        "id": row.id,
        "prospect": {"id": row.prospect_id, "name": row.name, "stage": row.stage},
        "section": row.section.title,
        "why": [{"reason": reason.label, "points": reason.points} for reason in row.reasons],
        "priority": row.priority,
        "detail": row.detail,
        "engagement": happened
        and {
            "kind": happened.kind,
            "at": happened.at,
            "channel": happened.channel,
            "url": happened.url,
            "text": happened.text,
        },
        "draft": text and draft_json(session, desk, text, user_id),
    }


def draft_json(session: Session, desk: Desk, text: Text, user_id: int | None) -> dict[str, Any]:
    message = session.get_one(Message, text.id)
    return {
        "id": text.id,
        "action": text.action,
        "by_hand": text.by_hand,
        "state": text.state,
        "subject": text.subject,
        "body": text.body,
        "stale": bool(staleness.changes(session, desk, message, user_id)),
        "problems": [{"code": p["code"], "message": p["message"]} for p in text.problems],
    }


def _row(card: Any, text: Any, happened: Happened | None) -> Row:
    cause = day.cause_of(card.causes[0]) if card.causes else None
    detail = cause.detail if cause is not None else ""
    return Row(
        id=card.id,
        priority=card.priority,
        section=Section[card.section.upper()],
        reasons=tuple(Reason(**reason) for reason in card.reasons),
        prospect_id=card.prospect_id,
        name=card.name,
        stage=card.stage,
        company=card.company,
        kind=cause.kind if cause is not None else "",
        at=cause.at if cause is not None else card.arrived_at,
        detail="" if happened is not None and happened.text.startswith(detail) else detail,
        state=card.state,
        until=card.until,
        wake_on=card.wake_on,
        arrived_at=card.arrived_at,
        held_by=card.held_by,
        holder=card.holder,
        held_until=card.held_until,
        engagement=happened,
        message=_text(text) if text is not None else None,
    )


def _text(text: Any) -> Text:
    return Text(
        id=text.id,
        action=text.action,
        by_hand=text.by_hand,
        state=text.state,
        subject=text.subject,
        body=text.body,
        problems=tuple(text.problems),
        copied_at=text.copied_at,
        send_at=text.send_at,
        channel=text.platform or ("email" if text.action == "email" else ""),
    )
