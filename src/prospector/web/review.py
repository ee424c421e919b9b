"""The review of a campaign: causes with their fixes, everybody's drafts, and the yes to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Response
from fastapi.responses import RedirectResponse

from prospector.campaigns import fills
from prospector.campaigns.batches import BatchError
from prospector.campaigns.fills import FillError
from prospector.models import HIGHEST_ID
from prospector.outreach import outbox
from prospector.queue.touches import is_reason
from prospector.web import review_page
from prospector.web.campaign_asked import About, Asked
from prospector.web.problems import InvalidError, NotNowError
from prospector.web.review_acts import (
    Done,
    Whom,
    approve_some,
    decide,
    fall_back,
    fill_all,
    skip_some,
    undo_run,
)
from prospector.web.review_page import View, view_of

router = APIRouter(include_in_schema=False)
Looking = Annotated[View, Depends(view_of)]
RecipientId = Annotated[int, Path(ge=1, le=HIGHEST_ID)]
RunId = Annotated[int, Path(ge=1, le=HIGHEST_ID)]
Line = Annotated[str, Form(max_length=500)]
Text = Annotated[str, Form(max_length=20_000)]
Ids = Annotated[list[int], Form(default_factory=list, max_length=2_000)]


@router.get("/m/{campaign_id}/review")
def review(about: About, view: Looking, run: Annotated[int, Query(ge=0, le=HIGHEST_ID)] = 0) -> Response:
    """The page: causes, rows, one person; `run` is what was just done, to be told and taken back."""
    return review_page.whole(about, view, run)


@router.get("/m/{campaign_id}/review/problem")
def problem(about: About, view: Looking, after: Annotated[int, Query(ge=0, le=HIGHEST_ID)] = 0) -> Response:
    """The next person to fix behind this one."""
    found = review_page.next_problem(about, after)
    if about.request.headers.get("hx-request") is None:
        return about.back("/review", **view.query(open=str(found) if found else ""))
    return review_page.person(about, view, found) if found else Response(status_code=204)


@router.get("/m/{campaign_id}/review/runs/{run_id}/progress")
def progress(about: About, view: Looking, run_id: RunId) -> Response:
    """How far a run is; the page asks until it is done."""
    return review_page.progress(about, view, run_id)


@router.get("/m/{campaign_id}/review/{recipient_id}")
def person(about: About, view: Looking, recipient_id: RecipientId) -> Response:
    """One person with their series."""
    return review_page.person(about, view, recipient_id)


# --- one person ---------------------------------------------------------------------------------


@router.post("/m/{campaign_id}/review/{recipient_id}/fill")
def fill(
    about: About,
    view: Looking,
    recipient_id: RecipientId,
    path: Annotated[list[str], Form(default_factory=list, max_length=20)],
    value: Annotated[list[str], Form(default_factory=list, max_length=20)],
) -> Response:
    """Write down what is missing; the drafts are made anew."""
    try:
        given = {one: fills.checked(one, text) for one, text in zip(path, value, strict=True) if text.strip()}
        if not given:
            raise FillError("Write something into the field first.")
    except (FillError, ValueError) as error:
        return _wrong(about, view, recipient_id, str(error))
    return _one(about, view, recipient_id, lambda whom: decide(about, "fill", whom, {}, {"values": given}))


@router.post("/m/{campaign_id}/review/{recipient_id}/fallback")
def fallback(
    about: About, view: Looking, recipient_id: RecipientId, path: Line = "", value: Line = ""
) -> Response:
    """Let a text stand for the fact where it is missing, in everybody's drafts."""
    try:
        return _answer(about, view, lambda: fall_back(about, path, value), recipient_id)
    except FillError as error:
        return _wrong(about, view, recipient_id, str(error))


@router.post("/m/{campaign_id}/review/{recipient_id}/approve")
def approve(about: About, view: Looking, recipient_id: RecipientId, despite: Line = "") -> Response:
    """Approve the whole series of one person, warnings and all: this is the click that they need."""
    if review_page.asks_why(about, recipient_id) and not is_reason(despite):
        return _wrong(about, view, recipient_id, "Say in a few words why you write all the same.")
    given = {"despite": despite.strip() or None, "accepted": "*"}
    return _one(about, view, recipient_id, lambda whom: decide(about, "approve", whom, given))


