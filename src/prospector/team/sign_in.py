"""A sign-in with a password: limited, one answer for whatever was wrong, and as slow for nobody as for
somebody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pwdlib import PasswordHash
from sqlmodel import Session

from prospector.models import User
from prospector.store import Store
from prospector.team import attempts, passwords, sessions, totp, users
from prospector.team.sealing import Seal


class RefusedError(Exception):
    """Nobody is let in; the message is what a person may know."""


class WrongError(RefusedError):
    """Address, password or code are wrong, or the user is disabled: which, nobody is told."""

    def __init__(self) -> None:
        super().__init__(
            "That did not match. Check the address and the password, and the code if you use one."
        )


class TooOftenError(RefusedError):
    """One of the limits is reached."""

    def __init__(self) -> None:
        super().__init__(
            "Too many tries within an hour. Wait a while, use a browser that you signed in with before, "
            "or ask for a link (`prospector users link`)."
        )


@dataclass(frozen=True)
class Credentials:
    """What somebody typed."""

    email: str
    password: str = field(repr=False)
    code: str = field(default="", repr=False)


@dataclass(frozen=True)
class Browser:
    """Where they typed it: the address, and the tokens in the browser's cookies."""

    address: str
    session: str | None = field(default=None, repr=False)
    device: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Entry:
    """What the browser gets: the tokens of a new session and of its device."""

    user_id: int
    session: str = field(repr=False)
    device: str = field(repr=False)


def sign_in(
    store: Store, seal: Seal, given: Credentials, browser: Browser, hasher: PasswordHash, now: datetime
) -> Entry:
    """Let somebody in. Raises `WrongError`, `TooOftenError`, `SealingError`."""
    with store.reading() as session:
        known = _device(session, given.email, browser.device, now)
        user = users.by_email(session, given.email)
    tried = attempts.begin(store, attempts.allowances(given.email, browser.address, known), now)
    if tried is None:
        raise TooOftenError
    if not passwords.verify(given.password, user.password if user else None, hasher) or user is None:
        raise WrongError
    step = _step(seal, user, given.code, now)
    if user.disabled_at is not None or step is None:
        raise WrongError
    renewed = _rehashed(user, given.password, hasher)

    def work(session: Session) -> Entry:
        if user.totp is not None and not totp.use(session, user.id, step):
            raise WrongError
        attempts.forgive(session, tried)
        if renewed is not None:
            session.get_one(User, user.id).password = renewed
        return enter(session, user.id, browser, now)

    return store.write(work)


def enter(session: Session, user_id: int, browser: Browser, now: datetime) -> Entry:
    """Begin a session for somebody who has shown who they are."""
    return Entry(user_id, *sessions.sign_in(session, user_id, now, browser.session, browser.device))


def confirmed(
    store: Store, user: User, password: str, address: str, hasher: PasswordHash, now: datetime
) -> None:
    """Make sure that it is still this user before something grave; counted as a sign-in is.

    Who has no password yet came by a link, and has nothing to confirm with. Raises `RefusedError`.
    """
    if user.password is None:
        return
    tried = attempts.begin(store, attempts.allowances(user.email, address, None), now)
    if tried is None:
        raise TooOftenError
    if not passwords.verify(password, user.password, hasher):
        raise RefusedError("This is not your password.")
    store.write(lambda session: attempts.forgive(session, tried))


def _device(session: Session, email: str, token: str | None, now: datetime) -> str | None:
    return sessions.device_of(session, token, email.strip().lower(), now) if token else None


def _step(seal: Seal, user: User, code: str, now: datetime) -> int | None:
    """The step of the code; 0 where none is asked for, None where it is wrong."""
    if user.totp is None:
        return 0
    return totp.step_of(seal.open(user.totp), code, now, user.totp_step)


def _rehashed(user: User, password: str, hasher: PasswordHash) -> str | None:
    """The hash as it is made today, where the one that is kept was made otherwise."""
    outdated = user.password is not None and hasher.current_hasher.check_needs_rehash(user.password)
    return passwords.hashed(password, hasher) if outdated else None
