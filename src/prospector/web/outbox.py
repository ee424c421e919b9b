"""The outbox: everything approved and not gone, each with one reason and a time, and what one can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector.consequences import Consequences
from prospector.installation import Installation, utc_now
from prospector.models import Card, Message
from prospector.outreach import interventions, listing
from prospector.outreach.listing import PAGE, Reader
from prospector.outreach.outbox import NotPossibleError
from prospector.outreach.place import place_of
from prospector.queue import day, decisions, undo
from prospector.queue.day import CardError
from prospector.queue.means import Means
from prospector.web import shell
from prospector.web.problems import NotNowError, NotThereError
from prospector.web.rendering import page
from prospector.web.viewer import Aftermath, Equipped, Opened, Signed, Viewer

router = APIRouter(include_in_schema=False)

SAID: Mapping[str, str] = {
    "cancel": "Taken back. It is a draft again, and its card is in the queue.",
    "now": "The hold is skipped. The hours for mail, the cap and the gap between two mails stay.",
    "arrived": "Noted: it arrived.",
    "again": "Approved again: it leaves with the next.",
    "leave": "Left as it is. It is not sent again.",
    "sent": "Noted: you did it.",
}
ADVICE: Mapping[str, str] = {
    "suppressed": "It will never leave. Cancel it.",
    "law": "Note a consent with its evidence on the person’s page, or cancel it.",
    "stale": "Cancel it: the card makes a new draft with the facts of now.",
    "archived": "Cancel it, or bring the person back from the archive.",
    "no-account": "Put the account back into config.toml, or cancel it.",
}
STUCK = frozenset(ADVICE)


@router.get("/outbox")
def outbox(
    request: Request,
    viewer: Signed,
    installation: Opened,
    means: Equipped,
    after: str = "",
    said: str = "",
) -> Response:
    """The page, or the next page of what waits."""
    now = utc_now()
    values = contents(installation, viewer, means, now, after)
    return page(request, viewer, "outbox.html", block="list", now=now, said=SAID.get(said, ""), **values)


@dataclass(frozen=True)
class Asked:
    """What every act is done with: who asks, for which message, at what time."""

    request: Request
    viewer: Viewer
    installation: Installation
    means: Means
    aftermath: Consequences
    message_id: int
    now: datetime


def asked(
    request: Request,
    viewer: Signed,
    installation: Opened,
    means: Equipped,
    aftermath: Aftermath,
    message_id: int,
) -> Asked:
    return Asked(request, viewer, installation, means, aftermath, message_id, utc_now())


About = Annotated[Asked, Depends(asked)]


@router.post("/outbox/{message_id}/cancel")
def cancel(about: About) -> Response:
    """Back to draft, its card back in the queue."""
    return _act(about, "cancel", lambda session, message: _cancel(session, about, message))


@router.post("/outbox/{message_id}/now")
def now_(about: About) -> Response:
    """Skip the hold, and nothing else."""
    return _act(about, "now", lambda session, message: interventions.hurry(session, message, about.now))


@router.post("/outbox/{message_id}/arrived")
def arrived(about: About) -> Response:
    """Of a message in doubt: it arrived."""

    def work(session: Session, message: Message) -> None:
        who = about.viewer
        interventions.arrived(session, about.aftermath, message, who.name, who.id, about.now)

    return _act(about, "arrived", work)


@router.post("/outbox/{message_id}/again")
def again(about: About) -> Response:
    """Of a message in doubt: it did not arrive, and goes out again."""

    def work(session: Session, message: Message) -> None:
        interventions.send_again(session, message, about.viewer.id, about.now)

    return _act(about, "again", work)


@router.post("/outbox/{message_id}/leave")
def leave(about: About) -> Response:
    """Of a message in doubt or refused: off the list, and never sent again."""

    def work(session: Session, message: Message) -> None:
        interventions.leave(session, message, about.viewer.name, about.viewer.id, about.now)

    return _act(about, "leave", work)


@router.post("/outbox/{message_id}/sent")
def sent(about: About) -> Response:
    """Of a message for a person to do: they did it."""

    def work(session: Session, message: Message) -> None:
        decisions.posted(session, about.means, about.viewer, message.id, about.now)

    return _act(about, "sent", work)


def contents(
    installation: Installation, viewer: Viewer, means: Means, now: datetime, after: str = ""
) -> dict[str, Any]:
    """What the page shows; of a later page only what waits."""
    reader = Reader(means.settings, means.desk, now, viewer.scope)
    place = place_of(after)
    with installation.store.reading() as session:
        waits = listing.waits(session, reader, place)
        first = place is None
        return {
            "waits": waits[:PAGE],
            "after": waits[PAGE - 1].place if len(waits) > PAGE else "",
            "first": first,
            "trouble": listing.trouble(session, reader) if first else [],
            "hand": listing.by_hand(session, reader) if first else [],
            "under_way": listing.under_way(session, reader) if first else [],
            "sent": listing.sent(session, reader) if first else [],
            "mails": shell.mails_of(session, installation, now),
            "window": means.settings.file.outreach.window,
            "advice": ADVICE,
        }


def _act(about: Asked, name: str, work: Callable[[Session, Message], object]) -> Response:
    """Do it for a message in the viewer's scope; then the list again, or the page."""
    request, viewer, now = about.request, about.viewer, about.now
    try:
        about.installation.store.write(
            lambda session: work(session, message_of(session, about.means, viewer, about.message_id))
        )
    except (NotPossibleError, CardError) as error:
        if "hx-request" not in request.headers:
            raise NotNowError(str(error)) from None
        values = contents(about.installation, viewer, about.means, now)
        return page(
            request, viewer, "outbox.html", block="list", status=409, said="", problem=str(error), **values
        )
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/outbox?said={name}", 303)
    values = contents(about.installation, viewer, about.means, now)
    return page(request, viewer, "outbox.html", block="list", now=now, said=SAID[name], **values)


def message_of(session: Session, means: Means, viewer: Viewer, message_id: int) -> Message:
    """The message, where the viewer may see it. Raises `NotThereError`."""
    reader = Reader(means.settings, means.desk, utc_now(), viewer.scope)
    if listing.one(session, reader, message_id) is None:
        raise NotThereError("There is no such message. The outbox lists those that wait.")
    return session.get_one(Message, message_id)


def _cancel(session: Session, about: Asked, message: Message) -> None:
    """By the card's last decision where that was this approval, so that all of it comes back."""
    card = session.get(Card, message.card_id) if message.card_id is not None else None
    if card is not None and card.state == "done" and card.decided_why == day.APPROVED:
        try:
            undo.reopen(session, about.means, about.viewer, card.id, about.now)
        except undo.AlreadySentError:
            raise
        except CardError:
            pass  # decided before decisions could be taken back
        session.refresh(message)
    if message.state != "draft":
        interventions.recall(session, message)
