"""People who were perhaps entered twice: pairs side by side, merged by one button and parted by another."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector import merge_plan, merges, parting
from prospector.installation import utc_now
from prospector.merge_plan import MergeError
from prospector.models import HIGHEST_ID, Run
from prospector.prospects import duplicates
from prospector.prospects.duplicates import DISTINCT, DistinctError
from prospector.web.problems import NotNowError, NotThereError
from prospector.web.rendering import page
from prospector.web.viewer import Aftermath, Opened, Signed

SHOWN = 20
router = APIRouter(include_in_schema=False)
Id = Annotated[int, Query(ge=0, le=HIGHEST_ID)]
Row = Annotated[int, Form(ge=1, le=HIGHEST_ID)]


@router.get("/duplicates")
def listed(
    request: Request, viewer: Signed, installation: Opened, after: Id = 0, merged: Id = 0, apart: Id = 0
) -> Response:
    """The pairs of one part of the people, the likeliest first; `merged` and `apart` name the run of what
    was just done."""
    with installation.store.reading() as session:
        found = duplicates.duplicates(session, viewer.scope, SHOWN, after)
        values: dict[str, Any] = {
            "pairs": found.pairs,
            "next": found.next,
            "after": after,
            "merged": _done(session, merged, merges.KIND),
            "apart": _done(session, apart, DISTINCT),
            "recent": merges.listed(session, 5),
        }
    return page(request, viewer, "duplicates.html", **values)


def _done(session: Session, run_id: int, kind: str) -> Run | None:
    run = session.get(Run, run_id) if run_id else None
    return run if run is not None and run.kind == kind and run.undone_at is None else None


@router.get("/duplicates/{keep}/{other}")
def plan(request: Request, viewer: Signed, installation: Opened, keep: int, other: int) -> Response:
    """What a merge of these two would do: nothing is changed yet."""
    if not 0 < keep <= HIGHEST_ID or not 0 < other <= HIGHEST_ID:
        raise NotThereError("There are no such people.")
    with installation.store.reading() as session:
        try:
            planned = merge_plan.plan(session, keep, other)
        except MergeError as error:
            raise NotNowError(str(error)) from None
    return page(request, viewer, "merge.html", page="duplicates", plan=planned)


@router.post("/duplicates/merge")
def merge(viewer: Signed, installation: Opened, aftermath: Aftermath, keep: Row, other: Row) -> Response:
    """Merge the other into the kept one."""
    now = utc_now()
    try:
        run_id = installation.store.write(
            lambda session: merges.merge(session, aftermath, keep, other, viewer.id, now)
        )
    except MergeError as error:
        raise NotNowError(str(error)) from None
    return RedirectResponse(f"/duplicates?{urlencode({'merged': run_id})}", 303)


@router.post("/duplicates/part")
def part(viewer: Signed, installation: Opened, aftermath: Aftermath, run: Row) -> Response:
    """Take a merge back."""
    now = utc_now()
    try:
        installation.store.write(lambda session: parting.take_back(session, aftermath, run, now) and None)
    except MergeError as error:
        raise NotNowError(str(error)) from None
    return RedirectResponse("/duplicates", 303)


@router.post("/duplicates/apart")
def apart(viewer: Signed, installation: Opened, keep: Row, other: Row) -> Response:
    """They are not the same person: the pair is not shown again."""
    now = utc_now()
    try:
        run_id = installation.store.write(
            lambda session: duplicates.set_apart(session, keep, other, viewer.id, now)
        )
    except DistinctError as error:
        raise NotNowError(str(error)) from None
    return RedirectResponse(f"/duplicates?{urlencode({'apart': run_id})}", 303)


@router.post("/duplicates/together")
def together(viewer: Signed, installation: Opened, run: Row) -> Response:
    """Take that back."""
    now = utc_now()
    try:
        installation.store.write(lambda session: duplicates.bring_together(session, run, now))
    except DistinctError as error:
        raise NotNowError(str(error)) from None
    return RedirectResponse("/duplicates", 303)
