"""Campaigns over the API: the rows of `prospector campaigns --json`, their versions, people and results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from prospector.campaigns import editing, launch, listing, members, recipients, results
from prospector.campaigns.editing import BrokenStepsError, CampaignError, NotFoundError
from prospector.campaigns.steps import Step, Variant
from prospector.enrolment import stages_of
from prospector.installation import Installation, utc_now
from prospector.models import HIGHEST_ID, Campaign
from prospector.prospects.search import SearchError
from prospector.web.api import ANSWERS
from prospector.web.api.campaign_rows import (
    Added,
    ArmResult,
    Member,
    Missing,
    New,
    One,
    People,
    Row,
    Series,
    StayedOut,
    StepResult,
    Version,
    Who,
    Why,
)
from prospector.web.campaign_settings import mailboxes_of
from prospector.web.problems import InvalidError, NotNowError, NotThereError
from prospector.web.viewer import Equipped, Opened, Signed, Viewer

router = APIRouter(prefix="/api/campaigns", tags=["campaigns"], responses=ANSWERS)
T = TypeVar("T")
CampaignId = Annotated[int, Path(ge=1, le=HIGHEST_ID)]


@router.get("")
def listed(
    viewer: Signed,
    installation: Opened,
    before: Annotated[int | None, Query(ge=1, le=HIGHEST_ID)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> list[Row]:
    """All campaigns, the newest first; `before` is the last id of the page before."""
    with installation.store.reading() as session:
        found = listing.rows(session, installation.settings, utc_now(), limit, before)
    return [Row(**row.as_json()) for row in found]


@router.post("")
def create(new: New, viewer: Signed, installation: Opened) -> One:
    """Make a campaign; it sends nothing before people, a text and a start."""
    now = utc_now()

    def work(session: Session) -> One:
        known = [box.id for box in mailboxes_of(session, installation)]
        wanted = [id_ for id_ in new.accounts if id_ in known] if new.accounts else known[:1]
        steps = _steps(new.series) if new.series else ()
        campaign = editing.create(
            session,
            new.name,
            viewer.id,
            now,
            steps=steps,
            account_ids=wanted,
            search_path=installation.template_path(),
        )
        return _one(session, installation, campaign, now)

    return _write(installation, work)


@router.get("/{campaign_id}")
def one(campaign_id: CampaignId, viewer: Signed, installation: Opened) -> One:
    """One campaign."""
    return _read(installation, campaign_id, lambda s, found: _one(s, installation, found, utc_now()))


@router.get("/{campaign_id}/versions")
def versions(campaign_id: CampaignId, viewer: Signed, installation: Opened) -> list[Version]:
    """Its versions, the newest first, and who gets which."""
    rows = _read(installation, campaign_id, lambda s, found: editing.versions(s, found.id))
    return [
        Version(
            number=row.number,
            at=row.at,
            by=row.by,
            note=row.note,
            drafts=row.drafts,
            approved=row.approved,
            sent=row.sent,
        )
        for row in rows
    ]


@router.post("/{campaign_id}/versions")
def save(campaign_id: CampaignId, series: Series, viewer: Signed, installation: Opened) -> list[Version]:
    """Save a new version; 422 with what is wrong and where. Drafts move to it by the next drafting."""
    now, path = utc_now(), installation.template_path()

    def work(session: Session) -> None:
        campaign = editing.find(session, campaign_id)
        editing.save_version(
            session, campaign, _steps(series), series.fallbacks, series.note, viewer.id, now, search_path=path
        )

    _write(installation, work)
    return versions(campaign_id, viewer, installation)


@router.get("/{campaign_id}/people")
def people(
    campaign_id: CampaignId,
    viewer: Signed,
    installation: Opened,
    state: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[int, Query(ge=0, le=HIGHEST_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> People:
    """Who is in it, in the order in which they came."""
    wanted = members.Filter(state, q)
    rows = _read(installation, campaign_id, lambda s, c: members.listed(s, c.id, wanted, after, limit + 1))
    return People(
        people=[_member(row) for row in rows[:limit]], next=rows[limit - 1].id if len(rows) > limit else None
    )


@router.post("/{campaign_id}/people")
def add(campaign_id: CampaignId, who: Who, viewer: Signed, installation: Opened) -> Added:
    """Bring people in, each once; who may not be written to stays out, with the reason."""
    now = utc_now()

    def work(session: Session) -> recipients.Added:
        campaign = editing.find(session, campaign_id)
        ids = _ids(session, viewer, who, now)
        outreach = installation.settings.file.outreach
        return recipients.add(session, campaign, ids, who.run, now, outreach=outreach)

    found = _write(installation, work)
    refused = [StayedOut(prospect=id_, why=why) for id_, why in found.refused]
    return Added(added=found.added, already=found.already, refused=refused)


@router.post("/{campaign_id}/start")
def start(campaign_id: CampaignId, viewer: Signed, installation: Opened, means: Equipped) -> One:
    """Let what is approved leave; 409 with all that is missing."""
    now = utc_now()
    return _change(
        installation, campaign_id, lambda s, c: launch.start(s, means.settings, means.desk, c, now)
    )


@router.post("/{campaign_id}/pause")
def pause(campaign_id: CampaignId, why: Why, viewer: Signed, installation: Opened) -> One:
    """Let nothing of it leave until it goes on."""
    now, words = utc_now(), f"{viewer.first_name}: {why.why}"
    return _change(installation, campaign_id, lambda s, c: launch.pause(s, c, words, now))


@router.post("/{campaign_id}/resume")
def resume(campaign_id: CampaignId, viewer: Signed, installation: Opened, means: Equipped) -> One:
    """Go on."""
    now = utc_now()
    return _change(
        installation, campaign_id, lambda s, c: launch.resume(s, means.settings, means.desk, c, now)
    )


@router.get("/{campaign_id}/results")
def outcome(campaign_id: CampaignId, viewer: Signed, installation: Opened) -> list[StepResult]:
    """What came of each step and variant: answers of people within 7 days, never opens."""
    found = _read(installation, campaign_id, lambda s, c: results.of_steps(s, c.id, utc_now()))
    return [StepResult(**_result(step)) for step in found]


def _result(step: results.StepResult) -> Mapping[str, Any]:
    arms = [{name: getattr(arm, name) for name in ArmResult.model_fields} for arm in step.arms]
    said = step.verdict
    return {
        "step": step.step,
        "arms": arms,
        "words": said.words if said else None,
        "better": said.better if said else None,
        "needed": said.needed if said else None,
    }


def _member(row: members.Member) -> Member:
    return Member(
        id=row.id,
        prospect=row.prospect_id,
        name=row.name,
        to=row.address,
        state=row.state,
        why=row.why,
        version=row.version,
        variant=row.variant,
        sent=row.sent,
        last_sent_at=row.last_sent_at,
        outcomes=[one.kind for one in row.outcomes],
    )


def _steps(series: Series) -> list[Step]:
    found = []
    for number, mail in enumerate(series.steps):
        variants = tuple(Variant(arm.name, dict(arm.texts)) for arm in mail.variants)
        found.append(Step(mail.wait if number else 0, variants))
    return found


def _ids(session: Session, viewer: Viewer, who: Who, now: datetime) -> list[int]:
    """Whom the body means; of ids, those that the viewer sees are left to `recipients.add` to judge."""
    if who.run is not None:
        return recipients.from_run(session, who.run)
    if who.query:
        try:
            return recipients.from_query(session, who.query, stages_of(session), now, viewer.scope)
        except SearchError as error:
            raise InvalidError(str(error), {"query": str(error)}) from None
    if not who.prospects:
        raise InvalidError("Say who: `prospects`, `query` or `run`.", {"prospects": "Nobody is named."})
    return who.prospects


def _one(session: Session, installation: Installation, campaign: Campaign, now: datetime) -> One:
    settings = installation.settings
    missing = [
        Missing(field=each.field, message=each.message, where=each.where)
        for each in launch.gate(session, settings, campaign, now)
    ]
    return One(**listing.row(session, settings, campaign, now).as_json(), missing=missing)


def _change(installation: Installation, campaign_id: int, work: Callable[[Session, Campaign], object]) -> One:
    def whole(session: Session) -> One:
        campaign = editing.find(session, campaign_id)
        work(session, campaign)
        return _one(session, installation, campaign, utc_now())

    return _write(installation, whole)


def _read(installation: Installation, campaign_id: int, work: Callable[[Session, Campaign], T]) -> T:
    with installation.store.reading() as session:
        try:
            return work(session, editing.find(session, campaign_id))
        except NotFoundError as error:
            raise NotThereError(str(error)) from None


def _write(installation: Installation, work: Callable[[Session], T]) -> T:
    try:
        return installation.store.write(work)
    except NotFoundError as error:
        raise NotThereError(str(error)) from None
    except BrokenStepsError as error:
        fields = {f"steps.{one.step}": one.message for one in error.problems}
        raise InvalidError(str(error), fields) from None
    except CampaignError as error:
        raise NotNowError(str(error)) from None
