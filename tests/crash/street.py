"""A street that lives while prospector dies: people who post and answer, servers that fail, a rep who
approves, and a ledger of all that happened, kept outside of prospector."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select, update
from tests.crash.letters import approve, letter
from tests.town import OURS, PASSWORD, Town, serving

from prospector.consequences import Consequences
from prospector.installation import Installation
from prospector.models import Account, Message, Profile
from prospector.outreach import drafts
from prospector.sandbox import bluesky, mail_answers
from prospector.sandbox.bluesky_world import BlueskyWorld
from prospector.sandbox.mail import Delivery, Fault, MailServers, MailWorld
from prospector.testing.faults import App, Faults

PEOPLE = 24
PACE = 0.15
IMPATIENCE = timedelta(seconds=4)
SETTINGS = {
    'grace = "0s"': 'grace = "0s"\nlease = "2s"',
    'hold = "0s"': 'hold = "0s"\nstuck_after = "15s"\ndaily_cap = 100000\nramp_weeks = 0\ndomain_cap = 9999',
    "[accounts.bluesky]": "[web]\nport = 0\n[accounts.bluesky]",
}
STRIKES = [
    *[Fault(verb) for verb in ("CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "DOT")],
    Fault("RCPT", "450 4.2.1 greylisted"),
    Fault("DATA", "451 4.3.0 try again later"),
    Fault("DOT", "452 4.3.1 no space"),
    Fault("DOT", "554 5.7.1 looks like spam"),
    Fault("DOT", "", after=True),
    Fault("DOT", "", after=True),
    Fault("LOGIN"),
    Fault("APPEND"),
    Fault("UID"),
]

Entry = tuple[str, str, str]


@dataclass
class Ledger:
    """What happened, as those know it who did it: `(kind, actor, object)` of each engagement, the
    answers by mail as `(kind, address, Message-ID)`, and what the mail server took, when."""

    acts: set[Entry] = field(default_factory=set)
    mails: set[Entry] = field(default_factory=set)
    taken: list[tuple[str, str, datetime]] = field(default_factory=list)


class Weather:
    """Around an ASGI app: slow and failing answers while it storms; counts what is in flight."""

    def __init__(self, app: App, people: Callable[[], Any], seed: int) -> None:
        self._app, self._people = app, people
        self._faults = Faults(app, 0.2, seed)
        self._die = random.Random(seed)
        self._living: asyncio.Task[None] | None = None
        self.storm = True
        self.in_flight = self.requests = 0

    @property
    def struck(self) -> Counter[str]:
        return self._faults.struck

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # The worlds belong to the loop that serves them, so the people live in it, too.
        self._living = self._living or asyncio.get_running_loop().create_task(self._people())
        self.in_flight += 1
        self.requests += 1
        try:
            if self.storm:
                await asyncio.sleep(self._die.uniform(0, 0.15))
            await (self._faults if self.storm else self._app)(scope, receive, send)
        finally:
            self.in_flight -= 1


class Street:
    """The town, its people, its rep and its weather."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.ledger = town, Ledger()
        self.weather: Weather
        self.installation: Installation
        self._die = random.Random(seed)
        self._ours: list[str] = []
        self._people: list[tuple[int, str]] = []
        self._alive = threading.Event()
        self._letters = 0
        self.failures: list[BaseException] = []

    def move_in(self, installation: Installation) -> None:
        self.installation = installation
        self._desk = Consequences(installation).desk
        self._people = [self.town.person(installation, f"Person{n}") for n in range(PEOPLE)]
        self._ours = [self.town.bluesky.post(self.town.us, f"News number {n}") for n in range(8)]
        self.town.mail.on_message("*", self._read_mail)
        self._alive.set()

    def fall_asleep(self) -> None:
        """Nobody does anything any more, and all servers are well."""
        self._alive.clear()
        self.weather.storm = False
        self.town.mail.faults.clear()

    # --- the people -----------------------------------------------------------------------------

    async def live(self) -> None:
        while self._alive.is_set():
            self._act()
            await asyncio.sleep(self._die.expovariate(1 / PACE))

    def _act(self) -> None:
        world, die = self.town.bluesky, self._die
        _, did = die.choice(self._people)
        subject = die.choice(self._ours)
        kind = die.choices(["post", "reply", "like", "mention"], [6, 3, 2, 1])[0]
        if kind == "like":
            if ("like", did, subject) not in self.ledger.acts:
                world.like(did, subject)
                self.ledger.acts.add(("like", did, subject))
            return
        text = f"Thought {len(self.ledger.acts)}: how do you all do this?"
        text = f"@{OURS} {text}" if kind == "mention" else text
        uri = world.post(did, text, reply_to=subject if kind == "reply" else None)
        self.ledger.acts.add((kind, did, uri))

    def _read_mail(self, delivery: Delivery) -> None:
        """Read a mail before the server has said 250 for it; answer some, object to a few."""
        now = datetime.now(UTC)
        sent_id = delivery.raw.partition(b"Message-ID: ")[2].partition(b"\r\n")[0].decode()
        self.ledger.taken.append((sent_id, delivery.recipient, now))
        if self.weather.storm:
            threading.Event().wait(self._die.uniform(0, 0.08))
        mood = self._die.random()
        if mood > 0.5:
            return
        kind, text = (
            ("unsubscribe", "Please unsubscribe me.") if mood < 0.03 else ("email_reply", "Tell me more?")
        )
        answer_id = f"<answer-{len(self.ledger.mails)}@{delivery.recipient.partition('@')[2]}>"
        delivery.world.deliver(mail_answers.reply(delivery.raw, text, now, answer_id), "us@us.example")
        self.ledger.mails.add((kind, delivery.recipient, answer_id))

    # --- the rep, beside the process, on the same database -----------------------------------------

    def work(self) -> None:
        """Approve mails and replies, ring for what waits too long, and call faults upon the mail server."""
        while self._alive.is_set():
            try:
                self._write_mail()
                self.installation.store.write(self._answer_post)
                self.installation.store.write(hurry)
            except Exception as error:
                self.failures.append(error)
                return
            if self._die.random() < 0.3:
                chosen = self._die.choice(STRIKES)
                self.town.mail.fail(Fault(chosen.verb, chosen.answer, chosen.after))
            threading.Event().wait(0.6)

    def _write_mail(self) -> None:
        prospect_id, _ = self._die.choice(self._people)
        self._letters += 1
        letter(self.installation, prospect_id, f"hand:{self._letters}")

    def _answer_post(self, session: Session) -> None:
        waiting = select(Message).where(Message.state == "draft", Message.action == "reply")
        draft = session.exec(waiting.order_by(col(Message.id)).limit(1)).first()
        if draft is not None:
            drafts.rewrite(session, self._desk, draft, "", "We do it by hand.")
            approve(session, draft)


