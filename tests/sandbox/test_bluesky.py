"""The sandbox's Bluesky refuses what the real servers refuse."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from prospector.sandbox.bluesky import BlueskyWorld, Server, application

TEXT = "app.bsky.feed.post"


class Wire:
    """Somebody who speaks XRPC to a fresh network."""

    def __init__(self, **server: Any) -> None:
        self.world = BlueskyWorld()
        self.us = self.world.account("us.example")
        self.server = Server(self.world, **server)
        self.client = TestClient(application(self.server))
        self.token = ""

    def sign_in(self, password: str = "app-password") -> Any:
        answer = self.post("server.createSession", identifier="us.example", password=password)
        self.token = answer.json().get("accessJwt", "")
        return answer

    def get(self, name: str, **params: Any) -> Any:
        return self.client.get(f"/xrpc/{name}", params=params, headers=self.headers)

    def post(self, name: str, **body: Any) -> Any:
        return self.client.post(f"/xrpc/com.atproto.{name}", json=body, headers=self.headers)

    def put(self, text: str, key: str = "3m2utzyuw4s2g") -> Any:
        record = {"$type": TEXT, "text": text, "createdAt": "2026-11-22T12:00:00Z"}
        return self.post("repo.putRecord", repo=self.us, collection=TEXT, rkey=key, record=record)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}


@pytest.fixture
def wire() -> Wire:
    return Wire()


def said(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "")


def test_sessions(wire: Wire) -> None:
    assert said(wire.sign_in("wrong")) == (401, "AuthenticationRequired")
    wire.token = "x"
    assert said(wire.get("app.bsky.notification.listNotifications")) == (400, "InvalidToken")
    wire.token = ""
    assert said(wire.get("app.bsky.notification.listNotifications")) == (401, "AuthMissing")
    fresh = wire.sign_in().json()
    wire.server.expire()
    assert said(wire.get("app.bsky.notification.listNotifications")) == (400, "ExpiredToken")
    wire.token = fresh["refreshJwt"]
    assert wire.post("server.refreshSession").status_code == 200
    assert said(wire.post("server.refreshSession")) == (400, "ExpiredToken")


def test_the_31st_sign_in_is_too_much(wire: Wire) -> None:
    answers = [wire.sign_in("wrong").status_code for _ in range(31)]
    assert answers == [401] * 30 + [429]


def test_rate_limits_are_told_and_kept() -> None:
    wire = Wire(most_requests=2)
    answers = [wire.get("com.atproto.identity.resolveHandle", handle="us.example") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit-remaining"] == "1"
    assert answers[0].headers["ratelimit-policy"] == "2;w=300"
    assert answers[2].headers["retry-after"] == "300"


def test_pages(wire: Wire) -> None:
    made = [wire.world.post(wire.us, f"post {number}") for number in range(7)]
    name = "app.bsky.feed.getAuthorFeed"
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = wire.get(name, actor=wire.us, limit=3, **cursor).json()
        seen += [item["post"]["uri"] for item in page["feed"]]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    assert seen == made[::-1]
    assert said(wire.get(name, actor=wire.us, limit=101)) == (400, "InvalidRequest")
    assert said(wire.get(name, actor="nobody.example")) == (400, "InvalidRequest")


def test_records(wire: Wire) -> None:
    heard: list[str] = []
    wire.world.on_interaction(lambda told: heard.append(told.uri))
    wire.sign_in()
    first, again = wire.put("hello").json(), wire.put("hello").json()
    assert first == again
    assert heard == [first["uri"]]
    assert said(wire.put("x" * 301, "3m2utzyuw4s2h")) == (400, "InvalidRequest")
    assert wire.put("👩‍👩‍👧" * 100, "3m2utzyuw4s2h").status_code == 200
    wire.post("repo.deleteRecord", repo=wire.us, collection=TEXT, rkey="3m2utzyuw4s2g")
    key = {"repo": wire.us, "collection": TEXT, "rkey": "3m2utzyuw4s2g"}
    assert said(wire.get("com.atproto.repo.getRecord", **key)) == (400, "RecordNotFound")
    assert said(wire.get("app.bsky.graph.getList")) == (501, "MethodNotImplemented")
