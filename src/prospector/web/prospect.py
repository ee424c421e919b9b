"""One person: where they stand and why, what happened, where they are, and what we may do with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, RedirectResponse
from sqlmodel import Session

from prospector import casework
from prospector.casework import CaseError, Casework
from prospector.consequences import Consequences
from prospector.discovery import NoProfileError, profile_at
from prospector.installation import Installation, utc_now
from prospector.models import Move, Prospect
from prospector.prospects import details, erasure, hand, profiles
from prospector.prospects.details import WrongError
from prospector.prospects.erasure import ErasureError
from prospector.prospects.hand import HandError
from prospector.prospects.people import NotFoundError, TakenError
from prospector.web import sheet
from prospector.web.problems import InvalidError, NotNowError, NotThereError
from prospector.web.rendering import page
from prospector.web.viewer import Opened, Signed, Viewer

T = TypeVar("T")
router = APIRouter(include_in_schema=False)
Short = Annotated[str, Form(max_length=300)]
Long = Annotated[str, Form(max_length=20_000)]
_EMPTY = {"text": "", "what": "note", "url": ""}
_NOT_IN_FILES = re.compile(r"[^\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about one person, with what doing something takes."""

    request: Request
    viewer: Viewer
    installation: Installation
    aftermath: Consequences
    prospect_id: int
    now: datetime

    @property
    def case(self) -> Casework:
        return Casework(self.aftermath, self.viewer.id or None, self.viewer.name)

    def read(self, work: Callable[[Session, Prospect], T]) -> T:
        with self.installation.store.reading() as session:
            return work(session, self.person(session))

    def write(self, work: Callable[[Session, Prospect], T]) -> T:
        """Do it with the person, whom the viewer must be allowed to see."""
        try:
            return self.installation.store.write(lambda session: work(session, self.person(session)))
        except NotFoundError as error:
            raise NotThereError(str(error)) from None
        except (CaseError, HandError, TakenError, ErasureError) as error:
            raise NotNowError(str(error)) from None

    def person(self, session: Session) -> Prospect:
        try:
            return casework.person(session, self.viewer.scope, self.prospect_id)
        except NotFoundError as error:
            raise NotThereError(str(error)) from None

    def back(self, anchor: str = "", **query: str) -> Response:
        """To the person's page, where it was done."""
        asked = f"?{urlencode(query)}" if query else ""
        return RedirectResponse(f"/p/{self.prospect_id}{asked}{anchor}", 303)


def aftermath_of(request: Request) -> Consequences:
    """What follows from what people do: the application keeps one, with parsed rules and templates."""
    return cast(Consequences, request.app.state.means.aftermath)


Aftermath = Annotated[Consequences, Depends(aftermath_of)]


def asked(
    request: Request, viewer: Signed, installation: Opened, aftermath: Aftermath, prospect_id: int
) -> Asked:
    return Asked(request, viewer, installation, aftermath, prospect_id, utc_now())


About = Annotated[Asked, Depends(asked)]


@router.get("/p/{prospect_id}")
def person(
    about: About,
    show: str = "all",
    before: Annotated[str, Query(max_length=80)] = "",
    stage: Annotated[str, Query(max_length=100)] = "",
    moved: int | None = None,
) -> Response:
    """The page. `show` filters the timeline, `before` is where its older part begins, `stage` opens
    the proof of a stage, `moved` is a move by hand that was just made."""
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
        move = session.get(Move, move_id) if 0 < move_id < 2**31 else None
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
        about.write(lambda session, who: profiles.attach(session, who, ref, looking, about.now).id)
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


# --- Permission and data ------------------------------------------------------------------------------


@router.post("/p/{prospect_id}/suppress")
def suppress(about: About, why: Short = "") -> Response:
    """Never write to them."""
    about.write(lambda session, who: about.case.suppress(session, who, why, about.now))
    return about.back("#permission")


