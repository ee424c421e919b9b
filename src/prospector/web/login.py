"""Signing in and out: with a password, or by a link that works once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pwdlib import PasswordHash
from sqlmodel import Session

from prospector.installation import utc_now
from prospector.team import passwords, sessions
from prospector.team.sealing import Seal, SealingError
from prospector.team.sign_in import Credentials, Entry, RefusedError, TooOftenError, enter, sign_in
from prospector.telemetry import log
from prospector.web import cookies
from prospector.web.door import local_path
from prospector.web.problems import NotThereError
from prospector.web.rendering import page
from prospector.web.viewer import Opened

router = APIRouter(include_in_schema=False)
OLD_LINK = "This link has been used, or is too old. `prospector users link` makes another."


def hasher() -> PasswordHash:
    """What passwords are kept with; tests override it by a cheaper one (FastAPI's dependency_overrides)."""
    return passwords.HASHER


Hasher = Annotated[PasswordHash, Depends(hasher)]
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/login")
def form(request: Request, installation: Opened, next: str = "/queue") -> Response:
    with installation.store.reading() as session:
        if sessions.nobody(session):
            return RedirectResponse("/setup", 303)
    return page(request, None, "login.html", email="", onward=local_path(next), error=None)


@router.post("/login")
def enter_by_password(
    request: Request,
    installation: Opened,
    hasher: Hasher,
    email: Text = "",
    password: Text = "",
    code: Text = "",
    next: Text = "/queue",
) -> Response:
    web, onward = installation.settings.file.web, local_path(next)
    seal = Seal.of(installation.workspace.root)
    try:
        entry = sign_in(
            installation.store,
            seal,
            Credentials(email, password, code),
            cookies.browser_of(request, web),
            hasher,
            utc_now(),
        )
    except SealingError as error:
        # Only who knows the password comes so far; what to do is for who keeps the server.
        log.error("sign-in", text=str(error))
        refused, status = "Your code cannot be checked now; an admin finds why in the log.", 409
    except RefusedError as error:
        refused, status = str(error), 429 if isinstance(error, TooOftenError) else 422
    else:
        answer = RedirectResponse(onward, 303)
        cookies.keep(request, answer, web, entry)
        return answer
    return page(request, None, "login.html", status=status, email=email, onward=onward, error=refused)


@router.get("/login/link/{token}")
def link(request: Request, token: str, installation: Opened) -> Response:
    """A button and nothing else: programs that look into mails open links, but press no buttons."""
    with installation.store.reading() as session:
        if sessions.signed(session, token, "link", utc_now()) is None:
            raise NotThereError(OLD_LINK)
    return page(request, None, "login_link.html", token=token)


@router.post("/login/link/{token}")
def enter_by_link(request: Request, token: str, installation: Opened) -> Response:
    web, now = installation.settings.file.web, utc_now()
    browser = cookies.browser_of(request, web)

    def work(session: Session) -> Entry | None:
        user = sessions.use_link(session, token, now)
        return enter(session, user.id, browser, now) if user is not None else None

    entry = installation.store.write(work)
    if entry is None:
        raise NotThereError(OLD_LINK)
    answer = RedirectResponse("/queue", 303)
    cookies.keep(request, answer, web, entry)
    return answer


@router.post("/logout")
def leave(request: Request, installation: Opened) -> Response:
    web = installation.settings.file.web
    held = cookies.held(request, web, cookies.SESSION)
    if held is not None:
        installation.store.write(lambda session: sessions.end(session, held))
    answer = RedirectResponse("/login", 303)
    cookies.forget(request, answer, web)
    return answer
