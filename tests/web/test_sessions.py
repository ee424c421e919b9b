"""X7: the life of a session in a browser: its cookie, its ids, and everything that ends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from typing import Any

import pyotp
import pytest
import time_machine
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.colleagues import PASSWORD, token, user
from tests.office import START, Office, office, sqlite_store
from tests.signed import application, browser

from prospector.config import Web
from prospector.installation import utc_now
from prospector.models import Login, User
from prospector.team import sessions, totp, users
from prospector.web.cookies import DEVICE, SESSION

LOGIN = {"email": "ana@us.example", "password": PASSWORD}


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    with time_machine.travel(START, tick=False):
        yield office(store, tmp_path)
    store.close()


@pytest.fixture
def app(place: Office) -> FastAPI:
    user(place.store, email="ana@us.example")
    return application(place.installation)


def signed_in(app: FastAPI) -> TestClient:
    client = browser(app)
    assert client.post("/login", data=LOGIN).status_code == 303
    return client


def inside(client: TestClient) -> bool:
    return client.get("/settings/code").status_code == 200


def at(**after: float) -> Any:
    return time_machine.travel(START + timedelta(**after), tick=False)


def given_cookies(answer: Any) -> dict[str, Morsel[str]]:
    found: dict[str, Morsel[str]] = {}
    for line in answer.headers.get_list("set-cookie"):
        found.update(SimpleCookie(line))
    return found


def test_cookies_are_for_the_server_alone(app: FastAPI) -> None:
    cookies = given_cookies(browser(app).post("/login", data=LOGIN))
    assert set(cookies) == {SESSION, DEVICE}
    for cookie in cookies.values():
        assert cookie["httponly"] is True
        assert cookie["samesite"].lower() == "lax"
        assert cookie["path"] == "/"
        assert cookie["domain"] == ""
        assert len(cookie.value) == 43
    assert cookies[SESSION]["max-age"] == str(7 * 24 * 3600)
    assert cookies[DEVICE]["max-age"] == str(365 * 24 * 3600)


def proxied(place: Office) -> FastAPI:
    """The application behind a proxy that speaks https."""
    installation = place.installation
    file = installation.settings.file.model_copy(update={"web": Web(url="https://p.example.com")})
    return application(replace(installation, settings=replace(installation.settings, file=file)))


def test_over_https_cookies_are_for_https_and_this_host_alone(place: Office, app: FastAPI) -> None:
    client = TestClient(
        proxied(place),
        base_url="http://p.example.com",
        headers={"Origin": "https://p.example.com"},
        follow_redirects=False,
    )
    cookies = given_cookies(client.post("/login", data=LOGIN))
    assert set(cookies) == {f"__Host-{SESSION}", f"__Host-{DEVICE}"}
    assert all(cookie["secure"] is True for cookie in cookies.values())
    held = cookies[f"__Host-{SESSION}"].value
    assert client.get("/settings/code", headers={"Cookie": f"__Host-{SESSION}={held}"}).status_code == 200
    # Without the prefix another host of the domain could have planted it.
    assert client.get("/settings/code", headers={"Cookie": f"{SESSION}={held}"}).status_code == 303


def test_an_id_that_was_planted_does_not_survive_the_sign_in(place: Office, app: FastAPI) -> None:
    """Fixation: whether it was made up, or is a session that works."""
    mallory = user(place.store, "rep", "mallory@us.example")
    for planted in ("A" * 43, token(place.store, mallory.id)):
        victim = browser(app, planted)
        answer = victim.post("/login", data=LOGIN)
        assert given_cookies(answer)[SESSION].value != planted
        assert not inside(browser(app, planted))
        assert inside(victim)


def test_each_sign_in_is_another_session(place: Office, app: FastAPI) -> None:
    ids = {given_cookies(browser(app).post("/login", data=LOGIN))[SESSION].value for _ in range(10)}
    assert len(ids) == 10
    assert not any(row.token_hash in ids for row in place.rows(Login))


def test_no_address_and_no_page_holds_the_id(place: Office, app: FastAPI) -> None:
    client = browser(app)
    answer = client.post("/login", data=LOGIN)
    held = given_cookies(answer)[SESSION].value
    assert held not in answer.headers["location"] + client.get("/queue").text
    assert browser(app).get("/queue", params={SESSION: held, "session": held}).status_code == 303


def test_signing_out_ends_it_on_the_server(app: FastAPI) -> None:
    client = signed_in(app)
    held = client.cookies[SESSION]
    answer = client.post("/logout")
    assert given_cookies(answer)[SESSION]["max-age"] == "0"
    assert not inside(browser(app, held))
    assert browser(app).post("/logout").status_code == 303, "who is not signed in may press it too"


def test_it_ends_twelve_hours_after_it_was_used_last(app: FastAPI) -> None:
    client = signed_in(app)
    for hours in (11.9, 23.8):
        with at(hours=hours):
            assert inside(client)
    with at(hours=23.8 + 12):
        assert not inside(client)


def test_it_ends_after_seven_days_however_it_is_used(app: FastAPI) -> None:
    client = signed_in(app)
    for hour in range(6, 7 * 24, 6):
        with at(hours=hour):
            assert inside(client), hour
    with at(days=7):
        assert not inside(client)


def test_its_use_is_written_once_a_minute_at_most(place: Office, app: FastAPI) -> None:
    client = signed_in(app)
    noted = set()
    for second in range(0, 180, 5):
        with at(seconds=second):
            assert inside(client)
        noted.add(place.one(Login, kind="session").seen_at)
    assert sorted(noted) == [START + timedelta(minutes=minute) for minute in range(3)]


def test_a_page_that_refreshes_itself_keeps_no_session_alive(app: FastAPI) -> None:
    client = signed_in(app)
    for hour in range(1, 12):
        with at(hours=hour):
            assert client.get("/live", headers={"HX-Request": "true"}).status_code == 200
    with at(hours=12):
        assert not inside(client)


def test_a_new_password_signs_the_others_out(place: Office, app: FastAPI) -> None:
    mine, other = signed_in(app), signed_in(app)
    keep = {sessions.hash_of(mine.cookies[SESSION])}
    place.write(lambda s: users.set_password(s, users.find(s, "ana@us.example"), "hash", keep))
    assert inside(mine)
    assert not inside(other)


def test_who_is_disabled_is_out_at_once(place: Office, app: FastAPI) -> None:
    user(place.store, email="other.admin@us.example")
    client = signed_in(app)
    place.write(lambda s: users.disable(s, users.find(s, "ana@us.example"), utc_now()))
    assert not inside(client)
    assert browser(app).post("/login", data=LOGIN).status_code == 422


def test_with_another_role_one_signs_in_anew(place: Office, app: FastAPI) -> None:
    user(place.store, email="other.admin@us.example")
    client = signed_in(app)
    place.write(lambda s: users.set_role(s, users.find(s, "ana@us.example"), "rep"))
    assert not inside(client)


def test_turning_the_code_on_or_off_gives_another_id_and_ends_the_others(place: Office, app: FastAPI) -> None:
    mine, other = signed_in(app), signed_in(app)
    first, secret = mine.cookies[SESSION], totp.new_secret()
    form = {"secret": secret, "code": pyotp.TOTP(secret).at(START), "password": PASSWORD}
    assert mine.post("/settings/code", data=form).status_code == 303
    second = mine.cookies[SESSION]
    assert mine.post("/settings/code/off", data={"password": PASSWORD}).status_code == 303
    assert len({first, second, mine.cookies[SESSION]}) == 3
    assert inside(mine)
    assert not [one for one in (first, second) if inside(browser(app, one))]
    assert not inside(other)


def test_what_is_in_the_database_lets_nobody_in(place: Office, app: FastAPI) -> None:
    client = signed_in(app)
    for row in place.rows(Login):
        assert row.token_hash != client.cookies[SESSION]
        assert not inside(browser(app, row.token_hash))
    kept = place.one(User).password
    assert kept is not None
    assert browser(app).post("/login", data={**LOGIN, "password": kept}).status_code == 422
