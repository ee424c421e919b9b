"""Everything that one card shows: what happened, why it is here, the draft, the person, who has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam
from sqlmodel import Session, SQLModel, col, select

from prospector.models import Account, Card, Company, Engagement, Message, Profile, Prospect, table_of
from prospector.outreach import approval, drafts, staleness, waiting
from prospector.outreach.drafts import Desk
from prospector.outreach.problem import Problem
from prospector.outreach.window import zone_for
from prospector.queue import holds, pipeline, texts, touches
from prospector.queue.day import NoCardError
from prospector.queue.happenings import Exchange, Happening, exchanges_of, happenings_of
from prospector.queue.holds import Hold
from prospector.queue.leaving import Leaves, leaves
from prospector.queue.listing import Row, rows_of
from prospector.queue.means import Means
from prospector.queue.reader import Reader
from prospector.queue.touches import Touch

Kept = TypeVar("Kept", Card, Prospect, Message, Company, Profile, Engagement, Account)
_BY_IDS: dict[Any, Any] = {
    model: select(model).where(table_of(model).c.id.in_(bindparam("ids", expanding=True)))
    for model in (Card, Prospect, Message, Company, Profile, Engagement, Account)
}

ACTIONS = {
    "email": "E-mail",
    "reply": "Reply",
    "dm": "Direct message",
    "like": "Like",
    "follow": "Follow",
    "invite": "Invitation",
    "call": "Call",
}


@dataclass(frozen=True, slots=True)
class Labels:
    """The words on the two buttons that decide a card without a text."""

    done: str = "Done"
    dismiss: str = "Dismiss"


OPT_OUT = Labels("Never write again", "Go on writing")


@dataclass(frozen=True, slots=True)
class Draft:
    """The card's text. `to` is whom it reaches and `sender` as which account, `stale` what has
    changed since it was made, `obstacle` why it may not be approved as it stands, `limit` the longest
    text of the channel in characters; it is the `number`th `of` so many templates for this cause (0
    where it is of none)."""

    id: int
    action: str
    label: str
    state: str
    by_hand: bool
    copied_at: datetime | None
    to: str
    sender: str
    subject: str
    body: str
    problems: tuple[Problem, ...]
    approvable: bool
    obstacle: str | None
    stale: tuple[str, ...]
    leaves: Leaves | None
    limit: int | None
    template: str | None
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Context:
    """Whom it is about; `local_time` is their clock's, `next_step` what leads them on."""

    title: str | None
    company: str | None
    company_id: int | None
    local_time: datetime
    stage: str
    stage_at: datetime
    next_step: str
    value: int | None
    currency: str | None
    tags: tuple[str, ...]
    touches: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Asks:
    """Who of us has just written to them or their company: the approval needs a reason (`despite`)."""

    sentence: str
    touches: tuple[Touch, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A card, opened."""

    row: Row
    state: str
    causes: tuple[Happening, ...]
    draft: Draft | None
    context: Context
    hold: Hold | None
    asks: Asks | None
    stages: tuple[str, ...]
    likeable: bool
    liked: bool
    profile_url: str | None
    labels: Labels
    decided_why: str | None


def item_of(session: Session, means: Means, reader: Reader, card_id: int, now: datetime) -> Item:
    """A card as this reader sees it. Raises `NoCardError` where there is none in their scope."""
    holds.visible(session, reader, card_id)
    (row,) = rows_of(session, [card_id])
    return _item(session, means, reader, row, now)


def items_of(
    session: Session, means: Means, reader: Reader, card_ids: Sequence[int], now: datetime
) -> list[Item]:
    """The same of many cards, in this order; those that there are not for this reader are left out."""
    rows = rows_of(session, [card_id for card_id in card_ids if _is_visible(session, reader, card_id)])
    # A session forgets what nobody holds: kept until the last card is made, these are read once.
    kept = _read_together(session, rows)
    items = [_item(session, means, reader, row, now) for row in rows]
    del kept
    return items


def _is_visible(session: Session, reader: Reader, card_id: int) -> bool:
    try:
        holds.visible(session, reader, card_id)
    except NoCardError:
        return False
    return True


def _read_together(session: Session, rows: Sequence[Row]) -> Sequence[SQLModel]:
    """What the cards are about, a statement for each table instead of one for each row."""
    cards = _all(session, Card, [row.id for row in rows])
    people = _all(session, Prospect, [row.prospect_id for row in rows])
    messages = _all(session, Message, [row.message.id for row in rows if row.message is not None])
    companies = _all(session, Company, [person.company_id for person in people])
    profiles = _all(session, Profile, [message.profile_id for message in messages])
    answered = _all(session, Engagement, [message.engagement_id for message in messages])
    accounts = _all(session, Account, [message.account_id for message in messages])
    return [*cards, *people, *messages, *companies, *profiles, *answered, *accounts]


def _all(session: Session, model: type[Kept], ids: Iterable[int | None]) -> Sequence[Kept]:
    wanted = sorted({id_ for id_ in ids if id_ is not None})
    return session.execute(_BY_IDS[model], {"ids": wanted}).scalars().all() if wanted else []


def _item(session: Session, means: Means, reader: Reader, row: Row, now: datetime) -> Item:
    card = session.get_one(Card, row.id)
    prospect = session.get_one(Prospect, card.prospect_id)
    message = session.get(Message, row.message.id) if row.message is not None else None
    object_ = texts.likeable(session, card)
    return Item(
        row=row,
        state=card.state,
        causes=happenings_of(session, card),
        draft=_draft(session, means, reader, card, message, now) if message is not None else None,
        context=_context(session, means.desk, prospect, now),
        hold=holds.hold_of(session, reader, row.id, now),
        asks=_asks(session, means, reader, message, now) if message is not None else None,
        stages=pipeline.stages_of(session),
        likeable=object_ is not None,
        liked=object_ is not None and texts.like_of(session, object_) is not None,
        profile_url=_profile_url(session, prospect, message),
        labels=OPT_OUT if any(stored["kind"] == "opt_out" for stored in card.causes) else Labels(),
        decided_why=card.decided_why,
    )


def _draft(
    session: Session, means: Means, reader: Reader, card: Card, message: Message, now: datetime
) -> Draft:
    problems = drafts.problems_of(message)
    account = means.desk.account(message.account_id)
    engagement = texts.answered_by(session, card, message)
    suiting = texts.suiting(
        means.aftermath.library(), engagement.kind if engagement else None, message.template
    )
    names = [template.name for template in suiting]
    obstacle = approval.obstacle(session, means.settings, message, now)
    unsent = message.state in ("draft", "approved")
    return Draft(
        id=message.id,
        action=message.action,
        label=ACTIONS[message.action],
        state=message.state,
        by_hand=message.by_hand,
        copied_at=message.copied_at,
        to=_recipient(session, message),
        sender=_sender(session, means, message),
        subject=message.subject,
        body=message.body,
        problems=tuple(problems),
        approvable=drafts.is_approvable(message) and obstacle is None,
        obstacle=obstacle,
        stale=staleness.changes(session, means.desk, message, reader.id) if unsent else (),
        leaves=_leaves(session, means, message, now) if unsent and not message.by_hand else None,
        limit=account.connector.can.longest if account is not None else None,
        template=message.template,
        number=names.index(message.template) + 1 if message.template in names else 0,
        of=len(names),
    )


def _leaves(session: Session, means: Means, message: Message, now: datetime) -> Leaves:
    """For what is approved, what it waits for; for a draft, what it would wait for."""
    given = waiting.circumstances_of(session, means.settings, means.desk, message, now)
    if message.state == "draft":
        return leaves(given, means.settings.file.outreach.hold, now)
    waits = waiting.why(given, now)
    return Leaves(waits.until, waits.why, waits.code) if waits else Leaves(message.send_at, "leaves next", "")


def _asks(session: Session, means: Means, reader: Reader, message: Message, now: datetime) -> Asks | None:
    if message.state != "draft":
        return None
    question = touches.question_of(session, message, approval.rest_of(means.settings), now)
    if question is None:
        return None
    return Asks(question.sentence(reader.id, now, reader.zone), question.touches)


def _context(session: Session, desk: Desk, prospect: Prospect, now: datetime) -> Context:
    company = session.get(Company, prospect.company_id) if prospect.company_id is not None else None
    return Context(
        title=prospect.title,
        company=company.name if company is not None else None,
        company_id=prospect.company_id,
        local_time=now.astimezone(zone_for(prospect.timezone, prospect.country, desk.timezone).info),
        stage=prospect.stage,
        stage_at=prospect.stage_at,
        next_step=pipeline.next_step(session, prospect, now),
        value=prospect.value,
        currency=prospect.currency,
        tags=tuple(prospect.tags),
        touches=exchanges_of(session, prospect.id),
    )


def _recipient(session: Session, message: Message) -> str:
    profile = session.get(Profile, message.profile_id) if message.profile_id is not None else None
    if profile is not None:
        return f"@{profile.handle.removeprefix('@')}"
    return session.get_one(Prospect, message.prospect_id).email or ""


def _sender(session: Session, means: Means, message: Message) -> str:
    """As whom it goes out: our address, or our name on the platform."""
    if message.account_id is None:
        return ""
    return means.desk.sender_of(session.get_one(Account, message.account_id))


def _profile_url(session: Session, prospect: Prospect, message: Message | None) -> str | None:
    """Where to do it by hand: the profile of the draft, else the first."""
    if message is not None and message.profile_id is not None:
        return session.get_one(Profile, message.profile_id).url
    first = select(Profile.url).where(Profile.prospect_id == prospect.id).order_by(col(Profile.id))
    return session.exec(first).first()


__all__ = ["Item", "NoCardError", "item_of", "items_of"]
