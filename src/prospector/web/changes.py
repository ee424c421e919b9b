"""Changing many people at once: the plan, the run, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session, col, select
from starlette.background import BackgroundTask

from prospector import runs
from prospector.enrolment import stages_of
from prospector.installation import Installation, utc_now
from prospector.models import HIGHEST_ID, Prospect, User
from prospector.prospects import bulk, matching
from prospector.prospects.bulk import Change, ChangeError, Plan
from prospector.prospects.search import SearchError, parse
from prospector.queue.workday import instant
from prospector.runs import RunError
from prospector.team import assignment
from prospector.web.problems import InvalidError, NotNowError, NotThereError
from prospector.web.rendering import page
from prospector.web.viewer import Aftermath, Opened, Signed, Viewer

PAGE = 50
AT_ONCE = 500
"""So many are done before the answer; of more the page shows how far it is."""
router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=500)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form says: for whom, and what."""

    ids: tuple[int, ...]
    q: str
    everybody: bool
    owner: str
    stage: str
    add_tags: str
    remove_tags: str
    pause: str
    archive: str

    def hidden(self) -> list[tuple[str, str]]:
        """The same as fields, for the button that does it."""
        names = ("q", "owner", "stage", "add_tags", "remove_tags", "pause", "archive")
        fields = [("ids", str(id_)) for id_ in self.ids]
        fields += [("everybody", "on")] if self.everybody else []
        return fields + [(name, getattr(self, name)) for name in names]


def wanted(
    ids: Annotated[list[int], Form(default_factory=list, max_length=2 * PAGE)],
    q: Text = "",
    everybody: Text = "",
    owner: Text = "",
    stage: Text = "",
    add_tags: Text = "",
    remove_tags: Text = "",
    pause: Text = "",
    archive: Text = "",
) -> Wanted:
    whom = tuple(id_ for id_ in dict.fromkeys(ids) if 0 < id_ <= HIGHEST_ID)
    return Wanted(whom, q, everybody == "on", owner, stage, add_tags, remove_tags, pause, archive)


Asked = Annotated[Wanted, Depends(wanted)]


@router.post("/p/change")
def plan(request: Request, viewer: Signed, installation: Opened, asked: Asked) -> Response:
    """What the change would do; nothing is changed yet."""
    with installation.store.reading() as session:
        change, _, found = planned(session, viewer, asked, utc_now())
    return _plan(request, installation, viewer, asked, change, found, "")


@router.post("/p/change/apply")
def apply(
    request: Request,
    viewer: Signed,
    installation: Opened,
    aftermath: Aftermath,
    asked: Asked,
    changing: Annotated[int, Form()] = -1,
) -> Response:
    """Do what the plan said, if it still says the same."""
    now = utc_now()
    with installation.store.reading() as session:
        change, ids, found = planned(session, viewer, asked, now)
    if found.changing != changing:
        notice = "It has changed meanwhile: look again."
        return _plan(request, installation, viewer, asked, change, found, notice)
    if not found.changing:
        raise NotNowError("Nobody would change. Go back and choose something else.")
    run_id = runs.start(installation.store, change, ids, viewer.id, now)

    def carry_out() -> None:
        runs.carry_out(installation.store, aftermath, run_id, utc_now)

    return _in_the_end(run_id, len(ids), carry_out)


def planned(session: Session, viewer: Viewer, asked: Wanted, now: datetime) -> tuple[Change, list[int], Plan]:
    """The change, whom it is for, and what it does. Raises `InvalidError`."""
    try:
        change = bulk.checked(_change(session, viewer, asked), now)
        ids = _whom(session, viewer, asked, now)
    except (ChangeError, SearchError) as error:
        raise InvalidError(str(error)) from None
    names = assignment.names(session)
    return change, ids, bulk.plan(change, runs.people(session, ids), now, names)


def _change(session: Session, viewer: Viewer, asked: Wanted) -> Change:
    return Change(
        owner_id=_owner(session, asked.owner),
        stage=_stage(session, asked.stage),
        add_tags=bulk.tags_of(asked.add_tags),
        remove_tags=bulk.tags_of(asked.remove_tags),
        pause_until=_day(asked.pause, viewer.zone) if asked.pause != "end" else None,
        resume=asked.pause == "end",
        archive=asked.archive == "archive",
        restore=asked.archive == "restore",
    )


def _owner(session: Session, given: str) -> int | None:
    if not given:
        return None
    user = session.get(User, int(given)) if given.isdecimal() and len(given) < 10 else None
    if user is None or user.disabled_at is not None:
        raise ChangeError("Choose an owner who can sign in.")
    return user.id


