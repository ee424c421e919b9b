"""Who reached out to us and is nobody's prospect yet."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector.enrolment import enrol_stranger
from prospector.installation import utc_now
from prospector.models import HIGHEST_ID, Prospect
from prospector.prospects import strangers
from prospector.prospects.people import NotFoundError, TakenError
from prospector.prospects.strangers import Identity
from prospector.web.problems import NotNowError
from prospector.web.rendering import page
from prospector.web.viewer import Aftermath, Opened, Signed

SIZE = 30
router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=500)]
Asked = Annotated[str, Query(max_length=500)]
Id = Annotated[int, Query(ge=0, le=HIGHEST_ID)]


@router.get("/strangers")
def listed(
    request: Request,
    viewer: Signed,
    installation: Opened,
    before: Id = 0,
    taken: Id = 0,
    channel: Asked = "",
    actor: Asked = "",
) -> Response:
    """The list; `taken` names the person who was just made one, `channel` and `actor` who was just
    dismissed."""
    with installation.store.reading() as session:
        rows = strangers.listed(session, SIZE + 1, before or None)
        person = session.get(Prospect, taken) if taken else None
        gone = strangers.known(session, Identity(channel, actor)) if actor else None
        known = person if person is not None and viewer.scope.allows(person.owner_id) else None
    values: dict[str, Any] = {"rows": rows[:SIZE], "more": len(rows) > SIZE, "before": before}
    return page(request, viewer, "strangers.html", taken=known, dismissed=gone, **values)


@router.post("/strangers/take")
def take(
    viewer: Signed, installation: Opened, aftermath: Aftermath, channel: Text = "", actor: Text = ""
) -> Response:
    """Make somebody the viewer's prospect, with all that they did."""
    who, now = Identity(channel, actor), utc_now()
    try:
        taken = installation.store.write(
            lambda session: enrol_stranger(session, aftermath, who, viewer.id, installation.looking, now).id
        )
    except (NotFoundError, TakenError) as error:
        raise NotNowError(str(error)) from None
    return RedirectResponse(f"/strangers?{urlencode({'taken': taken})}", 303)


@router.post("/strangers/dismiss")
def dismiss(
    viewer: Signed,
    installation: Opened,
    channel: Text = "",
    actor: Text = "",
    newest: Annotated[int, Form(ge=0, le=HIGHEST_ID)] = 0,
) -> Response:
    """Show somebody no more until they do something after `newest`."""
    who, now = Identity(channel, actor), utc_now()

    def work(session: Session) -> None:
        known = strangers.known(session, who)
        if known is None:
            raise NotNowError("Nobody is waiting there any more.")
        # A number beyond what there is would hide what they do next, from everybody.
        strangers.dismiss(session, who, min(newest, known.newest), viewer.id, now)

    installation.store.write(work)
    return RedirectResponse(f"/strangers?{urlencode({'channel': channel, 'actor': actor})}", 303)


@router.post("/strangers/restore")
def restore(viewer: Signed, installation: Opened, channel: Text = "", actor: Text = "") -> Response:
    """Take a dismissal back."""
    installation.store.write(lambda session: strangers.restore(session, Identity(channel, actor)))
    return RedirectResponse("/strangers", 303)
