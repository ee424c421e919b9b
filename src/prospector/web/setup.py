"""The first user: made by whoever can read the console on which the server was started."""

from __future__ import annotations

from zoneinfo import available_timezones

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector.installation import utc_now
from prospector.prospects.people import TakenError
from prospector.team import passwords, sessions, users
from prospector.team.passwords import PasswordError
from prospector.team.sign_in import Entry, enter
from prospector.team.users import UserError
from prospector.web import cookies
from prospector.web.login import Hasher, Text
from prospector.web.problems import NotThereError
from prospector.web.rendering import page
from prospector.web.viewer import Opened

router = APIRouter(include_in_schema=False)
DONE = "This installation has been set up. Sign in, or ask an admin to add you."
WRONG = "This is not the token of the console, or it is older than a day: start prospector again."


@router.get("/setup")
def form(request: Request, installation: Opened, key: str = "") -> Response:
    with installation.store.reading() as session:
        if not sessions.nobody(session):
            raise NotThereError(DONE)
        known = sessions.setup_open(session, key, utc_now())
    given = {"token": key if known else "", "name": "", "email": "", "timezone": _zone(installation)}
    errors = {"token": WRONG} if key and not known else {}
    return _page(request, given, errors, 422 if errors else 200)


@router.post("/setup")
def make_first(
    request: Request,
    installation: Opened,
    hasher: Hasher,
    token: Text = "",
    name: Text = "",
    email: Text = "",
    password: Text = "",
    timezone: Text = "",
) -> Response:
    now, web = utc_now(), installation.settings.file.web
    given = {"token": token, "name": name, "email": email, "timezone": timezone}
    # Hashing is slow on purpose: nobody without the token makes this server do it.
    with installation.store.reading() as session:
        if not sessions.nobody(session):
            raise NotThereError(DONE)
        if not sessions.setup_open(session, token, now):
            return _page(request, given | {"token": ""}, {"token": WRONG}, 422)
    errors = _errors(given, password)
    if errors:
        return _page(request, given, errors, 422)
    new = users.checked(email, name, "admin", timezone)
    kept = passwords.hashed(password, hasher)
    browser = cookies.browser_of(request, web)

    def work(session: Session) -> Entry:
        user = users.add_first(session, new, kept, token, now)
        return enter(session, user.id, browser, now)

    try:
        entry = installation.store.write(work)
    except (UserError, TakenError):
        raise NotThereError(DONE) from None
    answer = RedirectResponse("/queue", 303)
    cookies.keep(request, answer, web, entry)
    return answer


def _errors(given: dict[str, str], password: str) -> dict[str, str]:
    """What is wrong, by the field beside which it is said; each field alone, so that all is said."""
    errors = {}
    for field, whole in {
        "email": {"email": given["email"], "name": "Somebody", "timezone": "UTC"},
        "name": {"email": "somebody@example.com", "name": given["name"], "timezone": "UTC"},
        "timezone": {"email": "somebody@example.com", "name": "Somebody", "timezone": given["timezone"]},
    }.items():
        try:
            users.checked(whole["email"], whole["name"], "admin", whole["timezone"])
        except UserError as error:
            errors[field] = str(error)
    try:
        passwords.require_good(password, given["email"], given["name"])
    except PasswordError as error:
        errors["password"] = str(error)
    return errors


def _zone(installation: Opened) -> str:
    return installation.settings.file.queue.timezone


def _page(request: Request, given: dict[str, str], errors: dict[str, str], status: int) -> Response:
    zones = sorted(available_timezones())
    return page(request, None, "setup.html", status=status, given=given, errors=errors, zones=zones)
