"""People who reached out to us before they were prospects, and how what they did becomes theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, tuple_, update
from sqlmodel import Session, col, delete, select

from prospector.models import Dismissal, Engagement, Profile, Prospect, table_of
from prospector.store import insert_new

MACHINES = ("auto_reply", "bounce", "complaint", "unsubscribe", "email_open", "link_click")
"""What nobody reaches out with."""
SHOWN = 3
COUNTED = 100

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


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a stranger is: their address for mail, else their stable id on the platform."""

    channel: str
    actor: str


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a stranger did towards us."""

    kind: str
    at: datetime
    text: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who reached out; `newest` is the id of the engagement by which they stand in the
    list, `engagements` counts up to `COUNTED`."""

    identity: Identity
    name: str
    url: str
    newest: int
    engagements: int
    deeds: tuple[Deed, ...]

    def as_json(self) -> dict[str, Any]:
        """The names of `prospector strangers --json`."""
        return {
            "channel": self.identity.channel,
            "name": self.name or self.identity.actor,
            "url": self.url,
            "actor": self.identity.actor,
            "engagements": self.engagements,
            "last": self.deeds[0].at if self.deeds else None,
        }


def listed(session: Session, limit: int, before: int | None = None) -> list[Stranger]:
    """Who reached out and is nobody's prospect, whoever was seen last first; `before`: only those
    who stand behind this engagement. Who was dismissed is left out until they do something new."""
    later = table_of(Engagement).alias("later")
    is_newest = ~exists().where(
        later.c.channel == col(Engagement.channel),
        later.c.actor == col(Engagement.actor),
        later.c.prospect_id.is_(None),
        later.c.id > col(Engagement.id),
        later.c.by == "them",
        later.c.kind.not_in(MACHINES),
    )
    dismissed = exists().where(
        col(Dismissal.channel) == col(Engagement.channel),
        col(Dismissal.actor) == col(Engagement.actor),
        col(Dismissal.engagement_id) >= col(Engagement.id),
    )
    statement = select(Engagement).where(_reached_out(), is_newest, ~dismissed)
    if before is not None:
        statement = statement.where(col(Engagement.id) < before)
    found = session.exec(statement.order_by(col(Engagement.id).desc()).limit(limit)).all()
    return [_stranger(session, newest) for newest in found]


def known(session: Session, who: Identity) -> Stranger | None:
    """The stranger of this identity, also one who was dismissed; None where there is none."""
    newest = select(Engagement).where(*_of(who)).order_by(col(Engagement.id).desc()).limit(1)
    found = session.exec(newest).first()
    return _stranger(session, found) if found is not None else None


def dismiss(session: Session, who: Identity, newest: int, user_id: int | None, now: datetime) -> None:
    """Show a stranger no more until they do something after what was seen of them."""
    restore(session, who)
    row = {
        "channel": who.channel,
        "actor": who.actor,
        "engagement_id": newest,
        "user_id": user_id,
        "at": now,
    }
    insert_new(session, Dismissal, [row], ("channel",))


def restore(session: Session, who: Identity) -> None:
    """Take a dismissal back."""
    of_theirs = tuple_(col(Dismissal.channel), col(Dismissal.actor)) == (who.channel, who.actor)
    session.exec(delete(Dismissal).where(of_theirs))


def _reached_out() -> ColumnElement[bool]:
    return and_(
        col(Engagement.prospect_id).is_(None),
        col(Engagement.by) == "them",
        col(Engagement.actor) != "",
        col(Engagement.kind).not_in(MACHINES),
    )


def _of(who: Identity) -> tuple[ColumnElement[bool], ...]:
    return _reached_out(), col(Engagement.channel) == who.channel, col(Engagement.actor) == who.actor


def _stranger(session: Session, newest: Engagement) -> Stranger:
    who = Identity(newest.channel, newest.actor)
    some = session.exec(select(Engagement).where(*_of(who)).order_by(col(Engagement.id).desc()).limit(SHOWN))
    seen = some.all()
    counted = select(col(Engagement.id)).where(*_of(who)).limit(COUNTED).subquery()
    number = session.exec(select(func.count()).select_from(counted)).one()
    deeds = sorted((_deed(one) for one in seen), key=lambda deed: deed.at, reverse=True)
    name, url = _said(seen, "actor_name"), _said(seen, "actor_url")
    return Stranger(who, name, url, newest.id, number, tuple(deeds))


def _said(some: Sequence[Engagement], field: str) -> str:
    """The newest value of a field that is not always given."""
    return next((value for one in some if (value := getattr(one, field))), "")


def _deed(one: Engagement) -> Deed:
    return Deed(one.kind, one.at, one.text, one.url)


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
