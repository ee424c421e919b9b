"""An unsubscription by the token of a mail, as something that they did: the one-click POST makes it.

What follows (never written to again, drafts and queue) is the business of `consequences`, as for a reply
with "stop".
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from prospector.engagements import Entry
from prospector.models import Message, Prospect
from prospector.outreach import one_click
from prospector.sdk import Seen

LONGEST_CHAIN = 10


def owner_of(session: Session, token: str) -> Prospect | None:
    """Whom the mail with this token was to; of who was entered twice, the one that lives on."""
    message = _message(session, token)
    return _living(session, message) if message is not None else None


def entry_of(session: Session, token: str, now: datetime) -> Entry | None:
    """Their unsubscription; the same each time that the token comes. None where it is nobody's."""
    message = _message(session, token)
    if message is None:
        return None
    person = _living(session, message)
    address = message.address or person.email or f"person:{person.id}"
    seen = Seen(
        kind="unsubscribe",
        actor=address,
        object=f"unsubscribe:message:{message.id}",
        at=now,
        actor_url=f"mailto:{address}" if "@" in address else "",
        actor_name=person.name,
        post=message.message_id,
        attributes={"token": token, "by": "one click", "subject": message.subject},
    )
    return Entry("email", seen, now, person.id, None, message.account_id)


def _message(session: Session, token: str) -> Message | None:
    if not one_click.is_token(token):
        return None
    return session.exec(select(Message).where(Message.token == token)).first()


def _living(session: Session, message: Message) -> Prospect:
    person = session.get_one(Prospect, message.prospect_id)
    for _ in range(LONGEST_CHAIN):
        if person.merged_into_id is None:
            break
        person = session.get_one(Prospect, person.merged_into_id)
    return person
