"""People who reached out to us before they were prospects, and how what they did becomes theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from prospector.models import Engagement, Profile, Prospect, table_of

_ENGAGEMENT = table_of(Engagement)
_ADOPT = (
    update(_ENGAGEMENT)
    .where(
        _ENGAGEMENT.c.prospect_id.is_(None),
        _ENGAGEMENT.c.channel == bindparam("platform"),
        _ENGAGEMENT.c.actor == bindparam("stranger"),
    )
    .values(prospect_id=bindparam("owner"))
    .returning(_ENGAGEMENT.c.id)
)


def adopt(session: Session, prospect_id: int, platform: str, actor: str) -> list[Engagement]:
    """Give a prospect what a stranger of this identity did towards us; what that was."""
    stranger = {"owner": prospect_id, "platform": platform, "stranger": actor}
    ids = sorted(row.id for row in session.connection().execute(_ADOPT, stranger))
    return [session.get_one(Engagement, id_, populate_existing=True) for id_ in ids]


def done_before(session: Session, prospect_id: int) -> list[Engagement]:
    """What a new prospect did towards us as a stranger: it is followed up as if it came now, an
    opt-out among it above all."""
    theirs = select(Engagement).where(Engagement.prospect_id == prospect_id, Engagement.by == "them")
    return list(session.exec(theirs.order_by(col(Engagement.at), col(Engagement.id))))


def recognise(session: Session, since: datetime) -> list[Engagement]:
    """Give their own to prospects whom an inbox took for strangers: two workers can record a page
    of it and who a profile is at the same moment, and then neither sees the other's row."""
    unknown = col(Engagement.prospect_id).is_(None), Engagement.seen_at >= since
    by_profile = (
        select(Profile.prospect_id, Profile.platform, Profile.remote_id)
        .join(Engagement, col(Engagement.actor) == Profile.remote_id)
        .where(*unknown, col(Engagement.channel) == Profile.platform)
    )
    by_address = (
        select(Prospect.id, Engagement.channel, Prospect.email)
        .join(Engagement, col(Engagement.actor) == Prospect.email)
        .where(*unknown, Engagement.channel == "email")
    )
    found = {*session.exec(by_profile), *session.exec(by_address)}
    adopted = [adopt(session, id_, platform, actor) for id_, platform, actor in sorted(found) if actor]
    return [engagement for of_one in adopted for engagement in of_one]
