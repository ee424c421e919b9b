"""Where a person is: how each profile fares in words, whether it is theirs, and adding one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_
from sqlmodel import Session, col, func, select, update

from prospector.models import Account, Engagement, Message, Poll, Profile, Prospect
from prospector.prospects import people
from prospector.prospects.people import NotFoundError, TakenError
from prospector.sdk import ProfileRef
from prospector.store import by_id

SURE = 1.0
_UNSEEN = "no account of ours looks there; you check it yourself"
_SECOND = "their second address: what comes from it counts"


@dataclass(frozen=True, slots=True)
class Watched:
    """One profile as it is watched: `state` is watched, failing, held, gone or unwatched; `words`
    say it, `found` is how much the last look brought (None: nobody knows any more)."""

    id: int
    platform: str
    url: str
    handle: str
    name: str | None
    confidence: float
    state: str
    words: str
    polled_at: datetime | None
    failing_since: datetime | None
    next_poll_at: datetime | None
    gone_at: datetime | None
    error: str | None
    found: int | None

    @property
    def sure(self) -> bool:
        return self.confidence >= SURE


def watched(session: Session, prospect_id: int, now: datetime) -> tuple[Watched, ...]:
    """The profiles of a person, the oldest first."""
    statement = (
        select(Profile, Account)
        .join(Account, col(Account.id) == col(Profile.account_id), isouter=True)
        .where(Profile.prospect_id == prospect_id)
        .order_by(col(Profile.id))
    )
    rows = session.exec(statement).all()
    found = _last_found(session, [profile.id for profile, _ in rows])
    return tuple(_watched(profile, account, found.get(profile.id), now) for profile, account in rows)


def _last_found(session: Session, ids: Sequence[int]) -> dict[int, int]:
    last = select(func.max(Poll.id)).where(col(Poll.profile_id).in_(ids)).group_by(col(Poll.profile_id))
    polls = session.exec(select(Poll.profile_id, Poll.found).where(col(Poll.id).in_(last)))
    return {id_: found for id_, found in polls if id_ is not None}


def _watched(profile: Profile, account: Account | None, found: int | None, now: datetime) -> Watched:
    state, words = state_of(profile, account, found, now)
    return Watched(
        id=profile.id,
        platform=profile.platform,
        url=profile.url,
        handle=profile.handle,
        name=profile.name,
        confidence=profile.confidence,
        state=state,
        words=words,
        polled_at=profile.polled_at,
        failing_since=profile.failing_since,
        next_poll_at=profile.next_poll_at if state in ("watched", "failing") else None,
        gone_at=profile.gone_at,
        error=profile.error,
        found=found,
    )


def state_of(profile: Profile, account: Account | None, found: int | None, now: datetime) -> tuple[str, str]:
    """How a profile fares, and that in words; the page adds the moments in the reader's zone."""
    if profile.gone_at is not None:
        return "gone", f"gone: {profile.error or 'nobody is there any more'}"
    if account is None:
        return "unwatched", _SECOND if profile.platform == people.MAIL else _UNSEEN
    if account.paused_why is not None and (account.paused_until is None or account.paused_until > now):
        return "held", f"not allowed to look: {account.paused_why}"
    if profile.failing_since is not None:
        return "failing", f"could not look: {profile.error or 'no reason was given'}"
    if profile.polled_at is None:
        return "watched", "not looked at yet"
    return "watched", {None: "looked", 0: "looked, nothing new"}.get(found, f"looked, {found} new")


def find(session: Session, prospect_id: int, profile_id: int) -> Profile:
    """A profile of this person. Raises `NotFoundError`."""
    profile = by_id(session, Profile, profile_id)
    if profile is None or profile.prospect_id != prospect_id:
        raise NotFoundError("That profile is not there any more.")
    return profile


def attach(
    session: Session, prospect: Prospect, ref: ProfileRef, accounts: Mapping[str, int], now: datetime
) -> Profile:
    """Add a profile to a person; it is looked at from now on. Raises `TakenError`."""
    taken = select(Profile.prospect_id).where(Profile.platform == ref.platform, Profile.url == ref.url)
    if (owner := session.exec(taken).first()) is not None:
        whose = "them already" if owner == prospect.id else f"prospect {owner}"
        raise TakenError(f"{ref.url} belongs to {whose}.")
    profile = people.profile_row(prospect.id, ref, accounts, now)
    session.add(profile)
    session.flush()
    return profile


def confirm(session: Session, profile: Profile) -> None:
    """A person says that it is theirs: what was seen there counts in full."""
    profile.confidence = SURE
    session.flush()
    ours = update(Engagement).where(
        col(Engagement.prospect_id) == profile.prospect_id, col(Engagement.profile_id) == profile.id
    )
    session.exec(ours.values(confidence=SURE).execution_options(synchronize_session=False))


def disown(session: Session, profile: Profile) -> list[int]:
    """It is somebody else's: remove it, and give what was done there back to strangers. The ids of
    those engagements; the caller folds the person anew."""
    theirs: list[Any] = [col(Engagement.profile_id) == profile.id]
    if profile.remote_id is not None:
        theirs.append(
            (col(Engagement.channel) == profile.platform) & (col(Engagement.actor) == profile.remote_id)
        )
    given = (
        update(Engagement)
        .where(col(Engagement.prospect_id) == profile.prospect_id, or_(*theirs))
        .values(prospect_id=None, profile_id=None)
        .returning(col(Engagement.id))
        .execution_options(synchronize_session=False)
    )
    ids = sorted(row[0] for row in session.execute(given))
    remove(session, profile.id)
    return ids


def remove(session: Session, profile_id: int) -> None:
    """Delete a profile with its looks; messages that went there no longer name it."""
    session.flush()
    unlink = update(Message).where(col(Message.profile_id) == profile_id).values(profile_id=None)
    session.exec(unlink.execution_options(synchronize_session=False))
    unseen = update(Engagement).where(col(Engagement.profile_id) == profile_id).values(profile_id=None)
    session.exec(unseen.execution_options(synchronize_session=False))
    session.execute(delete(Poll).where(col(Poll.profile_id) == profile_id))
    session.execute(delete(Profile).where(col(Profile.id) == profile_id))
    session.expire_all()


def look_now(session: Session, prospect_id: int, profile_id: int | None, now: datetime) -> int:
    """Have one profile, or all of a person, looked at next; how many will be. One that was gone is
    given another try."""
    chosen = [col(Profile.prospect_id) == prospect_id, col(Profile.account_id).is_not(None)]
    if profile_id is not None:
        chosen.append(col(Profile.id) == profile_id)
    else:
        chosen.append(col(Profile.gone_at).is_(None))
    ring = update(Profile).where(*chosen).values(next_poll_at=now, gone_at=None)
    return session.exec(ring.execution_options(synchronize_session=False)).rowcount
