"""X9: every role, every route, one's own things and another's. Routes and fields are found in the
application, so what somebody adds is covered before they think of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from starlette.testclient import TestClient
from tests.office import START
from tests.signed import browser
from tests.web.world import CANARY, OWNED, ROLES, World, every_route, given, names, world

from prospector.web.access import grant_of
from prospector.web.door import Route

WHO = (None, *ROLES)


@pytest.fixture
def team(sqlite_template: Path, tmp_path: Path) -> Iterator[World]:
    with time_machine.travel(START):
        yield from world(sqlite_template, tmp_path)


def pairs(team: World) -> list[tuple[str, Route]]:
    return [(method, route) for route in every_route(team.app) for method in sorted(route.methods)]


def ask(team: World, who: str | None, method: str, route: Route, ids: dict[str, Any]) -> Any:
    """Send what the route asks for, about these things."""
    client = browser(team.app, team.tokens[who] if who is not None else None)
    path = team.path(route, ids)
    if method in ("GET", "HEAD"):
        return client.request(method, path)
    body = given(team.app, route.path, method, ids)
    if route.path.startswith("/api/"):
        return client.request(method, path, json=body)
    return client.request(method, path, data=body)


def test_who_is_not_signed_in_gets_no_further_than_the_sign_in(team: World) -> None:
    for method, route in pairs(team):
        grant = grant_of(method, route.path)
        if grant is None or grant.roles is None:
            continue  # test_access finds those without a row
        answer = ask(team, None, method, route, team.mine)
        if route.path.startswith("/api/"):
            assert answer.status_code == 401, (method, route.path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
        else:
            assert answer.status_code == 303, (method, route.path)
            assert answer.headers["location"].startswith("/login?next=/")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_as_far_as_the_table_says(team: World, role: str) -> None:
    """On what is theirs to see, nobody is refused who may, and everybody else is."""
    gaps = []
    for method, route in pairs(team):
        grant = grant_of(method, route.path)
        if route.path == "/logout" or grant is None or _by_rule(method, route):
            continue
        allowed = grant.roles is None or role in grant.roles
        answer = ask(team, role, method, route, team.mine if role == "rep" else team.theirs)
        if (answer.status_code == 403) == allowed or answer.status_code == 401 or answer.status_code >= 500:
            gaps.append(f"{method} {route.path}: {answer.status_code}, and the table says {allowed}")
    assert not gaps, "\n".join(gaps)


def _by_rule(method: str, route: Route) -> bool:
    """Routes that refuse some of those whom the table lets in, and say why: each with its own test."""
    return (method, route.path) in {("POST", "/api/tokens")}


def owned(team: World) -> list[tuple[str, Route]]:
    return [(method, route) for method, route in pairs(team) if OWNED & set(names(route))]


def test_another_reps_things_are_not_there(team: World) -> None:
    """The same answer as for what never existed."""
    gaps = []
    for method, route in owned(team):
        grant = grant_of(method, route.path)
        if grant is None or "rep" not in (grant.roles or ROLES):
            continue
        absent = {**team.mine, **dict.fromkeys(OWNED, 999_999)}
        foreign = ask(team, "rep", method, route, team.theirs)
        never = ask(team, "rep", method, route, absent)
        same = sentence(foreign.text, team.theirs) == sentence(never.text, absent)
        if (foreign.status_code, never.status_code, same) != (404, 404, True):
            gaps.append(
                f"{method} {route.path}: {foreign.status_code}, of what never was {never.status_code}"
            )
    assert not gaps, (
        "ask `viewer.scope` before anything else; if the form was refused (422), give its fields a value in "
        "VALUES of tests/web/world.py:\n" + "\n".join(gaps)
    )


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, 10**20])
def test_numbers_that_no_row_can_have_are_not_there(team: World, number: int) -> None:
    """Databases take no number of any length: SQLite 63 bits, PostgreSQL's column 31."""
    numbered = {name for name in team.mine if name.endswith("_id") and isinstance(team.mine[name], int)}
    ids = {**team.mine, **dict.fromkeys(numbered, number)}
    wrong = []
    for method, route in pairs(team):
        if numbered & set(names(route)):
            answer = ask(team, "admin", method, route, ids)
            if answer.status_code not in (404, 409, 422):
                wrong.append(f"{method} {route.path}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


MOMENTS = ("2026-01-01T00:00:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00%2B14:00", "1e300", "x")


@pytest.mark.parametrize("at", MOMENTS)
def test_a_moment_that_is_none_is_the_readers_mistake_and_not_the_databases(team: World, at: str) -> None:
    client, mine = browser(team.app, team.tokens["rep"]), team.mine
    for path in (
        f"/queue?view=done&before={at}",
        f"/queue/news?since={at}",
        f"/outbox?after={at}_1",
        f"/replies?after={at}_1",
        f"/p/{mine['prospect_id']}?before={at}~e1",
        f"/p?after={at}~1",
        f"/api/replies?after={at}_1",
        f"/api/prospects/{mine['prospect_id']}/engagements?before={at}~e1",
    ):
        assert client.get(path, headers={"HX-Request": "true"}).status_code < 500, path


def sentence(text: str, ids: dict[str, Any]) -> str:
    """What a page or a program is told, without the number by which it asked."""
    told = re.search(r'class="note bad">.*?<span>(.*?)</span>|"detail":"(.*?)"', text, re.DOTALL)
    assert told is not None, text[-300:]
    numbers = "|".join(str(ids[name]) for name in OWNED)
    return re.sub(rf"\b({numbers})\b", "#", told[1] or told[2])


def test_a_rep_changes_nothing_of_another_rep(team: World) -> None:
    """Neither by an address nor by what stands in a form: every route, with the ids of another's things."""
    before = rows_of(team, "theirs")
    for method, route in pairs(team):
        if method != "GET" and route.path != "/logout":
            ask(team, "rep", method, route, team.theirs)
            assert rows_of(team, "theirs") == before, f"{method} {route.path}"


def test_things_of_two_owners_in_one_address_do_not_open_each_other(team: World) -> None:
    """`/p/MINE/profiles/THEIRS`: it is not enough that one of the two is mine."""
    for method, route in owned(team):
        mixed = OWNED & set(names(route))
        if len(mixed) < 2:
            continue
        for foreign in mixed:
            ids = {**team.mine, foreign: team.theirs[foreign]}
            assert ask(team, "rep", method, route, ids).status_code == 404, (method, route.path, foreign)


def test_no_page_of_a_rep_shows_anything_of_another_rep(team: World) -> None:
    """Theo's people, their posts and his views carry a name that Rosa's pages must not hold."""
    client = browser(team.app, team.tokens["rep"])
    for method, route in pairs(team):
        if method == "GET":
            answer = client.get(team.path(route, team.mine))
            assert CANARY.lower() not in answer.text.lower(), (
                f"GET {route.path} shows a rep what belongs to another: narrow it by `viewer.scope`. "
                + around(answer.text)
            )


def around(text: str) -> str:
    at = text.lower().find(CANARY.lower())
    return text[max(0, at - 120) : at + 120]


def test_who_leads_sees_everybodys(team: World) -> None:
    """The canary is one: those who may see it do, on the pages that show people."""
    for role in ("founder", "manager", "admin"):
        client = browser(team.app, team.tokens[role])
        assert CANARY in client.get("/queue").text + client.get("/p").text


def rows_of(team: World, whose: str) -> str:
    """What the database holds of somebody's people, as text."""
    from prospector.models import Card, Engagement, Message, Move, Profile, Prospect, View

    ids = getattr(team, whose)
    wanted = (
        (Prospect, "id", "prospect_id"),
        (View, "id", "view_id"),
        *((table, "prospect_id", "prospect_id") for table in (Card, Message, Profile, Engagement, Move)),
    )
    return "\n".join(
        str(row.model_dump())
        for table, column, name in wanted
        for row in team.place.rows(table, **{column: ids[name]})
    )


def test_a_client_is_what_it_says(team: World) -> None:
    """The matrix would pass emptily if nobody were signed in by these tokens."""
    for role in ROLES:
        client: TestClient = browser(team.app, team.tokens[role])
        assert client.get("/queue").status_code == 200
        assert team.users[role].role == role


def test_who_gives_a_person_away_is_not_led_to_a_page_that_is_not_there(team: World) -> None:
    client, mine = browser(team.app, team.tokens["rep"]), team.mine["prospect_id"]
    given = client.post(f"/p/{mine}/edit", data={"name": "Rosa", "owner_id": str(team.users["other"].id)})
    assert (given.status_code, given.headers["location"]) == (303, "/p")