@router.post("/m/{campaign_id}/review/{recipient_id}/skip")
def skip(about: About, view: Looking, recipient_id: RecipientId) -> Response:
    """Leave one person out."""
    given = {"why": f"by {about.viewer.name}"}
    return _one(about, view, recipient_id, lambda whom: decide(about, "skip", whom, given))


@router.post("/m/{campaign_id}/review/{recipient_id}/text")
def text(
    about: About,
    view: Looking,
    recipient_id: RecipientId,
    message: Annotated[int, Form(ge=1, le=HIGHEST_ID)],
    subject: Line = "",
    body: Text = "",
) -> Response:
    """One's own words in place of a draft's."""
    try:
        review_page.rewrite(about, recipient_id, message, subject, body.replace("\r\n", "\n"))
    except outbox.NotPossibleError as error:
        return _wrong(about, view, recipient_id, str(error), 409)
    return _answer(about, view, lambda: Done(words="Your text is kept"), recipient_id)


# --- many ---------------------------------------------------------------------------------------


@router.post("/m/{campaign_id}/review/approve")
def approve_many(
    about: About,
    view: Looking,
    ids: Ids,
    cause: Line = "",
    step: Annotated[int, Form(ge=0, le=9)] = 0,
    shape: Line = "",
    accepted: Line = "",
) -> Response:
    """Approve all that are ready, of these people or this group; with `accepted`, those whose only
    trouble is that warning."""
    whom = Whom(tuple(ids), accepted or cause, step, shape)
    return _answer(about, view, lambda: approve_some(about, whom, accepted))


@router.post("/m/{campaign_id}/review/skip")
def skip_many(about: About, view: Looking, ids: Ids, cause: Line = "") -> Response:
    """Leave out everybody with a cause, or these people."""
    return _answer(about, view, lambda: skip_some(about, Whom(tuple(ids), cause)))


@router.post("/m/{campaign_id}/review/fill")
def fill_many(about: About, view: Looking, cause: Line = "", value: Line = "") -> Response:
    """Mend a cause: one value for everybody who has it, or for each what is suggested."""
    return _answer(about, view, lambda: fill_all(about, cause, value))


@router.post("/m/{campaign_id}/review/fallback")
def fallback_many(about: About, view: Looking, cause: Line = "", value: Line = "") -> Response:
    """Mend a cause by a text that stands for the missing fact."""
    path = cause.removeprefix("missing:")
    return _answer(about, view, lambda: fall_back(about, path, value))


@router.post("/m/{campaign_id}/review/undo")
def undo(about: About, view: Looking, run: Annotated[int, Form(ge=1, le=HIGHEST_ID)]) -> Response:
    """Take a run back, as far as nothing of it has left."""
    return _answer(about, view, lambda: undo_run(about, run))


def _one(about: Asked, view: View, recipient_id: int, work: Callable[[Sequence[int]], Done]) -> Response:
    prospect_id = review_page.prospect_of(about, recipient_id)
    return _answer(about, view, lambda: work([prospect_id]), recipient_id)


def _answer(about: Asked, view: View, work: Callable[[], Done], recipient_id: int = 0) -> Response:
    """Do it; then the parts of the page that have changed, or the page again."""
    try:
        done = work()
    except BatchError as error:
        raise NotNowError(str(error)) from None
    except FillError as error:
        if recipient_id:
            raise
        raise InvalidError(str(error), {"value": str(error)}) from None
    if "hx-request" in about.request.headers:
        shown = recipient_id or view.open  # what changes many may have changed whoever is open
        return review_page.after(about, view, done, shown, whole=not recipient_id, carry=True)
    asked: Mapping[str, Any] = view.query(
        open=str(recipient_id or view.open or ""), run=str(done.run_id or "")
    )
    back = RedirectResponse(about.path("/review") + (f"?{urlencode(asked)}" if asked else ""), 303)
    return review_page.carrying(about, done, back)


def _wrong(about: Asked, view: View, recipient_id: int, sentence: str, status: int = 422) -> Response:
    """The form of a person again, with what is wrong beside the field."""
    return review_page.person(about, view, recipient_id, wrong=sentence, status=status)
