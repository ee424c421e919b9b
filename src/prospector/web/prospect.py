"""One person: where they stand and why, what happened, where they are, and what we may do with them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector.discovery import NoProfileError, profile_at
from prospector.models import Move, Prospect
from prospector.prospects import hand, people, profiles
from prospector.store import by_id
from prospector.web import prospect_data, sheet
from prospector.web.asked import About, Asked, Short
from prospector.web.problems import NotNowError, NotThereError
from prospector.web.rendering import page

router = APIRouter(include_in_schema=False)
router.include_router(prospect_data.router)
Long = Annotated[str, Form(max_length=20_000)]
_EMPTY = {"text": "", "what": "note", "url": ""}
_EMPTY |= dict.fromkeys(("consent", "kind", "at", "evidence", "source", "relevance", "clear"), "")


@router.get("/p/{prospect_id}")
def person(
    about: About,
    show: str = "all",
    before: Annotated[str, Query(max_length=80)] = "",
    stage: Annotated[str, Query(max_length=100)] = "",
    moved: int | None = None,
) -> Response:
    """The page. `show` filters the timeline, `before` is where its older part begins, `stage` opens
    the proof of a stage, `moved` is a move by hand that was just made. Who was merged is elsewhere."""
    living = about.read(lambda session, prospect: people.living(session, prospect).id)
    if living != about.prospect_id:
        return RedirectResponse(f"/p/{living}", 303)
    return shown(about, show=show, before=before, stage=stage, moved=moved)


def shown(
    about: Asked,
    *,
    show: str = "all",
    before: str = "",
    stage: str = "",
    moved: int | None = None,
    status: int = 200,
    wrong: dict[str, str] | None = None,
    given: dict[str, str] | None = None,
) -> Response:
    """The page; with `wrong`, what could not be done is said beside its field."""
    with about.installation.store.reading() as session:
        prospect = about.person(session)
        values = sheet.of(session, about.installation, about.viewer, prospect, about.now)
        values |= sheet.timeline_of(session, [prospect.id], show, before)
        values |= sheet.proof_of(values["standing"], stage)
        last = hand.last_by_hand(session, prospect.id) if moved is not None else None
        values["moved"] = last if last is not None and last.id == moved else None
    values |= {"wrong": _EMPTY | (wrong or {}), "given": _EMPTY | (given or {})}
    return page(about.request, about.viewer, "prospect.html", status=status, now=about.now, **values)


@router.post("/p/{prospect_id}/note")
def note(about: About, text: Long = "", what: Short = "note") -> Response:
    """Log a note, a call or a meeting."""
    try:
        about.write(lambda session, prospect: about.case.log(session, prospect, what, text, about.now))
    except NotNowError as error:
        wrong = {"text": error.sentence}
        return shown(about, status=422, wrong=wrong, given={"text": text, "what": what})
    return about.back("#timeline")


@router.post("/p/{prospect_id}/stage")
def stage(about: About, to: Short) -> Response:
    """Move somebody by hand."""

    def work(session: Session, prospect: Prospect) -> int | None:
        move = about.case.move(session, prospect, to, about.now)
        return move.id if move is not None else None

    moved = about.write(work)
    return about.back(moved=str(moved)) if moved is not None else about.back()


@router.post("/p/{prospect_id}/moves/{move_id}/undo")
def undo(about: About, move_id: int) -> Response:
    """Take a move by hand back."""

    def work(session: Session, prospect: Prospect) -> str:
        move = by_id(session, Move, move_id)
        if move is None or move.prospect_id != prospect.id:
            raise NotThereError("There is no such move.")
        return about.case.take_back(session, prospect, move.key, about.now)

    about.write(work)
    return about.back("#timeline")


# --- Profiles -----------------------------------------------------------------------------------------


@router.post("/p/{prospect_id}/profiles")
def add_profile(about: About, url: Short = "") -> Response:
    """Add a profile by its URL."""
    about.read(lambda session, who: who.id)
    try:
        ref = profile_at(about.installation, url.strip())
    except NoProfileError as error:
        return shown(about, status=422, wrong={"url": str(error)}, given={"url": url})
    looking = about.installation.looking
    try:
        about.write(lambda session, who: about.case.attach(session, who, ref, looking, about.now))
    except NotNowError as error:
        return shown(about, status=422, wrong={"url": error.sentence}, given={"url": url})
    return about.back("#profiles")


@router.post("/p/{prospect_id}/profiles/{profile_id}/confirm")
def confirm(about: About, profile_id: int) -> Response:
    """It is theirs."""
    about.write(lambda session, who: profiles.confirm(session, profiles.find(session, who.id, profile_id)))
    return about.back("#profiles")


@router.post("/p/{prospect_id}/profiles/{profile_id}/disown")
def disown(about: About, profile_id: int) -> Response:
    """It is somebody else's."""
    about.write(lambda session, who: about.case.disown(session, who, profile_id, about.now))
    return about.back("#profiles")


@router.post("/p/{prospect_id}/look")
def look(about: About, profile: Annotated[int | None, Form()] = None) -> Response:
    """Have one profile, or all of them, looked at next."""

    def work(session: Session, who: Prospect) -> None:
        if profile is not None:
            profiles.find(session, who.id, profile)
        profiles.look_now(session, who.id, profile, about.now)

    about.write(work)
    return about.back("#profiles")
