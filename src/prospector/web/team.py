"""The team, for admins: who may sign in, in which role, and who is away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector.installation import Installation, utc_now
from prospector.models import HIGHEST_ID, User
from prospector.prospects.people import TakenError
from prospector.team import absence, sessions, users
from prospector.team.absence import AbsenceError
from prospector.team.users import ROLES, UserError
from prospector.web.problems import NotThereError
from prospector.web.rendering import page
from prospector.web.settings import leave
from prospector.web.viewer import Opened, Signed, Viewer

PLACE = "/settings/team"
router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=500)]


@router.get(PLACE)
def team(request: Request, viewer: Signed, installation: Opened) -> Response:
    """Everybody."""
    return _shown(request, viewer, installation)


@router.post(f"{PLACE}/add")
def add(
    request: Request,
    viewer: Signed,
    installation: Opened,
    email: Text = "",
    name: Text = "",
    role: Text = "rep",
) -> Response:
    """Another user, with a link that signs them in once."""
    given = {"email": email, "name": name, "role": role}
    now = utc_now()

    def work(session: Session) -> tuple[str, str]:
        zone = installation.settings.file.queue.timezone
        user = users.add(session, users.checked(email, name, role, zone), now)
        return user.name, _link(session, request, installation, user)

    try:
        link = installation.store.write(work)
    except (UserError, TakenError) as error:
        return _shown(request, viewer, installation, errors={"add": str(error)}, given=given)
    return _shown(request, viewer, installation, link=link)


@router.post(f"{PLACE}/{{user_id}}/link")
def link(request: Request, viewer: Signed, installation: Opened, user_id: int) -> Response:
    """A link that signs somebody in once, within ten minutes, shown this once."""

    def work(session: Session) -> tuple[str, str]:
        user = _user(session, user_id)
        return user.name, _link(session, request, installation, user)

    return _shown(request, viewer, installation, link=installation.store.write(work))


@router.post(f"{PLACE}/{{user_id}}/role")
def role(request: Request, viewer: Signed, installation: Opened, user_id: int, role: Text = "") -> Response:
    """Another role, under which they sign in anew."""
    return _change(
        request, viewer, installation, user_id, lambda session, user: users.set_role(session, user, role)
    )


@router.post(f"{PLACE}/{{user_id}}/disable")
def disable(request: Request, viewer: Signed, installation: Opened, user_id: int) -> Response:
    """Let somebody in no more: their sessions, tokens and links end."""
    now = utc_now()
    return _change(
        request, viewer, installation, user_id, lambda session, user: users.disable(session, user, now)
    )


@router.post(f"{PLACE}/{{user_id}}/enable")
def enable(request: Request, viewer: Signed, installation: Opened, user_id: int) -> Response:
    """Let somebody sign in again."""
    return _change(request, viewer, installation, user_id, users.enable)


@router.post(f"{PLACE}/{{user_id}}/away")
def away(
    request: Request,
    viewer: Signed,
    installation: Opened,
    user_id: int,
    until: Text = "",
    cover: Text = "",
) -> Response:
    """Somebody is away and a colleague covers; without a date, they are back."""
    return _change(
        request, viewer, installation, user_id, lambda session, user: leave(session, user.id, until, cover)
    )


def _change(
    request: Request,
    viewer: Viewer,
    installation: Installation,
    user_id: int,
    work: Callable[[Session, User], None],
) -> Response:
    try:
        installation.store.write(lambda session: work(session, _user(session, user_id)))
    except (UserError, AbsenceError) as error:
        return _shown(request, viewer, installation, errors={str(user_id): str(error)})
    return RedirectResponse(PLACE, 303)


def _user(session: Session, user_id: int) -> User:
    user = session.get(User, user_id) if 0 < user_id <= HIGHEST_ID else None
    if user is None:
        raise NotThereError("There is no such user.")
    return user


def _link(session: Session, request: Request, installation: Installation, user: User) -> str:
    """Where this admin opens the pages others do too; the file may name no address at all (0.0.0.0,
    port 0)."""
    home = installation.settings.file.web.url or str(request.base_url).rstrip("/")
    return sessions.link(home, sessions.begin(session, "link", user.id, utc_now()))


def _shown(
    request: Request,
    viewer: Viewer,
    installation: Installation,
    *,
    errors: dict[str, str] | None = None,
    given: dict[str, str] | None = None,
    link: tuple[str, str] | None = None,
) -> Response:
    now = utc_now()
    with installation.store.reading() as session:
        everybody, known = users.listed(session), absence.team_of(session)
    covers = {one.id: known.get(absence.cover_of(known, one.id, now) or 0) for one in everybody}
    return page(
        request,
        viewer,
        "settings-team.html",
        status=422 if errors else 200,
        now=now,
        users=everybody,
        covers=covers,
        roles=ROLES,
        errors=errors or {},
        given={"email": "", "name": "", "role": "rep"} | (given or {}),
        link=link,
        tab="team",
    )
