"""Companies: the list, and one with its people, deals, signals and what happened with all of them."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector.installation import Installation, utc_now
from prospector.models import Company
from prospector.outreach.window import moment
from prospector.prospects import companies
from prospector.prospects.companies import PauseError
from prospector.prospects.people import NotFoundError
from prospector.web import sheet
from prospector.web.problems import NotThereError
from prospector.web.rendering import page
from prospector.web.viewer import Opened, Signed, Viewer

router = APIRouter(include_in_schema=False)


@router.get("/c")
def listed(
    request: Request,
    viewer: Signed,
    installation: Opened,
    q: Annotated[str, Query(max_length=100)] = "",
    name: Annotated[str, Query(max_length=300)] = "",
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> Response:
    """The list by name. `name` and `after` are the last row of the page before."""
    start = (name, after) if after else None
    with installation.store.reading() as session:
        found = companies.listed(session, viewer.scope, q, start)
    return page(request, viewer, "companies.html", found=found, query=q, start=start, now=utc_now())


@router.get("/c/{company_id}")
def company(
    request: Request,
    viewer: Signed,
    installation: Opened,
    company_id: int,
    show: str = "all",
    before: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """One company."""
    return shown(request, viewer, installation, company_id, show=show, before=before)


def shown(
    request: Request,
    viewer: Viewer,
    installation: Installation,
    company_id: int,
    *,
    show: str = "all",
    before: str = "",
    status: int = 200,
    wrong: str | None = None,
) -> Response:
    """The page; `wrong` is said beside the form of the pause."""
    now = utc_now()
    with installation.store.reading() as session:
        found = _found(session, viewer, company_id)
        people = companies.people(session, viewer.scope, found.id)
        ids = [one.id for one in people]
        names = companies.names(session, ids)
        values: dict[str, Any] = {
            "company": found,
            "page": "companies",
            "people": people,
            "deals": companies.deals(session, viewer.scope, found.id),
            "signals": companies.signals(session, ids, now),
            "writers": companies.writers(session, found.id),
            "namer": lambda id_: (names.get(id_, "somebody"), f"/p/{id_}"),
            "wrong": wrong,
            "paused": found.paused_until is not None and found.paused_until > now,
        }
        values |= sheet.timeline_of(session, ids, show, before)
    return page(request, viewer, "company.html", status=status, now=now, **values)


@router.post("/c/{company_id}/pause")
def pause(
    request: Request,
    viewer: Signed,
    installation: Opened,
    company_id: int,
    until: Annotated[str, Form(max_length=20)] = "",
    why: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Write to nobody there until a day."""
    now = utc_now()

    def work(session: Session) -> None:
        end = _start_of(until, viewer)
        companies.pause(_found(session, viewer, company_id), end, why, now)

    try:
        installation.store.write(work)
    except PauseError as error:
        return shown(request, viewer, installation, company_id, status=422, wrong=str(error))
    return RedirectResponse(f"/c/{company_id}", 303)


@router.post("/c/{company_id}/resume")
def resume(viewer: Signed, installation: Opened, company_id: int) -> Response:
    """Write to them again."""
    installation.store.write(lambda session: companies.resume(_found(session, viewer, company_id)))
    return RedirectResponse(f"/c/{company_id}", 303)


def _found(session: Session, viewer: Viewer, company_id: int) -> Company:
    try:
        return companies.find(session, viewer.scope, company_id)
    except NotFoundError as error:
        raise NotThereError(str(error)) from None


def _start_of(day: str, viewer: Viewer) -> datetime:
    """Midnight of a day in the viewer's zone."""
    try:
        return moment(date.fromisoformat(day.strip()), time(), viewer.zone)
    except (ValueError, OverflowError):
        raise PauseError("Choose a day, such as 2027-01-31.") from None
