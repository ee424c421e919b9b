"""Signing in, out and up through the pages: what the browser gets, and what whoever guesses learns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
import time_machine
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.colleagues import PASSWORD, token, user
from tests.office import START, Office, office, sqlite_store
from tests.signed import application, browser

from prospector.installation import utc_now
from prospector.models import Attempt, User
from prospector.team import sessions, totp, users
from prospector.team.sealing import Seal
from prospector.web.cookies import DEVICE

NEW = {"name": "Ana Sommer", "email": "ana@us.example", "password": PASSWORD, "timezone": "Europe/Berlin"}


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    with time_machine.travel(START, tick=False):
        yield office(store, tmp_path)
    store.close()


@pytest.fixture
def app(place: Office) -> FastAPI:
    return application(place.installation)


def signing(client: TestClient, password: str = PASSWORD, email: str = "ana@us.example", **more: str) -> int:
    return client.post("/login", data={"email": email, "password": password, **more}).status_code


def console(place: Office) -> str:
    """What `run` shows on the console while there is nobody."""
    token = place.write(lambda session: sessions.setup_token(session, utc_now()))
    assert token is not None
    return token


# --- set-up -------------------------------------------------------------------------------------


def test_the_first_user_is_made_with_the_token_of_the_console(place: Office, app: FastAPI) -> None:
    client, key = browser(app), console(place)
    assert client.get("/queue").headers["location"] == "/login?next=/queue"
    assert client.get("/login").headers["location"] == "/setup"
    form = client.get("/setup", params={"key": key})
    assert form.status_code == 200
    assert f'name="token" value="{key}"' in form.text
    assert 'autocomplete="new-password"' in form.text
    made = client.post("/setup", data={**NEW, "token": key})
    assert (made.status_code, made.headers["location"]) == (303, "/queue")
    assert client.get("/queue").status_code == 200
    ana = place.one(User)
    assert (ana.role, ana.timezone, ana.email) == ("admin", "Europe/Berlin", "ana@us.example")
    for method in ("GET", "POST"):
        late = browser(app).request(
            method, "/setup", data={**NEW, "token": key} if method == "POST" else None
        )
        assert late.status_code == 404


def test_nobody_without_the_token_takes_the_installation_over(place: Office, app: FastAPI) -> None:
    console(place)
    for key in ("", "x", "A" * 43, sessions.FIRST, sessions.hash_of("x")):
        assert browser(app).post("/setup", data={**NEW, "token": key}).status_code == 422
    assert browser(app).get("/setup", params={"key": "guess"}).status_code == 422
    assert place.rows(User) == []


def test_of_those_who_set_up_at_once_one_does(place: Office, app: FastAPI) -> None:
    key = console(place)

    def make(number: int) -> int:
        form = {**NEW, "email": f"ana{number}@us.example", "token": key}
        return browser(app).post("/setup", data=form).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(make, range(6)))
    assert statuses[0] == 303
    assert set(statuses[1:]) == {404}
    assert len(place.rows(User)) == 1


def test_each_mistake_is_told_beside_its_field_and_the_password_is_never_sent_back(
    place: Office, app: FastAPI
) -> None:
    key = console(place)
    wrong = {"name": " ", "email": "ana", "password": "short-pw-42", "timezone": "Mars", "token": key}
    answer = browser(app).post("/setup", data=wrong)
    assert answer.status_code == 422
    for field in ("name", "email", "password", "timezone"):
        assert f'id="e-{field}"' in answer.text
        assert f'aria-describedby="e-{field}"' in answer.text
    assert "short-pw-42" not in answer.text
    assert place.rows(User) == []


# --- the password -------------------------------------------------------------------------------


def test_a_sign_in_leads_to_where_one_wanted_to_go(place: Office, app: FastAPI) -> None:
    user(place.store, email="ana@us.example")
    client = browser(app)
    asked = client.get("/queue?view=done")
    assert asked.status_code == 303
    assert asked.headers["location"] == "/login?next=/queue%3Fview%3Ddone"
    form = client.get(asked.headers["location"])
    assert 'name="next" value="/queue?view=done"' in form.text
    assert 'autocomplete="username"' in form.text
    assert 'autocomplete="current-password"' in form.text
    assert 'autocomplete="one-time-code"' in form.text
    onward = {"email": "ANA@us.example ", "password": PASSWORD, "next": "/queue?view=done"}
    assert client.post("/login", data=onward).headers["location"] == "/queue?view=done"
    for evil in ("https://evil.example", "//evil.example", "/\\evil.example"):
        assert client.post("/login", data={**onward, "next": evil}).headers["location"] == "/queue"


def test_a_fragment_leads_the_whole_page_to_the_sign_in(app: FastAPI) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://127.0.0.1:8787/queue?view=done"}
    answer = browser(app).get("/live", headers=headers)
    assert answer.headers["hx-redirect"] == "/login?next=/queue%3Fview%3Ddone"
    elsewhere = browser(app).post("/logout", headers=headers)
    assert "hx-redirect" not in elsewhere.headers
    odd = {**headers, "HX-Current-URL": "//evil.example//evil"}
    assert browser(app).get("/live", headers=odd).headers["hx-redirect"] == "/login?next=/queue"


def test_every_failure_looks_the_same(place: Office, app: FastAPI) -> None:
    """X8: whoever guesses learns neither who is there nor what was wrong."""
    user(place.store, email="ana@us.example")
    away = user(place.store, "rep", "away@us.example")
    place.write(lambda s: users.disable(s, s.get_one(User, away.id), utc_now()))
    secret = totp.new_secret()
    coded = user(place.store, "rep", "coded@us.example")
    seal = Seal.of(place.installation.workspace.root)
    place.write(lambda s: totp.turn_on(s, coded.id, seal.close(s, secret), 0))
    answers = set()
    for email, password in (
        ("ana@us.example", "wrong"),
        ("nobody@us.example", PASSWORD),
        ("away@us.example", PASSWORD),
        ("coded@us.example", PASSWORD),
        ("", ""),
    ):
        answer = browser(app).post("/login", data={"email": email, "password": password})
        answers.add((answer.status_code, answer.text.replace(f'value="{email}"', 'value=""')))
        assert "set-cookie" not in answer.headers
        assert password not in ("", *re.findall(r'value="(.*?)"', answer.text)) or not password
    assert len(answers) == 1
    assert next(iter(answers))[0] == 422


def test_guessing_stops_and_its_victim_still_gets_in(place: Office, app: FastAPI) -> None:
    """X8: twenty of two hundred guesses, spread over many addresses, are looked at."""
    user(place.store, email="ana@us.example")
    laptop = browser(app, address="10.9.9.9")
    assert signing(laptop) == 303
    statuses = [signing(browser(app, address=f"10.0.{n}.1"), f"guess {n}") for n in range(200)]
    assert (statuses.count(422), statuses.count(429)) == (20, 180)
    assert signing(browser(app, address="10.9.9.9")) == 429, "a browser that is not known is limited too"
    assert laptop.post("/logout").status_code == 303
    assert signing(laptop) == 303
    with time_machine.travel(START + timedelta(hours=1), tick=False):
        assert signing(browser(app, address="10.0.0.1")) == 303


def test_a_device_of_somebody_else_is_no_way_round_the_limit(place: Office, app: FastAPI) -> None:
    ana, mallory = user(place.store, email="ana@us.example"), user(place.store, "rep", "mallory@us.example")
    assert ana.id != mallory.id
    attacker = browser(app)
    assert signing(attacker, email="mallory@us.example") == 303
    statuses = [signing(attacker, f"guess {n}") for n in range(60)]
    assert statuses.count(422) == 20
    stolen = browser(app)
    stolen.cookies.set(DEVICE, "A" * 43, domain="127.0.0.1")
    assert signing(stolen, "guess") == 429


def test_a_sign_in_that_was_right_is_forgotten(place: Office, app: FastAPI) -> None:
    user(place.store, email="ana@us.example")
    for _ in range(25):
        assert signing(browser(app)) == 303
    assert place.rows(Attempt) == []


# --- links --------------------------------------------------------------------------------------


def test_looking_at_a_link_does_not_use_it_up(place: Office, app: FastAPI) -> None:
    ana = user(place.store, email="ana@us.example")
    path = f"/login/link/{token(place.store, ana.id, 'link')}"
    for _ in range(3):
        assert browser(app).get(path).status_code == 200
    client = browser(app)
    assert client.post(path).headers["location"] == "/queue"
    assert client.get("/queue").status_code == 200
    for method in ("GET", "POST"):
        assert browser(app).request(method, path).status_code == 404


@pytest.mark.parametrize("kind", ["session", "device", "api", "setup"])
def test_no_other_token_is_a_link(place: Office, app: FastAPI, kind: str) -> None:
    ana = user(place.store, email="ana@us.example")
    path = f"/login/link/{token(place.store, ana.id, kind)}"
    assert browser(app).get(path).status_code == 404
    assert browser(app).post(path).status_code == 404


def test_a_link_is_too_old_after_ten_minutes(place: Office, app: FastAPI) -> None:
    ana = user(place.store, email="ana@us.example")
    path = f"/login/link/{token(place.store, ana.id, 'link')}"
    with time_machine.travel(START + timedelta(minutes=10), tick=False):
        assert browser(app).post(path).status_code == 404


# --- the code -----------------------------------------------------------------------------------


def set_up(client: TestClient) -> str:
    """Set the code up as the page asks for it; its secret."""
    page = client.get("/settings/code")
    found = re.search(r'name="secret" value="([A-Z2-7]{32})"', page.text)
    assert found is not None
    assert "<svg" in page.text
    assert 'style="' not in page.text
    return found[1]


def test_a_code_is_set_up_asked_for_and_taken_off(place: Office, app: FastAPI) -> None:
    ana = user(place.store, email="ana@us.example")
    client = browser(app, token(place.store, ana.id))
    secret = set_up(client)
    code = pyotp.TOTP(secret).at(START)
    wrong = client.post("/settings/code", data={"secret": secret, "code": "000000", "password": PASSWORD})
    assert wrong.status_code == 422
    assert secret in wrong.text, "the same picture, or it would have to be scanned again"
    form = {"secret": secret, "code": code}
    assert client.post("/settings/code", data={**form, "password": "wrong"}).status_code == 422
    assert client.post("/settings/code", data={**form, "password": PASSWORD}).status_code == 303
    kept = place.one(User).totp
    assert kept is not None
    assert secret not in kept
    assert secret not in client.get("/settings/code").text
    assert signing(browser(app)) == 422
    assert signing(browser(app), code=code) == 422, "the code that proved the app is used"
    with time_machine.travel(START + timedelta(seconds=30), tick=False):
        assert signing(browser(app), code=pyotp.TOTP(secret).at(utc_now())) == 303
    assert client.post("/settings/code", data={**form, "password": PASSWORD}).status_code == 409
    assert client.post("/settings/code/off", data={"password": "wrong"}).status_code == 422
    assert client.post("/settings/code/off", data={"password": PASSWORD}).status_code == 303
    assert signing(browser(app)) == 303


@pytest.mark.parametrize("secret", ["", "A" * 31, "<script>", "a" * 1_000])
def test_a_secret_that_was_not_shown_is_not_taken(place: Office, app: FastAPI, secret: str) -> None:
    ana = user(place.store, email="ana@us.example")
    client = browser(app, token(place.store, ana.id))
    answer = client.post("/settings/code", data={"secret": secret, "code": "1", "password": PASSWORD})
    assert answer.status_code == 422
    assert "<script>" not in answer.text
    assert place.one(User).totp is None


def test_without_the_key_nobody_is_told_where_it_was(place: Office, app: FastAPI) -> None:
    ana = user(place.store, email="ana@us.example")
    client = browser(app, token(place.store, ana.id))
    secret = set_up(client)
    code = pyotp.TOTP(secret).at(START)
    client.post("/settings/code", data={"secret": secret, "code": code, "password": PASSWORD})
    (place.installation.workspace.root / "key").unlink()
    answer = browser(app).post("/login", data={"email": ana.email, "password": PASSWORD, "code": code})
    assert answer.status_code == 409
    assert str(place.installation.workspace.root) not in answer.text
