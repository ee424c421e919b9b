"""Companies as pages: the list goes on by key, one of them shows all its people, a pause is a form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.office import Office, office, sqlite_store
from tests.web.test_prospect import Tags, client, text_of

from prospector.models import Company, Prospect


@pytest.fixture
def opened(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    made = office(store, tmp_path)
    made.now = datetime.now(UTC) - timedelta(hours=2)
    yield made
    store.close()


@pytest.fixture
def browser(opened: Office) -> TestClient:
    return client(opened)


def test_an_empty_list_says_how_companies_come(browser: TestClient) -> None:
    assert "No companies yet." in text_of(browser.get("/c"))
    assert "No company matches “x”." in text_of(browser.get("/c?q=x"))


def test_the_list_goes_on_page_by_page(opened: Office, browser: TestClient) -> None:
    opened.write(lambda s: s.add_all([Company(name=f"Company & {n:03}") for n in range(120)]))
    path, seen = "/c?q=company", list[str]()
    while path:
        page = browser.get(path).text
        seen += re.findall(r"Company &amp; (\d{3})</a>", page)
        found = re.search(r'href="([^"]+)">Next companies', page)
        path = found[1].replace("&amp;", "&") if found else ""
    assert seen == [f"{n:03}" for n in range(120)]


def test_one_company_shows_what_all_its_people_did(opened: Office, browser: TestClient) -> None:
    for name in ("anna", "bert"):
        id_ = opened.person(name, company="Quay", domain="quay.example", value=100_00, currency="EUR")
        opened.follow(opened.seen("post", id_, text=f"{name} writes", object=name))
    text = text_of(browser.get(f"/c/{opened.one(Prospect, id=1).company_id}"))
    for said in ("anna writes", "bert writes", "2 people", "200 EUR", "2 × post", "Everything 10"):
        assert said in text
    assert "bert writes" not in browser.get("/c/1?show=us").text


def test_pages_are_well_formed(opened: Office, browser: TestClient) -> None:
    opened.follow(opened.seen("post", opened.person()))
    for path in ("/c", "/c/1"):
        tags = Tags(browser.get(path).text)
        assert (tags.problems, tags.open, len(tags.ids)) == ([], [], len(set(tags.ids)))


def test_a_pause_and_its_end(opened: Office, browser: TestClient) -> None:
    opened.person()
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    assert browser.post("/c/1/pause", data={"until": day, "why": "merger"}).status_code == 303
    assert opened.one(Company).paused_why == "merger"
    assert "merger" in text_of(browser.get("/c/1"))
    assert browser.post("/c/1/resume").status_code == 303
    assert opened.one(Company).paused_until is None


@pytest.mark.parametrize("until", ["", "soon", "2020-01-01", "9999-12-31"])
def test_a_pause_that_is_none_is_said_beside_the_field(
    opened: Office, browser: TestClient, until: str
) -> None:
    opened.person()
    answer = browser.post("/c/1/pause", data={"until": until})
    assert answer.status_code == 422
    assert 'aria-describedby="e-until"' in answer.text
