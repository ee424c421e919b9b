"""Hostile texts in every place that a stranger, a colleague or a provider can write to.

They are put into the tables as they are, past all checks at the way in: what a page shows must be
harmless whatever got that far.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session, SQLModel, col, select

from prospector.installation import Installation
from prospector.models import (
    Account,
    Card,
    Company,
    Engagement,
    Message,
    Move,
    Poll,
    Profile,
    Prospect,
    User,
    View,
)

PAYLOADS = tuple(
    line
    for line in (Path(__file__).parent / "payloads.txt").read_text(encoding="utf-8").split("\n")
    if line and not line.startswith("# ")
)
RECENT = 60
"""Of what happened last, so many are changed: lists of everybody's doings begin with them."""


def plant(opened: Installation, payloads: Sequence[str]) -> None:
    """Put the payloads into all texts of who has a card, each at another place of each person."""
    opened.store.write(lambda session: _plant(session, payloads))


def _plant(session: Session, payloads: Sequence[str]) -> None:
    texts = itertools.cycle(payloads)
    cards = session.exec(select(Card).where(Card.state == "open").order_by(col(Card.id))).all()
    for card in cards:
        _of_card(card, texts)
        prospect = session.get_one(Prospect, card.prospect_id)
        _of_person(session, prospect, texts)
    for engagement in session.exec(select(Engagement).order_by(col(Engagement.id).desc()).limit(RECENT)):
        _of_engagement(engagement, texts)
    for model, change in ELSEWHERE:
        for row in session.exec(select(model).limit(RECENT)):
            change(row, texts)
    _strangers(session, payloads)
    _waiting(session, texts)
    user = session.exec(select(User).order_by(col(User.id))).first()
    assert user is not None
    now = datetime.now(UTC)
    session.add_all(View(user_id=user.id, name=text, query=text, created_at=now) for text in payloads[:10])


def _of_card(card: Card, texts: Iterator[str]) -> None:
    card.causes = [cause | {"detail": next(texts)} for cause in card.causes]
    card.reasons = [reason | {"label": next(texts)} for reason in card.reasons]


def _of_person(session: Session, prospect: Prospect, texts: Iterator[str]) -> None:
    prospect.name, prospect.title, prospect.country = next(texts), next(texts), next(texts)
    prospect.source, prospect.legal_basis, prospect.lost_reason = next(texts), next(texts), next(texts)
    prospect.tags = [next(texts), next(texts)]
    prospect.fields = {next(texts): next(texts)}
    prospect.fit_reasons = []
    if prospect.company_id is not None:
        company = session.get_one(Company, prospect.company_id)
        company.name, company.paused_why = next(texts), next(texts)
    for profile in session.exec(select(Profile).where(Profile.prospect_id == prospect.id)):
        profile.handle, profile.name, profile.error = next(texts), next(texts), next(texts)
        profile.url, profile.source_url = f"{next(texts)}#{profile.id}", next(texts)
        profile.failing_since = datetime.now(UTC) - timedelta(days=1)
    for engagement in session.exec(select(Engagement).where(Engagement.prospect_id == prospect.id)):
        _of_engagement(engagement, texts)
    for message in session.exec(select(Message).where(Message.prospect_id == prospect.id)):
        _of_message(message, texts)
    for move in session.exec(select(Move).where(Move.prospect_id == prospect.id)):
        _of_move(move, texts)


def _of_engagement(engagement: Engagement, texts: Iterator[str]) -> None:
    engagement.text, engagement.actor_name = next(texts), next(texts)
    engagement.url, engagement.actor_url, engagement.post = next(texts), next(texts), next(texts)
    engagement.attributes = {
        **engagement.attributes,
        "subject": next(texts),
        "title": next(texts),
        "attachments": [{"name": next(texts), "type": "image/svg+xml", "size": 1}],
    }


def _of_message(message: Message, texts: Iterator[str]) -> None:
    message.subject, message.body, message.reply = next(texts), next(texts), next(texts)
    message.error, message.despite, message.uri = next(texts), next(texts), next(texts)
    message.template = next(texts)
    message.problems = [
        problem | {"message": next(texts), "found": next(texts)} for problem in message.problems
    ]


def _of_move(move: Move, texts: Iterator[str]) -> None:
    if move.rule is not None:
        move.rule = next(texts)


def _of_account(account: Account, texts: Iterator[str]) -> None:
    account.handle, account.error, account.paused_why = next(texts), next(texts), next(texts)
    account.failing_since = datetime.now(UTC) - timedelta(hours=5)


def _of_poll(poll: Poll, texts: Iterator[str]) -> None:
    poll.error = next(texts)


def _of_user(user: User, texts: Iterator[str]) -> None:
    user.name = next(texts)


ELSEWHERE: Sequence[tuple[type[SQLModel], Callable[..., None]]] = (
    (Move, _of_move),
    (Account, _of_account),
    (Poll, _of_poll),
    (User, _of_user),
)


def _strangers(session: Session, payloads: Sequence[str]) -> None:
    """One who is nobody's prospect yet for each payload, in name, text and addresses."""
    now = datetime.now(UTC)
    for number, text in enumerate(payloads):
        session.add(
            Engagement(
                key=f"stranger-{number}",
                actor=f"did:stranger:{number}",
                actor_name=text,
                actor_url=text,
                channel="bluesky",
                kind="mention",
                at=now - timedelta(minutes=number),
                seen_at=now,
                object=f"at://stranger/{number}",
                url=text,
                text=text,
            )
        )


def _waiting(session: Session, texts: Iterator[str]) -> None:
    """Messages in each state that the outbox shows."""
    states = itertools.cycle(("approved", "refused", "unknown", "sent"))
    now = datetime.now(UTC)
    drafts = session.exec(select(Message).where(Message.state == "draft").order_by(col(Message.id))).all()
    for message, state in zip(drafts[::2], states, strict=False):
        message.state, message.error = state, next(texts)
        message.approved_at, message.approved_by = now, 1
        message.send_at = now + timedelta(hours=1)
        message.sent_at = now if state == "sent" else None
