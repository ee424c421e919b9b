"""People entered twice, and people kept too long, over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from prospector import merge_plan, merges, parting
from prospector.enrolment import won_stages
from prospector.installation import utc_now
from prospector.merge_plan import MergeError
from prospector.prospects import duplicates as doubles
from prospector.prospects import retention
from prospector.web.api import ANSWERS
from prospector.web.problems import NotNowError
from prospector.web.viewer import Aftermath, Opened, Signed

router = APIRouter(prefix="/api", tags=["prospects"], responses=ANSWERS)
Row = Annotated[int, Field(ge=1, lt=2**31)]
After = Annotated[int, Query(ge=0, lt=2**31)]


class Pair(BaseModel):
    """Two rows that may be one person, as in `prospector duplicates --json`."""

    keep: int
    merge: int
    names: list[str]
    emails: list[str | None]
    strength: int
    reasons: list[str]


class Duplicates(BaseModel):
    """The pairs of one part of the people; `next` is the `after` of the next part."""

    pairs: list[Pair]
    next: int | None


class Two(BaseModel):
    """Who lives on, and who is the same person once more; `dry_run`: only say what goes where."""

    keep: Row
    merge: Row
    dry_run: bool = False


class Merged(BaseModel):
    """What a merge does, as in `prospector merge --json`; `run` is null where it was not done."""

    keep: int
    merge: int
    names: list[str]
    moving: dict[str, int]
    filled: dict[str, Any]
    differ: dict[str, list[Any]]
    second_address: str | None
    taken_back: list[int]
    campaigns: list[dict[str, str]]
    cards: str
    suppressed: str | None
    run: int | None


class Parted(BaseModel):
    """Two people again; `left` says what is not as it was."""

    keep: int
    merge: int
    restored: int
    left: list[str]


class Kept(BaseModel):
    """Somebody of whom nothing was heard, as in `prospector person retention --json`."""

    id: int
    name: str
    email: str | None
    company: str | None
    stage: str
    source: str | None
    since: datetime
    last: datetime | None


class Retained(BaseModel):
    """People who are kept too long; `next` is the `after` of the next part."""

    people: list[Kept]
    next: int | None


@router.get("/duplicates")
def duplicates(
    viewer: Signed, installation: Opened, after: After = 0, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> Duplicates:
    """People who were perhaps entered twice, the likeliest first."""
    with installation.store.reading() as session:
        found = doubles.duplicates(session, viewer.scope, limit, after)
    return Duplicates(pairs=[Pair(**pair.as_json()) for pair in found.pairs], next=found.next)


@router.post("/merges")
def merge(viewer: Signed, installation: Opened, aftermath: Aftermath, body: Two) -> Merged:
    """Merge two rows of one person; both histories are kept."""
    now = utc_now()
    try:
        with installation.store.reading() as session:
            planned = merge_plan.plan(session, body.keep, body.merge)
        run_id = None
        if not body.dry_run:
            run_id = installation.store.write(
                lambda session: merges.merge(session, aftermath, body.keep, body.merge, viewer.id, now)
            )
    except MergeError as error:
        raise NotNowError(str(error)) from None
    return Merged(**planned.as_json(), run=run_id)


@router.post("/merges/{merge_id}/undo")
def part(
    viewer: Signed, installation: Opened, aftermath: Aftermath, merge_id: Annotated[int, Path(ge=1, lt=2**31)]
) -> Parted:
    """Take a merge back; what somebody changed since stays, and is named."""
    now = utc_now()
    try:
        done = installation.store.write(lambda session: parting.take_back(session, aftermath, merge_id, now))
    except MergeError as error:
        raise NotNowError(str(error)) from None
    return Parted(keep=done.kept, merge=done.other, restored=done.restored, left=list(done.left))


@router.get("/retention")
def retained(
    viewer: Signed, installation: Opened, after: After = 0, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> Retained:
    """Of whom nothing was heard and nothing came for `keep_months`, the longest kept first."""
    with installation.store.reading() as session:
        since = retention.months_before(utc_now(), installation.settings.file.people.keep_months)
        found = retention.listed(session, viewer.scope, since, limit, after, won_stages(session))
    return Retained(people=[Kept(**one.as_json()) for one in found.people], next=found.next)
