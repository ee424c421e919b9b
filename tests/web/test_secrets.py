"""X10: secrets that stand where they may must turn up nowhere else: not in pages, answers, errors or logs."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
import time_machine
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError, StatementError
from sqlmodel import Session
from tests.colleagues import CHEAP, token
from tests.office import START
from tests.signed import browser, program
from tests.web.world import World, every_route, given, world

from prospector import telemetry
from prospector.models import User
from prospector.team import passwords, totp
from prospector.team.sealing import Seal
from prospector.web.cookies import SESSION

PASSWORD = "canary password knits nine"
DATABASE = "postgresql://prospector:canary-of-the-database@db.example/prospector"
MAIL = "canary-of-the-mailbox"


@dataclass
class Canaries:
    """The team with secrets in every place that has one; `all` are they."""

    team: World
    session: str
    api: str
    secret: str
    kept: str
    key: str

    @property
    def all(self) -> list[str]:
        return [
            PASSWORD,
            self.session,
            self.api,
            self.secret,
            self.kept,
            self.key,
            MAIL,
            "canary-of-the-database",
        ]

    def sing(self, *texts: str) -> list[str]:
        return [one for one in self.all for text in texts if one in text]


@pytest.fixture
def nest(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Canaries]:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    with time_machine.travel(START, tick=False):
        for team in world(sqlite_template, tmp_path):
            _hide_mail_password(team)
            yield _hidden(team)


def _hide_mail_password(team: World) -> None:
    settings = team.place.installation.settings
    accounts = {
        name: replace(one, settings={"password": SecretStr(MAIL), "plain": MAIL})
        for name, one in settings.accounts.items()
    }
    changed = replace(team.place.installation, settings=replace(settings, accounts=accounts))
    team.app.state.installation = changed


def _hidden(team: World) -> Canaries:
    store, secret = team.place.store, totp.new_secret()
    seal = Seal.of(team.place.installation.workspace.root)

    def work(session: Session) -> tuple[int, str]:
        admin = session.get_one(User, team.users["admin"].id)
        admin.password = passwords.hashed(PASSWORD, CHEAP)
        admin.totp = seal.close(session, secret)
        return admin.id, admin.password

    admin_id, kept = store.write(work)
    client = browser(team.app)
    form = {"email": "admin@us.example", "password": PASSWORD, "code": pyotp.TOTP(secret).at(START)}
    assert client.post("/login", data=form).status_code == 303
    key = seal.path.read_text().strip()
    return Canaries(team, client.cookies[SESSION], token(store, admin_id, "api"), secret, kept, key)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Everything that is written to the console, with the log at its most talkative."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    telemetry.configure("debug", terminal=False)
    return out


def ask(nest: Canaries, method: str, path: str, route: str, **more: Any) -> Any:
    """The request as a browser and, under /api, as a program."""
    api = route.startswith("/api/")
    client = program(nest.team.app, nest.api) if api else browser(nest.team.app, nest.session)
    body = given(nest.team.app, route, method, nest.team.mine)
    body |= {name: PASSWORD for name in body if "password" in name}
    if method == "GET":
        return client.get(path, **more)
    return client.request(method, path, **{"json" if api else "data": body}, **more)


def test_no_answer_and_no_log_holds_a_secret(nest: Canaries, logged: io.StringIO) -> None:
    """Each route, done right, and signed out: pages, fragments, JSON, headers."""
    for route in every_route(nest.team.app):
        for method in sorted(route.methods):
            if route.path == "/logout":
                continue
            answer = ask(nest, method, nest.team.path(route, nest.team.mine), route.path)
            said = answer.text + json.dumps(list(answer.headers.items()))
            assert nest.sing(said) == [], f"{method} {route.path}"
    assert nest.sing(logged.getvalue()) == []


def test_no_failure_tells_a_secret(
    nest: Canaries, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is away, a statement with its values, and what nobody foresaw, on every route."""
    failures = (
        RuntimeError(f"cannot reach {DATABASE} (password={PASSWORD!r}, Authorization: Bearer {nest.api})"),
        OperationalError(
            f"connect {DATABASE}", {"token": nest.session}, Exception(f"no route to {DATABASE}")
        ),
        StatementError(
            "bad value", "UPDATE user SET totp=:t", {"t": nest.secret, "p": nest.kept}, ValueError("x")
        ),
    )
    for failure in failures:

        def broken(*_: object, failure: Exception = failure, **__: object) -> None:
            raise failure

        monkeypatch.setattr(type(nest.team.place.store), "reading", broken)
        for path in ("/queue", "/healthz", "/login", f"/login/link/{nest.session}", "/nothing"):
            client = browser(nest.team.app, nest.session)
            answer = client.get(path)
            assert answer.status_code in (404, 500, 503), path
            assert nest.sing(answer.text, str(answer.headers)) == [], (path, failure)
        answer = program(nest.team.app, nest.api).get("/api/tokens")
        assert answer.status_code in (500, 503)
        assert nest.sing(answer.text) == []
    assert "Traceback" in logged.getvalue(), "it was logged"
    assert nest.sing(logged.getvalue()) == []


def test_what_was_typed_wrong_is_not_sent_back(nest: Canaries, logged: io.StringIO) -> None:
    client = browser(nest.team.app)
    long = PASSWORD + "x" * 2_000
    for form in (
        {"email": "admin@us.example", "password": PASSWORD, "code": "1"},
        {"email": "admin@us.example", "password": long},
        {"email": "nobody@us.example", "password": PASSWORD},
    ):
        assert nest.sing(client.post("/login", data=form).text) == []
    session = browser(nest.team.app, nest.session)
    answer = session.post("/settings/code/off", data={"password": long})
    assert nest.sing(answer.text) == []
    for body in ({"label": [PASSWORD]}, {"label": "", "password": PASSWORD}, PASSWORD):
        assert nest.sing(session.post("/api/tokens", json=body).text) == []
    assert nest.sing(logged.getvalue()) == []


def test_health_says_nothing_but_that_it_is_well(nest: Canaries) -> None:
    assert set(browser(nest.team.app).get("/healthz").json()) <= {"ok", "version", "last_look", "why"}


def test_a_secret_is_told_when_it_is_made_and_never_again(nest: Canaries) -> None:
    client = browser(nest.team.app, nest.session)
    made = client.post("/api/tokens", json={"label": "reports"}).json()
    assert program(nest.team.app, made["token"]).get("/api/tokens").status_code == 200
    assert made["token"] not in client.get("/api/tokens").text
    assert "reports" in [one["label"] for one in client.get("/api/tokens").json()]
    assert client.request("DELETE", f"/api/tokens/{made['id']}").status_code == 204
    assert program(nest.team.app, made["token"]).get("/api/tokens").status_code == 401
