"""Campaigns over the API: made, written, filled with people, started, paused, read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.signed import program, token
from tests.web.desk import Desk, at_the_desk

from prospector.models import User

TEXT = "Subject: Your post\n\nHi {{ prospect.first_name }}, one question."


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


@pytest.fixture
def client(desk: Desk) -> TestClient:
    admin = next(one for one in desk.place.rows(User) if one.role == "admin")
    return program(desk.app, token(desk.place.store, admin.id, "api"))


def series(text: str = TEXT) -> dict[str, object]:
    return {"steps": [{"variants": [{"texts": {"en": text}}]}]}


def test_a_campaign_is_made_with_a_text_and_says_what_it_still_needs(client: TestClient) -> None:
    made = client.post("/api/campaigns", json={"name": "Readers", "series": series()}).json()
    assert (made["name"], made["version"], made["state"]) == ("Readers", 1, "draft")
    assert "people" in {one["field"] for one in made["missing"]}
    assert [one["id"] for one in client.get("/api/campaigns").json()] == [made["id"]]
    refused = client.post(f"/api/campaigns/{made['id']}/start")
    assert refused.status_code == 409
    assert "nobody to write to" in refused.json()["detail"]


def test_a_text_with_an_error_is_refused_with_its_place(client: TestClient) -> None:
    made = client.post("/api/campaigns", json={"name": "Readers"}).json()
    wrong = series("Subject: Hi\n\n{{ prospect.shoe_size }}")
    answer = client.post(f"/api/campaigns/{made['id']}/versions", json=wrong)
    assert answer.status_code == 422
    assert "shoe_size" in answer.json()["fields"]["steps.1"]
    rows = client.post(f"/api/campaigns/{made['id']}/versions", json=series()).json()
    assert [row["number"] for row in rows] == [1]


def test_people_come_in_once_and_are_listed(desk: Desk, client: TestClient) -> None:
    anna = desk.place.person("anna")
    desk.place.person("bob")
    made = client.post("/api/campaigns", json={"name": "Readers", "series": series()}).json()
    path = f"/api/campaigns/{made['id']}"
    assert client.post(f"{path}/people", json={"prospects": [anna, 9999]}).json() == {
        "added": 1,
        "already": 0,
        "refused": [{"prospect": 9999, "why": "there is no such person"}],
    }
    again = client.post(f"{path}/people", json={"query": "stage:cold"}).json()
    assert (again["added"], again["already"]) == (1, 1)
    page = client.get(f"{path}/people", params={"limit": 1}).json()
    assert (page["people"][0]["prospect"], page["people"][0]["state"]) == (anna, "added")
    rest = client.get(f"{path}/people", params={"after": page["next"]}).json()
    assert (len(rest["people"]), rest["next"]) == (1, None)
    assert client.post(f"{path}/people", json={}).status_code == 422


def test_results_name_no_winner_before_there_is_enough(client: TestClient) -> None:
    arms = [{"name": "A", "texts": {"en": TEXT}}, {"name": "B", "texts": {"en": TEXT + " Or two?"}}]
    made = client.post(
        "/api/campaigns", json={"name": "Readers", "series": {"steps": [{"variants": arms}]}}
    ).json()
    (step,) = client.get(f"/api/campaigns/{made['id']}/results").json()
    assert [arm["name"] for arm in step["arms"]] == ["A", "B"]
    assert (step["better"], step["needed"]) == (None, 1506)
    assert step["words"].startswith("cannot tell yet")


def test_who_may_not_see_campaigns_gets_none(desk: Desk) -> None:
    rep = next(one for one in desk.place.rows(User) if one.role == "rep")
    client = program(desk.app, token(desk.place.store, rep.id, "api"))
    assert client.get("/api/campaigns").status_code == 403
    assert client.post("/api/campaigns", json={"name": "Readers"}).status_code == 403
