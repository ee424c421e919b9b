"""What we did, as engagements: the one place where a sent message becomes part of the history."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from prospector.engagements import Entry
from prospector.models import Account, Engagement, Message, Profile
from prospector.sdk import Seen


def entry_of(session: Session, message: Message, now: datetime, url: str | None = None) -> Entry:
    """A sent message as an engagement of ours, at the time at which it was sent."""
    answered = session.get(Engagement, message.engagement_id) if message.engagement_id else None
    account = session.get(Account, message.account_id) if message.account_id else None
    profile = session.get(Profile, message.profile_id) if message.profile_id else None
    uri = message.uri or message.message_id or f"hand:{message.id}"
    seen = Seen(
        kind=message.action,
        actor=(account.remote_id if account else None) or f"account:{message.account_id}",
        object=uri,
        at=message.sent_at or now,
        by="us",
        post=answered.post if answered else None,
        url=url,
        text=message.body,
        attributes=_attributes(message, answered, uri),
    )
    channel = profile.platform if profile else "email"
    return Entry(channel, seen, now, message.prospect_id, None, message.account_id, message.approved_by)


def thread(answered: Engagement | None) -> dict[str, object]:
    """The headers of a mail that answers, or follows up, a mail of the thread (RFC 5322, 3.6.4)."""
    references = _references(answered)
    return {"in_reply_to": references[-1], "references": references} if references else {}


def _attributes(message: Message, answered: Engagement | None, uri: str) -> dict[str, object]:
    if message.action != "email":
        return {"message": message.id}
    references = [*_references(answered), uri]
    return {"subject": message.subject, "message": message.id, "references": references}


def _references(answered: Engagement | None) -> list[str]:
    """The Message-IDs of the thread, what is answered last."""
    if answered is None or answered.channel != "email":
        return []
    earlier = [str(one) for one in answered.attributes.get("references") or ()]
    return [*(one for one in dict.fromkeys(earlier) if one != answered.object), answered.object]
