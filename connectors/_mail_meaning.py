"""What an incoming mail says about a person, as one thing that happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from prospector.mail import Classified, moment
from prospector.sdk import Seen

from ._mail_folders import Fetched

_KINDS: Mapping[str, str] = {
    "reply": "email_reply",
    "bounce": "bounce",
    "complaint": "complaint",
    "auto_reply": "auto_reply",
    "unsubscribe": "unsubscribe",
}


def seen_in(mail: Classified, fetched: Fetched, us: str, now: datetime, dmarc: bool) -> Seen | None:
    """What happened, as one mail tells it; None for what tells nothing about a person."""
    kind = _KINDS.get(mail.kind)
    actor = (mail.recipient if kind in ("bounce", "complaint") else mail.sender) or mail.sender
    if kind is None or not actor or actor == us:
        return None
    at, estimated = moment(mail.written, fetched.received, now)
    return Seen(
        kind=kind,
        actor=actor,
        object=mail.id,
        at=at,
        at_estimated=estimated,
        actor_url=f"mailto:{actor}",
        actor_name=mail.name if actor == mail.sender else "",
        post=mail.message_id,
        text=mail.text,
        attributes=_attributes(mail, dmarc),
        raw={"uid": fetched.uid, "size": fetched.size},
    )


def _attributes(mail: Classified, dmarc: bool) -> dict[str, Any]:
    """What rules, templates and the matching to our own messages need; only what is there."""
    facts: dict[str, Any] = {
        "subject": mail.subject,
        "refers_to": list(mail.refers_to),
        "references": [*reversed(mail.refers_to), mail.id],
        "status": mail.status,
        "until": mail.until.isoformat() if mail.until else "",
        "left": mail.left,
        "replacement": mail.replacement,
        "token": mail.token,
        "dmarc": dmarc,
    }
    kept = {name: value for name, value in facts.items() if value or name == "refers_to"}
    return {**kept, "hard": mail.hard} if mail.kind == "bounce" else kept
