"""The status line of `run` on a terminal: what is due, looked at, new, to decide and on its way out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel, col, func, select

from prospector import telemetry
from prospector.models import Card, Engagement, Message, Poll, Profile
from prospector.runtime import Runtime

EVERY = 1.0
"""Seconds between two readings."""


@dataclass(frozen=True, slots=True)
class Place:
    """The newest rows that have been counted, and how many came since the process began. A reading
    counts on from there, so that it costs the same after a week as after a minute."""

    poll: int
    engagement: int
    looked: int = 0
    new: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """How things stand; `looked` and `new` since the process began."""

    due: int
    looked: int
    new: int
    cards: int
    drafts: int
    outbox: int

    def sentence(self) -> str:
        return (
            f"{self.due} due · {self.looked} looked at · {self.new} new · {self.cards} cards · "
            f"{self.drafts} drafts · {self.outbox} in the outbox"
        )


def beginning(session: Session) -> Place:
    """Where the tables end now."""
    return Place(_newest(session, Poll), _newest(session, Engagement))


def advance(session: Session, last: Place) -> Place:
    """The place after what has come since the last one."""
    polls, poll = _above(session, Poll, last.poll)
    engagements, engagement = _above(session, Engagement, last.engagement)
    return Place(poll, engagement, last.looked + polls, last.new + engagements)


def figures(session: Session, place: Place, now: datetime) -> Figures:
    """Six counts, each over an index."""
    due = select(func.count()).where(col(Profile.next_poll_at) <= now, col(Profile.gone_at).is_(None))
    waiting = select(Message.state, func.count()).where(
        col(Message.state).in_(("draft", "approved", "sending"))
    )
    messages = dict(session.exec(waiting.group_by(col(Message.state))).all())
    return Figures(
        due=session.exec(due).one(),
        looked=place.looked,
        new=place.new,
        cards=session.exec(select(func.count()).where(Card.state == "open")).one(),
        drafts=messages.get("draft", 0),
        outbox=messages.get("approved", 0) + messages.get("sending", 0),
    )


async def show(runtime: Runtime) -> None:
    """Keep the status line up to date until cancelled; without a terminal there is nothing to do."""
    if not telemetry.on_a_terminal():
        return
    store = runtime.installation.store
    place = await store.read_async(beginning)
    try:
        while True:
            try:
                place = await store.read_async(partial(advance, last=place))
                found = await store.read_async(partial(figures, place=place, now=runtime.now()))
                telemetry.status(found.sentence())
            except SQLAlchemyError:
                telemetry.status("the database does not answer")
            await asyncio.sleep(EVERY)
    finally:
        telemetry.status("")


def _above(session: Session, model: type[SQLModel], last: int) -> tuple[int, int]:
    """How many rows have come since this one, and the newest."""
    id_: Any = model.id  # type: ignore[attr-defined]
    count, newest = session.exec(select(func.count(), func.max(id_)).where(id_ > last)).one()
    return count, newest or last


def _newest(session: Session, model: type[SQLModel]) -> int:
    newest: int | None = session.exec(select(func.max(model.id))).one()  # type: ignore[attr-defined]
    return newest or 0
