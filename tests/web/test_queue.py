"""The queue page without a script: what it shows, where each decision leads, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session
from starlette.testclient import TestClient
from tests.office import START, Office, office, sqlite_store
from tests.signed import application, browser, token, user

from prospector.models import Card, Engagement, Message, Prospect, Suppression, User
from prospector.web import queue

HOSTILE = '"><script>alert(1)</script>\u202e<img src=x onerror=alert(1)>{{ 7 * 7 }}'
SCRIPT = {"HX-Request": "true", "Accept": "application/json"}


@dataclass
class Desk:
    """An office with a rep and a colleague at their browsers."""

    place: Office
    app: FastAPI
    rep: User
    colleague: User

    @property
    def page(self) -> TestClient:
        return browser(self.app, token(self.place.store, self.rep.id))

    @property
    def other(self) -> TestClient:
        return browser(self.app, token(self.place.store, self.colleague.id))

    def card(self, name: str = "anna", kind: str = "reply", **more: Any) -> int:
        """Somebody of the rep's did something; their card."""
        person = self.place.person(name, owner_id=more.pop("owner_id", self.rep.id))
        more.setdefault("text", f"{name.title()} wrote this. What do you think?")
        self.place.follow(
            self.place.seen(kind, person, object=f"at://{kind}/{name}", url="https://bsky.app/x", **more)
        )
        card_id: int = self.place.one(Card, prospect_id=person).id
        return card_id

    def drafted(
        self, name: str = "anna", kind: str = "reply", body: str = "Thanks, that is a good point."
    ) -> int:
        """The same, with a text that may go out as it is."""
        card_id = self.card(name, kind)
        self.place.change(Message, self.message(card_id).id, body=body, problems=[])
        return card_id

    def message(self, card_id: int) -> Message:
        found: Message = self.place.rows(Message, card_id=card_id)[-1]
        return found

    def state(self, card_id: int) -> str:
        return str(self.place.one(Card, id=card_id).state)

    def approve(self, client: TestClient, card_id: int, **fields: Any) -> Any:
        given = {"message": self.message(card_id).id, **fields}
        return client.post(f"/queue/{card_id}/approve", data=given, headers=SCRIPT)


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    store = sqlite_store(sqlite_template, tmp_path)
    with time_machine.travel(START, tick=True):
        place = office(store, tmp_path)
        rep, colleague = user(store, "rep"), user(store, "manager", "jonas@us.example")
        yield Desk(place, application(place.installation), rep, colleague)
    store.close()


def test_a_card_shows_its_reasons_the_post_and_the_text(desk: Desk) -> None:
    card_id = desk.drafted()
    text = desk.page.get("/queue").text
    points = [int(found) for found in re.findall(r'class="rsn"><i>([+-]\d+)</i>', text)]
    assert sum(points) == int(re.findall(r'<span class="score">= (\d+)</span>', text)[0])
    assert "Anna wrote this. What do you think?" in text
    assert "Thanks, that is a good point." in text
    assert f'id="row-{card_id}"' in text
    assert len(re.findall(r'class="btn pri"', re.sub(r"(?s)<template.*?</template>", "", text))) == 1


def test_the_first_card_is_on_the_page_and_the_others_can_be_asked_for(desk: Desk) -> None:
    cards = {desk.card(name) for name in ("anna", "bob", "cleo", "dan", "eve")}
    text = desk.page.get("/queue").text
    there = {int(found) for found in re.findall(r'id="item-(\d+)"', text)}
    assert len(there) == 1
    wanted = ",".join(str(card) for card in cards - there)
    rest = desk.page.get(f"/queue/rest?ids={wanted},999,x,-1", headers=SCRIPT).text
    assert {int(found) for found in re.findall(r'<template data-card="(\d+)"', rest)} == cards - there


