"""`make fault`: a sender that is killed again and again, at named moments and at random ones.

The server takes each mail before it answers. No mail is taken twice, ever; and once all that is in
doubt has been looked for, every mail was taken once.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, select, update
from tests.crash import points
from tests.crash.nursery import Child, Nursery
from tests.town import Town, town, until

from prospector import doctor, work
from prospector.installation import Installation, open_installation
from prospector.models import Account, Message
from prospector.outreach import deliver, doubt, outbox
from prospector.prospects import people
from prospector.prospects.people import NewProspect
from prospector.runtime import Runtime

KILLS = int(os.environ.get("PROSPECTOR_KILLS", "200"))
WAITING, PAGE = 40, 120
LONGEST_LIFE = 0.25
SETTINGS = {
    'hold = "0s"': 'hold = "0s"\ndaily_cap = 1000000\nramp_weeks = 0\ndomain_cap = 1000000',
    'smtp_tls = "none"': 'smtp_tls = "none"\nsave_to_sent = false\nfiles_copies = "yes"',
}

pytestmark = pytest.mark.fault


@pytest.fixture
def place(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town(tmp_path, database_url, monkeypatch.setenv) as made:
        made.mail.files_copies = True
        yield made


def test_no_mail_is_taken_twice_and_after_reconciliation_none_is_missing(
    place: Town, nursery: Nursery
) -> None:
    installation = opened(place)
    die, told, at = random.Random(20261122), Counter[str](), Counter[str]()
    for number in range(KILLS):
        refill(installation)
        name = points.NAMES[number // 2 % len(points.NAMES)] if number % 2 else ""
        at[name or "random"] += 1
        doom(place, nursery, name, die)
        told.update(told_after(installation, place))
    recover(installation)
    before = Counter(place.mail.accepted.values())
    unknown = states(installation)["unknown"]
    asyncio.run(reconcile(installation))
    finish(place, nursery, installation)
    print(
        json.dumps(
            {
                "database": installation.store.engine.dialect.name,
                "kills": sum(at.values()),
                "mails": sum(states(installation).values()),
                "unknown": unknown,
                "left": dict(told),
            }
        )
    )
    assert set(before) == {1}, "taken twice before anything was reconciled"
    assert set(place.mail.accepted.values()) == {1}, "taken twice"
    assert states(installation) == Counter({"sent": len(place.mail.accepted)}), "missing"
    assert set(place.mail.accepted) == ids(installation)
    assert broken(installation) == []


def doom(place: Town, nursery: Nursery, name: str, die: random.Random) -> None:
    """Start a sender that dies at this moment, or at any."""
    doom = {"PROSPECTOR_DIE_AT": name, "PROSPECTOR_DIE_IN": str(die.randint(1, 3))} if name else {}
    child = start(place, nursery, doom)
    if not name:
        until(child.has_begun)
        threading.Event().wait(die.uniform(0, LONGEST_LIFE))
        child.signal(signal.SIGKILL)
    assert child.ended() in (-signal.SIGKILL, 0 if not name else None), child.text()


def start(place: Town, nursery: Nursery, doom: dict[str, str]) -> Child:
    access = {name: os.environ[name] for name in ("TOWN_BLUESKY", "TOWN_MAIL")}
    return nursery.start(place.folder, "sender", environment=access | doom)


def told_after(installation: Installation, place: Town) -> Iterator[str]:
    """What the dead process left in `sending`, by how far it had come; what was said to be sent was."""
    with installation.store.reading() as session:
        left = session.exec(select(Message).where(Message.state == "sending")).all()
        for message in left:
            yield "before the mark" if message.data_at is None else "after the mark"
            if message.data_at is None:
                assert place.mail.accepted[message.message_id or ""] == 0
        recent = select(Message).where(Message.state == "sent").order_by(col(Message.sent_at).desc())
        for message in session.exec(recent.limit(PAGE)):
            assert place.mail.accepted[message.message_id or ""] == 1


def opened(place: Town) -> Installation:
    place.open()
    path = place.folder / "config.toml"
    text = path.read_text(encoding="utf-8")
    for ours, wanted in SETTINGS.items():
        assert ours in text
        text = text.replace(ours, wanted)
    path.write_text(text, encoding="utf-8")
    again = open_installation(place.folder)
    place.installations.append(again)
    return again


def refill(installation: Installation) -> None:
    """Keep enough approved mails waiting, each to a person of its own."""
    if states(installation)["approved"] < WAITING:
        installation.store.write(_approve_some)


def _approve_some(session: Session) -> None:
    now = datetime.now(UTC)
    first = session.exec(select(func.count(col(Message.id)))).one()
    for number in range(first, first + PAGE):
        new = NewProspect(f"Person {number}", email=f"p{number}@d{number}.example")
        person = people.add(session, new, "cold", {}, now)
        message = Message(
            prospect_id=person.id,
            account_id=_mailbox(session),
            action="email",
            occasion="hand:1",
            subject=f"Letter {number}",
            body="How do you all do this?",
            created_at=now,
        )
        session.add(message)
        session.flush()
        outbox.approve(session, message, user_id=None, domain="us.example", hold=timedelta(), now=now)


def _mailbox(session: Session) -> int:
    return session.exec(select(Account.id).where(Account.name == "mail")).one()


def recover(installation: Installation) -> None:
    now, runtime = datetime.now(UTC) + timedelta(seconds=1), Runtime(installation)
    installation.store.write(lambda session: deliver.recover(session, runtime.consequences, now, now))
    with installation.store.reading() as session:
        unknown = session.exec(select(Message).where(Message.state == "unknown")).all()
        assert all(message.data_at is not None for message in unknown), "unknown without the second mark"


async def reconcile(installation: Installation) -> None:
    """Look for what is in doubt, twice, a quarter of an hour apart by the clock of the process."""
    for later in (timedelta(), doubt.SOON):
        now = datetime.now(UTC) + later
        runtime = Runtime(installation, now=lambda now=now: now)
        try:
            for message_id in _unknown(installation):
                await work.reconcile(runtime, message_id)
        finally:
            await runtime.aclose()
    assert _unknown(installation) == []


def _unknown(installation: Installation) -> list[int]:
    with installation.store.reading() as session:
        return list(session.exec(select(Message.id).where(Message.state == "unknown")))


def finish(place: Town, nursery: Nursery, installation: Installation) -> None:
    """One sender that nobody kills. What the search a quarter of an hour ahead gave back is due now."""
    back = update(Message).where(col(Message.state) == "approved").values(send_at=datetime.now(UTC))
    installation.store.write(lambda session: session.exec(back).rowcount)
    child = start(place, nursery, {})
    assert child.ended(300) == 0, child.text()


def states(installation: Installation) -> Counter[str]:
    with installation.store.reading() as session:
        found = session.exec(select(Message.state, func.count(col(Message.id))).group_by(Message.state)).all()
    return Counter(dict(found))


def ids(installation: Installation) -> set[str]:
    with installation.store.reading() as session:
        return {found or "" for found in session.exec(select(Message.message_id))}


def broken(installation: Installation) -> list[str]:
    with installation.store.reading() as session:
        return [check.detail for check in doctor.invariants(session, datetime.now(UTC)) if not check.ok]
