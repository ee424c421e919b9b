"""Bringing people from a file: nothing is written before the plan was seen, and all of it goes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.signed import program, token
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed

from prospector import uploads
from prospector.models import ImportRow, Prospect, Run
from prospector.web import guard

FILE = """First name;Last name;E-mail;Position;Notes;LinkedIn
Jörg;Müller;joerg@mueller.example;CTO;met in May;https://www.linkedin.com/in/joergmueller
Ana;Petrov;ana@bluegate.example;;;
Nobody;;not an address;;;
"""
ABOUT = {"source": "visitors of the fair in May", "basis": "legitimate interest"}
ABOUT |= {"note": "our tool is for them"}
LACKING = [("source", ""), ("basis", ""), ("basis", "because"), ("note", "")]


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def bring(browser: TestClient, content: bytes | str = FILE, name: str = "fair.csv", **about: str) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return browser.post("/imports", data={**ABOUT, **about}, files={"file": (name, data, "text/csv")})


def mapping(page: str) -> dict[str, list[str]]:
    """The form of the columns as the page has it."""
    fields = [
        next(iter(re.findall(r'<option value="([^"]*)" selected', one)), "")
        for one in re.findall(r'name="field".*?</select>', page, re.S)
    ]
    return {"column": re.findall(r'name="column" value="([^"]*)"', page), "field": fields}


def planned(desk: Desk, content: str = FILE) -> str:
    """Bring a file and make its plan; the address of its page."""
    at: str = bring(desk.ana, content).headers["location"]
    assert desk.ana.post(f"{at}/mapping", data=mapping(desk.ana.get(at).text)).status_code == 303
    return at


def test_a_page_before_no_number_that_there_can_be_is_refused(desk: Desk) -> None:
    assert desk.ana.get(f"/imports?before={2**31 - 1}").status_code == 200
    assert desk.ana.get(f"/imports?before={10**20}").status_code == 422


def kept_files(desk: Desk) -> list[Path]:
    folder = desk.place.installation.workspace.root / uploads.FOLDER
    return sorted(folder.iterdir()) if folder.is_dir() else []


def test_from_the_file_to_the_people_and_back(desk: Desk) -> None:
    before = len(desk.place.rows(Prospect))
    at = bring(desk.ana).headers["location"]
    page = desk.ana.get(at).text
    assert "csv, utf-8, cells between semicolon signs" in page
    assert "visitors of the fair in May" in page
    assert mapping(page)["field"] == ["first_name", "last_name", "email", "title", "fields.notes", "profile"]
    assert len(desk.place.rows(Prospect)) == before
    at = planned(desk)
    page = desk.ana.get(at).text
    assert "nothing is written yet" in page
    assert [int(one) for one in re.findall(r'class="n">(\d+)<', page)] == [2, 0, 0, 0, 1]
    assert "Jörg Müller" in page
    assert "Import 2 people" in page
    assert len(desk.place.rows(Prospect)) == before
    assert desk.ana.post(f"{at}/apply").headers["location"] == at
    done = desk.ana.get(at).text
    assert "2 people are new" in done
    assert f'href="/m/new?run={at.rpartition("/")[2]}"' in done
    joerg = desk.place.one(Prospect, email="joerg@mueller.example")
    assert (joerg.source, joerg.title) == ("visitors of the fair in May", "CTO")
    assert joerg.legal_basis == "legitimate interest: our tool is for them"
    assert desk.ana.post(f"{at}/apply").status_code == 409
    assert desk.ana.post(f"{at}/undo").status_code == 303
    assert "Taken back" in desk.ana.get(at).text
    assert len(desk.place.rows(Prospect)) == before


def test_the_rows_that_were_refused_are_a_file_to_mend(desk: Desk) -> None:
    at = planned(desk)
    refused = desk.ana.get(f"{at}?plan=refuse").text
    assert "nobody" in refused.lower()
    file = desk.ana.get(f"{at}/errors.csv")
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.text.splitlines()[0].startswith('"row","reason","First name"')
    assert "not an address" in file.text


def test_a_file_that_can_be_read_in_part_says_how_much(desk: Desk) -> None:
    at = bring(desk.ana, FILE + 'Eve;Stone;"eve@stone.example;;;\n').headers["location"]
    page = desk.ana.get(at).text
    assert "3 of 4 rows read." in page


def test_what_was_guessed_wrong_is_read_again(desk: Desk) -> None:
    at = bring(desk.ana, FILE.encode("cp850"), "old.csv").headers["location"]
    again = desk.ana.post(f"{at}/reading", data={"encoding": "cp850", "delimiter": ";"})
    page = desk.ana.get(again.headers["location"]).text
    assert "cp850" in page
    assert "Jörg" in page
    assert desk.ana.get(at).status_code == (200 if again.headers["location"] == at else 404)
    wrong = desk.ana.post(f"{again.headers['location']}/reading", data={"encoding": "klingon"})
    assert wrong.status_code == 422
    assert "There is no encoding" in wrong.text


def test_columns_that_say_two_things_are_told_beside_the_form(desk: Desk) -> None:
    at = bring(desk.ana).headers["location"]
    form = mapping(desk.ana.get(at).text)
    form["field"] = ["email" for _ in form["field"]]
    wrong = desk.ana.post(f"{at}/mapping", data=form)
    assert wrong.status_code == 422
    assert "cannot both be email" in wrong.text
    assert 'role="alert"' in wrong.text


@pytest.mark.parametrize(("field", "given"), LACKING)
def test_source_and_basis_are_asked_with_the_file(desk: Desk, field: str, given: str) -> None:
    answer = bring(desk.ana, **{field: given})
    assert answer.status_code == 422
    assert f'id="e-{field}"' in answer.text
    assert desk.place.rows(Run) == []
    assert kept_files(desk) == []


def test_pasted_rows_are_a_file_too(desk: Desk) -> None:
    pasted = {**ABOUT, "text": FILE.replace(";", "\t")}
    at = desk.ana.post("/imports", data=pasted, files={"file": ("", b"")}).headers["location"]
    page = desk.ana.get(at).text
    assert "pasted text" in page
    assert "cells between tab signs" in page
    both = bring(desk.ana, text="a;b")
    assert "not both" in both.text
    neither = desk.ana.post("/imports", data=ABOUT, files={"file": ("", b"")})
    assert (neither.status_code, "paste rows below" in neither.text) == (422, True)


@pytest.mark.parametrize("name", ["../../../etc/cron.d/evil", "C:\\evil.csv", HOSTILE, "a\nb.csv"])
def test_no_path_is_made_of_a_name(desk: Desk, name: str) -> None:
    at = bring(desk.ana, name=name).headers["location"]
    assert [uploads._TOKEN.fullmatch(file.name) is not None for file in kept_files(desk)] == [True]
    assert kept_files(desk)[0].stat().st_mode & 0o077 == 0
    page = desk.ana.get(at)
    assert page.status_code == 200
    assert "<img src=x" not in page.text


def test_what_others_wrote_in_a_file_is_text(desk: Desk) -> None:
    cell = HOSTILE.replace('"', '""')
    at = planned(desk, f'Name,E-mail,Note\n"{cell}",eve@x.example,"{cell}"\n')
    unharmed(desk.ana.get(at).text)
    unharmed(desk.ana.get(f"{at}?map=true").text)


def test_a_file_that_is_none_is_told(desk: Desk) -> None:
    for content in (b"", b"%PDF-1.7 x", b"\x00\x01\x02" * 50):
        answer = bring(desk.ana, content)
        assert answer.status_code == 422
        assert 'id="e-file"' in answer.text
    assert kept_files(desk) == []
    assert desk.place.rows(ImportRow) == []


def test_what_is_too_large_is_not_let_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_UPLOAD", 20_000)
    assert bring(desk.ana, b"x" * 30_000).status_code == 413
    large = (part for part in [b"--b\r\n", *[b"x" * 1000] * 30])
    header = {"content-type": "multipart/form-data; boundary=b"}
    assert desk.ana.post("/imports", content=large, headers=header).status_code in (400, 413)
    assert desk.place.rows(Run) == []


def test_a_file_is_forgotten_with_what_was_read_of_it(desk: Desk) -> None:
    at = planned(desk)
    assert len(kept_files(desk)) == 1
    assert desk.ana.post(f"{at}/forget").headers["location"] == "/imports"
    assert (kept_files(desk), desk.place.rows(ImportRow), desk.place.rows(Run)) == ([], [], [])
    assert desk.ana.get(at).status_code == 404


def test_the_list_shows_where_each_is(desk: Desk) -> None:
    assert "Bring the first file" in desk.ana.get("/imports").text
    bring(desk.ana)
    planned(desk)
    page = desk.ana.get("/imports").text
    assert page.index("plan to look at") < page.index("columns to check")
    assert desk.rep.get("/imports").status_code == 403
    assert bring(desk.rep).status_code == 403


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:9/people.csv", "https://localhost/x", "http://[::1]/x.csv"]
)
def test_a_link_into_our_own_network_is_not_followed(desk: Desk, link: str) -> None:
    answer = desk.ana.post("/imports", data={**ABOUT, "text": link}, files={"file": ("", b"")})
    assert answer.status_code == 422
    assert 'id="e-text"' in answer.text
    assert "The link cannot be read" in answer.text
    assert desk.place.rows(Run) == []


def program_of(desk: Desk) -> TestClient:
    return program(desk.app, token(desk.place.store, 1, "api"))


def test_the_same_over_the_api(desk: Desk) -> None:
    robot = program_of(desk)
    made = robot.post("/api/imports", data=ABOUT, files={"file": ("fair.csv", FILE.encode(), "text/csv")})
    assert made.status_code == 201
    found = made.json()
    assert (found["state"], found["counts"]["add"], found["counts"]["refuse"]) == ("planned", 2, 1)
    at = f"/api/imports/{found['run']}"
    assert [row["name"] for row in robot.get(f"{at}/rows?plan=add").json()] == ["Jörg Müller", "Ana Petrov"]
    without = {column: field for column, field in found["mapping"].items() if column != "Notes"}
    assert robot.post(f"{at}/mapping", json={"mapping": without}).json()["mapping"] == without
    assert robot.post(f"{at}/apply").json()["state"] == "done"
    assert robot.post(f"{at}/apply").status_code == 409
    assert robot.post(f"{at}/undo").json()["state"] == "undone"
    assert [one["state"] for one in robot.get("/api/imports").json()] == ["undone"]
    assert robot.post("/api/imports", data={}, files={"file": ("a", b"x")}).status_code == 422
    assert robot.get("/api/imports/999").status_code == 404
