"""The review of a campaign over the API: causes and counts, and the same decisions as on its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from prospector.campaigns import batches
from prospector.campaigns.batches import BatchError
from prospector.campaigns.fills import FillError
from prospector.web import review_acts
from prospector.web.api import ANSWERS
from prospector.web.campaign_asked import About, Asked
from prospector.web.problems import InvalidError, NotNowError
from prospector.web.review_acts import Done, Whom

router = APIRouter(prefix="/api/campaigns", tags=["campaigns"], responses=ANSWERS)
Key = Annotated[str, StringConstraints(max_length=300)]
Value = Annotated[str, StringConstraints(max_length=200)]
Recipients = Annotated[list[Annotated[int, Field(ge=1, le=2**31 - 1)]], Field(max_length=2_000)]


class Cause(BaseModel):
    """What stands between people and their approval; `key` names it in the other calls."""

    key: str
    level: str
    title: str
    people: int
    about: str
    fact: str
    suggested: int
    fixes: list[str]


class Review(BaseModel):
    """The parts of `counts` sum to its `all`; `waiting` have no drafts yet."""

    counts: dict[str, int]
    waiting: int
    skipped: int
    fallbacks: dict[str, str]
    causes: list[Cause]


class Left(BaseModel):
    """Somebody who was left as they were, and why."""

    name: str
    why: str


class Outcome(BaseModel):
    """What a decision came to so far; until `finished` the rest is being done."""

    run: int
    people: int
    done: int
    changed: int
    left: int
    some_of_the_left: list[Left]
    finished: bool


class Yes(BaseModel):
    """Whom to approve: all who are ready, or of these recipients those who are; with `accepted` those
    whose only trouble is that warning."""

    recipients: Recipients = []
    accepted: Key = ""


class No(BaseModel):
    """Whom to leave out: these recipients, or everybody with this cause."""

    recipients: Recipients = []
    cause: Key = ""


class Mending(BaseModel):
    """What to fill in for everybody with a cause; without a value, what is suggested for each."""

    cause: Key
    value: Value = ""


@router.get("/{campaign_id}/review")
def review(about: About) -> Review:
    """Causes and counts."""
    found = about.read(lambda session, _: review_acts.read(session, about))
    causes = [
        Cause(
            key=one.key,
            level=one.level,
            title=one.title,
            people=one.people,
            about=one.about,
            fact=one.path,
            suggested=one.suggested,
            fixes=list(one.fixes),
        )
        for one in found.causes()
    ]
    return Review(
        counts=dict(found.counts()),
        waiting=found.waiting,
        skipped=found.skipped,
        fallbacks=dict(found.fallbacks),
        causes=causes,
    )


@router.post("/{campaign_id}/approve")
def approve(about: About, yes: Yes) -> Outcome:
    """Approve those who are ready; whoever has an error or a warning is left, and told."""
    whom = Whom(tuple(yes.recipients), yes.accepted)
    return _outcome(about, lambda: review_acts.approve_some(about, whom, yes.accepted))


@router.post("/{campaign_id}/skip")
def skip(about: About, no: No) -> Outcome:
    """Leave people out."""
    return _outcome(about, lambda: review_acts.skip_some(about, Whom(tuple(no.recipients), no.cause)))


@router.post("/{campaign_id}/fill")
def fill(about: About, mending: Mending) -> Outcome:
    """Write down what is missing; the drafts are made anew."""
    return _outcome(about, lambda: review_acts.fill_all(about, mending.cause, mending.value))


def _outcome(about: Asked, work: Callable[[], Done]) -> Outcome:
    try:
        done = work()
    except BatchError as error:
        raise NotNowError(str(error)) from None
    except FillError as error:
        raise InvalidError(str(error), {"value": str(error)}) from None
    review_acts.carry_out(about, done.run_id)
    run = about.read(lambda session, _: batches.progress(session, done.run_id))
    return Outcome(
        run=run.run_id,
        people=run.people,
        done=run.done,
        changed=run.changed,
        left=run.left_number,
        some_of_the_left=[Left(name=name, why=why) for name, why in run.left],
        finished=run.finished,
    )
