"""Campaigns: the list, and what can be done with one: prepare, start, pause, go on, finish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlmodel import Session
from starlette.background import BackgroundTask

from prospector.campaigns import drafting, editing, launch, listing, outlook, recipients
from prospector.campaigns.editing import CampaignError
from prospector.installation import utc_now
from prospector.models import HIGHEST_ID, Campaign
from prospector.web.campaign_asked import About, Asked, head_of
from prospector.web.campaign_settings import Settings, mailboxes_of, read_settings, settings_of, values_of
from prospector.web.problems import InvalidError, NotNowError
from prospector.web.rendering import fragment, page
from prospector.web.viewer import Opened, Signed

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
    before: Annotated[int | None, Query(ge=1, le=HIGHEST_ID)] = None,
) -> Response:
    """All campaigns, the newest first."""
    now = utc_now()
    with installation.store.reading() as session:
        rows = listing.rows(session, installation.settings, now, SIZE + 1, before)
    more = rows[SIZE - 1].id if len(rows) > SIZE else None
    return page(request, viewer, "campaigns.html", rows=rows[:SIZE], more=more, before=before, now=now)


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

    def begin(session: Session, campaign: Campaign) -> int:
        if campaign.state == "done":
            raise CampaignError(f'"{campaign.name}" is over; make a new campaign.')
        return drafting.begin(session, campaign.id, about.viewer.id, about.now)

    try:
        run_id = about.write(begin)
    except CampaignError as error:
        raise NotNowError(str(error)) from None
    answer = about.back(said="drafting")
    answer.background = BackgroundTask(drafting.carry_out, store, about.drafting, run_id, utc_now)
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
            "public_url": settings.file.outreach.public_url,
        }

    values = about.read(work) | {"said": said, "problem": problem, "errors": dict(errors or {})}
    return about.page("campaign.html", "schedule", values, status=status)
