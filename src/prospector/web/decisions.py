"""Each decision about a card: a form that leads on to the next card, or JSON for the page's script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse
from sqlmodel import Session

from prospector.installation import Installation, utc_now
from prospector.outreach.approval import AskFirstError, NotApprovedError
from prospector.queue import decisions, holds
from prospector.queue import session as days
from prospector.queue.day import CardError, NoCardError
from prospector.queue.means import Decided, Means
from prospector.queue.snoozing import UnknownChoiceError
from prospector.web.problems import InvalidError, NotNowError, NotThereError, Problem
from prospector.web.queue import after, by_script, shown
from prospector.web.viewer import Equipped, Opened, Signed, Viewer

T = TypeVar("T")
router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=20_000)]
Line = Annotated[str | None, Form(max_length=500)]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about one card, with all that deciding it takes."""

    request: Request
    viewer: Viewer
    installation: Installation
    means: Means
    card_id: int
    now: datetime

    def write(self, work: Callable[[Session], T]) -> T:
        with told():
            return self.installation.store.write(work)


def asked(request: Request, viewer: Signed, installation: Opened, means: Equipped, card_id: int) -> Asked:
    return Asked(request, viewer, installation, means, card_id, utc_now())


About = Annotated[Asked, Depends(asked)]


@contextmanager
def told() -> Iterator[None]:
    """What the queue refuses, as the answer to a request."""
    try:
        yield
    except NoCardError as error:
        raise NotThereError(str(error)) from None
    except AskFirstError as error:
        raise InvalidError(str(error), {"despite": str(error)}) from None
    except UnknownChoiceError as error:
        raise InvalidError(str(error)) from None
    except (CardError, NotApprovedError) as error:
        raise NotNowError(str(error)) from None


@router.post("/queue/{card_id}/approve")
def approve(
    about: About,
    message: Annotated[int, Form()],
    subject: Line = None,
    body: Annotated[str | None, Form(max_length=20_000)] = None,
    despite: Line = None,
) -> Response:
    """The text goes to the outbox; by hand, it has been copied, and the card stays."""
    edited = {"subject": subject, "body": _unix(body), "despite": (despite or "").strip() or None}
    return _decide(
        about, lambda s: decisions.approve(s, about.means, about.viewer, message, about.now, **edited)
    )


@router.post("/queue/{card_id}/posted")
def posted(about: About, message: Annotated[int, Form()]) -> Response:
    """They say that they have done by hand what the text was for."""
    return _decide(about, lambda s: decisions.posted(s, about.means, about.viewer, message, about.now))


@router.post("/queue/{card_id}/done")
def done(about: About) -> Response:
    return _decide(about, lambda s: decisions.done(s, about.means, about.viewer, about.card_id, about.now))


@router.post("/queue/{card_id}/dismiss")
def dismiss(about: About, why: Line = None) -> Response:
    return _decide(
        about, lambda s: decisions.dismiss(s, about.means, about.viewer, about.card_id, about.now, why=why)
    )


@router.post("/queue/{card_id}/why")
def why(about: About, why: Annotated[str, Form(max_length=100)]) -> Response:
    """The reason of a dismissal, a moment after it."""
    about.write(lambda s: decisions.say_why(s, about.viewer, about.card_id, why, about.now))
    return _stay(about, f"Dismissed: {why}")


@router.post("/queue/{card_id}/snooze")
def snooze(about: About, choice: Annotated[str, Form(max_length=20)]) -> Response:
    return _decide(
        about, lambda s: decisions.snooze(s, about.means, about.viewer, about.card_id, choice, about.now)
    )


@router.post("/queue/{card_id}/like")
def like(about: About, and_done: Annotated[bool, Form()] = False) -> Response:
    def work(session: Session) -> Decided:
        return decisions.like(session, about.means, about.viewer, about.card_id, about.now, and_done=and_done)

    return _decide(about, work) if and_done else _stay(about, about.write(work))


@router.post("/queue/{card_id}/reopen")
def reopen(about: About) -> Response:
    """Take the last decision back, as long as nothing has left."""
    return _stay(
        about, about.write(lambda s: decisions.reopen(s, about.means, about.viewer, about.card_id, about.now))
    )


@router.post("/queue/{card_id}/draft")
def draft(about: About, step: Annotated[int, Form(ge=-1, le=1)] = 0) -> Response:
    """A new draft with the facts of now, or the next or previous template's."""
    about.write(
        lambda s: decisions.another(s, about.means, about.viewer, about.card_id, about.now, step=step)
    )
    return _again(about)


