"""`make fault`: hundreds of `kill -9` at random moments, and afterwards nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, func, select
from tests.crash.nursery import Nursery
from tests.crash.street import Street, hurry, street
from tests.town import PASSWORD, until

from prospector import doctor, work
from prospector.consequences import Consequences
from prospector.models import Engagement, Message, Suppression
from prospector.outreach import waiting
from prospector.runtime import Runtime

KILLS = int(os.environ.get("PROSPECTOR_KILLS", "200"))
AT_START = 0.15
LONGEST_LIFE = 2.0
ACCESS = {"TOWN_BLUESKY": PASSWORD, "TOWN_MAIL": "secret"}
PATIENCE = 300.0

pytestmark = pytest.mark.fault


@pytest.fixture
def place(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    with street(tmp_path, database_url, monkeypatch, seed=20261122) as made:
        yield made


def test_nothing_is_lost_or_doubled(place: Street, nursery: Nursery) -> None:
    commands = ["run"] if place.installation.store.sqlite else ["run", "worker"]
    rep = threading.Thread(target=place.work, daemon=True)
    rep.start()
    phases = kill_often(place, nursery, commands)
    place.fall_asleep()
    rep.join(60)
    assert place.failures == []
    settle(place, nursery)
    asyncio.run(reconcile(place))
    print(json.dumps(report(place, phases)))
    assert len(place.ledger.acts) > KILLS / 2, "nothing happened"
    assert place.town.mail.accepted, "no mail was sent"
    with place.installation.store.reading() as session:
        assert problems(session, place) == []


def kill_often(place: Street, nursery: Nursery, commands: list[str]) -> Counter[str]:
    """Start each command and kill it at a random moment, again and again; in which phase it was."""
    phases: Counter[str] = Counter()
    with ThreadPoolExecutor(len(commands)) as killers:
        share = KILLS // len(commands)
        done = [
            killers.submit(kill_one, place, nursery, command, share, random.Random(number), phases)
            for number, command in enumerate(commands)
        ]
    for one in done:
        one.result()
    assert sum(phases.values()) >= KILLS, phases
    return phases


def kill_one(
    place: Street, nursery: Nursery, command: str, times: int, die: random.Random, phases: Counter[str]
) -> None:
    for _ in range(times):
        child = nursery.start(place.town.folder, command, environment=ACCESS)
        if die.random() > AT_START:
            until(child.has_begun)
        threading.Event().wait(die.uniform(0, LONGEST_LIFE))
        fetching = place.weather.in_flight > 0
        started = child.has_begun()
        assert child.end(signal.SIGKILL) == -signal.SIGKILL, child.text()
        phases[phase(place, started, fetching)] += 1


def phase(place: Street, started: bool, fetching: bool) -> str:
    """What the process was doing when it died, as its tables and its servers tell."""
    if not started:
        return "starting"
    with place.installation.store.reading() as session:
        sending = select(col(Message.data_at).is_(None)).where(Message.state == "sending")
        unsaid = list(session.exec(sending))
    if unsaid:
        return "before the mark" if unsaid[-1] else "after the mark"
    return "fetching" if fetching else "recording or waiting"


def settle(place: Street, nursery: Nursery) -> None:
    """With all servers well, let one clean process finish; it must also end cleanly."""
    child, calm = nursery.start(place.town.folder, "run", environment=ACCESS), 0
    deadline = time.monotonic() + PATIENCE
    while calm < 3:
        place.installation.store.write(hurry)
        threading.Event().wait(0.5)
        with place.installation.store.reading() as session:
            left = unsettled(session, place)
        calm = 0 if left else calm + 1
        assert time.monotonic() < deadline, left
    assert child.end(signal.SIGTERM) == 0, child.text()


def unsettled(session: Session, place: Street) -> list[str]:
    """What a clean process has yet to do."""
    known = recorded(session)
    left = [f"not seen: {entry}" for entry in place.ledger.acts | place.ledger.mails if entry not in known]
    settings, desk = place.installation.settings, Consequences(place.installation).desk
    for message in session.exec(select(Message).where(col(Message.state).in_(("approved", "sending")))):
        waits = waiting.of(session, settings, desk, message, datetime.now(UTC))
        if message.state == "sending" or not (waits or message.by_hand):
            left.append(f"message {message.id} is {message.state}: {message.error}")
    return left


async def reconcile(place: Street) -> None:
    """Look for every message in doubt, as the process does once a minute."""
    with place.installation.store.reading() as session:
        unknown = session.exec(select(Message.id).where(Message.state == "unknown")).all()
    runtime = Runtime(place.installation)
    try:
        for message_id in unknown:
            await work.reconcile(runtime, message_id)
    finally:
        await runtime.aclose()


def recorded(session: Session) -> Counter[tuple[str, str, str]]:
    """The engagements of them, each as the ledger writes it, and how often it is stored."""
    theirs = Engagement.by == "them", col(Engagement.prospect_id).is_not(None)
    found = session.exec(select(Engagement).where(*theirs, col(Engagement.retracted_at).is_(None)))
    return Counter((one.kind, one.actor, one.object) for one in found)


def problems(session: Session, place: Street) -> list[str]:
    """Everything that must not be so."""
    known, happened = recorded(session), place.ledger.acts | place.ledger.mails
    found = [f"lost: {entry}" for entry in happened - known.keys()]
    found += [f"never happened: {entry}" for entry in known.keys() - happened]
    found += [f"{times} times: {entry}" for entry, times in known.items() if times > 1]
    found += [check.detail for check in doctor.invariants(session, datetime.now(UTC)) if not check.ok]
    found += mail_problems(session, place)
    found += reply_problems(session, place)
    return found


def mail_problems(session: Session, place: Street) -> Iterator[str]:
    accepted = place.town.mail.accepted
    for message_id, times in accepted.items():
        if times > 1:
            yield f"{message_id} was accepted {times} times"
    messages = {m.message_id: m for m in session.exec(select(Message).where(Message.action == "email"))}
    for message in messages.values():
        times = accepted[message.message_id or ""]
        if message.state != "unknown" and times != (message.state == "sent"):
            yield f"message {message.id} is {message.state}, and was accepted {times} times"
    stopped = {row.key: row.at for row in session.exec(select(Suppression))}
    for message_id, recipient, _ in place.ledger.taken:
        claimed, at = messages[message_id].claimed_at, stopped.get(f"email:{recipient}")
        if at is not None and claimed is not None and claimed > at + doctor.AT_ONCE:
            yield f"{recipient} got {message_id} after they were suppressed"


def reply_problems(session: Session, place: Street) -> Iterator[str]:
    """Replies on the network: one record each, of a message that says so."""
    world = place.town.bluesky
    replies = session.exec(select(Message).where(Message.action == "reply", Message.by_hand == False)).all()  # noqa: E712
    uris = Counter(message.uri for message in replies if message.state == "sent")
    written = {
        record.uri
        for record in world.records.values()
        if record.did == place.town.us and record.value.get("reply") and record.collection.endswith("post")
    }
    yield from (f"reply {uri} is said to be sent and is not there" for uri in uris.keys() - written)
    doubted = sum(message.state == "unknown" for message in replies)
    if len(written - uris.keys()) > doubted:
        yield f"{len(written - uris.keys())} replies are there that no message knows"


def report(place: Street, phases: Counter[str]) -> dict[str, Any]:
    with place.installation.store.reading() as session:
        states = session.exec(
            select(Message.action, Message.state, func.count()).group_by(Message.action, Message.state)
        ).all()
    return {
        "database": place.installation.store.engine.dialect.name,
        "kills": sum(phases.values()),
        "phases": dict(phases),
        "engagements": len(place.ledger.acts) + len(place.ledger.mails),
        "mails_accepted": sum(place.town.mail.accepted.values()),
        "messages": {f"{action} {state}": count for action, state, count in states},
        "http_requests": place.weather.requests,
        "http_faults": dict(place.weather.struck),
    }