def test_thirty_cards_are_a_page_of_at_most_120_kilobytes(desk: Desk) -> None:
    for number in range(30):
        desk.card(f"person{number}", text="A sentence of some length about nothing much. " * 6)
    assert len(desk.page.get("/queue").content) <= 120_000


def test_approving_leads_to_the_next_card_and_can_be_taken_back(desk: Desk) -> None:
    first, second = desk.drafted("anna"), desk.drafted("bob")
    answer = desk.page.post(f"/queue/{first}/approve", data={"message": desk.message(first).id})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/queue/{second}?decided={first}")
    assert (desk.state(first), desk.message(first).state) == ("done", "approved")
    shown = desk.page.get(answer.headers["location"]).text
    assert f'action="/queue/{first}/reopen"' in shown
    assert desk.page.post(f"/queue/{first}/reopen").headers["location"] == f"/queue/{first}"
    assert (desk.state(first), desk.message(first).state) == ("open", "draft")


def test_the_last_card_leads_to_the_end_of_the_day(desk: Desk) -> None:
    card_id = desk.card()
    answer = desk.page.post(f"/queue/{card_id}/done")
    shown = desk.page.get(answer.headers["location"]).text
    assert "Done for today:" in shown
    assert "1 of 1" in shown
    assert "1 done. Less than a minute." in shown


def test_an_edited_text_is_what_goes_out(desk: Desk) -> None:
    card_id = desk.drafted()
    assert desk.approve(desk.page, card_id, body="My own words.\r\nTwo lines.").status_code == 200
    assert desk.message(card_id).body == "My own words.\nTwo lines."


def test_pressing_twice_makes_one_message(desk: Desk) -> None:
    card_id = desk.drafted()
    answers = [desk.approve(desk.page, card_id).status_code for _ in range(2)]
    assert answers == [200, 200]
    assert [one.state for one in desk.place.rows(Message, card_id=card_id)] == ["approved"]


@pytest.mark.parametrize(
    ("path", "fields", "state"),
    [
        ("done", {}, "done"),
        ("dismiss", {"why": "too old"}, "dismissed"),
        ("snooze", {"choice": "week"}, "snoozed"),
    ],
)
def test_each_decision_without_a_text(desk: Desk, path: str, fields: dict[str, str], state: str) -> None:
    card_id = desk.card()
    said = desk.page.post(f"/queue/{card_id}/{path}", data=fields, headers=SCRIPT).json()
    assert said["card_id"] == card_id
    assert said["words"]
    assert desk.state(card_id) == state
    assert desk.page.post(f"/queue/{card_id}/reopen", headers=SCRIPT).status_code == 200
    assert desk.state(card_id) == "open"


def test_why_comes_after_the_dismissal(desk: Desk) -> None:
    card_id = desk.card()
    desk.page.post(f"/queue/{card_id}/dismiss", headers=SCRIPT)
    assert (
        desk.page.post(f"/queue/{card_id}/why", data={"why": "not a fit"}, headers=SCRIPT).status_code == 200
    )
    assert desk.place.one(Card, id=card_id).decided_why == "not a fit"


def test_a_way_to_put_a_card_away_that_there_is_not(desk: Desk) -> None:
    card_id = desk.card()
    answer = desk.page.post(f"/queue/{card_id}/snooze", data={"choice": "never"}, headers=SCRIPT)
    assert answer.status_code == 422
    assert desk.state(card_id) == "open"


def test_a_note_and_a_move_stay_on_the_card(desk: Desk) -> None:
    card_id = desk.card()
    assert (
        desk.page.post(f"/queue/{card_id}/note", data={"text": "Met at the fair."}).headers["location"]
        == f"/queue/{card_id}"
    )
    assert "Met at the fair." in [one.text for one in desk.place.rows(Engagement, kind="note")]
    moved = desk.page.post(f"/queue/{card_id}/stage", data={"to": "won"}, headers={"HX-Request": "true"})
    assert f'data-card="{card_id}"' in moved.text
    person = desk.place.one(Card, id=card_id).prospect_id
    assert desk.place.one(Prospect, id=person).stage == "won"
    desk.page.post(f"/queue/{card_id}/unstage", headers={"HX-Request": "true"})
    assert desk.place.one(Prospect, id=person).stage != "won"


