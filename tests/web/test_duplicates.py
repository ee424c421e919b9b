"""Pairs side by side: one key merges, another says that they are two, and both can be taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.signed import program, token
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed

from prospector.models import Prospect


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def twice(desk: Desk) -> tuple[int, int]:
    place = desk.place
    first = place.person("anna", email="anna@b.example", company="B", title=HOSTILE)
    second = place.person("hanna", email="anna+x@b.example", company="B", source="the fair")
    return first, second


def run_of(page: str) -> str:
    return re.findall(r'name="run" value="(\d+)"', page)[0]


def test_one_button_merges_and_another_parts(desk: Desk) -> None:
    first, second = twice(desk)
    page = desk.ana.get("/duplicates").text
    assert "Both addresses are the mailbox anna@b.example" in page
    assert 'data-act="approve" aria-keyshortcuts="a"' in page
    assert page.count('class="btn pri"') == 1
    unharmed(page)
    plan = desk.ana.get(f"/duplicates/{first}/{second}").text
    assert "becomes a second address" in plan
    assert "the fair" in plan
    merged = desk.ana.post("/duplicates/merge", data={"keep": first, "other": second})
    page = desk.ana.get(merged.headers["location"]).text
    assert "Hanna Weber is" in page
    assert desk.ana.get(f"/p/{second}").headers["location"] == f"/p/{first}"
    assert "their second address" in desk.ana.get(f"/p/{first}").text
    parted = desk.ana.post("/duplicates/part", data={"run": run_of(page)})
    assert parted.status_code == 303
    assert desk.ana.get(f"/p/{second}").status_code == 200
    assert desk.ana.post("/duplicates/part", data={"run": run_of(page)}).status_code == 409


def test_not_the_same_is_remembered_until_it_is_taken_back(desk: Desk) -> None:
    first, second = twice(desk)
    apart = desk.ana.post("/duplicates/apart", data={"keep": first, "other": second})
    page = desk.ana.get(apart.headers["location"]).text
    assert "Nobody seems to be here twice" in page
    assert desk.ana.post("/duplicates/together", data={"run": run_of(page)}).status_code == 303
    assert "data-row" in desk.ana.get("/duplicates").text
    assert desk.ana.post("/duplicates/together", data={"run": run_of(page)}).status_code == 409


def test_what_cannot_be_merged_is_told(desk: Desk) -> None:
    first, _ = twice(desk)
    assert desk.ana.post("/duplicates/merge", data={"keep": first, "other": 99}).status_code == 409
    assert desk.ana.get(f"/duplicates/{first}/{first}").status_code == 409
    assert desk.ana.get(f"/duplicates/{first}/0").status_code == 404
    assert desk.ana.post("/duplicates/apart", data={"keep": first, "other": first}).status_code == 409
    assert desk.rep.get("/duplicates").status_code == 403
    assert {one.merged_into_id for one in desk.place.rows(Prospect)} == {None}


def test_the_same_over_the_api(desk: Desk) -> None:
    first, second = twice(desk)
    robot = program(desk.app, token(desk.place.store, 1, "api"))
    (pair,) = robot.get("/api/duplicates").json()["pairs"]
    assert (pair["keep"], pair["merge"]) == (first, second)
    two = {"keep": first, "merge": second}
    assert robot.post("/api/merges", json={**two, "dry_run": True}).json()["run"] is None
    run = robot.post("/api/merges", json=two).json()["run"]
    assert robot.get("/api/duplicates").json()["pairs"] == []
    assert robot.post("/api/merges", json=two).status_code == 409
    assert robot.post(f"/api/merges/{run}/undo").json()["left"] == []
    assert robot.post(f"/api/merges/{run}/undo").status_code == 409
    assert robot.get("/api/retention").json() == {"people": [], "next": None}
