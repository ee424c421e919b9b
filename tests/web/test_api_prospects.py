"""People, strangers and changes over the API, by a bearer token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.office import Office, office, sqlite_store
from tests.signed import application, program, token, user

from prospector.models import Prospect, Run


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


@pytest.fixture
def ana(place: Office) -> TestClient:
    """A program of Ana's, a rep (1); Jonas (2) is her colleague."""
    app = application(place.installation)
    ana = user(place.store, "rep", "ana@us.example")
    user(place.store, "rep", "jonas@us.example")
    return program(app, token(place.store, ana.id, "api"))


def test_people_page_by_page(place: Office, ana: TestClient) -> None:
    for number in range(5):
        place.person(f"p{number}", owner_id=1)
    place.person("bob", owner_id=2)
    first = ana.get("/api/prospects", params={"q": "weber", "limit": 3}).json()
    second = ana.get("/api/prospects", params={"q": "weber", "limit": 3, "after": first["older"]}).json()
    names = [one["name"] for one in first["prospects"] + second["prospects"]]
    assert sorted(names) == [f"P{number} Weber" for number in range(5)]
    assert (second["older"], second["paused"]) == (None, False)
    refused = ana.get("/api/prospects", params={"q": "colour:red"})
    assert refused.status_code == 422
    assert "cannot be searched" in refused.json()["detail"]


def test_somebody_is_added(place: Office, ana: TestClient) -> None:
    given = {"urls": ["bsky.app/profile/Ada.example"], "email": "ada@weber.example", "stage": "engaged"}
    made = ana.post("/api/prospects", json=given)
    assert made.status_code == 201
    assert made.json()["profiles"] == ["https://bsky.app/profile/ada.example"]
    assert place.one(Prospect).owner_id == 1
    assert ana.post("/api/prospects", json=given).status_code == 409
    for wrong in ({}, {"email": "ada"}, {"urls": ["ada"]}, {"email": "x@x.example", "stage": "hot"}):
        assert ana.post("/api/prospects", json=wrong).status_code == 422
    # Each of an unknown host would be asked for its feed.
    many = ana.post("/api/prospects", json={"urls": [f"https://{number}.example" for number in range(6)]})
    assert many.json()["detail"][0]["type"] == "too_long"


def test_who_gives_a_person_away_is_told_that_it_was_done(place: Office, ana: TestClient) -> None:
    person = place.person("p", owner_id=1)
    given = ana.patch(f"/api/prospects/{person}", json={"owner_id": 2})
    assert (given.status_code, place.one(Prospect).owner_id) == (200, 2)
    assert given.json()["owner"] == "jonas@us.example"
    assert ana.patch(f"/api/prospects/{person}", json={"owner_id": 1}).status_code == 404
    assert ana.get(f"/api/prospects/{person}").status_code == 404


def test_strangers_are_taken_and_dismissed(place: Office, ana: TestClient) -> None:
    for number, actor in enumerate(["did:bob", "did:eve"]):
        seen = place.seen("reply", 0, actor=actor, object=f"at://{number}")
        place.follow(replace(seen, prospect_id=None))
    eve, bob = ({"channel": "bluesky", "actor": actor} for actor in ("did:eve", "did:bob"))
    assert [one["actor"] for one in ana.get("/api/strangers").json()] == ["did:eve", "did:bob"]
    assert ana.post("/api/strangers/dismiss", json=eve).status_code == 204
    assert ana.post("/api/strangers/take", json=bob).json() == {"id": place.one(Prospect).id}
    assert ana.get("/api/strangers").json() == []
    assert ana.post("/api/strangers/take", json=bob).status_code == 409
    assert ana.post("/api/strangers/dismiss", json=bob).status_code == 409


def test_changes_are_planned_done_and_taken_back(place: Office, ana: TestClient) -> None:
    ids = [place.person(f"p{number}", owner_id=1) for number in range(3)]
    theirs = place.person("bob", owner_id=2)
    asked = {"ids": [*ids, theirs], "owner": 2, "add_tags": ["fair"]}
    plan = ana.post("/api/changes", json=asked | {"dry_run": True}).json()
    assert plan == {"run": None, "changing": 3, "staying": []}
    assert place.rows(Run) == []
    done = ana.post("/api/changes", json=asked).json()
    assert done == plan | {"run": 1}
    (run,) = ana.get("/api/runs").json()
    assert (run["run"], run["changed"], run["undone"]) == (1, 3, None)
    assert ana.post("/api/runs/1/undo").json()["undone"] is not None
    assert {one.owner_id for one in place.rows(Prospect)} == {1, 2}
    assert place.one(Prospect, id=theirs).tags == []
    assert ana.post("/api/runs/1/undo").status_code == 409
    assert ana.post("/api/runs/9/undo").status_code == 404
    assert ana.post("/api/changes", json={"q": "weber", "archive": "archive"}).json()["changing"] == 3
    assert ana.post("/api/changes", json={"ids": ids}).status_code == 422


def test_colleagues(ana: TestClient) -> None:
    assert [one["id"] for one in ana.get("/api/colleagues").json()] == [1, 2]
