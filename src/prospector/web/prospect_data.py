"""What we hold of one person: whether they may be written to, the export, the erasure, and the fields."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from sqlmodel import Session

from prospector import uploads
from prospector.models import Prospect
from prospector.overwriting import overwrite
from prospector.prospects import details, disclosure, erasure
from prospector.prospects.details import WrongError
from prospector.prospects.people import TakenError
from prospector.web.asked import About, Asked, Short
from prospector.web.problems import InvalidError
from prospector.web.rendering import page

router = APIRouter(include_in_schema=False)
_NOT_IN_FILES = re.compile(r"[^\w.-]+", re.ASCII)


@router.post("/p/{prospect_id}/suppress")
def suppress(about: About, why: Short = "") -> Response:
    """Never write to them."""
    about.write(lambda session, who: about.case.suppress(session, who, why, about.now))
    return about.back("#permission")


@router.post("/p/{prospect_id}/allow")
def allow(about: About) -> Response:
    """Take that back, where we said it ourselves."""
    about.write(lambda session, who: about.case.allow(session, who, about.now))
    return about.back("#permission")


@router.get("/p/{prospect_id}/export")
def export(about: About, form: Literal["json", "html"] = "json") -> Response:
    """Everything that is stored about them, as a download: for programs, or as a page to read."""
    name, content = about.read(lambda session, who: (who.name, erasure.export(session, who, about.now)))
    file = _NOT_IN_FILES.sub("-", name).strip("-.")[:60] or "person"
    disposition = f'attachment; filename="{file}-{about.prospect_id}.{form}"'
    if form == "html":
        return HTMLResponse(disclosure.page(content), headers={"Content-Disposition": disposition})
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
    overwrite(about.installation.store)
    uploads.forget(about.installation.workspace.root)
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
    return about.back() if about.sees else RedirectResponse("/p", 303)


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
