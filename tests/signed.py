"""Users of a workspace, and browsers in which they are signed in, as a test needs them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.testclient import TestClient

from prospector.installation import Installation, utc_now
from prospector.models import User
from prospector.store import Store
from prospector.team import passwords, sessions, users
from prospector.web import create_app, login
from prospector.web.cookies import SESSION

HOME = "http://127.0.0.1:8787"
PASSWORD = "nine green parrots knit"
CHEAP = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])
"""argon2id as everywhere, but fast: given to the application where a test signs in."""


def user(store: Store, role: str = "admin", email: str = "", password: str | None = PASSWORD) -> User:
    """A user of this role who can sign in with `PASSWORD`."""
    new = users.checked(email or f"{role}@us.example", f"{role.title()} Sommer", role)
    kept = passwords.hashed(password, CHEAP) if password is not None else None
    return store.write(lambda session: users.add(session, new, utc_now(), kept))


def token(store: Store, user_id: int, kind: str = "session") -> str:
    return store.write(lambda session: sessions.begin(session, kind, user_id, utc_now(), "test"))


def application(installation: Installation, **options: Any) -> FastAPI:
    """The application, with passwords that are checked fast."""
    app = create_app(installation, **options)
    app.dependency_overrides[login.hasher] = lambda: CHEAP
    return app


def browser(app: FastAPI, signed_as: str | None = None, address: str = "127.0.0.1") -> TestClient:
    """A browser with one of our pages open: it says where a form comes from, and follows no redirect.

    `signed_as` is a session's token.
    """
    client = TestClient(
        app,
        base_url=HOME,
        headers={"Origin": HOME, "Sec-Fetch-Site": "same-origin"},
        follow_redirects=False,
        client=(address, 50_000),
    )
    if signed_as is not None:
        client.cookies.set(SESSION, signed_as, domain="127.0.0.1", path="/")
    return client


def program(app: FastAPI, bearer: str) -> TestClient:
    """A program with a bearer token."""
    return TestClient(
        app, base_url=HOME, headers={"Authorization": f"Bearer {bearer}"}, follow_redirects=False
    )
