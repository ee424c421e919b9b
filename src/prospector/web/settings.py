"""What a user sets for themselves: day, looks, notices, absence, password, sessions and tokens."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlmodel import Session

from prospector.installation import Installation, utc_now
from prospector.models import User
from prospector.queue.workday import instant
from prospector.team import absence, channels, digest, notices, preferences, sessions, users
from prospector.team.absence import AbsenceError
from prospector.team.digest import Notice, Wishes
from prospector.team.passwords import PasswordError
from prospector.team.preferences import PreferencesError
from prospector.team.sign_in import RefusedError, confirmed
from prospector.web import cookies
from prospector.web.door import local_path
from prospector.web.login import Hasher
from prospector.web.problems import InvalidError, NotThereError
from prospector.web.rendering import page
from prospector.web.viewer import Opened, Signed, Viewer

PLACE = "/settings/me"
LABEL = 80
router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=2000)]
Names = Annotated[list[str], Form(default_factory=list, max_length=50)]


@router.get(PLACE)
def me(request: Request, viewer: Signed, installation: Opened, said: str = "") -> Response:
    """The page."""
    return shown(request, viewer, installation, said=SAID.get(said, ""))


SAID = {
    "kept": "Kept.",
    "password": "Your password is changed; your other sessions have ended.",
    "ended": "It lets nobody in any more.",
    "told": "A notice was sent. If it does not arrive, look at the channel's own settings.",
}


def shown(
    request: Request,
    viewer: Viewer,
    installation: Installation,
    *,
    said: str = "",
    errors: dict[str, str] | None = None,
    given: dict[str, str] | None = None,
    token: str = "",
    status: int = 200,
) -> Response:
    """The page; with `errors` by field, or with a token that is told this once."""
    now = utc_now()
    with installation.store.reading() as session:
        user = session.get_one(User, viewer.id)
        team = absence.team_of(session)
        cover = absence.cover_of(team, user.id, now)
        values: dict[str, Any] = {
            "user": user,
            "form": {**_form(user), **(given or {})},
            "wishes": digest.wishes_of(user.notify),
            "failed": user.notify.get("failed") or {},
            "channels": sorted(installation.settings.file.notify.channels),
            "sessions": sessions.of_user(session, user.id, "session", now),
            "tokens": sessions.of_user(session, user.id, "api", now),
            "colleagues": [one for one in team.values() if one.id != user.id and not one.gone],
            "cover": team[cover].name if cover is not None else None,
        }
    settings = {"said": said, "errors": errors or {}, "token": token, "tab": "me"}
    return page(request, viewer, "settings-me.html", status=status, now=now, **settings, **values)  # type: ignore[arg-type]


def _form(user: User) -> dict[str, str]:
    looks = user.preferences
    return {
        "name": user.name,
        "timezone": user.timezone,
        "day_start": user.day_start,
        "minutes": str(user.minutes),
        "theme": looks.get("theme", ""),
        "density": looks.get("density", ""),
        "keys": "on" if looks.get("keys", True) else "",
    }


@router.post(PLACE)
def keep(
    request: Request,
    viewer: Signed,
    installation: Opened,
    name: Text = "",
    timezone: Text = "",
    day_start: Text = "",
    minutes: Text = "",
    theme: Text = "",
    density: Text = "",
    keys: Text = "",
) -> Response:
    """Name, day and looks."""
    given = {"name": name, "timezone": timezone, "day_start": day_start, "minutes": minutes}
    given |= {"theme": theme, "density": density, "keys": keys}
    try:
        chosen = preferences.checked(given)
    except PreferencesError as error:
        return shown(request, viewer, installation, errors=error.fields, given=given, status=422)
    installation.store.write(lambda session: preferences.keep(_user(session, viewer), chosen))
    return _back("kept")


@router.post(f"{PLACE}/theme")
def theme(
    request: Request, viewer: Signed, installation: Opened, theme: Text = "", next: Text = "/queue"
) -> Response:
    """Light or dark; without a word, the other one."""
    other = "light" if viewer.theme == "dark" else "dark"
    chosen = theme if theme in preferences.THEMES and theme else other
    installation.store.write(lambda session: preferences.look(_user(session, viewer), theme=chosen))
    return _silently(request, next)


@router.post(f"{PLACE}/keys")
def keys(
    request: Request, viewer: Signed, installation: Opened, keys: Text = "", next: Text = "/queue"
) -> Response:
    """Single-key shortcuts on or off; without a word, the other one."""
    on = keys == "on" if keys else not viewer.keys
    installation.store.write(lambda session: preferences.look(_user(session, viewer), keys=on))
    return _silently(request, next)


@router.post(f"{PLACE}/notices")
def wishes(
    viewer: Signed, installation: Opened, digest: Names, answers: Names, with_text: Text = ""
) -> Response:
    """What goes where; a channel that config.toml does not have is left out."""
    known = installation.settings.file.notify.channels
    chosen = Wishes(
        tuple(name for name in digest if name in known),
        tuple(name for name in answers if name in known),
        with_text == "on",
    )
    now = utc_now()
    installation.store.write(lambda session: notices.choose(session, _user(session, viewer), chosen, now))
    return _back("kept")


@router.post(f"{PLACE}/notices/try")
def try_channel(request: Request, viewer: Signed, installation: Opened, channel: Text = "") -> Response:
    """Send a word to one channel, to see that it arrives."""
    known = installation.settings.file.notify.channels
    if channel not in known:
        raise NotThereError("config.toml has no such channel.")
    failed = channels.send(Notice("Hello from prospector", f"Hello {viewer.first_name}.", (channel,)), known)
    if failed:
        said = {"channel": f"{channel} was not reached: {failed[channel]}"}
        return shown(request, viewer, installation, errors=said, status=422)
    return _back("told")


@router.post(f"{PLACE}/away")
def away(
    request: Request, viewer: Signed, installation: Opened, until: Text = "", cover: Text = ""
) -> Response:
    """Away until the start of that day; a colleague covers. Without a date: back now."""
    try:
        installation.store.write(lambda session: leave(session, viewer.id, until, cover))
    except AbsenceError as error:
        return shown(request, viewer, installation, errors={"away": str(error)}, status=422)
    return _back("kept")


def leave(session: Session, user_id: int, until: str, cover: str) -> None:
    """Let a user be away until a date (their day's start), or back. Raises `AbsenceError`."""
    user = session.get_one(User, user_id)
    if not until:
        absence.come_back(session, user)
        return
    instead = session.get(User, int(cover)) if cover.isdecimal() and len(cover) < 10 else None
    if instead is None:
        raise AbsenceError("Choose who covers.")
    try:
        day = date.fromisoformat(until)
    except ValueError:
        raise AbsenceError(f'"{until}" is no date; write one such as 2026-12-01.') from None
    zone = absence.zone_of(user)
    absence.leave(session, user, instant(day, time.fromisoformat(user.day_start), zone), instead, utc_now())


@router.post(f"{PLACE}/password")
def password(
    request: Request,
    viewer: Signed,
    installation: Opened,
    hasher: Hasher,
    password: Text = "",
    new_password: Text = "",
) -> Response:
    """Another password, once the old one proves whose it is; all other sessions end."""
    with installation.store.reading() as session:
        user = session.get_one(User, viewer.id)
    address = cookies.browser_of(request, installation.settings.file.web).address
    try:
        confirmed(installation.store, user, password, address, hasher, utc_now())
        kept = users.good(user, new_password, hasher)
    except RefusedError as error:
        return shown(request, viewer, installation, errors={"password": str(error)}, status=422)
    except PasswordError as error:
        return shown(request, viewer, installation, errors={"new_password": str(error)}, status=422)

    def work(session: Session) -> None:
        users.set_password(session, _user(session, viewer), kept, {viewer.session})

    installation.store.write(work)
    return _back("password")


@router.post(f"{PLACE}/tokens")
def make_token(request: Request, viewer: Signed, installation: Opened, label: Text = "") -> Response:
    """A bearer token for a program, shown this once."""
    called = " ".join(label.split())
    if not 0 < len(called) <= LABEL:
        said = {"label": f"Say what it is for, in 1 to {LABEL} characters."}
        return shown(request, viewer, installation, errors=said, status=422)
    now = utc_now()
    token = installation.store.write(lambda session: sessions.begin(session, "api", viewer.id, now, called))
    return shown(request, viewer, installation, token=token)


@router.post(f"{PLACE}/revoke")
def revoke(viewer: Signed, installation: Opened, kind: Text = "", name: Text = "") -> Response:
    """End a session or a token of one's own, by the beginning of its hash."""
    if kind not in ("session", "api") or len(name) != 16:
        raise InvalidError("Choose a session or a token of yours.")
    if not installation.store.write(lambda session: sessions.revoke(session, viewer.id, kind, name)):
        raise NotThereError("It has ended already.")
    return _back("ended")


def _user(session: Session, viewer: Viewer) -> User:
    return session.get_one(User, viewer.id, with_for_update=True)


def _back(said: str) -> Response:
    return RedirectResponse(f"{PLACE}?said={said}", 303)


def _silently(request: Request, onward: str) -> Response:
    """To where one came from; a script that only wanted it kept hears that it is."""
    if "hx-request" in request.headers:
        return JSONResponse({"kept": True})
    return RedirectResponse(local_path(onward), 303)
