"""`prospector users`: who may sign in, and the ways in for who cannot."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, TypeVar

import typer
from sqlmodel import Session

from prospector.cli.output import AsJson, fail, installation, show, show_one
from prospector.installation import Installation, utc_now
from prospector.models import User
from prospector.team import sessions, totp, users
from prospector.team.passwords import PasswordError
from prospector.team.users import ROLES, UserError

app = typer.Typer(help="Users: who may sign in.")
T = TypeVar("T")
Email = Annotated[str, typer.Argument(help="The user's e-mail address.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="users", help="Who may sign in: add, password, link, disable …")


@contextmanager
def opened() -> Iterator[Installation]:
    """The workspace; what a person got wrong ends the command with a sentence."""
    try:
        with installation() as found:
            yield found
    except (UserError, PasswordError) as error:
        fail(str(error), 2)


def change(place: Installation, email: str, work: Callable[[Session, User], T]) -> T:
    """Run `work` on the user with this address, in one transaction."""
    return place.store.write(lambda session: work(session, users.find(session, email)))


@app.callback(invoke_without_command=True)
def listed(context: typer.Context, as_json: AsJson = False) -> None:
    """All users."""
    if context.invoked_subcommand is not None:
        return
    with opened() as place, place.store.reading() as session:
        rows = [users.row_of(user) for user in users.listed(session)]
    show(rows, as_json, "Nobody yet. `prospector run` shows the address at which the first user is made.")


@app.command()
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="What they are called.")],
    role: Annotated[str, typer.Option(help=f"{', '.join(ROLES)}.")] = "rep",
    timezone: Annotated[
        str | None, typer.Option(help="Such as Europe/Berlin; else the one of [queue].")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Another user; `users link` lets them in for the first time."""
    with opened() as place:
        zone = timezone or place.settings.file.queue.timezone
        new = users.checked(email, name, role, zone)
        row = place.store.write(lambda session: users.row_of(users.add(session, new, utc_now())))
    show_one(row, as_json)


@app.command()
def password(email: Email) -> None:
    """Another password: asked for twice, or one line of standard input. All their sessions end."""
    with opened() as place:
        with place.store.reading() as session:
            user = users.find(session, email)
        kept = users.good(user, _typed())
        ended = change(place, email, lambda session, user: users.set_password(session, user, kept))
    typer.echo(f"{email} has another password; {ended} sessions and devices were signed out.")


@app.command()
def role(email: Email, role: Annotated[str, typer.Argument(help=f"{', '.join(ROLES)}.")]) -> None:
    """Another role; they sign in anew."""
    with opened() as place:
        change(place, email, lambda session, user: users.set_role(session, user, role))
    typer.echo(f"{email} is {role}.")


@app.command()
def disable(email: Email) -> None:
    """Let them in no more: sessions, devices, tokens and links end."""
    with opened() as place:
        change(place, email, lambda session, user: users.disable(session, user, utc_now()))
    typer.echo(f"{email} may not sign in any more.")


@app.command()
def enable(email: Email) -> None:
    """Let them sign in again."""
    with opened() as place:
        change(place, email, users.enable)
    typer.echo(f"{email} may sign in.")


@app.command()
def link(email: Email) -> None:
    """A link that signs them in once, within ten minutes; without password and code."""
    with opened() as place:
        token = change(place, email, _link)
        typer.echo(sessions.link(sessions.home(place.settings.file.web), token))


@app.command("totp-off")
def totp_off(email: Email) -> None:
    """Ask them for no code any more: the phone is lost. All their sessions end."""
    with opened() as place:
        change(place, email, _code_off)
    typer.echo(f"{email} signs in without a code.")


@app.command()
def token(
    email: Email,
    label: Annotated[str, typer.Option(help="What it is for.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="End the tokens of this label.")] = False,
) -> None:
    """A bearer token for the API, printed this once."""
    with opened() as place:
        if revoke:
            if not change(place, email, lambda s, user: sessions.revoke(s, user.id, "api", label)):
                fail(f'{email} has no token "{label}".', 2)
            typer.echo("It lets nobody in any more.")
            return
        typer.echo(change(place, email, lambda session, user: _token(session, user, label)))


def _link(session: Session, user: User) -> str:
    _may_sign_in(user)
    return sessions.begin(session, "link", user.id, utc_now())


def _token(session: Session, user: User, label: str) -> str:
    _may_sign_in(user)
    if not label.strip() or len(label) > 80:
        raise UserError("Give a label of 1 to 80 characters.")
    return sessions.begin(session, "api", user.id, utc_now(), label.strip())


def _code_off(session: Session, user: User) -> None:
    if user.totp is None:
        raise UserError(f"{user.email} is asked for no code.")
    totp.turn_off(session, user.id)
    sessions.end_others(session, user.id, kinds=("session", "device", "link"))


def _may_sign_in(user: User) -> None:
    if user.disabled_at is not None:
        raise UserError(f"{user.email} is disabled. `prospector users enable {user.email}` first.")


def _typed() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("New password", hide_input=True, confirmation_prompt="Once more"))
    return sys.stdin.readline().rstrip("\r\n")
