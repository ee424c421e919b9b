"""Making somebody a prospect: with what they did before, and with all that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, select

from prospector.consequences import Consequences
from prospector.models import Profile, Prospect
from prospector.prospects import erasure, people, strangers
from prospector.prospects.people import NewProspect, NotFoundError, TakenError
from prospector.prospects.urls import canonical
from prospector.rules.live import Parsed
from prospector.sdk import ProfileRef

FIRST_STAGE = "cold"
"""Where people begin as long as there are no rules."""


def stages_of(session: Session) -> list[str]:
    """The stages of the live rules, in their order."""
    versions = Parsed().versions(session)
    return [stage.name for stage in versions[-1].ruleset.stages] if versions else [FIRST_STAGE]


def won_stages(session: Session) -> tuple[str, ...]:
    """The stages of the live rules in which somebody is won."""
    versions = Parsed().versions(session)
    return tuple(one.name for one in versions[-1].ruleset.stages if one.closed == "won") if versions else ()


def enrol(
    session: Session,
    consequences: Consequences,
    new: NewProspect,
    accounts: Mapping[str, int],
    now: datetime,
) -> Prospect:
    """Add a prospect. What they did towards us before is followed up as if it came now. Raises
    `TakenError`, its `ErasedError` for who asked to be forgotten."""
    erasure.refuse_erased(session, new.refs, new.email, consequences.secret)
    prospect = people.add(session, new, stages_of(session)[0], accounts, now)
    return _followed(session, consequences, prospect, now)


def enrol_stranger(
    session: Session,
    consequences: Consequences,
    who: strangers.Identity,
    owner_id: int | None,
    accounts: Mapping[str, int],
    now: datetime,
) -> Prospect:
    """Make a prospect of somebody who reached out to us. Raises `NotFoundError` where nobody is
    waiting under this identity, `TakenError` where they are a prospect already."""
    known = strangers.known(session, who)
    if known is None:
        raise NotFoundError("Nobody is waiting there any more; they are a prospect already, or were erased.")
    new = NewProspect(name=known.name or who.actor, owner_id=owner_id, source="reached out to us")
    if who.channel == "email":
        address = people.normalised_address(who.actor)
        return enrol(session, consequences, replace(new, email=address), accounts, now)
    _refuse_taken(session, who)
    ref = canonical(known.url)
    refs = (ref,) if ref is not None and ref.platform == who.channel else ()
    erasure.refuse_erased(session, refs, None, consequences.secret)
    prospect = people.add(session, replace(new, refs=refs), stages_of(session)[0], accounts, now)
    if refs:
        _keep_id(session, prospect, refs[0], who.actor)
    strangers.adopt(session, prospect.id, who.channel, who.actor)
    return _followed(session, consequences, prospect, now)


def _followed(session: Session, consequences: Consequences, prospect: Prospect, now: datetime) -> Prospect:
    earlier = strangers.done_before(session, prospect.id)
    consequences.follow(session, earlier, {prospect.id}, (), now)
    return prospect


def _refuse_taken(session: Session, who: strangers.Identity) -> None:
    of_id = select(Profile.prospect_id).where(Profile.platform == who.channel, Profile.remote_id == who.actor)
    if (taken := session.exec(of_id).first()) is not None:
        raise TakenError(f"They are prospect {taken} already.")


def _keep_id(session: Session, prospect: Prospect, ref: ProfileRef, actor: str) -> None:
    """The platform's own id is known from what they did: the first look need not ask for it."""
    of_ref = select(Profile).where(Profile.prospect_id == prospect.id, Profile.url == ref.url)
    session.exec(of_ref).one().remote_id = actor
    session.flush()
