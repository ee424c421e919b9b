"""Browsers and programs in which a user is signed in."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from prospector.installation import Installation
from prospector.web import create_app, login
from prospector.web.cookies import SESSION
from tests.colleagues import CHEAP, PASSWORD, token, user

HOME = "http://127.0.0.1:8787"


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


__all__ = ["CHEAP", "HOME", "PASSWORD", "application", "browser", "program", "token", "user"]
