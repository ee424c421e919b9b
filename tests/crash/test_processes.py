"""Processes beside each other, processes that stop, and one that comes back from the dead."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, func, select
from tests.crash.letters import letter, message
from tests.crash.nursery import Child, Nursery
from tests.databases import new_postgres
from tests.town import Town, town, until

from prospector import doctor
from prospector.installation import Installation
from prospector.models import Engagement, Message
from prospector.sandbox import mail_answers
from prospector.sandbox.mail import Delivery, Fault

STOPS = 8.0
STUCK = timedelta(seconds=2)


@pytest.fixture
def place(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town(tmp_path, database_url, monkeypatch.setenv) as made:
        yield made


@pytest.fixture
def many(tmp_path: Path, postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A town on PostgreSQL, for several processes."""
    with town(tmp_path, new_postgres(postgres_server), monkeypatch.setenv) as made:
        yield made


def opened(place: Town) -> Installation:
    """An installation whose page takes any free port and whose stuck messages are soon given up."""
    installation = place.open()
    path = place.folder / "config.toml"
    text = path.read_text(encoding="utf-8").replace('hold = "0s"', 'hold = "0s"\nstuck_after = "2s"')
    path.write_text(
        text.replace("[accounts.bluesky]", "[web]\nport = 0\n[accounts.bluesky]"), encoding="utf-8"
    )
    return installation


def start(nursery: Nursery, place: Town, command: str) -> Child:
    access = {name: os.environ[name] for name in ("TOWN_BLUESKY", "TOWN_MAIL")}
    return nursery.start(place.folder, command, environment=access)


def count(installation: Installation, *conditions: Any) -> int:
    with installation.store.reading() as session:
        return session.exec(select(func.count()).where(*conditions)).one()


def broken(installation: Installation) -> list[str]:
    def work(session: Session) -> list[str]:
        return [check.detail for check in doctor.invariants(session, datetime.now(UTC)) if not check.ok]

    with installation.store.reading() as session:
        return work(session)


def commands(installation: Installation) -> list[str]:
    return ["run"] if installation.store.sqlite else ["run", "worker", "web"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_work_cleanly(place: Town, nursery: Nursery, number: signal.Signals) -> None:
    installation = opened(place)
    people = [place.person(installation, f"Person{n}") for n in range(6)]
    for id_, did in people:
        for thought in range(5):
            place.bluesky.post(did, f"Thought number {thought}")
        letter(installation, id_, "hand:1")
    running = [start(nursery, place, command) for command in commands(installation)]
    until(lambda: all(child.has_begun() for child in running))
    until(lambda: count(installation, Engagement.kind == "post"))
    assert [child.end(number, STOPS) for child in running] == [0 for _ in running]
    assert "Traceback" not in "".join(child.text() for child in running)
    again = start(nursery, place, "run")
    until(again.has_begun)
    until(lambda: count(installation, Engagement.kind == "post") == 30, 60)
    until(lambda: count(installation, Message.action == "email", Message.state == "sent") == 6, 60)
    assert again.end(number, STOPS) == 0
    assert set(place.mail.accepted.values()) == {1}
    assert broken(installation) == []


def test_a_silent_mail_server_does_not_hold_up_the_end(place: Town, nursery: Nursery) -> None:
    installation = opened(place)
    prospect_id, _ = place.person(installation, "Anna")
    released = threading.Event()
    place.mail.on_message("*", lambda delivery: released.wait(60) and None)
    message_id = letter(installation, prospect_id, "hand:1")
    child = start(nursery, place, "run")
    until(lambda: message(installation, message_id).data_at)
    try:
        assert child.end(signal.SIGTERM, STOPS) == 0
    finally:
        released.set()
    until(
        lambda: (
            datetime.now(UTC) > (message(installation, message_id).claimed_at or datetime.now(UTC)) + STUCK
        )
    )
    again = start(nursery, place, "run")
    until(again.has_begun)
    until(lambda: message(installation, message_id).state in ("unknown", "sent"))
    assert again.end(signal.SIGTERM, STOPS) == 0
    assert sum(place.mail.accepted.values()) == 1


def test_a_second_run_on_sqlite_refuses(
    tmp_path: Path, sqlite_template: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    with town(tmp_path, "sqlite", monkeypatch.setenv) as place:
        opened(place)
        first = start(nursery, place, "run")
        until(first.has_begun)
        second = start(nursery, place, "run")
        assert second.ended() == 1
        assert "Another prospector is at work" in second.text()
        assert "Traceback" not in second.text()
        assert first.end(signal.SIGTERM, STOPS) == 0


@pytest.mark.parametrize(("verb", "state"), [("RCPT", "sent"), ("DOT", "unknown")])
def test_a_worker_that_comes_back_from_the_dead_sends_nothing_twice(
    many: Town, nursery: Nursery, verb: str, state: str
) -> None:
    """Stopped in the midst of a delivery, given up by another, and then continued."""
    installation = opened(many)
    prospect_id, _ = many.person(installation, "Anna")
    message_id = letter(installation, prospect_id, "hand:1")
    zombie = start(nursery, many, "worker")
    until(zombie.has_begun)
    stopped = threading.Event()
    fault = many.mail.fault

    def stop_at(said: str) -> Fault | None:
        if said == verb and not stopped.is_set():
            zombie.signal(signal.SIGSTOP)
            stopped.set()
        return fault(said)

    many.mail.fault = stop_at  # type: ignore[method-assign]
    assert stopped.wait(30)
    claimed_at = message(installation, message_id).claimed_at
    assert claimed_at is not None
    until(lambda: datetime.now(UTC) > claimed_at + STUCK)
    other = start(nursery, many, "worker")
    until(lambda: message(installation, message_id).state == state)
    zombie.signal(signal.SIGCONT)
    until(lambda: many.mail.accepted.total() and message(installation, message_id).state == "sent")
    assert [child.end(signal.SIGTERM, STOPS) for child in (zombie, other)] == [0, 0]
    assert list(many.mail.accepted.values()) == [1]
    assert message(installation, message_id).state == "sent"
    assert broken(installation) == []


def test_the_whole_way_through_a_page_and_two_workers(many: Town, nursery: Nursery) -> None:
    installation = opened(many)
    prospect_id, did = many.person(installation, "Anna")
    many.mail.on_message("anna@anna.example", answer)
    running = [start(nursery, many, command) for command in ("web", "worker", "worker")]
    post = many.bluesky.post(did, "How do you all handle invoices?")
    ours = many.bluesky.post(many.us, "Our new release is out.")
    reply = many.bluesky.post(did, "Congratulations! What does it cost?", reply_to=ours)
    until(lambda: count(installation, col(Engagement.object).in_([post, reply])) == 2)
    message_id = letter(installation, prospect_id, "hand:1")
    until(lambda: count(installation, Engagement.kind == "email_reply") == 1)
    until(lambda: message(installation, message_id).state == "sent")
    assert [child.end(signal.SIGTERM, STOPS) for child in running] == [0, 0, 0], running[1].text()
    assert list(many.mail.accepted.values()) == [1]
    assert count(installation, Message.action == "reply", Message.state == "draft") == 1
    assert broken(installation) == []
    assert "Traceback" not in "".join(child.text() for child in running)


def answer(delivery: Delivery) -> None:
    raw = mail_answers.reply(delivery.raw, "Gladly. When?", datetime.now(UTC), "<answer@anna.example>")
    delivery.world.deliver(raw, "us@us.example")
