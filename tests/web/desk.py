"""An office with somebody signed in, at the office's own time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import time_machine
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.office import START, Office, office, sqlite_store
from tests.signed import application, browser, token, user

HOSTILE = '<script src="//evil.example/x.js"></script><img src=x onerror=alert(1)>{{ 7 * 7 }}\u202e'


@dataclass
class Desk:
    """The office, the application, and browsers of an admin and of a rep who owns nobody."""

    place: Office
    app: FastAPI
    ana: TestClient
    rep: TestClient

    def fresh(self) -> None:
        """Let what the application keeps for a moment be made anew."""
        if hasattr(self.app.state, "kept"):
            self.app.state.kept.forget()


@contextmanager
def at_the_desk(sqlite_template: Path, folder: Path) -> Iterator[Desk]:
    store = sqlite_store(sqlite_template, folder)
    with time_machine.travel(START, tick=False):
        place = office(store, folder)
        app = application(place.installation)
        admin, rep = user(store, "admin"), user(store, "rep")
        yield Desk(place, app, browser(app, token(store, admin.id)), browser(app, token(store, rep.id)))
    store.close()


def unharmed(page: str) -> None:
    """What others wrote is text on this page."""
    assert "&lt;script src=" in page
    assert '<script src="//' not in page
    assert "<img src=x" not in page
    assert "{{ 7 * 7 }}" in page
    assert "\u202e" not in page