@router.post("/p/{prospect_id}/allow")
def allow(about: About) -> Response:
    """Take that back, where we said it ourselves."""
    about.write(lambda session, who: about.case.allow(session, who))
    return about.back("#permission")


@router.get("/p/{prospect_id}/export")
def export(about: About) -> Response:
    """Everything that is stored about them, as a download."""
    name, content = about.read(lambda session, who: (who.name, erasure.export(session, who, about.now)))
    file = _NOT_IN_FILES.sub("-", name).strip("-.")[:60] or "person"
    disposition = f'attachment; filename="{file}-{about.prospect_id}.json"'
    return JSONResponse(jsonable_encoder(content), headers={"Content-Disposition": disposition})


@router.get("/p/{prospect_id}/erase")
def ask_to_erase(about: About) -> Response:
    """The question before it: the page's dialog, for who has no script."""
    name = about.read(lambda session, who: who.name)
    return _question(about, name)


@router.post("/p/{prospect_id}/erase")
def erase(about: About, name: Short = "") -> Response:
    """Forget a person for good, once their name was typed."""
    known = about.read(lambda session, who: who.name)
    if " ".join(name.split()).casefold() != " ".join(known.split()).casefold():
        return _question(about, known, "That is not the name. Type it as it stands above.", 422)
    done = about.write(lambda session, who: about.case.erase(session, who, about.now))
    return page(about.request, about.viewer, "prospect-erased.html", page="prospect", done=done)


def _question(about: Asked, name: str, error: str | None = None, status: int = 200) -> Response:
    values: dict[str, Any] = {
        "person_id": about.prospect_id,
        "name": name,
        "error": error,
        "page": "prospect",
    }
    return page(about.request, about.viewer, "prospect-erase.html", status=status, **values)


# --- Fields -------------------------------------------------------------------------------------------


@router.get("/p/{prospect_id}/edit")
def edit(about: About) -> Response:
    """The form of the fields."""
    return _form(about, about.read(lambda session, who: details.shown(who)))


@router.post("/p/{prospect_id}/edit")
def save(
    about: About,
    name: Short = "",
    email: Short = "",
    title: Short = "",
    country: Short = "",
    timezone: Short = "",
    value: Short = "",
    currency: Short = "",
    expected_close_on: Short = "",
    tags: Annotated[str, Form(max_length=3000)] = "",
    owner_id: Short = "",
) -> Response:
    """Write what changed; what cannot be is said beside its field."""
    given = {"name": name, "email": email, "title": title, "country": country, "timezone": timezone}
    given |= {"value": value, "currency": currency, "expected_close_on": expected_close_on}
    given |= {"tags": tags, "owner_id": owner_id}
    try:
        change(about, given)
    except InvalidError as error:
        return _form(about, given, error.fields, 422)
    return about.back()


def change(about: Asked, given: dict[str, str]) -> None:
    """Change the fields that are given. Raises `InvalidError`."""
    currency = about.installation.settings.file.queue.currency

    def work(session: Session, prospect: Prospect) -> None:
        owners = [id_ for id_, _ in details.owners(session)]
        try:
            changes = details.read(given, prospect, owners, currency)
            if changes:
                about.case.edit(session, prospect, changes, about.now)
        except WrongError as error:
            raise InvalidError(str(error), error.fields) from None
        except TakenError as error:
            raise InvalidError(str(error), {"email": str(error)}) from None

    about.write(work)


def _form(
    about: Asked, given: dict[str, str], wrong: dict[str, str] | None = None, status: int = 200
) -> Response:
    def work(session: Session, prospect: Prospect) -> dict[str, Any]:
        return {"name": prospect.name, "owners": details.owners(session)}

    values = about.read(work) | {"given": given, "wrong": wrong or {}, "fields": details.FIELDS}
    values |= {"person_id": about.prospect_id, "page": "prospect"}
    return page(about.request, about.viewer, "prospect-edit.html", status=status, **values)
