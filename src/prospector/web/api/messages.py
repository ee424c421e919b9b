"""Drafts and the outbox over the API: what waits, and a person's word on each message."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, StringConstraints
from sqlmodel import Session

from prospector.installation import utc_now
from prospector.outreach import listing, outbox, pending
from prospector.queue import decisions, holds
from prospector.queue.means import Decided
from prospector.web.api import ANSWERS
from prospector.web.api.cards import Problem, Told, write
from prospector.web.problems import NotNowError
from prospector.web.viewer import Equipped, Opened, Signed

router = APIRouter(prefix="/api", tags=["messages"], responses=ANSWERS)
MessageId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Line = Annotated[str, StringConstraints(max_length=500)]


class Draft(BaseModel):
    """A draft, as in `prospector drafts --json`."""

    id: int
    to: str | None
    action: str
    subject: str
    body: str
    problems: list[Problem]


class Outgoing(BaseModel):
    """A message of the outbox, as in `prospector outbox --json`."""

    id: int
    to: str | None
    action: str
    state: str
    why: str
    send_at: datetime | None
    sent_at: datetime | None


class Yes(BaseModel):
    """An approval, with the approver's own words where they are given; `despite` says why it goes out
    although one of us has just written."""

    subject: Line | None = None
    body: Text | None = None
    despite: Line | None = None


@router.get("/drafts")
def drafts(
    viewer: Signed,
    installation: Opened,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[Draft]:
    """The drafts that wait, the oldest first; `after` is the last id of the page before."""
    with installation.store.reading() as session:
        found = pending.drafts_of(session, viewer.scope, after, limit)
        return [Draft(**pending.as_json(*one)) for one in found]


@router.get("/outbox")
def outgoing(
    viewer: Signed,
    installation: Opened,
    means: Equipped,
    limit: Annotated[int, Query(ge=1, le=200)] = 200,
) -> list[Outgoing]:
    """What waits and why, and what came of the rest."""
    reader = listing.Reader(means.settings, means.desk, utc_now(), viewer.scope)
    with installation.store.reading() as session:
        return [Outgoing(**listing.as_json(row)) for row in listing.all_of_it(session, reader, limit)]


@router.post("/messages/{message_id}/approve")
def approve(message_id: MessageId, yes: Yes, viewer: Signed, installation: Opened, means: Equipped) -> Told:
    """Put it into the outbox; again, it changes nothing. 409 where it is out of date or has to be
    mended, 422 (`despite`) where a reason is needed."""
    now = utc_now()
    return write(
        installation,
        lambda s: decisions.approve(s, means, viewer, message_id, now, yes.subject, yes.body, yes.despite),
    )


@router.post("/messages/{message_id}/discard")
def discard(message_id: MessageId, viewer: Signed, installation: Opened) -> Told:
    """Take a draft or an approved message back for good; 409 once it has left."""
    now = utc_now()

    def work(session: Session) -> Decided:
        message = holds.message_of(session, viewer, message_id, now)
        if message.state == "unknown":  # it may have arrived: to write anew must not be a matter of course
            raise outbox.NotPossibleError(
                "Nobody knows whether it was sent; say in the outbox what you know."
            )
        outbox.discard(session, message, f"discarded by {viewer.name}")
        return Decided(message.card_id, "Discarded", message.id, "discarded")

    try:
        return write(installation, work)
    except outbox.NotPossibleError as error:
        raise NotNowError(str(error)) from None


@router.post("/messages/{message_id}/sent")
def sent(message_id: MessageId, viewer: Signed, installation: Opened, means: Equipped) -> Told:
    """Say that one did by hand what software may not; only then it counts as sent."""
    now = utc_now()
    return write(installation, lambda s: decisions.posted(s, means, viewer, message_id, now))
