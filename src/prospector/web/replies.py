"""Replies of all channels, the newest first: how each was read, and a way to read it otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector.consequences import Consequences
from prospector.installation import Installation, utc_now
from prospector.models import Engagement, User
from prospector.outreach import corrections, replies
from prospector.outreach.corrections import NotCorrectedError
from prospector.outreach.place import place_of
from prospector.outreach.readings import HUMAN, LABELS
from prospector.outreach.replies import Reply
from prospector.web.problems import NotNowError, NotThereError
from prospector.web.rendering import page
from prospector.web.shell import SEEN, seen_at
from prospector.web.viewer import Aftermath, Opened, Signed, Viewer

router = APIRouter(include_in_schema=False)

TABS: Mapping[str, str] = {
    "": "All",
    "answers": "Answers",
    "mentions": "Mentions",
    "automatic": "Automatic",
    "bounces": "Bounces",
    "stops": "Opt-outs",
    "deeds": "Meetings",
}


@router.get("/replies")
def listed(
    request: Request, viewer: Signed, installation: Opened, kind: str = "", after: str = ""
) -> Response:
    """The page; who opens its newest has seen what there is."""
    now, chosen = utc_now(), kind if kind in TABS else ""
    values = contents(installation, viewer, chosen, after)
    with installation.store.reading() as session:
        seen = seen_at(session, viewer, now)
    if not chosen and not after and any(row.at > seen for row in values["rows"]):
        installation.store.write(lambda session: _mark_seen(session, viewer, now))
    return page(request, viewer, "replies.html", block="list", now=now, seen=seen, said="", **values)


@router.post("/replies/{engagement_id}/classify")
def classify(
    request: Request,
    viewer: Signed,
    installation: Opened,
    aftermath: Aftermath,
    engagement_id: int,
    to: Annotated[str, Form(max_length=40)],
    kind: Annotated[str, Form(max_length=40)] = "",
    after: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Read an answer otherwise, with all that follows from it."""
    now, chosen = utc_now(), kind if kind in TABS else ""
    hx = "hx-request" in request.headers
    status, problem, sentence = 200, "", ""
    try:
        sentence = installation.store.write(
            lambda session: corrected(session, aftermath, viewer, engagement_id, to, now)
        )
    except NotCorrectedError as error:
        if not hx:
            raise NotNowError(str(error)) from None
        status, problem = 409, str(error)
    if not hx:
        # What was done shows in the row itself, with its undo.
        return RedirectResponse(f"/replies{f'?kind={chosen}' if chosen else ''}#reply-{engagement_id}", 303)
    values = contents(installation, viewer, chosen, after)
    values |= {"said": sentence, "problem": problem, "seen": now}
    return page(request, viewer, "replies.html", block="list", status=status, now=now, **values)


@router.post("/replies/{engagement_id}/answer")
def answer(viewer: Signed, installation: Opened, aftermath: Aftermath, engagement_id: int) -> Response:
    """Open the card on which it is answered, made where there is none."""
    now = utc_now()

    def work(session: Session) -> int:
        engagement = engagement_of(session, viewer, engagement_id)
        return corrections.answer(session, aftermath, engagement, now)

    try:
        card_id = installation.store.write(work)
    except NotCorrectedError as error:
        raise NotNowError(str(error)) from None
    return RedirectResponse(f"/queue/{card_id}", 303)


def contents(installation: Installation, viewer: Viewer, chosen: str, after: str) -> dict[str, Any]:
    """What the page shows. One button is filled: to answer the newest that can be answered."""
    place = place_of(after) if after else None
    with installation.store.reading() as session:
        found = replies.page_of(session, viewer.scope, chosen, place)
    return {
        "rows": found.rows,
        "next": str(found.after) if found.after else "",
        "chosen": chosen,
        "after": after if place else "",
        "tabs": TABS,
        "labels": LABELS,
        "human": HUMAN,
        "problem": "",
        "first": next((row.id for row in found.rows if answerable(row)), None),
    }


def answerable(row: Reply) -> bool:
    """Whether a person wrote it, and it still stands."""
    return row.kind in HUMAN and not row.gone


def corrected(
    session: Session, aftermath: Consequences, viewer: Viewer, engagement_id: int, to: str, now: datetime
) -> str:
    """Read an answer in the viewer's scope otherwise; what came of it. Raises `NotThereError`,
    `NotCorrectedError`."""
    engagement = engagement_of(session, viewer, engagement_id)
    return corrections.correct(session, aftermath, engagement, to, viewer.name, viewer.id, now)


def engagement_of(session: Session, viewer: Viewer, engagement_id: int) -> Engagement:
    """The engagement, where it is an answer that the viewer may see. Raises `NotThereError`."""
    if not 0 < engagement_id < 2**31 or replies.one(session, viewer.scope, engagement_id) is None:
        raise NotThereError("There is no such reply. The list shows those that there are.")
    return session.get_one(Engagement, engagement_id, with_for_update=True)


def _mark_seen(session: Session, viewer: Viewer, now: datetime) -> None:
    user = session.get_one(User, viewer.id, with_for_update=True)
    user.preferences = {**user.preferences, SEEN: now.isoformat()}
