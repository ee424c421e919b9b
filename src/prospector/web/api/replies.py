"""Replies of all channels over the API, and reading one otherwise."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, StringConstraints

from prospector.installation import Installation, utc_now
from prospector.outreach import replies
from prospector.outreach.corrections import NotCorrectedError
from prospector.outreach.place import place_of
from prospector.web.api import ANSWERS
from prospector.web.problems import InvalidError, NotNowError, NotThereError
from prospector.web.replies import corrected
from prospector.web.viewer import Aftermath, Opened, Signed, Viewer

router = APIRouter(prefix="/api/replies", tags=["replies"], responses=ANSWERS)
Kind = Literal["answers", "mentions", "automatic", "bounces", "stops", "deeds"]


class Reply(BaseModel):
    """An answer. `on` is what it answers, `classified` how it was read in words and `then` what follows;
    `was` is the kind it had before somebody corrected it, `choices` what it can be read as instead."""

    id: int
    at: datetime
    prospect: int
    who: str
    kind: str
    channel: str
    text: str
    url: str | None
    on: str
    classified: str
    then: str
    was: str | None
    choices: list[str]


class Replies(BaseModel):
    """A page of answers, the newest first; `older` is the `after` of the next page. A page may be short
    and still have an older one."""

    replies: list[Reply]
    older: str | None


class Reading(BaseModel):
    """What an answer is to be read as: one of its `choices`."""

    to: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


@router.get("")
def listed(
    viewer: Signed,
    installation: Opened,
    kind: Kind | None = None,
    after: Annotated[str, Query(max_length=80)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = replies.PAGE,
) -> Replies:
    """The newest answers of the viewer's people."""
    place = place_of(after) if after else None
    if after and place is None:
        raise InvalidError("`after` is what a page gave as `older`.", {"after": "not a place"})
    with installation.store.reading() as session:
        found = replies.page_of(session, viewer.scope, kind or "", place, limit)
    rows = [Reply(**replies.as_json(row)) for row in found.rows]
    return Replies(replies=rows, older=str(found.after) if found.after else None)


@router.post("/{engagement_id}/classify")
def classify(
    engagement_id: Annotated[int, Path(ge=1, le=2**31 - 1)],
    reading: Reading,
    viewer: Signed,
    installation: Opened,
    aftermath: Aftermath,
) -> Reply:
    """Read an answer otherwise, with all that follows from it; the same call takes it back."""
    now = utc_now()
    try:
        installation.store.write(
            lambda session: corrected(session, aftermath, viewer, engagement_id, reading.to, now)
        )
    except NotCorrectedError as error:
        raise NotNowError(str(error)) from None
    return _one(installation, viewer, engagement_id)


def _one(installation: Installation, viewer: Viewer, engagement_id: int) -> Reply:
    with installation.store.reading() as session:
        found = replies.one(session, viewer.scope, engagement_id)
    if found is None:
        raise NotThereError("There is no such reply.")
    return Reply(**replies.as_json(found))
