"""The people's list: search it, keep searches, add somebody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector.consequences import Consequences
from prospector.discovery import NoProfileError, profile_at
from prospector.enrolment import enrol, stages_of
from prospector.installation import Installation, utc_now
from prospector.prospects import listing, matching, people, views
from prospector.prospects.matching import Counted, Found, Matching
from prospector.prospects.people import NewProspect, TakenError
from prospector.prospects.search import Search, SearchError, parse
from prospector.prospects.urls import canonical
from prospector.prospects.views import ViewError
from prospector.rules.live import Parsed
from prospector.sdk import ProfileRef
from prospector.team import users
from prospector.web.problems import InvalidError, NotThereError
from prospector.web.rendering import page
from prospector.web.viewer import Aftermath, Opened, Signed, Viewer

SIZE = 50
MOST_URLS = 5
LONGEST_NAME = 200
router = APIRouter(include_in_schema=False)
Words = Annotated[str, Query(max_length=500)]
Text = Annotated[str, Form(max_length=2100)]


@dataclass(frozen=True, slots=True)
class Filter:
    """A link that takes a term into the search, or out of it."""

    label: str
    query: str
    on: bool


@router.get("/p")
def prospects(
    request: Request,
    viewer: Signed,
    installation: Opened,
    q: Words = "",
    after: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """The list, the warmest first; with `after` from that place on."""
    with installation.store.reading() as session:
        values = _read(session, installation, viewer, q, after)
    return page(request, viewer, "prospects.html", q=q, after=after, wrong_view="", **values)


def _read(
    session: Session, installation: Installation, viewer: Viewer, text: str, after: str
) -> dict[str, Any]:
    now, stages = utc_now(), stages_of(session)
    versions = Parsed().versions(session)
    values: dict[str, Any] = {
        "stages": stages,
        "views": views.listed(session, viewer.id),
        "owners": users.listed(session),
        "rows": [],
        "next": None,
        "paused": False,
        "number": "",
        "wrong": "",
    }
    try:
        search = parse(text)
        found = matching.matching(session, search, viewer.scope, viewer.id, stages, now)
    except SearchError as error:
        return values | {"wrong": str(error), "filters": _filters(Search(), stages, viewer)}
    some = matching.page(session, found, matching.place_of(after), SIZE)
    rules = versions[-1].ruleset if versions else None
    return values | {
        "filters": _filters(search, stages, viewer),
        "rows": listing.listed(session, [place.id for place in some.places], rules, now),
        "next": some.next,
        "paused": some.paused,
        "number": _number(session, found, some, after),
    }


def _number(session: Session, meant: Matching, some: Found, after: str) -> str:
    """How many there are; what the first page shows already is not counted again."""
    if after or len(some.places) == SIZE:
        return str(matching.count(session, meant))
    return str(Counted(len(some.places), some.paused))


def _filters(search: Search, stages: list[str], viewer: Viewer) -> list[Filter]:
    found = [_of_list(search, "owners", "me", "Mine")]
    if viewer.scope.owners is None:
        found.append(_of_list(search, "owners", "none", "Nobody's"))
    found += [_of_list(search, "stages", stage, stage) for stage in stages]
    quiet = parse("quiet:14d").quiet
    so = search.quiet == quiet
    found.append(Filter("Quiet for 14 days", str(replace(search, quiet=None if so else quiet)), so))
    for state in ("paused", "archived"):
        on = search.state == state
        asked = replace(search, state="active" if on else state)
        found.append(Filter(state.capitalize(), str(asked), on))
    return found


def _of_list(search: Search, name: str, value: str, label: str) -> Filter:
    values: tuple[str, ...] = getattr(search, name)
    on = value in values
    changed = tuple(one for one in values if one != value) if on else (*values, value)
    return Filter(label, str(replace(search, **{name: changed})), on)  # type: ignore[arg-type]


# --- kept searches ------------------------------------------------------------------------------


@router.post("/views")
def keep_view(
    request: Request,
    viewer: Signed,
    installation: Opened,
    q: Text = "",
    name: Text = "",
    shared: bool = False,
) -> Response:
    """Keep the search of the list under a name."""
    now = utc_now()
    try:
        installation.store.write(
            lambda session: views.keep(session, viewer.id, name, q, shared, now) and None
        )
    except (ViewError, SearchError) as error:
        with installation.store.reading() as session:
            values = _read(session, installation, viewer, q, "")
        values["wrong_view"] = str(error)
        return page(request, viewer, "prospects.html", q=q, after="", status=422, **values)
    return RedirectResponse(f"/p?{urlencode({'q': q})}", 303)


@router.post("/views/{view_id}/delete")
def delete_view(viewer: Signed, installation: Opened, view_id: int) -> Response:
    """Delete one of the viewer's own views."""
    if not installation.store.write(lambda session: views.remove(session, viewer.id, view_id)):
        raise NotThereError("You keep no such view.")
    return RedirectResponse("/p", 303)


