"""The people's list and changes of many: what is shown, what is done, and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.office import Office, office, sqlite_store
from tests.signed import application, browser, token, user

from prospector.models import Card, Profile, Prospect, Run, View

HOSTILE = "<script>alert(1)</script>\u202e'\"{{ 7*7 }}"


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


@pytest.fixture
def team(place: Office) -> dict[str, TestClient]:
    """Browsers of Ana and Jonas (reps, 1 and 2) and of Mia (a manager, 3)."""
    app = application(place.installation)
    found = {}
    for name, role in (("ana", "rep"), ("jonas", "rep"), ("mia", "manager")):
        one = user(place.store, role, f"{name}@us.example")
        found[name] = browser(app, token(place.store, one.id))
    return found


def hidden(page: str) -> dict[str, list[str]]:
    """The hidden fields of a page's last form."""
    form = page[page.rindex('action="/p/change/apply"') :]
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(value)
    return fields


def test_a_rep_sees_their_own_and_a_manager_everybody(place: Office, team: dict[str, TestClient]) -> None:
    place.person("anna", owner_id=1)
    place.person("bob", owner_id=2)
    place.person("kim")
    shown = {name: page.get("/p").text for name, page in team.items()}
    seen = {name: [one for one in ("Anna", "Bob", "Kim") if one in text] for name, text in shown.items()}
    assert seen == {"ana": ["Anna"], "jonas": ["Bob"], "mia": ["Anna", "Bob", "Kim"]}
    assert "Nobody matches" in team["ana"].get("/p", params={"q": "bob"}).text


def test_a_search_that_means_nothing_is_said_beside_the_field(team: dict[str, TestClient]) -> None:
    page = team["mia"].get("/p", params={"q": "colour:red"}).text
    assert "cannot be searched for" in page
    assert 'aria-invalid="true"' in page


def test_pages_go_on_where_the_last_one_ended(place: Office, team: dict[str, TestClient]) -> None:
    for number in range(60):
        place.person(f"p{number}", owner_id=1)
    first = team["ana"].get("/p").text
    (link,) = re.findall(r'href="(/p\?[^"]*after=[^"]*)"', first)
    second = team["ana"].get(link.replace("&amp;", "&")).text
    rows = [re.findall(r"data-row[^>]*>(P\d+) Weber<", page) for page in (first, second)]
    assert (len(rows[0]), len(rows[1])) == (50, 10)
    assert len({*rows[0], *rows[1]}) == 60


def test_what_others_are_called_is_text(place: Office, team: dict[str, TestClient]) -> None:
    person = place.person("anna", owner_id=1, tags=[HOSTILE])
    place.change(Prospect, person, name=HOSTILE)
    for path in ("/p", "/p?q=" + "script"):
        page = team["ana"].get(path).text
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "&lt;script&gt;" in page


def test_views_are_kept_and_deleted_by_whose_they_are(place: Office, team: dict[str, TestClient]) -> None:
    ana, jonas = team["ana"], team["jonas"]
    kept = ana.post("/views", data={"q": "quiet:14d", "name": "Quiet", "shared": "true"})
    assert kept.status_code == 303
    assert "Quiet" in jonas.get("/p").text
    view = place.one(View)
    assert jonas.post(f"/views/{view.id}/delete").status_code == 404
    assert ana.post(f"/views/{view.id}/delete").status_code == 303
    assert place.rows(View) == []
    wrong = ana.post("/views", data={"q": "quiet:14d", "name": " "})
    assert wrong.status_code == 422
    assert "1 to 60 characters" in wrong.text


