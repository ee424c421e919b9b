"""The sandbox's Mastodon refuses what the real servers refuse."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from prospector.sandbox.mastodon import MastodonWorld, Server, application


class Wire:
    """Somebody who speaks the API to a fresh instance."""

    def __init__(self, **server: Any) -> None:
        self.world = MastodonWorld("home.example")
        self.us, self.ada = self.world.account("us"), self.world.account("ada")
        self.server = Server(self.world, **server)
        self.headers = {"authorization": f"Bearer {self.server.token(self.us)}"}
        self.client = TestClient(application(self.server))

    def get(self, path: str, **params: Any) -> Any:
        return self.client.get(path, params=params, headers=self.headers)

    def say(self, text: str, **headers: str) -> Any:
        return self.client.post("/api/v1/statuses", json={"status": text}, headers=self.headers | headers)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_no_token_no_answer(wire: Wire) -> None:
    wire.headers = {}
    answer = wire.get("/api/v1/notifications")
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized: token not supplied"})
    assert wire.get("/api/v2/instance").json()["domain"] == "home.example"


def test_min_id_gives_the_page_right_after_it(wire: Wire) -> None:
    made = [wire.world.post(wire.ada, f"post {number}") for number in range(9)]
    path = f"/api/v1/accounts/{wire.ada}/statuses"

    def ids(**params: Any) -> list[str]:
        return [status["id"] for status in wire.get(path, limit=3, **params).json()]

    assert ids() == [made[8], made[7], made[6]]
    assert ids(min_id=made[1]) == [made[4], made[3], made[2]]
    assert ids(since_id=made[1]) == [made[8], made[7], made[6]]
    assert ids(max_id=made[2]) == [made[1], made[0]]
    assert f"min_id={made[8]}" in wire.get(path, limit=3).headers["link"]
    assert len(wire.get(path, limit=500).json()) == 9


@pytest.mark.parametrize(("keeps_keys", "statuses"), [(True, 1), (False, 2)])
def test_idempotency_keys(keeps_keys: bool, statuses: int) -> None:
    wire = Wire(keeps_keys=keeps_keys)
    for _ in range(2):
        assert wire.say("hello", **{"idempotency-key": "<1@us>"}).status_code == 200
    assert len(wire.world.statuses) == statuses


def test_texts_have_an_end(wire: Wire) -> None:
    assert wire.say("x" * 501).status_code == 422
    assert wire.say(" ").status_code == 422


def test_direct_ones_are_for_those_who_take_part(wire: Wire) -> None:
    secret = wire.world.post(wire.ada, "@nobody psst", visibility="direct")
    assert wire.get(f"/api/v1/statuses/{secret}").status_code == 404
    told = wire.world.post(wire.ada, "@us psst", visibility="direct")
    assert wire.get(f"/api/v1/statuses/{told}").json()["visibility"] == "direct"


def test_limits_reset_at_a_time_in_iso_8601() -> None:
    wire = Wire(most_requests=1)
    first, second = wire.get("/api/v2/instance"), wire.get("/api/v2/instance")
    assert (first.status_code, second.status_code) == (200, 429)
    assert first.headers["x-ratelimit-remaining"] == "0"
    assert second.headers["x-ratelimit-reset"].endswith("Z")
    assert "retry-after" not in second.headers


def test_webfinger_knows_its_own_people(wire: Wire) -> None:
    path = "/.well-known/webfinger"
    assert wire.get(path, resource="acct:ada@home.example").json()["subject"] == "acct:ada@home.example"
    assert wire.get(path, resource="acct:ada@far.example").status_code == 404


def test_a_second_favourite_tells_nobody(wire: Wire) -> None:
    post = wire.world.post(wire.ada, "hello")
    heard: list[str] = []
    wire.world.on_interaction(lambda told: heard.append(told.kind))
    for _ in range(2):
        answer = wire.client.post(f"/api/v1/statuses/{post}/favourite", headers=wire.headers)
        assert answer.json()["favourited"] is True
    assert heard == ["like"]
    assert [notice.type for notice in wire.world.notices] == ["favourite"]
