"""The page on which somebody sets their code up, or takes it off."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector.installation import utc_now
from prospector.models import User
from prospector.team import sessions, totp
from prospector.team.sealing import Seal, SealingError
from prospector.team.sign_in import RefusedError, TooOftenError, confirmed
from prospector.web import cookies
from prospector.web.login import Hasher, Text
from prospector.web.problems import NotNowError
from prospector.web.rendering import page
from prospector.web.viewer import Opened, Signed, Viewer

router = APIRouter(include_in_schema=False)
PLACE = "/settings/code"


@router.get(PLACE)
def form(request: Request, viewer: Signed, installation: Opened) -> Response:
    user = _user(installation, viewer)
    return _page(request, viewer, user, totp.new_secret() if user.totp is None else None, {}, 200)


@router.post(PLACE)
def turn_on(
    request: Request,
    viewer: Signed,
    installation: Opened,
    hasher: Hasher,
    secret: Text = "",
    code: Text = "",
    password: Text = "",
) -> Response:
    """Take the secret that the page showed, once a code and the password prove that it is theirs."""
    user, now = _user(installation, viewer), utc_now()
    if user.totp is not None:
        raise NotNowError("You use a code already. Take it off first, then set up another.")
    shown = "".join(secret.split()).upper()
    step = totp.step_of(shown, code, now, 0) if totp.is_secret(shown) else None
    if step is None:
        kept = shown if totp.is_secret(shown) else totp.new_secret()
        wrong = {"code": "This is not the code of this minute. Scan the picture and try the newest one."}
        return _page(request, viewer, user, kept, wrong, 422)
    if error := _not_confirmed(request, installation, user, password, hasher):
        return _page(request, viewer, user, shown, {"password": error[0]}, error[1])
    seal = Seal.of(installation.workspace.root)

    def work(session: Session) -> str | None:
        totp.turn_on(session, user.id, seal.close(session, shown), step)
        return _renewed(session, request, installation, user.id)

    try:
        return _back(request, installation, installation.store.write(work))
    except SealingError as error:
        raise NotNowError(str(error)) from None


@router.post(f"{PLACE}/off")
def turn_off(
    request: Request, viewer: Signed, installation: Opened, hasher: Hasher, password: Text = ""
) -> Response:
    user = _user(installation, viewer)
    if error := _not_confirmed(request, installation, user, password, hasher):
        return _page(request, viewer, user, None, {"password": error[0]}, error[1])

    def work(session: Session) -> str | None:
        totp.turn_off(session, user.id)
        return _renewed(session, request, installation, user.id)

    return _back(request, installation, installation.store.write(work))


def _user(installation: Opened, viewer: Viewer) -> User:
    with installation.store.reading() as session:
        return session.get_one(User, viewer.id)


def _not_confirmed(
    request: Request, installation: Opened, user: User, password: str, hasher: Hasher
) -> tuple[str, int] | None:
    """Why this may be somebody else at their keyboard, and the status that says so."""
    address = cookies.browser_of(request, installation.settings.file.web).address
    try:
        confirmed(installation.store, user, password, address, hasher, utc_now())
    except RefusedError as error:
        return str(error), 429 if isinstance(error, TooOftenError) else 422
    return None


def _renewed(session: Session, request: Request, installation: Opened, user_id: int) -> str | None:
    """What signs this user in has changed: the session here gets another id, the others end."""
    held = cookies.held(request, installation.settings.file.web, cookies.SESSION)
    token = sessions.renew(session, held, utc_now()) if held is not None else None
    kept = {sessions.hash_of(token)} if token is not None else set()
    sessions.end_others(session, user_id, kept, ("session",))
    return token


def _back(request: Request, installation: Opened, token: str | None) -> Response:
    answer = RedirectResponse(PLACE, 303)
    if token is not None:
        cookies.put(request, answer, installation.settings.file.web, cookies.SESSION, token)
    return answer


def _page(
    request: Request, viewer: Viewer, user: User, secret: str | None, errors: dict[str, str], status: int
) -> Response:
    return page(
        request,
        viewer,
        "code.html",
        status=status,
        secret=secret,
        shown=totp.spaced(secret) if secret else "",
        picture=totp.picture(totp.uri(secret, user.email)) if secret else None,
        errors=errors,
        asks=user.password is not None,
    )
