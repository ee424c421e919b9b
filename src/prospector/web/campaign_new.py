"""A new campaign: its name, the text to begin with, its mailboxes and its people, as one form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector.campaigns import editing
from prospector.campaigns.editing import CampaignError
from prospector.campaigns.steps import Step, single
from prospector.enrolment import stages_of
from prospector.installation import Installation, utc_now
from prospector.models import HIGHEST_ID
from prospector.outreach import template
from prospector.prospects import views
from prospector.web.campaign_people import Chosen, add, asked_for
from prospector.web.campaign_settings import mailboxes_of
from prospector.web.campaign_sheet import Sheet, text_of
from prospector.web.problems import InvalidError
from prospector.web.rendering import page
from prospector.web.viewer import Opened, Signed, Viewer

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=500)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form of a new campaign says."""

    name: str = ""
    template: str = ""
    accounts: tuple[int, ...] = ()
    chosen: Chosen = field(default_factory=Chosen)


def wanted(
    chosen: Annotated[Chosen, Depends(asked_for)],
    accounts: Annotated[list[int], Form(default_factory=list, max_length=50)],
    name: Text = "",
    template: Text = "",
) -> Wanted:
    return Wanted(name, template, tuple(accounts), chosen)


@router.get("/m/new")
def form(
    request: Request,
    viewer: Signed,
    installation: Opened,
    run: Annotated[int | None, Query(ge=1, le=HIGHEST_ID)] = None,
    q: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The form; `run` is the import whose people come into it."""
    given = Wanted(chosen=Chosen(q=q, run=str(run or "")))
    with installation.store.reading() as session:
        boxes = mailboxes_of(session, installation)
    first = tuple(box.id for box in boxes[:1])
    return _form(request, viewer, installation, Wanted(accounts=first, chosen=given.chosen), {}, 200)


@router.post("/m/new")
def make(
    request: Request,
    viewer: Signed,
    installation: Opened,
    given: Annotated[Wanted, Depends(wanted)],
) -> Response:
    """Make it, with its text and its people."""
    try:
        campaign_id = installation.store.write(
            lambda session: _make(session, installation, viewer, given, utc_now())
        )
    except InvalidError as error:
        return _form(request, viewer, installation, given, error.fields, 422)
    return RedirectResponse(f"/m/{campaign_id}/template", 303)


def _make(session: Session, installation: Installation, viewer: Viewer, given: Wanted, now: datetime) -> int:
    known = {box.id for box in mailboxes_of(session, installation)}
    path = installation.template_path()
    try:
        campaign = editing.create(
            session,
            given.name,
            viewer.id,
            now,
            steps=_first_steps(installation, given.template),
            account_ids=[id_ for id_ in given.accounts if id_ in known],
            search_path=path,
        )
    except editing.BrokenStepsError as error:
        raise InvalidError("The text is broken.", {"template": str(error)}) from None
    except CampaignError as error:
        raise InvalidError(str(error), {"name": str(error)}) from None
    if given.chosen:
        add(session, installation, viewer, campaign, given.chosen, now)
    return campaign.id


def _first_steps(installation: Installation, name: str) -> Sequence[Step]:
    """One step with the text of a template; none where the text is still to be written."""
    if not name:
        return ()
    try:
        known = template.load(installation.template_path(), name)
    except template.TemplateError as error:
        raise InvalidError(str(error), {"template": str(error)}) from None
    text = text_of(Sheet(1, "A", known.language, known.subject, known.body))
    return (Step(0, (single(text, known.language),)),)


def _form(
    request: Request,
    viewer: Viewer,
    installation: Installation,
    given: Wanted,
    errors: Mapping[str, str],
    status: int,
) -> Response:
    library = template.load_all(installation.template_path())
    with installation.store.reading() as session:
        values: dict[str, Any] = {
            "mailboxes": mailboxes_of(session, installation),
            "views": views.listed(session, viewer.id),
            "stages": stages_of(session),
        }
    mails = [one for _, one in sorted(library.templates.items()) if one.action == "email"]
    values |= {"given": given, "errors": dict(errors), "templates": mails, "page": "campaigns"}
    return page(request, viewer, "campaign-new.html", status=status, **values)
