"""Prospects and where they are: adding, finding, and who an engagement is from."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from prospector.engagements import Entry, row_of
from prospector.models import Company, Engagement, Profile, Prospect
from prospector.prospects import strangers
from prospector.prospects.addresses import FREE_MAIL, normalised_address
from prospector.prospects.urls import canonical
from prospector.sdk import ProfileRef, Seen
from prospector.store import insert_new

MAIL = "email"
"""The platform of an address that is a person's second one."""
__all__ = ["FREE_MAIL", "MAIL", "NewProspect", "NotFoundError", "TakenError", "add", "field_set", "find"]
__all__ += ["holder_of", "living", "normalised_address", "owners_of", "profile_row", "second_address"]


class NotFoundError(Exception):
    """Nobody is meant by what was given; the message says what would work."""


class TakenError(Exception):
    """The profile or address belongs to somebody already."""


@dataclass(frozen=True)
class NewProspect:
    """What a person or an import says of a prospect, already checked."""

    name: str
    refs: Sequence[ProfileRef] = ()
    email: str | None = None
    company: str | None = None
    domain: str | None = None
    title: str | None = None
    country: str | None = None
    timezone: str | None = None
    stage: str | None = None
    owner_id: int | None = None
    value: int | None = None
    currency: str | None = None
    source: str | None = None
    tags: Sequence[str] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)


def add(
    session: Session,
    new: NewProspect,
    first_stage: str,
    accounts: Mapping[str, int],
    now: datetime,
    tracked_from: datetime | None = None,
) -> Prospect:
    """Store a prospect with profiles, and take over the mail they sent before we knew them.

    `accounts` tells by platform which account looks at it. Raises `TakenError`.
    """
    _refuse_taken(session, new)
    company = _company(session, new)
    stage = new.stage or first_stage
    since = (tracked_from or now).replace(microsecond=0)
    prospect = Prospect(
        name=new.name,
        email=new.email,
        company_id=company.id if company else None,
        title=new.title,
        country=new.country,
        timezone=new.timezone,
        owner_id=new.owner_id,
        value=new.value,
        currency=new.currency,
        source=new.source,
        source_at=now if new.source else None,
        tags=list(new.tags),
        fields=dict(new.fields),
        start_stage=stage,
        stage=stage,
        stage_at=since,
        tracked_from=since,
        created_at=now,
    )
    session.add(prospect)
    session.flush()
    for ref in new.refs:
        session.add(profile_row(prospect.id, ref, accounts, now))
    session.flush()
    given = [row_of(field_set(prospect, name, value, since, now)) for name, value in _given(new, company)]
    insert_new(session, Engagement, given)
    if prospect.email is not None:
        strangers.adopt(session, prospect.id, "email", prospect.email)
    return prospect


def field_set(prospect: Prospect, name: str, value: Any, at: datetime, now: datetime) -> Entry:
    """That a field got a value, for the history from which rules read fields (docs/rules.md, S12)."""
    seen = Seen(
        kind="field_set",
        actor="us",
        object=uuid.uuid4().hex,
        at=at,
        by="us",
        attributes={"field": name, "value": value},
    )
    return Entry("ui", seen, max(at, now), prospect.id, user_id=prospect.owner_id)


def _given(new: NewProspect, company: Company | None) -> list[tuple[str, Any]]:
    """The fields that were given, by the names under which rules ask for them."""
    own = {
        "email": new.email,
        "title": new.title,
        "country": new.country,
        "timezone": new.timezone,
        "company": company.name if company else None,
        "value": new.value,
        "currency": new.currency,
        "source": new.source,
        "tags": list(new.tags) or None,
    }
    given = {**new.fields, **{name: value for name, value in own.items() if value is not None}}
    return [(name, value) for name, value in given.items() if value is not None]


def profile_row(prospect_id: int, ref: ProfileRef, accounts: Mapping[str, int], now: datetime) -> Profile:
    """A profile that is looked at from now on, where an account serves its platform."""
    account_id = accounts.get(ref.platform)
    return Profile(
        prospect_id=prospect_id,
        account_id=account_id,
        platform=ref.platform,
        url=ref.url,
        handle=ref.handle,
        next_poll_at=now if account_id is not None else None,
    )


def find(session: Session, who: str) -> Prospect:
    """The prospect behind an id, an e-mail address or a profile URL. Raises `NotFoundError`."""
    prospect: Prospect | None = None
    if who.isdecimal():
        prospect = session.get(Prospect, int(who)) if len(who) < 19 else None
    elif (address := normalised_address(who)) is not None:
        prospect = session.get(Prospect, holder_of(session, address) or 0)
    elif (ref := canonical(who)) is not None:
        of_profile = select(Prospect).join(Profile).where(Profile.platform == ref.platform)
        prospect = session.exec(of_profile.where(Profile.url == ref.url)).first()
    if prospect is None:
        raise NotFoundError(
            f'No prospect is meant by "{who}". Give an id, an e-mail address or a profile URL.'
        )
    return living(session, prospect)


def living(session: Session, prospect: Prospect) -> Prospect:
    """The row that this person lives on as, where they were entered twice and merged."""
    while prospect.merged_into_id is not None:
        prospect = session.get_one(Prospect, prospect.merged_into_id)
    return prospect


def second_address(prospect_id: int, address: str) -> Profile:
    """One more address of a person as a profile, by which mail from it is known as theirs and a
    suppression of it is heeded. It is never looked at."""
    url = f"mailto:{address}"
    return Profile(prospect_id=prospect_id, platform=MAIL, url=url, handle=address, remote_id=address)


def holder_of(session: Session, address: str) -> int | None:
    """Whose address this is, the first or a second one."""
    return owners_of(session, MAIL, [address]).get(address)


def owners_of(session: Session, platform: str, actors: Iterable[str]) -> dict[str, int]:
    """Which of these actors are prospects: by address for mail, else by their stable id."""
    wanted = list(set(actors))
    if not wanted:
        return {}
    found = select(Profile.remote_id, Profile.prospect_id).where(
        Profile.platform == platform, col(Profile.remote_id).in_(wanted)
    )
    owners = {known: prospect_id for known, prospect_id in session.exec(found) if known is not None}
    if platform == MAIL:
        rows = session.exec(select(Prospect.email, Prospect.id).where(col(Prospect.email).in_(wanted)))
        owners |= {email: prospect_id for email, prospect_id in rows if email is not None}
    return owners


def _refuse_taken(session: Session, new: NewProspect) -> None:
    for ref in new.refs:
        of_url = select(Profile.prospect_id).where(Profile.platform == ref.platform, Profile.url == ref.url)
        if (taken := session.exec(of_url).first()) is not None:
            raise TakenError(f"{ref.url} already belongs to prospect {taken}.")
    if new.email is not None and (owner := holder_of(session, new.email)) is not None:
        raise TakenError(f"{new.email} already belongs to prospect {owner}.")


def _company(session: Session, new: NewProspect) -> Company | None:
    """The company by its domain (never a free mailer's), else by its name; made where unknown."""
    domain = new.domain or (new.email.rpartition("@")[2] if new.email else None)
    domain = None if domain in FREE_MAIL else domain
    if domain is None and new.company is None:
        return None
    known = select(Company).where(Company.domain == domain if domain else Company.name == new.company)
    company = session.exec(known).first()
    if company is None:
        company = Company(name=new.company or str(domain), domain=domain)
        session.add(company)
        session.flush()
    return company