def test_a_text_with_something_to_mend_is_refused_and_the_page_says_what(desk: Desk) -> None:
    card_id = desk.card()
    answer = desk.page.post(
        f"/queue/{card_id}/approve",
        data={"message": desk.message(card_id).id, "body": "Hi {{ first_name }},"},
    )
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert desk.state(card_id) == "open"


def test_a_card_that_a_colleague_has_open_says_so_and_can_be_taken_over(desk: Desk) -> None:
    card_id = desk.drafted()
    assert desk.other.post(f"/queue/{card_id}/hold", headers=SCRIPT).json() == {"mine": True}
    shown = desk.page.get(f"/queue/{card_id}").text
    assert "has it open until" in shown
    assert 'class="btn pri"' not in re.sub(r"(?s)<template.*?</template>", "", shown)
    assert desk.page.post(f"/queue/{card_id}/hold", headers=SCRIPT).json() == {"mine": False}
    refused = desk.approve(desk.page, card_id)
    assert (refused.status_code, desk.state(card_id)) == (409, "open")
    assert "Take it over" in refused.json()["detail"]
    assert desk.page.post(f"/queue/{card_id}/take-over").status_code == 303
    assert desk.approve(desk.page, card_id).status_code == 200


def test_going_on_to_the_next_card_gives_the_one_before_back(desk: Desk) -> None:
    first, second = desk.card("anna"), desk.card("bob")
    page = desk.page
    page.post(f"/queue/{first}/hold", headers=SCRIPT)
    page.post(f"/queue/{second}/hold", data={"leaving": first}, headers=SCRIPT)
    assert desk.place.one(Card, id=first).held_by is None
    assert desk.place.one(Card, id=second).held_by == desk.rep.id


def test_a_text_that_is_out_of_date_is_kept_and_not_sent(desk: Desk) -> None:
    card_id = desk.drafted()
    person = desk.place.one(Card, id=card_id).prospect_id
    with time_machine.travel(desk.place.later(minutes=5), tick=True):
        desk.place.follow(desk.place.seen("reply", person, object="at://reply/later", text="One more thing."))
        shown = desk.page.get(f"/queue/{card_id}").text
        assert "Changed since this was written." in shown
        assert "New draft with the facts of now" in shown
        assert "Thanks, that is a good point." in shown
        assert desk.approve(desk.page, card_id).status_code == 409
        standing = desk.page.post(f"/queue/{card_id}/stand-by", data={"message": desk.message(card_id).id})
        assert standing.status_code == 303
        assert desk.approve(desk.page, card_id).status_code == 200


def test_somebody_elses_card_is_not_there(desk: Desk) -> None:
    card_id = desk.card(owner_id=desk.colleague.id)
    for path in (f"/queue/{card_id}", "/queue/99999"):
        assert desk.page.get(path).status_code == 404
    assert desk.page.post(f"/queue/{card_id}/done", headers=SCRIPT).status_code == 404
    assert f'id="item-{card_id}"' not in desk.page.get(f"/queue/rest?ids={card_id}", headers=SCRIPT).text
    assert desk.state(card_id) == "open"


def test_a_part_of_the_page_is_nothing_to_read_by_itself(desk: Desk) -> None:
    for path in ("/queue/rest?ids=1", "/queue/end", "/queue/news"):
        answer = desk.page.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/queue")


def test_who_is_never_written_to_cannot_be_written_to_from_here(desk: Desk) -> None:
    card_id = desk.drafted()
    person = desk.place.one(Card, id=card_id).prospect_id

    def forbid(session: Session) -> None:
        session.add(Suppression(key=f"person:{person}", why="they asked us", at=desk.place.now, by="test"))

    desk.place.write(forbid)
    shown = desk.page.get(f"/queue/{card_id}").text
    assert "This cannot be sent." in shown
    assert "they asked us" in shown
    assert desk.approve(desk.page, card_id).status_code == 409
    assert desk.message(card_id).state == "draft"


