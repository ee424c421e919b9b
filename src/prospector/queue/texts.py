"""The text of a card: another template for the same cause, the rep's own words, a like beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from prospector.models import Card, Engagement, Message, Prospect
from prospector.outreach import approval, drafts, outbox, staleness
from prospector.outreach.template import Library, Template
from prospector.queue import day, traces
from prospector.queue.day import CardError
from prospector.queue.holds import message_of, open_card_of
from prospector.queue.means import Decided, Means
from prospector.queue.reader import Reader

LIKE = Template("like", "like", "", "", action="like")
# Made once, since each card that is opened asks for it.
_LIKEABLE = (
    select(Engagement)
    .where(
        col(Engagement.id).in_(bindparam("ids", expanding=True)),
        col(Engagement.kind).in_(("post", "reply", "comment", "mention", "quote")),
        col(Engagement.retracted_at).is_(None),
    )
    .order_by(col(Engagement.at).desc(), col(Engagement.id).desc())
)


def suiting(library: Library, kind: str | None, used: str | None) -> tuple[Template, ...]:
    """The templates for a cause, in the library's order: those that answer this kind of engagement,
    or, where nothing is answered, those that answer nothing. The one in use is always among them."""
    found = [
        template
        for template in library.templates.values()
        if template.name == used or (kind in template.on if kind is not None else not template.on)
    ]
    return tuple(found)


def following(choices: Sequence[Template], used: str | None, step: int) -> Template | None:
    """The template so many steps on, round in a circle; the first where none is in use."""
    if not choices:
        return None
    names = [template.name for template in choices]
    at = names.index(used) + step if used in names else 0
    return choices[at % len(choices)]


def another(
    session: Session, means: Means, reader: Reader, card_id: int, now: datetime, step: int = 0
) -> Decided:
    """A new draft with the facts of now, from the same template (0), the next (1) or the one before
    (-1). Raises `CardError` where no template suits, or a text has gone out for this cause."""
    card = open_card_of(session, reader, card_id, now)
    if card.state not in day.OPEN:
        raise CardError(f"Card {card_id} is {card.state}; take that back first.")
    old = drafts.of_card(session, [card_id]).get(card_id)
    if old is not None and old.state != "draft":
        raise CardError(f"Message {old.id} is {old.state} already; take that back first.")
    engagement = answered_by(session, card, old)
    choices = suiting(means.aftermath.library(), engagement.kind if engagement else None, _name(old))
    template = following(choices, _name(old), step)
    if template is None:
        raise CardError("No template suits this; add one to templates/, or write to them by hand.")
    person = session.get_one(Prospect, card.prospect_id)
    why = drafts.forbidden(session, means.desk, template.action, person, engagement, now)
    if why is not None:
        raise CardError(f"{person.name} may not have a cold mail: {why}.")
    if old is not None:
        outbox.discard(session, old, "a newer draft took its place")
    message = drafts.compose(
        session,
        means.desk,
        template,
        person,
        occasion=_occasion(card, old, engagement),
        now=now,
        engagement=engagement,
        card_id=card.id,
    )
    if message is None:
        raise CardError("A text for this has gone out already; see the outbox.")
    return Decided(card_id, f"Drafted from {template.name}", message.id, message.state)


def rewrite(
    session: Session,
    means: Means,
    reader: Reader,
    message_id: int,
    subject: str,
    body: str,
    now: datetime,
) -> Decided:
    """Keep the rep's own words as the draft, its problems told anew. A text that is out of date stays
    so: `stand_by` it, or make it anew."""
    message = message_of(session, reader, message_id, now)
    changed, made_of = staleness.changes(session, means.desk, message, reader.id), message.facts_hash
    _rewritten(session, means, message, subject, body)
    if changed:
        message.facts_hash = made_of
    return Decided(message.card_id, "Kept", message.id, message.state)


def stand_by(session: Session, means: Means, reader: Reader, message_id: int, now: datetime) -> Decided:
    """The rep has read what has changed and stands by the text. Raises `CardError` where what it
    answers is gone, or it is no draft."""
    message = message_of(session, reader, message_id, now)
    engagement = session.get(Engagement, message.engagement_id) if message.engagement_id else None
    if engagement is not None and engagement.retracted_at is not None:
        raise CardError("What it answers was deleted; write to them anew, or dismiss the card.")
    _rewritten(session, means, message, message.subject, message.body)
    message.facts = {**message.facts, "read_at": now.isoformat()}
    return Decided(message.card_id, "It goes as it is", message.id, message.state)


def like(
    session: Session,
    means: Means,
    reader: Reader,
    card_id: int,
    now: datetime,
    and_done: bool = False,
) -> Decided:
    """Like what the card is about, by the connector where it can; with `and_done` the card is done.
    Raises `CardError` where there is nothing to like, and what `approval.approve` raises."""
    card = open_card_of(session, reader, card_id, now)
    engagement = likeable(session, card)
    if engagement is None:
        raise CardError("There is nothing to like on this card.")
    was, made = traces.before(session, card), list[int]()
    message = like_of(session, engagement)
    if message is None:
        message = drafts.compose(
            session,
            means.desk,
            LIKE,
            session.get_one(Prospect, card.prospect_id),
            occasion=like_occasion(engagement.id),
            now=now,
            engagement=engagement,
        )
        if message is None:
            raise CardError("Somebody of us liked it this very moment.")
        approval.approve(session, means.settings, means.desk, message, reader.id, now)
        made = [message.id]
    if and_done and card.state in day.OPEN:
        # One key, one decision: one step back takes the like back with it.
        day.decide(session, card.id, "done", user_id=reader.id, why="liked", now=now, was=was, made=made)
    elif made:
        traces.keep(session, card, was, reader.id, now, made)
    words = "Like it by hand, then say so in the outbox" if message.by_hand else "Liked"
    return Decided(card_id, words, message.id, message.state, message.send_at)


def likeable(session: Session, card: Card) -> Engagement | None:
    """What there is to like: the newest thing with an address that the card is about."""
    ids = [stored["engagement_id"] for stored in card.causes if stored.get("engagement_id") is not None]
    return session.execute(_LIKEABLE, {"ids": ids}).scalars().first() if ids else None


def like_occasion(engagement_id: int) -> str:
    return f"like:{engagement_id}"


def answered_by(session: Session, card: Card, message: Message | None) -> Engagement | None:
    """What the card's text answers: what its draft does, else what its strongest cause is about."""
    if message is not None:
        return session.get(Engagement, message.engagement_id) if message.engagement_id else None
    strongest = card.causes[0].get("engagement_id") if card.causes else None
    return session.get(Engagement, strongest) if strongest is not None else None


def like_of(session: Session, engagement: Engagement) -> Message | None:
    """Our like of something, unless it was taken back."""
    statement = select(Message).where(
        Message.prospect_id == engagement.prospect_id,
        Message.occasion == like_occasion(engagement.id),
        Message.action == "like",
        Message.state != "discarded",
    )
    return session.exec(statement).first()


def _occasion(card: Card, old: Message | None, engagement: Engagement | None) -> str:
    if old is not None:
        return old.occasion
    return f"engagement:{engagement.id}" if engagement is not None else f"card:{card.id}"


def _name(message: Message | None) -> str | None:
    return message.template if message is not None else None


def _rewritten(session: Session, means: Means, message: Message, subject: str, body: str) -> None:
    try:
        drafts.rewrite(session, means.desk, message, subject, body)
    except outbox.NotPossibleError as error:
        raise CardError(str(error)) from None