@router.post("/queue/{card_id}/text")
def text(about: About, message: Annotated[int, Form()], body: Text, subject: Line = None) -> Response:
    """Keep an edited text as the draft that it is; its problems are told anew."""
    about.write(
        lambda s: decisions.rewrite(
            s, about.means, about.viewer, message, subject or "", _unix(body) or "", about.now
        )
    )
    return _again(about)


@router.post("/queue/{card_id}/stand-by")
def stand_by(about: About, message: Annotated[int, Form()]) -> Response:
    """They have read what has changed, and the text holds all the same."""
    about.write(lambda s: decisions.stand_by(s, about.means, about.viewer, message, about.now))
    return _again(about)


@router.post("/queue/{card_id}/note")
def note(about: About, text: Text) -> Response:
    about.write(
        lambda s: decisions.note(s, about.means, about.viewer, about.card_id, _unix(text) or "", about.now)
    )
    return _stay(about, "Note kept")


@router.post("/queue/{card_id}/stage")
def stage(about: About, to: Annotated[str, Form(max_length=100)]) -> Response:
    about.write(lambda s: decisions.stage(s, about.means, about.viewer, about.card_id, to, about.now))
    return _again(about)


@router.post("/queue/{card_id}/unstage")
def unstage(about: About) -> Response:
    about.write(lambda s: decisions.unstage(s, about.means, about.viewer, about.card_id, about.now))
    return _again(about)


@router.post("/queue/{card_id}/hold")
def hold(about: About, leaving: Annotated[int | None, Form()] = None) -> Response:
    """It is open before somebody: the others see that, for a while. `leaving` is the one before."""
    length = about.installation.settings.file.queue.hold

    def work(session: Session) -> holds.Hold | None:
        if leaving is not None:
            holds.release(session, about.viewer, leaving)
        return holds.open_card(session, about.viewer, about.card_id, length, about.now)

    held = about.write(work)
    if not by_script(about.request):
        return _redirect(about.card_id)
    return JSONResponse({"mine": held is None or held.mine})


@router.post("/queue/{card_id}/take-over")
def take_over(about: About) -> Response:
    length = about.installation.settings.file.queue.hold
    about.write(lambda s: holds.take_over(s, about.viewer, about.card_id, length, about.now))
    return _again(about)


def _decide(about: Asked, work: Callable[[Session], Decided]) -> Response:
    """Do it and lead on: to the next card, or back to this one where it could not be done."""
    following = None if by_script(about.request) else after(_today(about), about.card_id)
    try:
        decided = about.write(work)
    except Problem as problem:
        if by_script(about.request) or isinstance(problem, NotThereError):
            raise
        return _refused(about, problem)
    if by_script(about.request):
        return _told(decided)
    stays = about.card_id in _today(about)
    return _redirect(about.card_id if stays else following, decided=None if stays else about.card_id)


def _today(about: Asked) -> tuple[int, ...]:
    with about.installation.store.reading() as session:
        return days.today(session, about.viewer, about.now)


def _stay(about: Asked, said: Decided | str) -> Response:
    if not by_script(about.request):
        return _redirect(about.card_id)
    return _told(said) if isinstance(said, Decided) else JSONResponse({"words": said})


def _told(decided: Decided) -> Response:
    return JSONResponse(jsonable_encoder(asdict(decided)))


def _again(about: Asked) -> Response:
    """The card as it is now."""
    if not by_script(about.request):
        return _redirect(about.card_id)
    return shown(about.request, about.viewer, about.installation, about.means, about.card_id)


def _refused(about: Asked, problem: Problem) -> Response:
    given: dict[str, Any] = {"problem": problem.sentence, "status": problem.status}
    return shown(about.request, about.viewer, about.installation, about.means, about.card_id, **given)


def _redirect(card_id: int | None, decided: int | None = None) -> Response:
    query = f"?{urlencode({'decided': decided})}" if decided is not None else ""
    return RedirectResponse(f"/queue/{card_id}{query}" if card_id is not None else f"/queue{query}", 303)


def _unix(text: str | None) -> str | None:
    """Forms send a line's end as two characters (WHATWG HTML, form submission)."""
    return text.replace("\r\n", "\n") if text is not None else None