def test_what_they_wrote_is_text(desk: Desk) -> None:
    desk.card(text=HOSTILE, kind="post")
    text = desk.page.get("/queue").text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "\u202e" not in text
    assert "{{ 7 * 7 }}" in text


def test_news_are_told_and_so_is_a_change_of_the_open_card(desk: Desk) -> None:
    card_id = desk.drafted()
    text = desk.page.get("/queue").text
    since, truth = (re.findall(f'{name}="([^"]+)"', text)[0] for name in ("data-since", "data-truth"))
    asked = {"since": since, "open": card_id, "truth": truth}
    assert desk.page.get("/queue/news", params=asked, headers=SCRIPT).json() == {
        "count": 0,
        "ids": [],
        "changed": False,
    }
    with time_machine.travel(desk.place.later(minutes=5), tick=True):
        new = desk.card("bob")
        desk.other.post(f"/queue/{card_id}/hold", headers=SCRIPT)
        assert desk.page.get("/queue/news", params=asked, headers=SCRIPT).json() == {
            "count": 1,
            "ids": [new],
            "changed": True,
        }


def test_what_an_app_may_not_post_is_sent_only_when_somebody_says_so(desk: Desk) -> None:
    card_id = desk.drafted()
    desk.place.change(Message, desk.message(card_id).id, by_hand=True)
    assert "Copy &amp; open" in desk.page.get("/queue").text
    answer = desk.page.post(f"/queue/{card_id}/approve", data={"message": desk.message(card_id).id})
    assert answer.headers["location"] == f"/queue/{card_id}"
    assert desk.message(card_id).state != "sent"
    assert desk.state(card_id) == "open"
    assert "I posted it" in desk.page.get(f"/queue/{card_id}").text
    desk.page.post(f"/queue/{card_id}/posted", data={"message": desk.message(card_id).id})
    assert (desk.message(card_id).state, desk.state(card_id)) == ("sent", "done")


def test_a_search_is_repeated_where_it_finds_nothing(desk: Desk) -> None:
    desk.card()
    text = desk.page.get("/queue", params={"q": "stage:<nowhere>"}).text
    assert "Nothing matches “stage:&lt;nowhere&gt;”" in text
    assert "Clear the filter" in text


def test_the_counts_of_the_filters_sum_to_all(desk: Desk) -> None:
    for name, kind in (("anna", "reply"), ("bob", "post"), ("cleo", "like"), ("dan", "mention")):
        desk.card(name, kind)
    text = desk.page.get("/queue").text
    counts = [
        int(found) for found in re.findall(r'data-words="[^"]*">[^<]+<span class="n">(\d+)</span>', text)
    ]
    assert counts[0] == sum(counts[1:]) == 4


@given(st.lists(st.integers(1, 50), unique=True, max_size=8), st.integers(1, 50))
def test_what_follows_is_another_card_of_the_list(ids: list[int], card_id: int) -> None:
    following = queue.after(ids, card_id)
    others = [one for one in ids if one != card_id]
    assert following in others if others else following is None
    if card_id in ids[:-1]:
        assert following == ids[ids.index(card_id) + 1]


def test_what_is_over_is_a_link_to_its_rows(desk: Desk) -> None:
    desk.place.change(User, desk.rep.id, minutes=1)
    cards = {desk.card(f"person{number}", "post") for number in range(12)}
    short, long = desk.page.get("/queue").text, desk.page.get("/queue?more=1").text
    assert 'href="/queue?more=1"' in short
    listed = {int(found) for found in re.findall(r'id="row-(\d+)"', short)}
    more = {int(found) for found in re.findall(r'id="row-(\d+)"', long)}
    assert listed < more <= cards
