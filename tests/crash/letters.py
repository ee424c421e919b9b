"""Approved mails for the crash tests, made as the command line makes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from prospector.consequences import Consequences
from prospector.installation import Installation
from prospector.models import Message, Prospect
from prospector.outreach import drafts, outbox, template
from prospector.queue import day


def letter(installation: Installation, prospect_id: int, occasion: str) -> int:
    """An approved mail from the template `intro`, due at once: its id."""
    chosen = template.load(installation.template_path(), "intro")
    desk = Consequences(installation).desk

    def work(session: Session) -> int:
        prospect = session.get_one(Prospect, prospect_id)
        now = datetime.now(UTC)
        draft = drafts.compose(session, desk, chosen, prospect, occasion=occasion, now=now)
        assert draft is not None
        approve(session, draft)
        return draft.id

    return installation.store.write(work)


def approve(session: Session, draft: Message) -> None:
    """What `prospector approve` does with a draft that has no problem."""
    now = datetime.now(UTC)
    outbox.approve(session, draft, user_id=None, domain="us.example", hold=timedelta(), now=now)
    if draft.card_id is not None:
        day.settle(session, draft.card_id, user_id=None, now=now)


def message(installation: Installation, message_id: int) -> Message:
    with installation.store.reading() as session:
        return session.get_one(Message, message_id)