def _stage(session: Session, given: str) -> str | None:
    if given and given not in (known := stages_of(session)):
        raise ChangeError(f'There is no stage "{given}"; there are {", ".join(known)}.')
    return given or None


def _day(given: str, zone: ZoneInfo) -> datetime | None:
    if not given:
        return None
    try:
        return instant(date.fromisoformat(given), time(), zone)
    except (ValueError, OverflowError):
        raise ChangeError(f'"{given}" is no date; write one such as 2026-12-01.') from None


def _whom(session: Session, viewer: Viewer, asked: Wanted, now: datetime) -> list[int]:
    """The ids that are meant, of those whom the viewer sees."""
    if asked.everybody:
        stages = stages_of(session)
        found = matching.matching(session, parse(asked.q), viewer.scope, viewer.id, stages, now)
        ids = matching.every(session, found, runs.MOST + 1)
        if len(ids) > runs.MOST:
            raise ChangeError(f"More than {runs.MOST:,} people match. Search for fewer.")
    else:
        mine = viewer.scope.where(Prospect.owner_id)
        ids = list(session.exec(select(Prospect.id).where(col(Prospect.id).in_(asked.ids), mine)))
    if not ids:
        raise ChangeError("Tick somebody first, or take all that match.")
    return ids


def _plan(
    request: Request,
    installation: Installation,
    viewer: Viewer,
    asked: Wanted,
    change: Change,
    found: Plan,
    notice: str,
) -> Response:
    with installation.store.reading() as session:
        words = bulk.sentence(change, assignment.names(session))
    values: dict[str, Any] = {"asked": asked, "plan": found, "words": words, "notice": notice}
    return page(request, viewer, "prospect-change.html", status=409 if notice else 200, **values)


# --- runs ---------------------------------------------------------------------------------------


@router.get("/runs")
def listed(
    request: Request,
    viewer: Signed,
    installation: Opened,
    before: Annotated[int | None, Query(ge=1, le=HIGHEST_ID)] = None,
) -> Response:
    """Changes of many people, the newest first."""
    with installation.store.reading() as session:
        rows = runs.listed(session, only(viewer), PAGE + 1, before)
    return page(request, viewer, "runs.html", rows=rows[:PAGE], more=len(rows) > PAGE, before=before)


@router.get("/runs/{run_id}")
def run(request: Request, viewer: Signed, installation: Opened, run_id: int) -> Response:
    """One run: how far it is, and what taking it back would do."""
    with installation.store.reading() as session:
        row = run_of(session, viewer, run_id)
        settled = row["undone"] is None and not row["waiting"]
        back = undoing(session, run_id) if settled else None
    return page(request, viewer, "run.html", block="state", run=row, undoing=back)


@router.post("/runs/{run_id}/undo")
def undo(viewer: Signed, installation: Opened, aftermath: Aftermath, run_id: int) -> Response:
    """Take a run back; what somebody changed since is left alone."""
    with installation.store.reading() as session:
        row = run_of(session, viewer, run_id)
        if undoing(session, run_id) is None:
            raise NotNowError("This run cannot be taken back, or it was already.")

    def take_back() -> None:
        runs.take_back(installation.store, aftermath, run_id, utc_now)

    return _in_the_end(run_id, row["changed"], take_back)


def only(viewer: Viewer) -> int | None:
    """Whose runs a viewer sees: a rep their own, all others everybody's."""
    return viewer.id if viewer.role == "rep" else None


def run_of(session: Session, viewer: Viewer, run_id: int) -> dict[str, Any]:
    """A run that the viewer may see, as lists show it. Raises `NotThereError`."""
    try:
        runs.find(session, run_id, only(viewer))
    except (RunError, OverflowError):
        raise NotThereError("There is no such run.") from None
    (row,) = runs.listed(session, only(viewer), 1, before=run_id + 1)
    return row


def undoing(session: Session, run_id: int) -> runs.Undoing | None:
    """What taking a run back would do; None where it cannot be, or was already."""
    try:
        return runs.undoing(session, run_id)
    except RunError:
        return None


def _in_the_end(run_id: int, people: int, work: Callable[[], None]) -> Response:
    """To the run's page: when it is done, or at once where it takes long."""
    later = BackgroundTask(work) if people > AT_ONCE else None
    if later is None:
        work()
    return RedirectResponse(f"/runs/{run_id}", 303, background=later)
