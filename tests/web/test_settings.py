"""Settings: one's own, the team's for admins, and the rules of the house without a secret in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.office import Office, office, sqlite_store
from tests.signed import PASSWORD, application, browser, program, token, user

from prospector.installation import utc_now
from prospector.models import Login, User
from prospector.web import house

CHANNELS = '[notify.channels]\nphone = "env:PHONE_URL_OF_ANA"\n'


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path, CHANNELS)
    store.close()


@pytest.fixture
def team(place: Office) -> dict[str, TestClient]:
    """Browsers of Ana (an admin, 1) and of Jonas (a rep, 2)."""
    app = application(place.installation)
    found = {}
    for name, role in (("ana", "admin"), ("jonas", "rep")):
        one = user(place.store, role, f"{name}@us.example")
        found[name] = browser(app, token(place.store, one.id))
    return found


def day(days: int) -> str:
    return (utc_now() + timedelta(days=days)).date().isoformat()


def test_a_user_sets_their_day_and_looks(place: Office, team: dict[str, TestClient]) -> None:
    form = {"name": " Jonas  Weber ", "timezone": "Europe/Berlin", "day_start": "08:30", "minutes": "40"}
    kept = team["jonas"].post("/settings/me", data=form | {"theme": "dark", "density": "dense"})
    assert kept.status_code == 303
    jonas = place.one(User, id=2)
    assert (jonas.name, jonas.timezone, jonas.day_start, jonas.minutes) == (
        "Jonas Weber",
        "Europe/Berlin",
        "08:30",
        40,
    )
    page = team["jonas"].get("/settings/me").text
    assert 'data-theme="dark"' in page
    assert 'data-keys="off"' in page
    wrong = team["jonas"].post("/settings/me", data={"name": "", "timezone": "Mars", "minutes": "0"})
    assert wrong.status_code == 422
    assert wrong.text.count('aria-invalid="true"') == 4
    assert "There is no time zone &#34;Mars&#34;" in wrong.text


def test_looks_are_switched_from_any_page(place: Office, team: dict[str, TestClient]) -> None:
    back = team["jonas"].post("/settings/me/theme", data={"next": "/p?q=anna"})
    assert back.headers["location"] == "/p?q=anna"
    assert place.one(User, id=2).preferences == {"theme": "dark"}
    assert team["jonas"].post("/settings/me/theme").headers["location"] == "/queue"
    assert place.one(User, id=2).preferences == {"theme": "light"}
    script = {"HX-Request": "true"}
    assert team["jonas"].post("/settings/me/keys", data={"keys": "off"}, headers=script).json() == {
        "kept": True
    }
    assert place.one(User, id=2).preferences == {"theme": "light", "keys": False}
    away = team["jonas"].post("/settings/me/keys", data={"next": "//evil.example"})
    assert away.headers["location"] == "/queue"


def test_notices_are_chosen_and_what_fails_is_said(
    place: Office, team: dict[str, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PHONE_URL_OF_ANA", raising=False)
    chosen: Any = {"digest": ["phone", "nowhere"], "answers": "phone", "with_text": "on"}
    assert team["jonas"].post("/settings/me/notices", data=chosen).status_code == 303
    jonas = place.one(User, id=2)
    assert jonas.notify == {"digest": ["phone"], "answers": ["phone"], "with_text": True}
    assert jonas.notified_at is not None
    tried = team["jonas"].post("/settings/me/notices/try", data={"channel": "phone"})
    assert tried.status_code == 422
    assert "phone was not reached: env:PHONE_URL_OF_ANA: set the environment variable" in tried.text
    assert team["jonas"].post("/settings/me/notices/try", data={"channel": "x"}).status_code == 404
    assert team["jonas"].post("/settings/me/notices").status_code == 303
    assert place.one(User, id=2).notify["digest"] == []


def test_a_user_is_away_and_back(place: Office, team: dict[str, TestClient]) -> None:
    person = place.person("anna", owner_id=2)
    assert team["jonas"].post("/settings/me/away", data={"until": day(7), "cover": "1"}).status_code == 303
    assert "You are away until" in team["jonas"].get("/settings/me").text
    assert "covers" in team["ana"].get("/settings/team").text
    assert team["jonas"].get(f"/p/{person}").status_code == 200
    assert team["jonas"].post("/settings/me/away").status_code == 303
    assert place.one(User, id=2).away_until is None
    for data, said in (
        ({"until": day(7), "cover": "2"}, "cannot cover for themselves"),
        ({"until": day(-7), "cover": "1"}, "in the future"),
        ({"until": "soon", "cover": "1"}, "is no date"),
        ({"until": day(7)}, "Choose who covers"),
    ):
        refused = team["jonas"].post("/settings/me/away", data=data)
        assert refused.status_code == 422
        assert said in refused.text


def test_another_password_ends_the_other_sessions(place: Office, team: dict[str, TestClient]) -> None:
    other = browser(application(place.installation), token(place.store, 2))
    assert other.get("/settings/me").status_code == 200
    new = "seven brown kettles sing"
    form = {"password": "not this one at all", "new_password": new}
    wrong = team["jonas"].post("/settings/me/password", data=form)
    assert wrong.status_code == 422
    assert "This is not your password" in wrong.text
    short = team["jonas"].post("/settings/me/password", data={"password": PASSWORD, "new_password": "short"})
    assert short.status_code == 422
    assert "at least 12 characters" in short.text
    done = team["jonas"].post("/settings/me/password", data={"password": PASSWORD, "new_password": new})
    assert done.headers["location"] == "/settings/me?said=password"
    assert other.get("/settings/me").status_code == 303
    assert team["jonas"].get("/settings/me").status_code == 200


def test_tokens_and_sessions_are_made_seen_and_revoked(place: Office, team: dict[str, TestClient]) -> None:
    made = team["jonas"].post("/settings/me/tokens", data={"label": "my script"})
    (bearer,) = re.findall(r"<code>([\w-]{43})</code>", made.text)
    script = program(application(place.installation), bearer)
    assert script.get("/api/tokens").status_code == 200
    assert bearer not in team["jonas"].get("/settings/me").text
    api = place.one(Login, kind="api")
    data = {"kind": "api", "name": api.token_hash[:16]}
    assert team["ana"].post("/settings/me/revoke", data=data).status_code == 404
    assert team["jonas"].post("/settings/me/revoke", data=data).status_code == 303
    assert script.get("/api/tokens").status_code == 401
    assert team["jonas"].post("/settings/me/tokens", data={"label": " "}).status_code == 422
    assert team["jonas"].post("/settings/me/revoke", data={"kind": "device", "name": "x"}).status_code == 422


def test_admins_run_the_team(place: Office, team: dict[str, TestClient]) -> None:
    ana = team["ana"]
    added = ana.post("/settings/team/add", data={"name": "Kim", "email": "Kim@us.example", "role": "founder"})
    (link,) = re.findall(r"<code>http://127.0.0.1:8787(/login/link/[\w-]+)</code>", added.text)
    kim = place.one(User, email="kim@us.example")
    assert (kim.name, kim.role) == ("Kim", "founder")
    fresh = browser(application(place.installation))
    assert fresh.post(link).status_code == 303
    there = {"Host": "localhost:9911", "Origin": "http://localhost:9911"}
    elsewhere = ana.post(f"/settings/team/{kim.id}/link", headers=there)
    assert "<code>http://localhost:9911/login/link/" in elsewhere.text, "where this admin opens the pages"
    for path, data in (
        ("role", {"role": "manager"}),
        ("away", {"until": day(3), "cover": "2"}),
        ("disable", {}),
    ):
        assert ana.post(f"/settings/team/{kim.id}/{path}", data=data).status_code == 303
    kim = place.one(User, id=kim.id)
    assert (kim.role, kim.cover_id, kim.disabled_at is not None) == ("manager", 2, True)
    assert fresh.get("/queue").status_code == 303
    assert ana.post(f"/settings/team/{kim.id}/enable").status_code == 303
    assert "within ten minutes" in ana.post(f"/settings/team/{kim.id}/link").text
    for path, data, said in (
        ("1/disable", {}, "is the only admin"),
        ("1/role", {"role": "king"}, "There is no role"),
        ("add", {"name": "Kim", "email": "kim@us.example"}, "is a user already"),
        ("add", {"name": "Kim", "email": "kim"}, "is no e-mail address"),
    ):
        refused = ana.post(f"/settings/team/{path}", data=data)
        assert refused.status_code == 422
        assert said in refused.text
    assert ana.post("/settings/team/99/disable").status_code == 404
    assert team["jonas"].get("/settings/team").status_code == 403
    assert team["jonas"].post("/settings/team/1/disable").status_code == 403


def test_the_rules_of_the_house_tell_no_secret(place: Office, team: dict[str, TestClient]) -> None:
    page = team["jonas"].get("/settings/rules-of-the-house").text
    for word in ("config.toml", "person_rest", "2d", "[accounts.bluesky]", "a secret, from env:"):
        assert word in page
    assert "PHONE_URL_OF_ANA" not in page
    assert house.said("imap_password", "hunter2 hunter2") == "a secret"
    assert house.said("database", "postgresql://ana:x@db/prospector") == "PostgreSQL"
    assert house.said("gap", timedelta(seconds=90)) == "90s"
    assert house.said("every", timedelta(milliseconds=100)) == "100ms"
