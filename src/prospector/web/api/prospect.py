"""One person over the API: what we know, what happened, why they are where they are, and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel import Session, col, select

from prospector import casework
from prospector.models import Move, Prospect
from prospector.prospects import standing, timeline
from prospector.prospects.scope import EVERYBODY
from prospector.prospects.standing import NoRuleError
from prospector.prospects.timeline import Place
from prospector.web import sheet
from prospector.web.api import ANSWERS
from prospector.web.asked import About, Asked
from prospector.web.problems import InvalidError
from prospector.web.prospect_data import change

router = APIRouter(prefix="/api/prospects/{prospect_id}", tags=["prospects"], responses=ANSWERS)
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Cell = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]
Limit = Annotated[int, Query(ge=1, le=500)]


class Person(BaseModel):
    """A person; `value` in whole units of the currency, `score` = `fit` + `engagement`."""

    id: int
    name: str
    company: str | None
    email: str | None
    stage: str
    since: datetime
    score: int
    fit: int
    engagement: int
    title: str | None
    country: str | None
    timezone: str | None
    value: float | None
    currency: str | None
    expected_close_on: str | None
    tags: list[str]
    owner: str | None
    legal_basis: str | None
    source: str | None
    source_at: datetime | None
    suppressed: str | None


class Happened(BaseModel):
    """One engagement, as in `prospector engagements --json`."""

    id: int
    at: datetime
    prospect: int | None
    by: str
    kind: str
    channel: str
    who: str
    text: str
    url: str | None
    seen_at: datetime


class Happenings(BaseModel):
    """A page of engagements, the newest first; `older` is the `before` of the next page."""

    engagements: list[Happened]
    older: str | None


class Moved(BaseModel):
    """One move, as in `prospector moves --json`."""

    at: datetime
    prospect: str
    before: str
    after: str | None
    rule: str
    known: datetime
    superseded: datetime | None


class Why(BaseModel):
    """Why somebody is where they are: `proof` of each move, the `lines` of the score, and, for a rule
    that was asked about, `why_not`."""

    stage: str
    since: datetime
    proof: list[dict[str, Any]]
    score: dict[str, Any]
    why_not: dict[str, Any] | None = None


class Note(BaseModel):
    """What to log; a meeting is stored as a note about it."""

    text: Text
    what: Literal["note", "call", "meeting"] = "note"


class Logged(BaseModel):
    """The engagement that was logged."""

    id: int


class To(BaseModel):
    """The stage to move them to."""

    to: Name


class Reason(BaseModel):
    """Why they are never to be written to."""

    why: Cell = ""


class Edited(BaseModel):
    """The fields that change; what is left out stays, null or "" empties. `value` in whole units,
    `owner_id` is a user's id."""

    model_config = ConfigDict(extra="forbid")
    name: Cell | None = None
    email: Cell | None = None
    title: Cell | None = None
    country: Cell | None = None
    timezone: Cell | None = None
    value: Annotated[float, Field(ge=0, le=20_000_000, allow_inf_nan=False)] | None = None
    currency: Cell | None = None
    expected_close_on: Cell | None = None
    tags: Annotated[list[Annotated[str, StringConstraints(max_length=60)]], Field(max_length=30)] | None = (
        None
    )
    owner_id: Annotated[int, Field(ge=1, lt=2**31)] | None = None


@router.get("")
def person(about: About) -> Person:
    """One person, with their score."""
    return about.read(lambda session, prospect: _person(session, about, prospect))


@router.patch("")
def edit(about: About, body: Edited) -> Person:
    """Change what we know of them; each change is part of their history."""
    change(about, {name: _cell(getattr(body, name)) for name in body.model_fields_set})
    # Who has just given a person to a colleague sees here, and here alone, that it was done.
    return person(replace(about, viewer=replace(about.viewer, scope=EVERYBODY)))


@router.get("/engagements")
def engagements(
    about: About, limit: Limit = 50, before: Annotated[str, Query(max_length=80)] = ""
) -> Happenings:
    """What they did, and what we did towards them."""
    place = _place(before)

    def work(session: Session, prospect: Prospect) -> Happenings:
        rows = timeline.engagement_rows(session, prospect.id, limit, place)
        older = timeline.older_than(rows, limit)
        found = [Happened(**row) for row in rows]
        return Happenings(engagements=found, older=str(older) if older is not None else None)

    return about.read(work)


@router.get("/moves")
def moves(about: About, limit: Limit = 50, superseded: bool = False) -> list[Moved]:
    """Their moves, the newest first; `superseded`: also those that were corrected."""

    def work(session: Session, prospect: Prospect) -> list[Moved]:
        statement = select(Move).where(Move.prospect_id == prospect.id)
        if not superseded:
            statement = statement.where(col(Move.superseded_at).is_(None))
        newest = statement.order_by(col(Move.effective_at).desc(), col(Move.id).desc()).limit(limit)
        return [Moved(**timeline.move_row(one, prospect.name)) for one in session.exec(newest)]

    return about.read(work)


@router.get("/why")
def why(about: About, rule: Annotated[str, Query(max_length=200)] = "") -> Why:
    """The proof of their stage and the lines of their score; with `rule`, what that rule still needs."""

    def work(session: Session, prospect: Prospect) -> Why:
        stands = standing.of(session, prospect, sheet.parsed(), about.now)
        try:
            missing = stands.why_not(rule).as_json() if rule else None
        except NoRuleError as error:
            raise InvalidError(str(error), {"rule": str(error)}) from None
        score = stands.score.as_json()
        return Why(
            stage=prospect.stage, since=prospect.stage_at, proof=stands.proof(), score=score, why_not=missing
        )

    return about.read(work)


@router.post("/note", status_code=201)
def note(about: About, body: Note) -> Logged:
    """Log a note, a call or a meeting."""
    return Logged(
        id=about.write(
            lambda session, prospect: about.case.log(session, prospect, body.what, body.text, about.now)
        )
    )


@router.post("/stage")
def stage(about: About, body: To) -> Person:
    """Move them by hand; rules keep their hands off for a while."""
    about.write(lambda session, prospect: about.case.move(session, prospect, body.to, about.now))
    return person(about)


@router.post("/suppress")
def suppress(about: About, body: Reason) -> Person:
    """Never write to them again; what waits in the outbox is taken back."""
    about.write(lambda session, prospect: about.case.suppress(session, prospect, body.why, about.now))
    return person(about)


def _person(session: Session, about: Asked, prospect: Prospect) -> Person:
    score = standing.of(session, prospect, sheet.parsed(), about.now).score
    forbidden = casework.suppressions(session, prospect)
    row = standing.as_json(session, prospect, score)
    return Person(**row, suppressed=forbidden[0].why if forbidden else None)


def _cell(value: object) -> str:
    """A value as the form of the page would hold it."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _place(text: str) -> Place | None:
    try:
        return Place.parse(text) if text else None
    except ValueError as error:
        raise InvalidError(f"{error}; take `older` of the page before.", {"before": str(error)}) from None
