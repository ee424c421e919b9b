"""Who a profile is: its stable id, kept once; a second profile of the same account; a move for good."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, update
from sqlmodel import Session, select

from prospector.consequences import Consequences
from prospector.models import Profile, table_of
from prospector.polling.claim import Claimed
from prospector.prospects import strangers
from prospector.prospects.urls import canonical
from prospector.sdk import Gone, Identity
from prospector.store import read_rows

_PROFILE = table_of(Profile)
_TWIN = (
    _PROFILE.select()
    .with_only_columns(_PROFILE.c.id)
    .where(
        _PROFILE.c.platform == bindparam("platform"),
        _PROFILE.c.remote_id == bindparam("remote_id"),
        _PROFILE.c.id != bindparam("row"),
    )
)
_KEEP = (
    update(_PROFILE)
    .where(_PROFILE.c.id == bindparam("row"))
    .values(
        remote_id=bindparam("remote_id"), name=bindparam("new_name"), source_url=bindparam("new_source_url")
    )
    .returning(_PROFILE.c.prospect_id)
)


class Twin(Gone):
    """Two profiles are the same account; the one that was there first is looked at."""


def keep(
    session: Session, claimed: Claimed, identity: Identity, now: datetime, consequences: Consequences
) -> None:
    """Keep a profile's stable id. What this person did as a stranger becomes theirs, with all that
    follows. Raises `Twin` where another profile has the id already, which is then the one to keep."""
    known = {"platform": identity.platform, "remote_id": identity.remote_id, "row": claimed.profile_id}
    if twin := read_rows(session, _TWIN, **known):
        raise Twin(f"this is the same account as profile {twin[0].id}; remove one of the two")
    row = known | {"new_name": identity.name, "new_source_url": identity.url}
    owner = session.connection().execute(_KEEP, row).scalar_one()
    adopted = strangers.adopt(session, owner, identity.platform, identity.remote_id)
    if adopted:
        consequences.follow(session, adopted, (), (), now)


def follow_move(session: Session, claimed: Claimed, moved: str, now: datetime) -> list[str]:
    """Give a profile the address that it moved to for good; log lines.

    An account that moved is asked for its new stable id with the next look. Where the address was
    the id (feeds), the id stays what it was, so that nothing old counts as new.
    """
    ref = canonical(moved)
    if (
        claimed.profile_id is None
        or claimed.ref is None
        or ref is None
        or ref.platform != claimed.ref.platform
    ):
        return []
    if ref.url == claimed.ref.url:
        return []
    taken = select(Profile.id).where(Profile.platform == ref.platform, Profile.url == ref.url)
    if (other := session.exec(taken).first()) is not None:
        return [
            f"warning {claimed.label} has moved to what is profile {other} already; remove one of the two"
        ]
    profile = session.get_one(Profile, claimed.profile_id, populate_existing=True)
    profile.url, profile.handle = ref.url, ref.handle
    if "://" in (profile.remote_id or ""):
        profile.source_url = moved
    else:
        profile.remote_id, profile.source_url, profile.next_poll_at = None, None, now
    session.flush()
    return [f"moved {claimed.label}: to {ref.url}"]
