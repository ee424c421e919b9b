"""People over the API: search them, add one, and who reached out and is none yet."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import Session

from prospector.discovery import NoProfileError, profile_at
from prospector.enrolment import enrol, enrol_stranger, stages_of
from prospector.installation import utc_now
from prospector.prospects import listing, matching, people, strangers
from prospector.prospects.people import NewProspect, NotFoundError, TakenError
from prospector.prospects.search import SearchError, parse
from prospector.prospects.strangers import Identity
from prospector.rules.live import Parsed
from prospector.web.api import ANSWERS
from prospector.web.problems import InvalidError, NotNowError
from prospector.web.prospects import MOST_URLS
from prospector.web.viewer import Aftermath, Opened, Signed

router = APIRouter(prefix="/api", tags=["prospects"], responses=ANSWERS)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2048)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Listed(BaseModel):
    """A person as in `prospector prospects --json`; `score` is fit and engagement."""

    id: int
    name: str
    company: str | None
    email: str | None
    stage: str
    since: datetime
    score: int
    fit: int
    owner: str | None
    tags: list[str]
    last: datetime | None
    next: str | None
    profiles: list[str]


class Prospects(BaseModel):
    """A page of people, the warmest first; `older` is the `after` of the next page. `paused`: the
    search took breath there and may find more."""

    prospects: list[Listed]
    older: str | None
    paused: bool


class NewPerson(BaseModel):
    """Somebody to add: by profile URLs, an e-mail address, or both."""

    urls: Annotated[list[Url], Field(max_length=MOST_URLS)] = []
    email: Annotated[str, StringConstraints(max_length=320)] | None = None
    name: Name | None = None
    company: Name | None = None
    title: Name | None = None
    stage: Name | None = None


class Stranger(BaseModel):
    """Somebody who reached out, as in `prospector strangers --json`."""

    channel: str
    name: str
    url: str
    actor: str
    engagements: int
    last: datetime | None


class Who(BaseModel):
    """Which stranger is meant."""

    channel: Word
    actor: Word


class Taken(BaseModel):
    """The prospect whom a stranger has become."""

    id: int


@router.get("/prospects")
def found(
    viewer: Signed,
    installation: Opened,
    q: Annotated[str, Query(max_length=500)] = "",
    after: Annotated[str, Query(max_length=60)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Prospects:
    """The people whom a search means (docs/team.md), the warmest first."""
    now = utc_now()
    with installation.store.reading() as session:
        try:
            meant = matching.matching(session, parse(q), viewer.scope, viewer.id, stages_of(session), now)
        except SearchError as error:
            raise InvalidError(str(error), {"q": str(error)}) from None
        page = matching.page(session, meant, matching.place_of(after), limit)
        rows = _rows(session, [place.id for place in page.places], now)
    older = str(page.next) if page.next is not None else None
    return Prospects(prospects=[Listed(**row) for row in rows], older=older, paused=page.paused)


@router.post("/prospects", status_code=201)
def add(new: NewPerson, viewer: Signed, installation: Opened, aftermath: Aftermath) -> Listed:
    """A prospect of the viewer's, as `prospector add` makes them."""
    address = people.normalised_address(new.email) if new.email is not None else None
    if new.email is not None and address is None:
        raise InvalidError(f'"{new.email}" is no e-mail address.', {"email": "This is no e-mail address."})
    if not new.urls and address is None:
        raise InvalidError("Give a profile's URL or an e-mail address.", {"urls": "Give one, or an email."})
    try:
        refs = list(dict.fromkeys(profile_at(installation, url) for url in new.urls))
    except NoProfileError as error:
        raise InvalidError(str(error), {"urls": str(error)}) from None
    person = NewProspect(
        name=new.name or (refs[0].handle if refs else str(address)),
        refs=refs,
        email=address,
        company=new.company,
        title=new.title,
        stage=new.stage,
        owner_id=viewer.id,
        source="added over the API",
    )

    def work(session: Session) -> dict[str, Any]:
        if new.stage is not None and new.stage not in stages_of(session):
            raise InvalidError(f'There is no stage "{new.stage}".', {"stage": "There is no such stage."})
        prospect = enrol(session, aftermath, person, installation.looking, utc_now())
        return _rows(session, [prospect.id], utc_now())[0]

    try:
        return Listed(**installation.store.write(work))
    except TakenError as error:
        raise NotNowError(str(error)) from None


@router.get("/strangers")
def reached_out(
    viewer: Signed, installation: Opened, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> list[Stranger]:
    """Who reached out and is nobody's prospect, whoever was seen last first."""
    with installation.store.reading() as session:
        return [Stranger(**one.as_json()) for one in strangers.listed(session, limit)]


@router.post("/strangers/take", status_code=201)
def take(who: Who, viewer: Signed, installation: Opened, aftermath: Aftermath) -> Taken:
    """Make somebody the viewer's prospect, with all that they did."""
    meant, now = Identity(who.channel, who.actor), utc_now()
    try:
        made = installation.store.write(
            lambda session: enrol_stranger(session, aftermath, meant, viewer.id, installation.looking, now).id
        )
    except (NotFoundError, TakenError) as error:
        raise NotNowError(str(error)) from None
    return Taken(id=made)


@router.post("/strangers/dismiss", status_code=204)
def dismiss(who: Who, viewer: Signed, installation: Opened) -> None:
    """Show somebody no more until they do something new."""
    meant, now = Identity(who.channel, who.actor), utc_now()

    def work(session: Session) -> None:
        known = strangers.known(session, meant)
        if known is None:
            raise NotNowError("Nobody is waiting there any more.")
        strangers.dismiss(session, meant, known.newest, viewer.id, now)

    installation.store.write(work)


def _rows(session: Session, ids: list[int], now: datetime) -> list[dict[str, Any]]:
    versions = Parsed().versions(session)
    rules = versions[-1].ruleset if versions else None
    return [row.as_json() for row in listing.listed(session, ids, rules, now)]
