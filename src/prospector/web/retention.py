"""Who is kept without a reason any more: the list, and erasing those whom somebody ticks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from sqlmodel import Session

from prospector import uploads
from prospector.casework import Casework
from prospector.enrolment import won_stages
from prospector.installation import Installation, utc_now
from prospector.models import HIGHEST_ID, Prospect
from prospector.overwriting import overwrite
from prospector.prospects import retention
from prospector.prospects.erasure import ErasureError
from prospector.web.rendering import page
from prospector.web.viewer import Aftermath, Opened, Signed, Viewer

SIZE = 50
router = APIRouter(include_in_schema=False)
Ids = Annotated[list[int], Form(default_factory=list, max_length=SIZE)]


@router.get("/retention")
def listed(
    request: Request,
    viewer: Signed,
    installation: Opened,
    after: Annotated[int, Query(ge=0, le=HIGHEST_ID)] = 0,
) -> Response:
    """Of whom nothing was heard for so many months, the longest kept first."""
    return _list(request, viewer, installation, after=after)


@router.post("/retention/erase")
def erase(
    request: Request,
    viewer: Signed,
    installation: Opened,
    aftermath: Aftermath,
    ids: Ids,
    number: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Erase the ticked people for good, once their number was typed."""
    chosen = [id_ for id_ in dict.fromkeys(ids) if 0 < id_ <= HIGHEST_ID]
    if not chosen:
        return _list(request, viewer, installation, wrong="Tick somebody first.", status=422)
    if number.strip() != str(len(chosen)):
        wrong = f"You ticked {len(chosen)}. Type that number to erase them: there is no way back."
        return _list(request, viewer, installation, wrong=wrong, ticked=chosen, status=422)
    case, gone, left = Casework(aftermath, viewer.id, viewer.name), 0, list[str]()
    for id_ in _still(installation, viewer, chosen):
        try:
            gone += installation.store.write(partial(_erase, case=case, id_=id_))
        except ErasureError as error:
            left.append(str(error))
    overwrite(installation.store)
    uploads.forget(installation.workspace.root)
    stayed = len(chosen) - gone
    return _list(request, viewer, installation, gone=gone, stayed=stayed, reasons=left)


def _still(installation: Installation, viewer: Viewer, ids: Sequence[int]) -> list[int]:
    """Those who are on the list at this moment: who has answered since stays."""
    with installation.store.reading() as session:
        since = retention.months_before(utc_now(), installation.settings.file.people.keep_months)
        return retention.still(session, viewer.scope, since, ids, won_stages(session))


def _erase(session: Session, case: Casework, id_: int) -> int:
    prospect = session.get(Prospect, id_)
    if prospect is None:
        return 0
    case.erase(session, prospect, utc_now())
    return 1


def _list(
    request: Request,
    viewer: Viewer,
    installation: Installation,
    *,
    after: int = 0,
    status: int = 200,
    **more: Any,
) -> Response:
    months = installation.settings.file.people.keep_months
    with installation.store.reading() as session:
        since = retention.months_before(utc_now(), months)
        found = retention.listed(session, viewer.scope, since, SIZE, after, won_stages(session))
    values: dict[str, Any] = {"wrong": "", "ticked": (), "gone": None, "stayed": 0, "reasons": ()} | more
    values |= {"people": found.people, "next": found.next, "after": after, "months": months}
    return page(request, viewer, "retention.html", status=status, **values)
