"""The queue and its messages over the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.office import Office, office, sqlite_store
from tests.reps import answered, card
from tests.signed import application, program, token, user

from prospector.installation import utc_now
from prospector.models import Card, Message, Prospect


@dataclass
class Api:
    """An office with a program of a manager's, and one of a rep's who has no people."""

    place: Office
    manager: TestClient
    rep: TestClient

    def get(self, path: str) -> Any:
        answer = self.manager.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        answer = self.manager.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def api(sqlite_template: Path, tmp_path: Path) -> Iterator[Api]:
    place = office(sqlite_store(sqlite_template, tmp_path), tmp_path)
    place.now = utc_now()
    app = application(place.installation)
    programs = [
        program(app, token(place.store, user(place.store, role).id, "api")) for role in ("manager", "rep")
    ]
    yield Api(place, *programs)
    place.store.close()


def test_the_day_has_the_names_of_the_command_line(api: Api) -> None:
    card_id, message_id = answered(api.place)
    card(api.place, "ben", "post")
    day = api.get("/api/queue")
    assert [row["section"] for row in day["cards"]] == ["Answer first", "Fresh today"]
    first = day["cards"][0]
    assert (first["id"], first["draft"]["id"], first["draft"]["stale"]) == (card_id, message_id, False)
    assert sum(why["points"] for why in first["why"]) == first["priority"]
    counts = day["counts"]
    assert counts.pop("all") == sum(counts.values()) == 2
    assert [row["id"] for row in api.get("/api/queue?q=is:reply")["cards"]] == [card_id]
    assert api.rep.get("/api/queue").json()["cards"] == []


def test_a_card_in_full_and_its_decisions(api: Api) -> None:
    card_id, _ = answered(api.place, text="What does it cost?")
    full = api.get(f"/api/cards/{card_id}")
    assert (full["state"], full["causes"][0]["text"], full["changed"]) == ("open", "What does it cost?", [])
    assert full["stages"] == ["cold", "engaged", "won"]
    assert datetime.fromisoformat(full["leaves"]).tzinfo is not None
    path = f"/api/cards/{card_id}"
    assert api.post(f"{path}/hold")["mine"] is True
    assert api.post(f"{path}/note", text="Asked twice")["words"] == "Note kept"
    assert api.post(f"{path}/stage", to="won")["words"] == "Anna Weber is in won"
    assert api.post(f"{path}/stage", 409, to="nowhere")["detail"].startswith("There is no stage")
    assert api.post(f"{path}/draft", step=0)["state"] == "draft"
    assert api.post(f"{path}/snooze", choice="tomorrow")["words"] == "Snoozed: tomorrow"
    assert [row["id"] for row in api.get("/api/queue?view=snoozed")["cards"]] == [card_id]
    api.post(f"{path}/snooze", 422, choice="tomorrow", on="post")
    assert api.post(f"{path}/snooze", 409, until="2001-01-01T00:00:00Z")["detail"].startswith("That time")
    assert api.post(f"{path}/reopen")["words"] == "Taken back"
    api.post(f"{path}/dismiss", why="too old")
    assert api.place.one(Card, id=card_id).decided_why == "too old"
    api.post(f"{path}/reopen")
    api.post(f"{path}/done")
    assert api.place.one(Card, id=card_id).state == "done"
    api.post(f"{path}/reopen")
    assert api.post(f"{path}/reopen", 409)["detail"].endswith("there is no decision to take back.")


def test_messages_are_approved_discarded_and_done_by_hand(api: Api) -> None:
    card_id, message_id = answered(api.place)
    assert [row["id"] for row in api.get("/api/drafts")] == [message_id]
    assert api.get(f"/api/drafts?after={message_id}") == []
    path = f"/api/messages/{message_id}"
    told = api.post(f"{path}/approve", body="It is 40 euros.")
    assert (told["state"], told["card"]) == ("approved", card_id)
    assert api.post(f"{path}/approve", body="It is 40 euros.")["state"] == "approved"
    assert "another text" in api.post(f"{path}/approve", 409, body="It is 50 euros.")["detail"]
    assert [row["id"] for row in api.get("/api/outbox")] == [message_id]
    assert api.post(f"{path}/sent", 409)["detail"].startswith(f"Message {message_id} is not one")
    api.place.change(Message, message_id, state="unknown")
    assert "Nobody knows" in api.post(f"{path}/discard", 409)["detail"]
    api.place.change(Message, message_id, state="approved")
    assert api.post(f"{path}/discard")["state"] == "discarded"
    api.post(f"{path}/discard", 409)
    _, by_hand = answered(api.place, "ben")
    api.place.change(Message, by_hand, by_hand=True)
    api.post(f"/api/messages/{by_hand}/approve")
    assert api.place.message(by_hand).sent_at is None
    assert api.post(f"/api/messages/{by_hand}/sent")["state"] == "sent"


def test_a_message_so_soon_after_another_needs_a_reason(api: Api) -> None:
    person = api.place.person()
    first, second = api.place.draft(person, "hand:1"), api.place.draft(person, "hand:2")
    api.post(f"/api/messages/{first}/approve")
    refused = api.post(f"/api/messages/{second}/approve", 422)
    assert refused["fields"]["despite"].startswith("You have a message to Anna Weber in the outbox")
    api.post(f"/api/messages/{second}/approve", despite="They asked for it")
    assert api.place.message(second).despite == "They asked for it"


def test_what_is_somebody_elses_is_not_there(api: Api) -> None:
    card_id, message_id = answered(api.place)
    others = [f"/api/cards/{card_id}/done", f"/api/messages/{message_id}/approve", "/api/cards/999/done"]
    assert api.rep.get(f"/api/cards/{card_id}").status_code == 404
    assert [api.rep.post(path, json={}).status_code for path in others] == [404, 404, 404]
    assert api.place.message(message_id).state == "draft"
    assert api.rep.get("/api/drafts").json() == api.rep.get("/api/outbox").json() == []
    api.place.change(Prospect, api.place.one(Card, id=card_id).prospect_id, owner_id=None)
    assert TestClient(api.manager.app, base_url="http://127.0.0.1:8787").get("/api/queue").status_code == 401
