"""The team over the API: who there is, changes of many people, and taking them back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from prospector import runs
from prospector.installation import utc_now
from prospector.models import HIGHEST_ID
from prospector.team import users
from prospector.web import changes
from prospector.web.api import ANSWERS
from prospector.web.changes import Wanted
from prospector.web.problems import NotNowError
from prospector.web.viewer import Aftermath, Opened, Signed

router = APIRouter(prefix="/api", tags=["team"], responses=ANSWERS)
Words = Annotated[str, StringConstraints(max_length=500)]
Id = Annotated[int, Field(ge=1, le=HIGHEST_ID)]


class Colleague(BaseModel):
    """A user, as those see them who may not run the team."""

    id: int
    name: str
    role: str
    away_until: datetime | None


class Change(BaseModel):
    """Whom to change (`ids`, or all whom the search `q` means) and how; what is left out stays.

    `owner` is a user's id, `pause` a date or `end`, `archive` is `archive` or `restore`.
    """

    ids: Annotated[list[Id], Field(max_length=runs.MOST)] = []
    q: Words | None = None
    owner: Id | None = None
    stage: Words = ""
    add_tags: list[Words] = []
    remove_tags: list[Words] = []
    pause: Words = ""
    archive: Words = ""
    dry_run: bool = False

    def wanted(self) -> Wanted:
        owner = str(self.owner) if self.owner is not None else ""
        added, removed = ",".join(self.add_tags), ",".join(self.remove_tags)
        everybody = self.q is not None
        given = (owner, self.stage, added, removed, self.pause, self.archive)
        return Wanted(tuple(self.ids), self.q or "", everybody, *given)


class Staying(BaseModel):
    """How many stay as they are, and why."""

    why: str
    people: int


class Changed(BaseModel):
    """What a change does or, with `dry_run`, would do; `run` is the number to take it back by."""

    run: int | None
    changing: int
    staying: list[Staying]


class Run(BaseModel):
    """A change of many people, as in `prospector runs --json`."""

    run: int
    kind: str
    at: datetime
    by: str | None
    what: str
    changed: int
    waiting: int
    undone: datetime | None


@router.get("/colleagues")
def colleagues(viewer: Signed, installation: Opened) -> list[Colleague]:
    """Everybody who can sign in, by name."""
    with installation.store.reading() as session:
        found = [user for user in users.listed(session) if user.disabled_at is None]
        return [
            Colleague(id=one.id, name=one.name, role=one.role, away_until=one.away_until) for one in found
        ]


@router.post("/changes", status_code=201)
def change(asked: Change, viewer: Signed, installation: Opened, aftermath: Aftermath) -> Changed:
    """Change many people; with `dry_run`, only say what would change."""
    now = utc_now()
    with installation.store.reading() as session:
        what, ids, plan = changes.planned(session, viewer, asked.wanted(), now)
    staying = [Staying(why=why, people=number) for why, number in plan.staying]
    if asked.dry_run or not plan.changing:
        return Changed(run=None, changing=plan.changing, staying=staying)
    run_id = runs.start(installation.store, what, ids, viewer.id, now)
    runs.carry_out(installation.store, aftermath, run_id, utc_now)
    return Changed(run=run_id, changing=plan.changing, staying=staying)


@router.get("/runs")
def listed(
    viewer: Signed,
    installation: Opened,
    before: Annotated[int | None, Query(ge=1, le=HIGHEST_ID)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[Run]:
    """Changes of many people, the newest first; `before`: those under this number."""
    with installation.store.reading() as session:
        rows = runs.listed(session, changes.only(viewer), limit, before)
    return [Run(**row) for row in rows]


@router.post("/runs/{run_id}/undo")
def undo(run_id: int, viewer: Signed, installation: Opened, aftermath: Aftermath) -> Run:
    """Take a run back; what somebody changed since is left alone."""
    with installation.store.reading() as session:
        changes.run_of(session, viewer, run_id)
        if changes.undoing(session, run_id) is None:
            raise NotNowError("This run cannot be taken back, or it was already.")
    runs.take_back(installation.store, aftermath, run_id, utc_now)
    with installation.store.reading() as session:
        return Run(**changes.run_of(session, viewer, run_id))
