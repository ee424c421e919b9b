"""`prospector users`: everything about users that can be done without a browser."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest
from sqlmodel import select
from tests.colleagues import PASSWORD
from tests.shell import Shell
from tests.signed import browser, program

from prospector import processes, telemetry
from prospector.installation import Installation, open_installation
from prospector.models import Login, User
from prospector.team import passwords, totp, users
from prospector.web import create_app

ANA = "ana@us.example"


@pytest.fixture
def place(shell: Shell) -> Iterator[Installation]:
    opened = open_installation(shell.folder)
    yield opened
    opened.close()


@pytest.fixture
def ana(shell: Shell) -> Shell:
    """A workspace with Ana, the admin."""
    added = shell("users", "add", ANA, "--name", "Ana Sommer", "--role", "admin", "--json")
    assert added.code == 0, added.err
    return shell


def of(place: Installation) -> User:
    with place.store.reading() as session:
        return users.find(session, ANA)


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_nobody_yet(shell: Shell) -> None:
    assert "prospector run" in shell("users").out
    assert shell("users", "--json").json == []


def test_a_user_is_added_and_listed(ana: Shell) -> None:
    (row,) = ana("users", "--json").json
    assert (row["email"], row["name"], row["role"], row["password"]) == (ANA, "Ana Sommer", "admin", False)
    assert list(row) == [
        "id", "email", "name", "role", "timezone", "password", "totp", "away_until", "disabled",
    ]  # fmt: skip
    ana("users", "add", "ANA@us.example", "--name", "Other").refused(2, "is a user already")
    ana("users", "add", "nobody", "--name", "Other").refused(2, "no e-mail address")
    ana("users", "add", "jonas@us.example", "--name", "J", "--role", "root").refused(2, "rep, founder")


@pytest.mark.parametrize("command", ["password", "disable", "enable", "link", "totp-off"])
def test_somebody_who_is_not_there(ana: Shell, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    typed(monkeypatch, PASSWORD)
    ana("users", command, "jonas@us.example").refused(2, 'There is no user "jonas@us.example"')


def test_a_password_is_read_from_standard_input(
    ana: Shell, place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, f"{PASSWORD}\nnot this\n")
    answer = ana("users", "password", ANA)
    assert answer.code == 0
    assert PASSWORD not in answer.out + answer.err
    assert passwords.verify(PASSWORD, of(place).password)
    typed(monkeypatch, "short\n")
    ana("users", "password", ANA).refused(2, "at least 12")
    typed(monkeypatch, "")
    ana("users", "password", ANA).refused(2, "at least 12")
    assert passwords.verify(PASSWORD, of(place).password)


def test_a_link_signs_in_once(ana: Shell, place: Installation) -> None:
    printed = ana("users", "link", ANA).out.strip()
    home, _, path = printed.partition("/login/")
    assert home == "http://127.0.0.1:8787"
    client = browser(create_app(place))
    assert client.post(f"/login/{path}").status_code == 303
    assert client.get("/settings/code").status_code == 200
    assert browser(create_app(place)).post(f"/login/{path}").status_code == 404


def test_a_token_is_printed_once_and_can_be_revoked(ana: Shell, place: Installation) -> None:
    token = ana("users", "token", ANA, "--label", "reports").out.strip()
    client = program(create_app(place), token)
    assert [row["label"] for row in client.get("/api/tokens").json()] == ["reports"]
    ana("users", "token", ANA, "--label", "other", "--revoke").refused(2, 'no token "other"')
    assert ana("users", "token", ANA, "--label", "reports", "--revoke").code == 0
    assert client.get("/api/tokens").status_code == 401
    ana("users", "token", ANA, "--label", " ").refused(2, "1 to 80")


def test_who_is_disabled_gets_no_link_and_is_out(ana: Shell, place: Installation) -> None:
    ana("users", "disable", ANA).refused(2, "only admin")
    assert ana("users", "add", "jonas@us.example", "--name", "Jonas", "--role", "admin").code == 0
    token = ana("users", "token", ANA, "--label", "reports").out.strip()
    assert ana("users", "disable", ANA).code == 0
    assert program(create_app(place), token).get("/api/tokens").status_code == 401
    for command in (["link", ANA], ["token", ANA, "--label", "x"]):
        ana("users", *command).refused(2, "is disabled")
    assert ana("users", "enable", ANA).code == 0
    assert ana("users", "link", ANA).code == 0


def test_a_role_is_changed(ana: Shell, place: Installation) -> None:
    ana("users", "role", ANA, "rep").refused(2, "only admin")
    assert ana("users", "add", "jonas@us.example", "--name", "Jonas", "--role", "admin").code == 0
    assert ana("users", "role", ANA, "manager").code == 0
    assert of(place).role == "manager"


def test_a_lost_phone(ana: Shell, place: Installation) -> None:
    ana("users", "totp-off", ANA).refused(2, "asked for no code")
    place.store.write(
        lambda session: totp.turn_on(session, of(place).id, "sealed with a key that is lost", 7)
    )
    assert ana("users", "link", ANA).code == 0
    assert ana("users", "totp-off", ANA).code == 0
    assert of(place).totp is None
    with place.store.reading() as session:
        assert session.exec(select(Login)).all() == [], "whoever held the phone is signed out"


def test_the_log_says_how_the_first_user_is_made(
    shell: Shell, place: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry.configure("info", terminal=False)
    processes._say_how_to_begin(place, 41_000)
    said = capsys.readouterr().err
    assert "http://127.0.0.1:41000/setup?key=" in said
    path = said.partition("http://127.0.0.1:41000")[2].partition(" ")[0]
    form = browser(create_app(place)).get(path)
    assert form.status_code == 200, "what the log redacts would not open"
    assert shell("users", "add", ANA, "--name", "Ana").code == 0
    processes._say_how_to_begin(place, 41_000)
    assert "setup" not in capsys.readouterr().err
