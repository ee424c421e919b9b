"""The rows of the people's list: one maker for the page, the API and the command line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row as Record
from sqlalchemy import select
from sqlmodel import Session, col

from prospector.models import Card, Company, Engagement, Profile, Prospect, User, table_of
from prospector.rules import live, score
from prospector.rules.event import Event
from prospector.rules.ruleset import Ruleset
from prospector.sdk import BY_HAND_KINDS

LIVING = ("open", "snoozed")

_ENGAGEMENT, _PROSPECT = table_of(Engagement), table_of(Prospect)
_COMPANY, _USER, _CARD = table_of(Company), table_of(User), table_of(Card)
_OF_THE_PERSON = (
    *("id", "name", "title", "company_id", "email", "stage", "stage_at", "fit", "owner_id"),
    *("tags", "paused_until", "paused_why", "archived_at"),
)


@dataclass(frozen=True, slots=True)
class Touch:
    """The last thing between a person and us: by whom (`them` or `us`), what, where and when."""

    by: str
    kind: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """What is next with a person: their open card, or one that comes back at `until`."""

    card_id: int
    label: str
    due: datetime
    until: datetime | None
    wake_on: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as the list shows them. `score` is that of their page: fit and `engagement`, the
    decayed points (docs/rules.md, S9) by which the list is ordered."""

    id: int
    name: str
    title: str | None
    company_id: int | None
    company: str | None
    email: str | None
    stage: str
    since: datetime
    engagement: int
    fit: int
    owner_id: int | None
    owner: str | None
    tags: tuple[str, ...]
    paused_until: datetime | None
    paused_why: str | None
    archived: bool
    profiles: tuple[tuple[str, str], ...]
    last: Touch | None
    next: Step | None

    @property
    def score(self) -> int:
        return self.fit + self.engagement

    @property
    def channels(self) -> tuple[str, ...]:
        """Where they are, mail first."""
        platforms = dict.fromkeys(platform for platform, _ in self.profiles)
        return (*(("email",) if self.email else ()), *platforms)

    def as_json(self) -> dict[str, Any]:
        """The names of `prospector prospects --json`."""
        return {
            "id": self.id,
            "name": self.name,
            "company": self.company,
            "email": self.email,
            "stage": self.stage,
            "since": self.since,
            "score": self.score,
            "fit": self.fit,
            "owner": self.owner,
            "tags": list(self.tags),
            "last": self.last.at if self.last else None,
            "next": self.next.label if self.next else None,
            "profiles": [url for _, url in self.profiles],
        }


def listed(session: Session, ids: Sequence[int], rules: Ruleset | None, now: datetime) -> list[Listed]:
    """The rows of these people, in the order of the ids: five reads, however many they are."""
    if not ids:
        return []
    people = {record.id: record for record in _people(session, ids)}
    profiles, touches = _profiles(session, ids), _touches(session, ids)
    steps, scores = _steps(session, ids), scores_of(session, ids, rules, now)
    return [
        _row(people[id_], profiles.get(id_, []), touches.get(id_), steps.get(id_), scores.get(id_, 0))
        for id_ in ids
        if id_ in people
    ]


def scores_of(
    session: Session, ids: Sequence[int], rules: Ruleset | None, now: datetime
) -> Mapping[int, int]:
    """The decayed scores (docs/rules.md, S9) in whole points, of those who have one."""
    if rules is None or not rules.points.weights:
        return {}
    kinds = {name.partition(".")[2] for name in rules.points.weights}
    reach = timedelta(hours=len(score.decay(rules.points.half_life)) + 1)
    columns = _ENGAGEMENT.c["prospect_id", "kind", "by", "at", "retracted_at"]
    weighing = select(*columns).where(
        _ENGAGEMENT.c.prospect_id.in_(ids),
        _ENGAGEMENT.c.at > now - reach,
        _ENGAGEMENT.c.kind.in_(kinds),
    )
    events: dict[int, list[Event]] = defaultdict(list)
    for one in session.execute(weighing):
        gone = live.seconds(one.retracted_at) if one.retracted_at is not None else None
        event = Event("", one.kind, one.by, "", live.seconds(one.at), retracted_at=gone)
        events[one.prospect_id].append(event)
    return {id_: live.score_of(theirs, rules, now) for id_, theirs in events.items()}


def _people(session: Session, ids: Sequence[int]) -> Sequence[Record[Any]]:
    statement = (
        select(*_PROSPECT.c[_OF_THE_PERSON], _COMPANY.c.name.label("company"), _USER.c.name.label("owner"))
        .join(_COMPANY, _COMPANY.c.id == _PROSPECT.c.company_id, isouter=True)
        .join(_USER, _USER.c.id == _PROSPECT.c.owner_id, isouter=True)
        .where(_PROSPECT.c.id.in_(ids))
    )
    return session.execute(statement).all()


def _profiles(session: Session, ids: Sequence[int]) -> Mapping[int, list[tuple[str, str]]]:
    statement = select(col(Profile.prospect_id), col(Profile.platform), col(Profile.url))
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    wanted = statement.where(col(Profile.prospect_id).in_(ids)).order_by(col(Profile.id))
    for prospect_id, platform, url in session.execute(wanted):
        found[prospect_id].append((platform, url))
    return found


def _touches(session: Session, ids: Sequence[int]) -> Mapping[int, Touch]:
    """The newest engagement of each, which the index on person and time gives at once."""
    newest = _ENGAGEMENT.alias("newest")
    last = (
        select(newest.c.id)
        .where(newest.c.prospect_id == _PROSPECT.c.id, newest.c.kind.not_in(BY_HAND_KINDS))
        .order_by(newest.c.at.desc(), newest.c.id.desc())
        .limit(1)
        .correlate(_PROSPECT)
        .scalar_subquery()
    )
    statement = (
        select(_PROSPECT.c.id, *_ENGAGEMENT.c["by", "kind", "channel", "at"])
        .select_from(_PROSPECT)
        .join(_ENGAGEMENT, _ENGAGEMENT.c.id == last)
        .where(_PROSPECT.c.id.in_(ids))
    )
    return {id_: Touch(by, kind, channel, at) for id_, by, kind, channel, at in session.execute(statement)}


def _steps(session: Session, ids: Sequence[int]) -> Mapping[int, Step]:
    columns = _CARD.c["prospect_id", "id", "reasons", "due_on", "until", "wake_on"]
    statement = select(*columns).where(_CARD.c.prospect_id.in_(ids), _CARD.c.state.in_(LIVING))
    return {
        prospect_id: Step(card_id, reasons[0]["label"] if reasons else "Look", due_on, until, wake_on)
        for prospect_id, card_id, reasons, due_on, until, wake_on in session.execute(statement)
    }


def _row(
    one: Record[Any],
    profiles: Sequence[tuple[str, str]],
    last: Touch | None,
    step: Step | None,
    points: int,
) -> Listed:
    return Listed(
        id=one.id,
        name=one.name,
        title=one.title,
        company_id=one.company_id,
        company=one.company,
        email=one.email,
        stage=one.stage,
        since=one.stage_at,
        engagement=points,
        fit=one.fit,
        owner_id=one.owner_id,
        owner=one.owner,
        tags=tuple(one.tags or ()),
        paused_until=one.paused_until,
        paused_why=one.paused_why,
        archived=one.archived_at is not None,
        profiles=tuple(profiles),
        last=last,
        next=step,
    )
