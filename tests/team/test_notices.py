"""Notices on both databases: to whom, once, and what becomes of a channel that does not answer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from sqlmodel import Session
from tests.office import Office, office

from prospector import work
from prospector.models import Account, User
from prospector.store import Store
from prospector.team import absence, channels, notices
from prospector.team.digest import Notice, Wishes

CHANNELS = '[notify.channels]\nphone = "env:PHONE_URL"\ndesk = "env:DESK_URL"\n'
TOKEN = "s3cretT0ken"

# apprise imports this when it first loads its plugins.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


class Receiver(HTTPServer):
    """A service on loopback that takes notices, or refuses them."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def place(store: Store, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("PHONE_URL", f"json://127.0.0.1:{receiver.server_port}/{TOKEN}")
    monkeypatch.delenv("DESK_URL", raising=False)
    made = office(store, tmp_path, CHANNELS)
    for name, role in (("ana", "rep"), ("jonas", "rep"), ("mia", "founder")):
        user = User(email=f"{name}@us.example", name=name.title(), role=role, created_at=made.now)
        made.write(lambda session, user=user: session.add(user))
    return made


def choose(place: Office, user_id: int, **chosen: Any) -> None:
    wishes = Wishes(**chosen)
    place.write(lambda session: notices.choose(session, session.get_one(User, user_id), wishes, place.now))


def ring(place: Office) -> int:
    return place.run(lambda: work.JOBS["notify"](place.runtime))


def reply(place: Office, person: int, **more: Any) -> None:
    place.follow(place.seen("reply", person, **more))


def test_an_answer_is_told_once_to_whose_person_it_is(place: Office, receiver: Receiver) -> None:
    for user in (1, 2, 3):
        choose(place, user, answers=("phone",))
    anna, bob = place.person("anna", owner_id=1), place.person("bob")
    place.later(seconds=5)
    reply(place, anna, text="Our budget is 5")
    place.later(seconds=80)
    assert ring(place) == 1
    assert ring(place) == 0
    (told,) = receiver.taken
    assert told["title"] == "Anna Weber replied"
    assert "bluesky" in told["message"]
    assert "budget" not in told["message"]
    reply(place, bob)
    place.later(minutes=2)
    assert ring(place) == 1
    assert receiver.taken[1]["title"] == "Bob Weber replied"
    assert place.one(User, id=3).notified_at > place.one(User, id=1).notified_at


def test_answers_of_a_minute_are_one_notice_with_text_where_asked(place: Office, receiver: Receiver) -> None:
    choose(place, 1, answers=("phone",), with_text=True)
    anna = place.person("anna", owner_id=1)
    for number in range(3):
        place.later(seconds=5)
        reply(place, anna, text=f"Question {number}", object=f"at://{number}")
    place.follow(place.seen("like", anna))
    place.later(seconds=80)
    assert ring(place) == 1
    assert receiver.taken[0]["title"] == "3 answers"
    assert "“Question 2”" in receiver.taken[0]["message"]
    reply(place, anna, object="at://4")
    place.later(seconds=40)
    assert ring(place) == 0
    place.later(seconds=40)
    assert ring(place) == 1


def test_while_away_the_cover_hears_of_them(place: Office, receiver: Receiver) -> None:
    def leave(session: Session) -> None:
        until, cover = place.now + timedelta(days=2), session.get_one(User, 2)
        absence.leave(session, session.get_one(User, 1), until, cover, place.now)

    choose(place, 1, answers=("phone",))
    choose(place, 2, digest=("phone",), answers=("phone",))
    anna = place.person("anna", owner_id=1)
    place.write(leave)
    place.later(seconds=5)
    reply(place, anna)
    place.later(seconds=80)
    assert ring(place) == 2
    assert {one["title"] for one in receiver.taken} == {"Anna Weber replied", "1 card today"}
    assert "You cover for Ana." in next(one["message"] for one in receiver.taken if "card" in one["title"])
    assert place.one(User, id=1).digested_at is None


def test_the_digest_says_what_waits_and_what_is_paused(place: Office, receiver: Receiver) -> None:
    choose(place, 1, digest=("phone",))
    reply(place, place.person("anna", owner_id=1))
    reply(place, place.person("bob", owner_id=2))
    place.change(Account, 1, paused_why="401: the password was refused")
    assert ring(place) == 1
    (told,) = receiver.taken
    assert told["title"] == "1 card today"
    assert "1. Anna Weber, Anna: Replied" in told["message"]
    assert "bluesky is paused: 401" in told["message"]
    assert ring(place) == 0
    place.later(days=1)
    assert ring(place) == 1


def test_of_many_workers_one_tells(place: Office) -> None:
    choose(place, 1, digest=("phone",), answers=("phone",))
    place.later(seconds=5)
    reply(place, place.person("anna", owner_id=1))
    place.later(seconds=80)

    def claim(_: int) -> int:
        return len(place.store.write(lambda session: notices.claim(session, "http://x", [], place.now)))

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(claim, range(8))) == 2


def test_a_channel_that_fails_is_noted_and_forgiven(place: Office, receiver: Receiver) -> None:
    choose(place, 1, digest=("phone", "desk", "gone"))
    receiver.status = 500
    assert ring(place) == 1
    failed = place.one(User, id=1).notify["failed"]
    assert set(failed) == {"phone", "desk", "gone"}
    assert "DESK_URL" in failed["desk"]["why"]
    assert "config.toml has no such channel" in failed["gone"]["why"]
    assert TOKEN not in json.dumps(failed)
    receiver.status = 200
    place.later(days=1)
    assert ring(place) == 1
    assert set(place.one(User, id=1).notify["failed"]) == {"desk", "gone"}


@pytest.mark.parametrize("url", [f"json://127.0.0.1:1/{TOKEN}", f"nonsense://{TOKEN}", f"{TOKEN}", ""])
def test_what_is_no_channel_never_raises_and_never_tells_the_secret(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONE_URL", url)
    failed = channels.send(Notice("Hello", "you", ("phone",)), {"phone": "env:PHONE_URL"})
    assert failed["phone"]
    assert TOKEN not in failed["phone"]


def test_a_notice_by_mail_says_that_a_machine_wrote_it(monkeypatch: pytest.MonkeyPatch) -> None:
    arrived: list[bytes] = []

    class Inbox:
        async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
            arrived.append(bytes(envelope.content or b""))
            return "250 OK"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(Inbox(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        url = f"mailto://127.0.0.1:{port}/?from=us@us.example&to=ana@us.example&mode=insecure"
        monkeypatch.setenv("PHONE_URL", url)
        assert channels.send(Notice("Hello", "you", ("phone",)), {"phone": "env:PHONE_URL"}) == {}
    finally:
        server.stop()
    assert [message_from_bytes(raw)["Auto-Submitted"] for raw in arrived] == ["auto-generated"]


def test_without_channels_nobody_is_asked(store: Store, tmp_path: Path) -> None:
    bare = office(store, tmp_path)
    assert ring(bare) == 0
