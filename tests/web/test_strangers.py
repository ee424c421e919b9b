"""Strangers: one key makes a prospect of somebody, another hides them until they do something new."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
import time_machine
from starlette.testclient import TestClient
from tests.office import START, Office, office, sqlite_store
from tests.signed import application, browser, token, user

from prospector.models import Card, Dismissal, Engagement, Prospect

HOSTILE = "<img src=x onerror=alert(1)>\u202e"


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    made = office(store, tmp_path)
    # The pages go by the real clock; what the strangers did must not grow old with the calendar.
    with time_machine.travel(START + timedelta(hours=1)):
        yield from _with_strangers(made)
    store.close()


def _with_strangers(made: Office) -> Iterator[Office]:
    for number, actor in enumerate(["did:eve", "did:bob"]):
        url = f"https://bsky.app/profile/{actor[4:]}.example"
        seen = made.seen("reply", 0, actor=actor, actor_url=url, object=f"at://{number}", text=HOSTILE)
        made.follow(replace(seen, prospect_id=None))
    yield made


@pytest.fixture
def ana(place: Office) -> TestClient:
    one = user(place.store, "rep", "ana@us.example")
    return browser(application(place.installation), token(place.store, one.id))


def fields(page: str, path: str) -> dict[str, str]:
    """The hidden fields of the page's first form that goes there."""
    form = page.split(f'action="{path}"', 1)[1].split("</form>", 1)[0]
    return {name: unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form)}


def test_one_key_makes_a_prospect_with_all_they_did(place: Office, ana: TestClient) -> None:
    page = ana.get("/strangers").text
    assert re.findall(r">(did:\w+)</a>", page) == ["did:bob", "did:eve"]
    assert 'data-act="approve" aria-keyshortcuts="a"' in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    taken = ana.post("/strangers/take", data=fields(page, "/strangers/take"))
    person = place.one(Prospect)
    assert (person.name, person.owner_id, person.stage) == ("did:bob", 1, "cold")
    assert place.one(Card).owner_id == 1
    after = ana.get(taken.headers["location"]).text
    assert f'<a class="link" href="/p/{person.id}">did:bob</a> is a prospect now' in after
    assert re.findall(r"data-row[^>]*>(did:\w+)</a>", after) == ["did:eve"]
    again = ana.post("/strangers/take", data=fields(page, "/strangers/take"))
    assert again.status_code == 409
    assert "Nobody is waiting there any more" in again.text


def test_who_is_dismissed_can_be_brought_back(place: Office, ana: TestClient) -> None:
    page = ana.get("/strangers").text
    gone = ana.post("/strangers/dismiss", data=fields(page, "/strangers/dismiss"))
    after = ana.get(gone.headers["location"]).text
    assert "did:bob is not shown until they do something new" in after
    assert re.findall(r"data-row[^>]*>(did:\w+)</a>", after) == ["did:eve"]
    assert ana.post("/strangers/restore", data=fields(after, "/strangers/restore")).status_code == 303
    assert "did:bob" in ana.get("/strangers").text
    assert place.rows(Prospect) == []


def test_nobody_is_dismissed_for_what_they_have_not_done_yet(place: Office, ana: TestClient) -> None:
    given = {**fields(ana.get("/strangers").text, "/strangers/dismiss"), "newest": str(2**31 - 1)}
    assert ana.post("/strangers/dismiss", data=given).status_code == 303
    newest = max(one.id for one in place.rows(Engagement) if one.actor == "did:bob")
    assert place.one(Dismissal).engagement_id == newest
    nobody = ana.post("/strangers/dismiss", data={"channel": "bluesky", "actor": "did:who", "newest": "1"})
    assert nobody.status_code == 409
    assert len(place.rows(Dismissal)) == 1
