"""The table of access: nothing is missing in it, nothing is too much, and what it does not name is shut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from tests.office import START
from tests.signed import browser
from tests.web.world import World, every_route, world

from prospector.team.users import ROLES
from prospector.web import access
from prospector.web.access import ACCESS, Grant, grant_of, verdict
from prospector.web.door import local_path


@pytest.fixture
def team(sqlite_template: Path, tmp_path: Path) -> Iterator[World]:
    with time_machine.travel(START):
        yield from world(sqlite_template, tmp_path)


def test_every_route_has_a_row(team: World) -> None:
    missing = [
        f"{method} {route.path}"
        for route in every_route(team.app)
        for method in route.methods
        if grant_of(method, route.path) is None
    ]
    assert missing == [], "add these to ACCESS in web/access.py: until then nobody can open them"


def test_every_row_has_a_route(team: World) -> None:
    routes = {f"{method} {route.path}" for route in every_route(team.app) for method in route.methods}
    assert sorted(set(ACCESS) - routes) == []


def test_only_what_is_needed_before_a_sign_in_is_open() -> None:
    opened = {name.split()[1].split("/")[1] for name, grant in ACCESS.items() if grant.roles is None}
    assert opened == {"healthz", "static", "setup", "login", "logout", "u"}


def test_a_route_that_somebody_forgets_to_name_is_shut_to_everybody(team: World) -> None:
    @team.app.get("/forgotten")
    def forgotten() -> str:
        return "secret"

    @team.app.post("/api/forgotten")
    def forgotten_too() -> str:
        return "secret"

    for who in (None, *team.tokens.values()):
        client = browser(team.app, who)
        for answer in (client.get("/forgotten"), client.post("/api/forgotten", json={})):
            assert answer.status_code == 403
            assert "secret" not in answer.text


def test_what_is_no_route_is_not_there(team: World) -> None:
    client = browser(team.app, team.tokens["admin"])
    assert client.get("/nothing-here").status_code == 404
    assert client.get("/api/nothing-here").json() == {
        "detail": "There is nothing here. The address may be mistyped, or old."
    }
    assert client.request("DELETE", "/queue").status_code == 405


@given(st.sampled_from([None, *ROLES, "root", ""]), st.sampled_from([None, *ACCESS.values()]))
def test_the_verdict_is_no_unless_the_row_says_otherwise(role: str | None, grant: Grant | None) -> None:
    said = verdict(grant, role)
    if grant is None:
        assert said == "no"
    elif grant.roles is None:
        assert said == "go"
    elif role is None:
        assert said == "sign in"
    else:
        assert (said == "go") == (role in grant.roles)


def test_a_head_is_as_a_get_and_nothing_else_is() -> None:
    assert grant_of("HEAD", "/queue") is access.SIGNED
    assert grant_of("PUT", "/queue") is None
    assert grant_of("get", "/queue") is None


@given(st.text(max_size=60))
def test_one_goes_on_only_to_a_path_of_ours(text: str) -> None:
    path = local_path(text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert "\\" not in path
    assert path.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:1",
        "\t//evil.example",
        "/a\r\nb: c",
        "",
        "/login?next=/login",
    ],
)
def test_other_ways_on_lead_to_the_queue(text: str) -> None:
    assert local_path(text) == "/queue"


def test_the_way_on_keeps_its_question() -> None:
    assert local_path("/queue?view=done") == "/queue?view=done"
    assert local_path("/queue?") == "/queue"