def test_somebody_is_added_as_the_command_line_does(place: Office, team: dict[str, TestClient]) -> None:
    ana = team["ana"]
    read = ana.get("/p/add", params={"who": "bsky.app/profile/Ada.example"}, headers={"HX-Request": "true"})
    assert "https://bsky.app/profile/ada.example" in read.text
    assert "<html" not in read.text
    given = {"who": "bsky.app/profile/Ada.example ada@weber.example", "name": "Ada Löw", "stage": "engaged"}
    added = ana.post("/p/add", data=given)
    (person,) = place.rows(Prospect)
    assert added.headers["location"] == f"/p/{person.id}"
    assert (person.name, person.email, person.stage, person.owner_id) == (
        "Ada Löw",
        "ada@weber.example",
        "engaged",
        1,
    )
    assert place.one(Profile).url == "https://bsky.app/profile/ada.example"
    for data, said in (
        ({"who": ""}, "Give a profile"),
        ({"who": "ada"}, "is no profile"),
        ({"who": "bsky.app/profile/ada.example"}, "already belongs"),
        ({"who": "x@x.example", "stage": "hot"}, "There is no stage"),
    ):
        refused = ana.post("/p/add", data=data)
        assert refused.status_code == 422
        assert said in refused.text
    assert len(place.rows(Prospect)) == 1


def test_the_plan_comes_first_and_is_what_is_done(place: Office, team: dict[str, TestClient]) -> None:
    ids = [place.person(f"p{number}", owner_id=1) for number in range(3)]
    theirs = place.person("bob", owner_id=2)
    place.follow(place.seen("reply", ids[0]))
    data = {"ids": [*map(str, ids), str(theirs)], "owner": "2", "add_tags": "fair, vip"}
    planned = team["ana"].post("/p/change", data=data)
    assert "Change 3 people" in planned.text
    assert "tags +fair +vip" in planned.text
    assert place.rows(Run) == []
    done = team["ana"].post("/p/change/apply", data=hidden(planned.text))
    assert done.headers["location"] == "/runs/1"
    assert [place.one(Prospect, id=id_).tags for id_ in (*ids, theirs)] == [["fair", "vip"]] * 3 + [[]]
    assert place.one(Card, state="open").owner_id == 2
    page = team["ana"].get("/runs/1").text
    assert "3 people were changed" in page
    assert "Take back for 3 people" in page
    assert team["jonas"].get("/runs/1").status_code == 404
    assert team["jonas"].post("/runs/1/undo").status_code == 404
    assert team["ana"].post("/runs/1/undo").status_code == 303
    assert {place.one(Prospect, id=id_).owner_id for id_ in ids} == {1}
    assert "Taken back" in team["mia"].get("/runs/1").text
    assert team["ana"].post("/runs/1/undo").status_code == 409


def test_all_that_match_are_changed_and_nobody_else(place: Office, team: dict[str, TestClient]) -> None:
    mine = [place.person(f"p{number}", owner_id=1) for number in range(60)]
    place.person("bob", owner_id=2)
    data = {"everybody": "on", "q": "weber", "archive": "archive"}
    planned = team["ana"].post("/p/change", data=data)
    assert "Change 60 people" in planned.text
    assert planned.text.count("<tr>") == 11
    assert team["ana"].post("/p/change/apply", data=hidden(planned.text)).status_code == 303
    archived = [one.id for one in place.rows(Prospect) if one.archived_at is not None]
    assert archived == mine
    assert "Nobody" in team["ana"].get("/p").text


def test_what_changed_since_the_plan_is_shown_again(place: Office, team: dict[str, TestClient]) -> None:
    ids = [place.person(f"p{number}", owner_id=1) for number in range(2)]
    planned = team["ana"].post("/p/change", data={"ids": ids, "add_tags": "fair"})
    place.change(Prospect, ids[0], tags=["fair"])
    again = team["ana"].post("/p/change/apply", data=hidden(planned.text))
    assert again.status_code == 409
    assert "look again" in again.text
    assert "Change 1 person" in again.text
    assert place.rows(Run) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Choose what to change"),
        ({"add_tags": "fair"}, "Tick somebody first"),
        ({"ids": "1", "owner": "99"}, "who can sign in"),
        ({"ids": "1", "stage": "hot"}, "There is no stage"),
        ({"ids": "1", "pause": "soon"}, "is no date"),
        ({"ids": "1", "pause": "2020-01-01"}, "in the future"),
        ({"everybody": "on", "q": "colour:red", "archive": "archive"}, "cannot be searched"),
    ],
)
def test_what_cannot_be_changed_is_said(
    place: Office, team: dict[str, TestClient], data: dict[str, str], said: str
) -> None:
    place.person("anna", owner_id=1)
    answer = team["ana"].post("/p/change", data=data)
    assert answer.status_code == 422
    assert said in answer.text