# --- adding -------------------------------------------------------------------------------------


@router.get("/p/add")
def form(request: Request, viewer: Signed, installation: Opened, who: Words = "") -> Response:
    """The form; with `who`, how that would be read."""
    return _form(request, viewer, installation, {"who": who}, {}, 200)


@router.post("/p/add")
def add(
    request: Request,
    viewer: Signed,
    installation: Opened,
    aftermath: Aftermath,
    who: Text = "",
    name: Text = "",
    company: Text = "",
    stage: Text = "",
) -> Response:
    """A prospect with these profiles and this address, as `prospector add` makes them."""
    given = {"who": who, "name": name, "company": company, "stage": stage}
    try:
        new = _new(installation, viewer, given)
        prospect_id = installation.store.write(lambda session: _enrol(session, installation, aftermath, new))
    except InvalidError as error:
        return _form(request, viewer, installation, given, error.fields, 422)
    return RedirectResponse(f"/p/{prospect_id}", 303)


def _new(installation: Installation, viewer: Viewer, given: dict[str, str]) -> NewProspect:
    words = given["who"].split()
    addresses = [address for word in words if (address := people.normalised_address(word))]
    urls = [word for word in words if people.normalised_address(word) is None]
    if not words:
        raise InvalidError("Say who.", {"who": "Give a profile's URL or an e-mail address."})
    if len(addresses) > 1 or len(urls) > MOST_URLS:
        raise InvalidError(
            "One person.", {"who": f"One person has one address and at most {MOST_URLS} URLs."}
        )
    refs = [_ref(installation, url) for url in urls]
    name = " ".join(given["name"].split())[:LONGEST_NAME]
    return NewProspect(
        name=name or (refs[0].handle if refs else addresses[0]),
        refs=list(dict.fromkeys(refs)),
        email=addresses[0] if addresses else None,
        company=" ".join(given["company"].split())[:LONGEST_NAME] or None,
        stage=given["stage"] or None,
        owner_id=viewer.id,
        source="added by hand",
    )


def _ref(installation: Installation, url: str) -> ProfileRef:
    try:
        return profile_at(installation, url)
    except NoProfileError as error:
        raise InvalidError(str(error), {"who": str(error)}) from None


def _enrol(session: Session, installation: Installation, aftermath: Consequences, new: NewProspect) -> int:
    if new.stage is not None and new.stage not in stages_of(session):
        raise InvalidError("No such stage.", {"stage": f'There is no stage "{new.stage}".'})
    try:
        return enrol(session, aftermath, new, installation.looking, utc_now()).id
    except TakenError as error:
        raise InvalidError(str(error), {"who": str(error)}) from None


def _form(
    request: Request,
    viewer: Viewer,
    installation: Installation,
    given: dict[str, str],
    errors: dict[str, str],
    status: int,
) -> Response:
    with installation.store.reading() as session:
        stages = stages_of(session)
    blank = {"who": "", "name": "", "company": "", "stage": ""}
    readings = [(word, _reading(word)) for word in given.get("who", "").split()[: MOST_URLS + 1]]
    values: dict[str, Any] = {"given": blank | given, "errors": errors, "readings": readings}
    return page(request, viewer, "prospect-add.html", block="reading", status=status, stages=stages, **values)


def _reading(word: str) -> str:
    """How one word is read, before anybody is asked."""
    if (address := people.normalised_address(word)) is not None:
        return f"the address {address}"
    ref = canonical(word)
    return (
        f"{ref.platform}: {ref.url}"
        if ref is not None
        else "no profile that is known; looked for a feed there"
    )
