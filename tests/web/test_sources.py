"""Sources as a page and over the API: what each sees, and how it is repaired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.office import START
from tests.shell import Shell
from tests.signed import application, browser, program, token, user
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed

from prospector.installation import open_installation
from prospector.models import Account, Profile


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def account(desk: Desk, name: str = "bluesky") -> Account:
    found: Account = desk.place.one(Account, name=name)
    return found


def refuse(desk: Desk, why: str = "401 Unauthorized") -> int:
    id_ = account(desk).id
    desk.place.change(Account, id_, paused_why=why, error=why, failing_since=START - timedelta(hours=2))
    return id_


def test_a_refused_account_says_why_since_when_and_who_is_missing(desk: Desk) -> None:
    desk.place.person("anna")
    refuse(desk, HOSTILE)
    page = desk.ana.get("/sources").text
    unharmed(page)
    assert "Since 07:00:" in page
    assert "Nothing new of 1 person is seen." in page
    assert "Check and go on" in page


def test_a_check_that_lets_us_in_lets_the_account_go_on(desk: Desk) -> None:
    id_ = refuse(desk)
    page = desk.ana.post(f"/sources/{id_}/check")
    assert page.status_code == 200
    assert "It lets us in:" in page.text
    assert account(desk).paused_why is None
    assert account(desk).handle == "us", "what we are called there stands on what we write"


def test_a_check_that_is_refused_says_so_and_changes_nothing(desk: Desk, monkeypatch) -> None:
    from prospector.sdk import Unauthorised

    async def refused(context: object) -> None:
        raise Unauthorised("wrong password")

    id_ = refuse(desk)
    monkeypatch.setattr(desk.place.bluesky, "whoami", refused)
    page = desk.ana.post(f"/sources/{id_}/check").text
    assert "It does not let us in:" in page
    assert "wrong password" in page
    assert account(desk).paused_why == "401 Unauthorized"


def test_pause_look_and_go_on(desk: Desk) -> None:
    id_ = account(desk).id
    assert desk.ana.post(f"/sources/{id_}/pause").status_code == 303
    assert account(desk).paused_why == "paused by Admin Sommer"
    assert "Paused by hand" in desk.ana.get("/sources").text
    desk.ana.post(f"/sources/{id_}/resume")
    assert account(desk).paused_why is None
    desk.place.change(Account, id_, next_poll_at=START + timedelta(hours=1))
    desk.ana.post(f"/sources/{id_}/poll")
    assert account(desk).next_poll_at == START


def test_a_rep_may_ask_for_a_look_and_nothing_else(desk: Desk) -> None:
    id_ = account(desk).id
    assert desk.rep.post(f"/sources/{id_}/poll").status_code == 303
    for act in ("pause", "resume", "check"):
        assert desk.rep.post(f"/sources/{id_}/{act}").status_code == 403
    page = desk.rep.get("/sources").text
    assert "Check access" not in page
    assert desk.ana.post("/sources/999/poll").status_code == 404


def test_platforms_without_an_account_are_by_hand(desk: Desk) -> None:
    person = desk.place.person("anna")
    given = {"platform": "linkedin", "url": "https://www.linkedin.com/in/anna", "handle": "anna"}
    desk.place.write(lambda session: session.add(Profile(prospect_id=person, **given)))
    page = desk.ana.get("/sources").text
    assert "People on platforms without an account" in page
    assert "1 profile that nothing looks at" in page


def test_without_a_source_there_is_one_way_in_and_one_way_out(shell: Shell) -> None:
    opened = open_installation(shell.folder)
    client: TestClient = browser(application(opened), token(opened.store, user(opened.store, "admin").id))
    page = client.get("/sources").text
    opened.close()
    assert page.count("btn pri") == 1
    assert "Connect one source to fill your queue" in page
    assert "[accounts.bluesky]" in page
    assert "prospector demo" in page


def test_a_program_asks_under_the_same_names(desk: Desk) -> None:
    api = program(desk.app, token(desk.place.store, 1, "api"))
    rows = api.get("/api/accounts").json()
    assert {row["account"]: row["acts"] for row in rows} == {"bluesky": ["like", "reply"], "mail": ["email"]}
    id_ = account(desk).id
    assert api.post(f"/api/accounts/{id_}/pause").json()["paused"] == "paused by Admin Sommer"
    assert api.post(f"/api/accounts/{id_}/resume").json()["paused"] is None
    assert api.post(f"/api/accounts/{id_}/poll").status_code == 200
    assert api.post("/api/accounts/999/poll").status_code == 404
    reps = program(desk.app, token(desk.place.store, 2, "api"))
    assert reps.post(f"/api/accounts/{id_}/pause").status_code == 403