def hurry(session: Session) -> None:
    """What waits for a Retry-After of a day or for a back-off is due now, as if the time had passed,
    and a mailbox that a circuit breaker holds goes on, as if a person had looked."""
    now = datetime.now(UTC)
    for table in (Profile, Account):
        late = col(table.next_poll_at) > now + IMPATIENCE
        session.exec(update(table).where(late).values(next_poll_at=now))
    held = update(Account).where(col(Account.held_why).is_not(None))
    session.exec(held.values(held_why=None, held_until=None, troubles=[]))
    patient = col(Message.send_at) > now + IMPATIENCE
    session.exec(update(Message).where(Message.state == "approved", patient).values(send_at=now))


@contextmanager
def street(folder: Path, database: str, patch: pytest.MonkeyPatch, seed: int) -> Iterator[Street]:
    """A street with its servers for as long as the `with` lasts."""
    patch.setattr(bluesky, "MOST_SIGN_INS", 10**6)  # every start signs in
    world, mail = BlueskyWorld(), MailWorld()
    us = world.account(OURS, PASSWORD)
    mail.open("us@us.example", "secret")
    patch.setenv("TOWN_BLUESKY", PASSWORD)
    patch.setenv("TOWN_MAIL", "secret")
    with MailServers(mail) as servers:
        town = Town(folder, world, mail, servers, 0, database, us)
        made = Street(town, seed)
        made.weather = Weather(
            bluesky.application(bluesky.Server(world, most_requests=10**9)), made.live, seed
        )
        with serving(made.weather) as town.port:
            try:
                made.move_in(_open(town))
                yield made
            finally:
                made.fall_asleep()
                for installation in town.installations:
                    with suppress(Exception):
                        installation.close()


def _open(town: Town) -> Installation:
    opened = town.open()
    path = town.folder / "config.toml"
    text = path.read_text(encoding="utf-8")
    for ours, wanted in SETTINGS.items():
        assert ours in text
        text = text.replace(ours, wanted)
    path.write_text(text, encoding="utf-8")
    return opened
