"""Campaigns: the list, a new one, and what can be done with one: prepare, start, pause, go on, finish."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.background import BackgroundTask

from prospector.campaigns import drafting, editing, launch, listing, outlook, recipients
from prospector.campaigns.editing import CampaignError
from prospector.campaigns.steps import Step, single
from prospector.enrolment import stages_of
from prospector.installation import Installation, utc_now
from prospector.models import Campaign
from prospector.outreach import template
from prospector.prospects import views
from prospector.web.campaign_asked import About, Asked, head_of
from prospector.web.campaign_people import Chosen, add, asked_for
from prospector.web.campaign_settings import Settings, mailboxes_of, read_settings, settings_of, values_of
from prospector.web.campaign_sheet import Sheet, text_of
from prospector.web.problems import InvalidError, NotNowError
from prospector.web.rendering import fragment, page
from prospector.web.viewer import Opened, Signed, Viewer

HIGHEST = 2**31 - 1
SIZE = 50
router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=500)]
SAID: Mapping[str, str] = {
    "kept": "Kept.",
    "drafting": "The drafts are being made.",
    "started": "Started: what is approved leaves as the schedule says.",
    "paused": "Paused. What is approved waits.",
    "resumed": "It goes on.",
    "finished": "Finished: nothing more of it is sent.",
    "added": "They are in the campaign.",
}


@router.get("/m")
def listed(
    request: Request,
    viewer: Signed,
    installation: Opened,
    before: Annotated[int | None, Query(ge=1, le=HIGHEST)] = None,
) -> Response:
    """All campaigns, the newest first."""
    now = utc_now()
    with installation.store.reading() as session:
        rows = listing.rows(session, installation.settings, now, SIZE + 1, before)
    more = rows[SIZE - 1].id if len(rows) > SIZE else None
    return page(request, viewer, "campaigns.html", rows=rows[:SIZE], more=more, before=before, now=now)


# --- a new one ----------------------------------------------------------------------------------


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
    run: Annotated[int | None, Query(ge=1, le=HIGHEST)] = None,
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


# --- one campaign -------------------------------------------------------------------------------


@router.get("/m/{campaign_id}")
def overview(about: About, said: Annotated[str, Query(max_length=20)] = "") -> Response:
    """How it stands, what is missing, and how it goes out."""
    return _overview(about, said=SAID.get(said, ""))


@router.post("/m/{campaign_id}/settings")
def configure(about: About, given: Annotated[Settings, Depends(read_settings)]) -> Response:
    """Mailboxes, hours, cap, stops, basis and source. A running campaign takes them at once."""

    def work(session: Session, campaign: Campaign) -> None:
        values = values_of(given, mailboxes_of(session, about.installation))
        editing.configure(session, campaign, **values)

    try:
        about.write(work)
    except InvalidError as error:
        return _overview(about, given=given, errors=error.fields, status=422)
    except CampaignError as error:
        raise NotNowError(str(error)) from None
    return about.back(said="kept")


@router.post("/m/{campaign_id}/draft")
def draft(about: About) -> Response:
    """Make the drafts of everybody who has none of the newest version, in the background."""
    store = about.installation.store
    try:
        about.read(lambda session, campaign: None)
        run_id = drafting.start(store, about.campaign_id, about.viewer.id, about.now)
    except CampaignError as error:
        raise NotNowError(str(error)) from None
    means = means_of(about)
    answer = about.back(said="drafting")
    answer.background = BackgroundTask(drafting.carry_out, store, means, run_id, utc_now)
    return answer


@router.post("/m/{campaign_id}/draft/stop")
def stop_drafting(about: About) -> Response:
    """Stop making drafts; who has some keeps them."""

    def work(session: Session, campaign: Campaign) -> None:
        for run in drafting.unfinished(session, campaign.id):
            drafting.cancel(session, run.id)

    about.write(work)
    return about.back()


@router.get("/m/{campaign_id}/progress")
def progress(about: About) -> Response:
    """How far the drafts are, for the page that asks each second."""

    def work(session: Session, campaign: Campaign) -> dict[str, Any]:
        return {"campaign": campaign, "run": drafting.latest(session, campaign.id)}

    values = about.read(work)
    if "hx-request" not in about.request.headers:
        return about.back()
    return fragment(about.request, about.viewer, "campaign-progress.html", page="campaigns", **values)


@router.post("/m/{campaign_id}/start")
def start(about: About) -> Response:
    """Let what is approved leave, where nothing is missing."""
    return _change(
        about,
        "started",
        lambda session, campaign: launch.start(
            session, about.means.settings, about.means.desk, campaign, about.now
        ),
    )


@router.post("/m/{campaign_id}/pause")
def pause(about: About, why: Text = "") -> Response:
    """Nothing of it leaves until it goes on; the reason stands beside everything that waits."""
    reason = " ".join(why.split())
    if not reason:
        return _overview(about, errors={"why": "Say in a few words why; everybody sees it."}, status=422)
    words = f"{about.viewer.first_name}: {reason}"
    return _change(
        about, "paused", lambda session, campaign: launch.pause(session, campaign, words, about.now)
    )


@router.post("/m/{campaign_id}/resume")
def resume(about: About) -> Response:
    """Let it go on."""
    return _change(
        about,
        "resumed",
        lambda session, campaign: launch.resume(
            session, about.means.settings, about.means.desk, campaign, about.now
        ),
    )


@router.post("/m/{campaign_id}/finish")
def finish(about: About) -> Response:
    """End it for good: what has not left is discarded."""
    return _change(about, "finished", lambda session, campaign: launch.finish(session, campaign, about.now))


def _change(about: Asked, said: str, work: Callable[[Session, Campaign], object]) -> Response:
    """Do it, or say what stands in the way."""
    try:
        about.write(work)
    except CampaignError as error:
        return _overview(about, problem=str(error), status=409)
    return about.back(said=said)


def means_of(about: Asked) -> drafting.Means:
    return drafting.Means(about.means.desk, about.installation.template_path())


def _overview(
    about: Asked,
    *,
    said: str = "",
    problem: str = "",
    given: Settings | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    def work(session: Session, campaign: Campaign) -> dict[str, Any]:
        settings, now = about.means.settings, about.now
        return {
            "campaign": campaign,
            "head": head_of(session, about, campaign),
            "row": listing.row(session, settings, campaign, now),
            "given": given or settings_of(campaign, settings.file.outreach),
            "mailboxes": mailboxes_of(session, about.installation),
            "gate": launch.gate(session, settings, campaign, now),
            "schedule": outlook.schedule_in_words(session, settings, campaign, now),
            "versions": editing.versions(session, campaign.id),
            "counts": recipients.counts(session, campaign.id),
            "run": drafting.latest(session, campaign.id),
            "cap": settings.file.outreach.daily_cap,
        }

    values = about.read(work) | {"said": said, "problem": problem, "errors": dict(errors or {})}
    return about.page("campaign.html", "schedule", values, status=status)
