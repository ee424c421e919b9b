"""The people of a campaign: who is in it and how they stand, adding more, and leaving somebody out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Response
from sqlmodel import Session, col, select

from prospector.campaigns import members, recipients
from prospector.campaigns.editing import CampaignError
from prospector.campaigns.recipients import Added
from prospector.enrolment import stages_of
from prospector.installation import Installation
from prospector.models import HIGHEST_ID, Campaign, Run
from prospector.prospects import matching, views
from prospector.prospects.search import Search, SearchError, parse
from prospector.web.campaign_asked import About, Asked, head_of
from prospector.web.problems import InvalidError, NotNowError
from prospector.web.viewer import Viewer

MOST = 10_000
SIZE = 50
MOST_IMPORTS = 30
router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=500)]
Ids = Annotated[list[int], Form(default_factory=list, max_length=2 * SIZE)]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who shall come in: a search, a kept search, a stage, or those of an import run; the first that
    is given counts. As the form has it."""

    q: str = ""
    view: str = ""
    stage: str = ""
    run: str = ""

    def __bool__(self) -> bool:
        return bool(self.q.strip() or self.view or self.stage or self.run)


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was imported, to be chosen."""

    id: int
    name: str


def asked_for(q: Text = "", view: Text = "", stage: Text = "", run: Text = "") -> Chosen:
    return Chosen(q, view, stage, run)


Who = Annotated[Chosen, Depends(asked_for)]


@router.get("/m/{campaign_id}/people")
def people(
    about: About,
    state: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[int, Query(ge=0, le=HIGHEST_ID)] = 0,
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Who is in it, those who came first at the top."""
    words = "They are left out." if said == "skipped" else ""
    return _page(about, members.Filter(state, q), after, said=words)


@router.post("/m/{campaign_id}/people")
def add_people(about: About, chosen: Who) -> Response:
    """Bring people in; who may not be written to stays out, with the reason."""
    if not chosen:
        say = "Say who: a search, a stage, or an import."
        return _page(about, members.Filter(), 0, wrong=say, status=422)
    try:
        found = about.write(
            lambda session, campaign: add(
                session, about.installation, about.viewer, campaign, chosen, about.now
            )
        )
    except InvalidError as error:
        return _page(about, members.Filter(), 0, wrong=error.sentence, chosen=chosen, status=422)
    return _page(about, members.Filter(), 0, added=found)


@router.post("/m/{campaign_id}/people/skip")
def skip(about: About, ids: Ids, why: Text = "") -> Response:
    """Leave people out: their drafts are discarded, nothing of it goes to them."""
    reason = " ".join(why.split()) or f"left out by {about.viewer.name}"

    def work(session: Session, campaign: Campaign) -> int:
        mine = members.ids_of(session, campaign.id, [id_ for id_ in ids if 0 < id_ <= HIGHEST_ID])
        recipients.skip(session, mine, reason, about.now)
        return len(mine)

    try:
        number = about.write(work)
    except CampaignError as error:
        raise NotNowError(str(error)) from None
    if not number:
        raise NotNowError("Tick somebody of this campaign first.")
    return about.back("/people", said="skipped")


def add(
    session: Session,
    installation: Installation,
    viewer: Viewer,
    campaign: Campaign,
    chosen: Chosen,
    now: datetime,
) -> Added:
    """Bring those who are meant into a campaign. Raises `InvalidError` where the choice means nobody."""
    run_id = _run(session, chosen.run) if chosen.run else None
    ids = recipients.from_run(session, run_id) if run_id else _matching(session, viewer, chosen, now)
    if not ids:
        raise InvalidError("Nobody matches. Search for somebody else.", {"q": "Nobody matches."})
    if len(ids) > MOST:
        sentence = f"More than {MOST:,} people match. Search for fewer."
        raise InvalidError(sentence, {"q": sentence})
    try:
        outreach = installation.settings.file.outreach
        return recipients.add(session, campaign, ids, run_id, now, outreach=outreach)
    except CampaignError as error:
        raise InvalidError(str(error), {"q": str(error)}) from None


def _matching(session: Session, viewer: Viewer, chosen: Chosen, now: datetime) -> list[int]:
    """By the search, of those whom the viewer sees."""
    stages = stages_of(session)
    try:
        search = _search(session, viewer, chosen)
        found = matching.matching(session, search, viewer.scope, viewer.id, stages, now)
    except SearchError as error:
        raise InvalidError(str(error), {"q": str(error)}) from None
    return matching.every(session, found, MOST + 1)


def _search(session: Session, viewer: Viewer, chosen: Chosen) -> Search:
    if chosen.q.strip():
        return parse(chosen.q)
    if chosen.view:
        kept = {str(view.id): view.query for view in views.listed(session, viewer.id)}
        if chosen.view not in kept:
            raise InvalidError("That kept search is gone.", {"view": "Choose another one."})
        return parse(kept[chosen.view])
    return Search(stages=(chosen.stage,))


def _run(session: Session, given: str) -> int:
    run = session.get(Run, int(given)) if given.isdecimal() and len(given) < 10 else None
    if run is None or run.kind != "import":
        raise InvalidError("There is no such import.", {"q": "There is no such import."})
    return run.id


def _page(
    about: Asked,
    wanted: members.Filter,
    after: int,
    *,
    wrong: str = "",
    chosen: Chosen | None = None,
    added: Added | None = None,
    said: str = "",
    status: int = 200,
) -> Response:
    def work(session: Session, campaign: Campaign) -> dict[str, Any]:
        rows = members.listed(session, campaign.id, wanted, after, SIZE + 1)
        return {
            "campaign": campaign,
            "head": head_of(session, about, campaign),
            "rows": rows[:SIZE],
            "more": rows[SIZE - 1].id if len(rows) > SIZE else None,
            "counts": recipients.counts(session, campaign.id),
            "views": views.listed(session, about.viewer.id),
            "stages": stages_of(session),
            "imports": _imports(session),
            "refused": _refused(session, added.refused if added else ()),
        }

    values = about.read(work) | {"wanted": wanted, "after": after, "wrong": wrong, "added": added}
    values |= {"said": said, "chosen": chosen or Chosen()}
    return about.page("campaign-people.html", "people", values, status=status)


def _imports(session: Session) -> list[Import]:
    """The newest imports, to choose from."""
    newest = select(Run).where(Run.kind == "import", col(Run.undone_at).is_(None))
    found = session.exec(newest.order_by(col(Run.id).desc()).limit(MOST_IMPORTS))
    return [Import(run.id, str(run.detail.get("filename") or "a file")) for run in found]


def _refused(session: Session, refused: Sequence[tuple[int, str]]) -> list[tuple[str, int]]:
    """Why people stayed out, with how many each."""
    counted: dict[str, int] = {}
    for _, why in refused:
        counted[why] = counted.get(why, 0) + 1
    return sorted(counted.items(), key=lambda one: -one[1])
