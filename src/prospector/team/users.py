"""Users: who we are, what each may do, and the password of each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from pwdlib import PasswordHash
from sqlmodel import Session, col, select

from prospector.models import User
from prospector.prospects.people import NotFoundError, TakenError, normalised_address
from prospector.store import insert_new
from prospector.team import passwords, sessions
from prospector.team.passwords import HASHER

ROLES = ("rep", "founder", "manager", "admin")
LONGEST_NAME = 120


class UserError(Exception):
    """What was asked for cannot be; the message says what can."""


@dataclass(frozen=True)
class NewUser:
    """What is said of a new user, already checked: `email` in lower case."""

    email: str
    name: str
    role: str = "rep"
    timezone: str = "UTC"


def checked(email: str, name: str, role: str = "rep", timezone: str = "UTC") -> NewUser:
    """A new user of what somebody typed. Raises `UserError`."""
    address, called = normalised_address(email), " ".join(name.split())
    if address is None:
        raise UserError(f'"{email}" is no e-mail address.')
    if not called or len(called) > LONGEST_NAME:
        raise UserError(f"Give a name of 1 to {LONGEST_NAME} characters.")
    if role not in ROLES:
        raise UserError(f'There is no role "{role}"; there are {", ".join(ROLES)}.')
    if timezone not in available_timezones():
        raise UserError(f'There is no time zone "{timezone}"; write one such as Europe/Berlin.')
    return NewUser(address, called, role, timezone)


def add(session: Session, new: NewUser, now: datetime, password: str | None = None) -> User:
    """Store a user; `password` is a hash. Raises `TakenError`."""
    row = User(**vars(new), password=password, created_at=now).model_dump(exclude={"id"})
    made = insert_new(session, User, [row])
    if not made:
        raise TakenError(f"{new.email} is a user already.")
    return session.get_one(User, made[0][0])


def add_first(session: Session, new: NewUser, password: str, token: str, now: datetime) -> User:
    """Store the first user, who must show the token of the console. Raises `UserError`."""
    if not sessions.use_setup(session, token, now):
        raise UserError("Somebody has set this up already, or the link is too old. Start prospector again.")
    return add(session, new, now, password)


def find(session: Session, email: str) -> User:
    """The user with this address. Raises `NotFoundError`."""
    user = by_email(session, email)
    if user is None:
        raise NotFoundError(f'There is no user "{email}". `prospector users` lists them.')
    return user


def by_email(session: Session, email: str) -> User | None:
    """The user with this address, or None."""
    # PostgreSQL takes no NUL in a text, and nobody has one in an address.
    if "\x00" in email:
        return None
    return session.exec(select(User).where(User.email == email.strip().lower())).first()


def listed(session: Session) -> list[User]:
    """All users, by name; also those who may not sign in any more."""
    return list(session.exec(select(User).order_by(User.name, col(User.id))))


def row_of(user: User) -> dict[str, Any]:
    """A user as lists show them, in the command line and in the API."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "timezone": user.timezone,
        "password": user.password is not None,
        "totp": user.totp is not None,
        "away_until": user.away_until,
        "disabled": user.disabled_at,
    }


def disable(session: Session, user: User, now: datetime) -> None:
    """Let a user in no more: their sessions, tokens and links end. Raises `UserError`."""
    _keep_an_admin(session, user)
    user.disabled_at = user.disabled_at or now
    session.add(user)
    sessions.end_others(session, user.id)


def enable(session: Session, user: User) -> None:
    """Let a user sign in again."""
    user.disabled_at = None
    session.add(user)


def set_role(session: Session, user: User, role: str) -> None:
    """Another role, under which they sign in anew. Raises `UserError`."""
    if role not in ROLES:
        raise UserError(f'There is no role "{role}"; there are {", ".join(ROLES)}.')
    if user.role == role:
        return
    if role != "admin":
        _keep_an_admin(session, user)
    user.role = role
    session.add(user)
    sessions.end_others(session, user.id, kinds=("session", "link"))


def set_password(session: Session, user: User, kept: str, keep: Collection[str] = ()) -> int:
    """Another password (its hash). Sessions, devices and links end but for these hashes; how many did.

    Bearer tokens stay: they are revoked one by one.
    """
    user.password = kept
    session.add(user)
    return sessions.end_others(session, user.id, keep, ("session", "device", "link"))


def good(user: User, password: str, hasher: PasswordHash = HASHER) -> str:
    """The hash of a password that this user may have. Raises `PasswordError`."""
    passwords.require_good(password, user.email, user.name)
    return passwords.hashed(password, hasher)


def _keep_an_admin(session: Session, user: User) -> None:
    """The last admin stays one. All admins are locked, in one order, lest two remove each other."""
    admins = select(User.id).where(User.role == "admin", col(User.disabled_at).is_(None))
    left = set(session.exec(admins.order_by(col(User.id)).with_for_update())) - {user.id}
    if user.role == "admin" and user.disabled_at is None and not left:
        raise UserError(f"{user.email} is the only admin. Make somebody else admin first.")
