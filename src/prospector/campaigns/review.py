"""A campaign before it goes: everybody in it with what stands in the way, read lightly.

A thousand people with three messages each are read as plain columns in a few statements; whole
messages only of the one person that is open.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Text, bindparam, cast, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from prospector.campaigns import causes, permission, standing, suggestions
from prospector.campaigns.causes import Cause, Trouble
from prospector.campaigns.standing import Part, Person
from prospector.config import Outreach
from prospector.models import (
    CampaignVersion,
    Company,
    Engagement,
    Message,
    Profile,
    Prospect,
    Recipient,
    Suppression,
    User,
    table_of,
)
from prospector.outreach import suppression
from prospector.outreach.staleness import WRITING
from prospector.queue.touches import PENDING, Rest, day_of
from prospector.store import read_rows

KEYS_AT_ONCE = 5000

_RECIPIENT, _PROSPECT, _COMPANY = table_of(Recipient), table_of(Prospect), table_of(Company)
_MESSAGE, _ENGAGEMENT, _USER = table_of(Message), table_of(Engagement), table_of(User)
_PROFILE, _SUPPRESSION = table_of(Profile), table_of(Suppression)
_VERSION = table_of(CampaignVersion)

_PEOPLE = (
    select(
        *_RECIPIENT.c["id", "prospect_id", "state", "why"],
        *_PROSPECT.c["name", "email", "archived_at", "country", "legal_basis"],
        _COMPANY.c.name.label("company"),
    )
    .join_from(_RECIPIENT, _PROSPECT, _PROSPECT.c.id == _RECIPIENT.c.prospect_id)
    .join(_COMPANY, _COMPANY.c.id == _PROSPECT.c.company_id, isouter=True)
    .where(_RECIPIENT.c.campaign_id == bindparam("campaign"))
    .order_by(_RECIPIENT.c.id)
)
_PARTS = (
    select(
        *_MESSAGE.c["id", "recipient_id", "step", "state", "shape"],
        # As text, since most are empty, and to parse thousands of empty lists costs a third of the page.
        cast(_MESSAGE.c.problems, Text).label("problems"),
        func.length(_MESSAGE.c.body).label("length"),
    )
    .where(_MESSAGE.c.campaign_id == bindparam("campaign"), _MESSAGE.c.state != "discarded")
    .order_by(_MESSAGE.c.recipient_id, _MESSAGE.c.step)
)
_SAME_TEXT = select(_MESSAGE.c.body).where(
    _MESSAGE.c.campaign_id == bindparam("campaign"), _MESSAGE.c.step == 1, _MESSAGE.c.state == "draft"
)
_WHO_HAS_IT = select(_MESSAGE.c.recipient_id).where(
    _MESSAGE.c.campaign_id == bindparam("campaign"),
    _MESSAGE.c.step == 1,
    _MESSAGE.c.state == "draft",
    _MESSAGE.c.body.in_(_SAME_TEXT.group_by(_MESSAGE.c.body).having(func.count() > 1)),
)
_KNOWN = select(_SUPPRESSION).where(_SUPPRESSION.c.key.in_(bindparam("keys", expanding=True)))
_IDENTITIES = (
    select(*_PROFILE.c["prospect_id", "platform", "remote_id"])
    .join(_RECIPIENT, _RECIPIENT.c.prospect_id == _PROFILE.c.prospect_id)
    .where(_RECIPIENT.c.campaign_id == bindparam("campaign"), _PROFILE.c.remote_id.is_not(None))
)
_NEWEST = (
    select(_VERSION.c.fallbacks)
    .where(_VERSION.c.campaign_id == bindparam("campaign"))
    .order_by(_VERSION.c.number.desc())
    .limit(1)
)
_THEMSELVES = aliased(_PROSPECT)  # the person of the campaign; `prospect` is whom one of us wrote to
_ALSO_IN_IT = aliased(_RECIPIENT)


def _reached(other: bool, when: Any) -> Any:
    """From the people with drafts to the acts of ours that reached them, or others of their company."""
    same = _PROSPECT.c.id == _THEMSELVES.c.id
    colleague = (_PROSPECT.c.company_id == _THEMSELVES.c.company_id) & (_PROSPECT.c.id != _THEMSELVES.c.id)
    return (
        select(_RECIPIENT.c.id, *when, _PROSPECT.c.name.label("to"), _USER.c.name.label("who"))
        .join_from(_RECIPIENT, _THEMSELVES, _THEMSELVES.c.id == _RECIPIENT.c.prospect_id)
        .join(_PROSPECT, colleague if other else same)
        .where(_RECIPIENT.c.campaign_id == bindparam("campaign"), _RECIPIENT.c.state == "drafted")
    )


def _said(other: bool) -> Any:
    found = (
        _reached(other, (_ENGAGEMENT.c.at, _ENGAGEMENT.c.kind))
        .join(_ENGAGEMENT, _ENGAGEMENT.c.prospect_id == _PROSPECT.c.id)
        .join(_USER, _USER.c.id == _ENGAGEMENT.c.user_id, isouter=True)
        .where(
            _ENGAGEMENT.c.at > bindparam("since"), _ENGAGEMENT.c.by == "us", _ENGAGEMENT.c.kind.in_(WRITING)
        )
        .order_by(_ENGAGEMENT.c.at)
    )
    if not other:
        return found
    # That the same campaign writes to two people of a company is what somebody chose for it.
    together = select(_ALSO_IN_IT.c.id).where(
        _ALSO_IN_IT.c.campaign_id == bindparam("campaign"), _ALSO_IN_IT.c.prospect_id == _PROSPECT.c.id
    )
    return found.where(~((_ENGAGEMENT.c.kind == "email") & together.exists()))


def _waiting(other: bool) -> Any:
    at = func.coalesce(_MESSAGE.c.approved_at, _MESSAGE.c.created_at, type_=_MESSAGE.c.created_at.type)
    return (
        _reached(other, (at.label("at"), _MESSAGE.c.action.label("kind")))
        .join(_MESSAGE, _MESSAGE.c.prospect_id == _PROSPECT.c.id)
        .join(_USER, _USER.c.id == _MESSAGE.c.approved_by, isouter=True)
        .where(
            _MESSAGE.c.state.in_(PENDING),
            _MESSAGE.c.action.in_(WRITING),
            or_(_MESSAGE.c.campaign_id.is_(None), _MESSAGE.c.campaign_id != bindparam("campaign")),
        )
    )


_SAID = {False: _said(False), True: _said(True)}
_WAITING = {False: _waiting(False), True: _waiting(True)}


@dataclass(frozen=True, slots=True)
class Terms:
    """What the review holds people against: the time, its zone, how long people rest, and which
    countries ask for a consent first."""

    now: datetime
    zone: ZoneInfo
    rest: Rest
    outreach: Outreach = field(default_factory=Outreach)


@dataclass(frozen=True, slots=True)
class Review:
    """Everybody of a campaign who has drafts; `waiting` have none yet, `skipped` were left out.
    `fallbacks` are those of the newest version."""

    people: tuple[Person, ...]
    waiting: int
    skipped: int
    fallbacks: Mapping[str, str]

    def counts(self) -> Mapping[str, int]:
        return standing.counts(self.people)

    def causes(self) -> list[Cause]:
        """What is to be mended, of those who are not approved."""
        return causes.causes(
            (person.troubles for person in self.people if person.status not in ("approved", "ready")),
            self.fallbacks,
        )

    def of(self, chosen: standing.Chosen) -> list[Person]:
        return [person for person in self.people if chosen.holds(person)]

    def person(self, recipient_id: int) -> Person | None:
        return next((person for person in self.people if person.recipient_id == recipient_id), None)


def read(session: Session, campaign_id: int, terms: Terms) -> Review:
    """The campaign as it stands now."""
    rows = read_rows(session, _PEOPLE, campaign=campaign_id)
    drafts = _parts(session, campaign_id)
    blocked = _blocked(session, campaign_id, rows)
    others = _others(session, campaign_id, terms)
    lawless = permission.troubles(session, campaign_id, terms.outreach, rows, terms.now)
    for row in rows:
        if (trouble := lawless.get(row.prospect_id)) is not None:
            others.setdefault(row.id, []).append(trouble)
    for recipient_id, trouble in _same_address(rows).items():
        others.setdefault(recipient_id, []).append(trouble)
    found = read_rows(session, _NEWEST, campaign=campaign_id)
    people = [
        _person(row, drafts.get(row.id, ()), blocked.get(row.prospect_id), others.get(row.id, ()))
        for row in rows
        if row.state != "skipped" and (row.id in drafts or row.state == "stopped")
    ]
    skipped = sum(row.state == "skipped" for row in rows)
    waiting = sum(row.state in ("added", "drafted") and row.id not in drafts for row in rows)
    return Review(tuple(people), waiting, skipped, dict(found[0][0]) if found else {})


def _parts(session: Session, campaign_id: int) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in read_rows(session, _PARTS, campaign=campaign_id):
        found[row.recipient_id].append(row)
    return found


def _person(row: Any, parts: Sequence[Any], blocked: str | None, others: Sequence[Trouble]) -> Person:
    troubles = {
        one.key: one
        for part in parts
        if part.state == "draft" and part.problems != "[]"
        for one in causes.of_draft(json.loads(part.problems))
    }
    found = [_suggested(one, row.email) for one in troubles.values()]
    if suggestions.is_role(row.email):
        about = f"{(row.email or '').partition('@')[0]}@"
        found.append(Trouble("role-address", "warning", f"Role address ({about})", about=about))
    if (why := _why_blocked(row, blocked)) is not None:
        found.insert(0, Trouble("blocked", "blocked", why, about=why))
    return Person(
        row.id,
        row.prospect_id,
        row.name,
        row.email,
        row.company,
        tuple(Part(part.id, part.step or 1, part.state, part.shape, part.length or 0) for part in parts),
        (*found, *others),
    )


def _suggested(trouble: Trouble, address: str | None) -> Trouble:
    """With what the address spells, where a first name would mend it."""
    if trouble.fix or trouble.path != causes.FIRST_NAME:
        return trouble
    return causes.with_fix(trouble, suggestions.first_name_of(address) or "")


def _why_blocked(row: Any, suppressed: str | None) -> str | None:
    if suppressed is not None:
        return suppressed
    if row.archived_at is not None:
        return "archived"
    return (row.why or "stopped") if row.state == "stopped" else None


def _blocked(session: Session, campaign_id: int, rows: Sequence[Any]) -> dict[int, str]:
    """By prospect, why they are never written to."""
    keys: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for key in suppression.keys_of_person(row.prospect_id, row.email):
            keys[key].append(row.prospect_id)
    for row in read_rows(session, _IDENTITIES, campaign=campaign_id):
        keys[f"{row.platform}:{row.remote_id}"].append(row.prospect_id)
    found: dict[int, str] = {}
    names = list(keys)
    for at in range(0, len(names), KEYS_AT_ONCE):
        for hit in read_rows(session, _KNOWN, keys=names[at : at + KEYS_AT_ONCE]):
            for prospect_id in keys[hit.key]:
                found.setdefault(prospect_id, f"{hit.why}, {hit.at:%-d %B %Y}")
    return found


def _same_address(rows: Sequence[Any]) -> Mapping[int, Trouble]:
    """By recipient, who would get two mails, since somebody else in the campaign has their address."""
    by_address: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        if row.state != "skipped" and row.email:
            by_address[row.email.casefold()].append(row)
    return {
        row.id: Trouble("same-address", "error", "somebody else here has the same address", about=address)
        for address, some in by_address.items()
        if len(some) > 1
        for row in some
    }


def _others(session: Session, campaign_id: int, terms: Terms) -> dict[int, list[Trouble]]:
    """By recipient, what no draft can know: who of us has just written, and texts that are the same."""
    found: dict[int, list[Trouble]] = defaultdict(list)
    touched: dict[int, Trouble] = {}
    for other in (True, False):
        since = terms.now - (terms.rest.company if other else terms.rest.person)
        said = read_rows(session, _SAID[other], campaign=campaign_id, since=since)
        pending = read_rows(session, _WAITING[other], campaign=campaign_id)
        for row in said:
            touched[row.id] = _touched(row, f"wrote to {row.to} {day_of(row.at, terms.now, terms.zone)}")
        for row in pending:
            touched[row.id] = _touched(row, f"has a message to {row.to} in the outbox")
    for recipient_id, trouble in touched.items():
        found[recipient_id].append(trouble)
    for row in read_rows(session, _WHO_HAS_IT, campaign=campaign_id):
        found[row.recipient_id].append(Trouble("same-text", "warning", "somebody else gets the same text"))
    return found


def _touched(row: Any, what: str) -> Trouble:
    who = row.who or "somebody of us"
    return Trouble("touched", "warning", f"{who[:1].upper()}{who[1:]} {what}", about=f"by {who}")
