"""Drafts that wait for a person's yes, as rows that command line and API share."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from prospector.models import Message, Prospect
from prospector.prospects.scope import EVERYBODY, Scope


def drafts_of(
    session: Session, scope: Scope = EVERYBODY, after: int = 0, limit: int = 1000
) -> list[tuple[Message, Prospect]]:
    """The drafts to the people of a scope, the oldest first, from the id `after` on."""
    statement = select(Message, Prospect).join(Prospect, col(Prospect.id) == Message.prospect_id)
    waiting = statement.where(
        Message.state == "draft", col(Message.id) > after, scope.where(Prospect.owner_id)
    )
    return list(session.exec(waiting.order_by(col(Message.id)).limit(limit)))


def as_json(message: Message, prospect: Prospect) -> dict[str, Any]:
    """A draft under the names of `prospector drafts --json` (docs/cli.md)."""
    return {
        "id": message.id,
        "to": prospect.email if message.action == "email" else prospect.name,
        "action": message.action,
        "subject": message.subject,
        "body": message.body,
        "problems": [{"code": p["code"], "message": p["message"]} for p in message.problems],
    }
