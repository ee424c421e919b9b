"""The people who go on living: they post, like, follow and ask, and they answer what we write.

What happens next is a pure function of dice; `Life` does it in the worlds, always at the present
moment, so that nothing is ever stamped in the future.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from prospector.sandbox import bluesky, mail_answers, mastodon, readers, talk, town
from prospector.sandbox.bluesky_world import owner
from prospector.sandbox.mail import Delivery
from prospector.sandbox.people import Person
from prospector.sandbox.places import Place
from prospector.sandbox.town import Town

OPENING = ("mention", "post", "like", "follow", "post", "reply", "vacation")
"""The first acts, so that a first minute shows every kind."""
KINDS = ("post",) * 9 + ("like",) * 4 + ("follow",) * 2 + ("reply",) * 3 + ("mention",) * 2
PAUSE = (1.5, 4.0)
"""Seconds between two acts of all people together."""
THINKING = (1.0, 5.0)
"""Seconds until somebody answers."""
AWAY_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Act:
    """Who does what next, and with which words."""

    person: Person
    kind: str
    text: str = ""


def next_act(number: int, living: Sequence[Person], dice: random.Random) -> Act:
    """The act of that number; the opening is fixed in kind, the rest is chance."""
    kind = OPENING[number] if number < len(OPENING) else dice.choice(KINDS)
    where = ("bluesky", "mastodon") if kind not in ("post", "vacation") else ("bluesky", "mastodon", "feed")
    person = dice.choice([one for one in living if one.platform in where])
    occasion = {"post": "posts", "reply": "replies", "mention": "mentions", "vacation": "away"}.get(kind)
    us = town.HANDLE if person.platform == "bluesky" else town.USER
    return Act(person, kind, talk.line(occasion, dice, us=us) if occasion else "")


def do(act: Act, place: Place) -> None:
    """Let it happen now."""
    match act.kind:
        case "mention":
            place.mention(act.person, act.text)
        case "reply":
            place.reply(act.person, act.text)
        case "like":
            place.like(act.person)
        case "follow":
            place.follow(act.person)
        case _:
            place.post(act.person, act.text)


class Life:
    """The town while it is open. `loop` is the one in which its worlds live."""

    def __init__(self, town: Town, seed: int) -> None:
        self._town, self._dice = town, random.Random(f"life:{seed}")
        self._by_address = {person.email: person for person in town.population if person.email}
        known = readers.readers(len(town.population), town.seed)
        self._readers = {reader.person.email: place for place, reader in enumerate(known)}
        self._by_address |= {reader.person.email: reader.person for reader in known if reader.person.email}
        self._mails: Counter[str] = Counter()

    async def run(self) -> None:
        """Acts one after the other, until cancelled."""
        self._loop = asyncio.get_running_loop()
        self._town.bluesky.world.on_interaction(self._on_bluesky)
        self._town.mastodon.world.on_interaction(self._on_mastodon)
        self._town.mail.on_message("*", self._on_mail)
        for text in talk.lines("ours")[:1]:
            for place in self._town.places.values():
                place.publish(text)
        number = 0
        while True:
            await asyncio.sleep(self._dice.uniform(*PAUSE))
            act = next_act(number, self._town.living, self._dice)
            do(act, self._town.places[act.person.platform])
            number += 1

    # --- Answers --------------------------------------------------------------------------------

    def _on_bluesky(self, told: bluesky.Interaction) -> None:
        if told.kind == "reply":
            self._answer("bluesky", owner(told.subject), told.uri)

    def _on_mastodon(self, told: mastodon.Interaction) -> None:
        status = self._town.mastodon.world.statuses.get(told.subject)
        if told.kind == "reply" and status is not None:
            self._answer("mastodon", f"{town.INSTANCE}/{status.account}", told.id)

    def _answer(self, platform: str, remote_id: str, to: str) -> None:
        place = self._town.places[platform]
        here = [person for person in self._town.population if person.platform == platform]
        person = next((one for one in here if place.identity(one).remote_id == remote_id), None)
        if person is not None:
            self._soon(partial(place.reply, person, talk.line("answers", self._dice), to=to))

    def _on_mail(self, delivery: Delivery) -> None:
        """Called in the mail servers' thread."""
        self._loop.call_soon_threadsafe(self._mailed, delivery)

    def _mailed(self, delivery: Delivery) -> None:
        person = self._by_address.get(delivery.recipient)
        if delivery.recipient in self._readers:
            self._read(delivery, person)
            return
        self._soon(lambda: delivery.world.deliver(self._answer_to(delivery, person), delivery.sender))

    def _read(self, delivery: Delivery, person: Person | None) -> None:
        """A mail of the campaign arrived: most say nothing, and nobody answers twice."""
        self._mails[delivery.recipient] += 1
        kind = readers.answer_of(self._readers[delivery.recipient])
        if kind and person is not None and self._mails[delivery.recipient] == 1:
            self._soon(lambda: delivery.world.deliver(self._as(kind, delivery, person), delivery.sender))

    def _as(self, kind: readers.Answer, delivery: Delivery, person: Person) -> bytes:
        """What comes back, of this kind, stamped with the moment in which it does."""
        now = datetime.now(UTC)
        id_ = f"<read.{int(now.timestamp())}.{person.number}@{person.domain}>"
        match kind:
            case "bounce":
                return mail_answers.delivery_report(delivery.raw, delivery.recipient, now, id_)
            case "vacation":
                return mail_answers.vacation(delivery.raw, (now + AWAY_FOR).date(), now, id_)
        text = talk.line("opt_outs" if kind == "stop" else "mails", self._dice)
        return mail_answers.reply(delivery.raw, text, now, id_, person.name)

    def _answer_to(self, delivery: Delivery, person: Person | None) -> bytes:
        """What comes back to this mail, stamped with the moment in which it does."""
        now = datetime.now(UTC)
        self._mails[delivery.recipient] += 1
        count = self._mails[delivery.recipient]
        id_ = f"<answer.{count}.{int(now.timestamp())}@{delivery.recipient.rpartition('@')[2]}>"
        if person is None or person == self._town.unreachable:
            return mail_answers.delivery_report(delivery.raw, delivery.recipient, now, id_)
        if person == self._town.away:
            return mail_answers.vacation(delivery.raw, (now + AWAY_FOR).date(), now, id_)
        text = talk.line("mails" if count == 1 else "thanks", self._dice)
        return mail_answers.reply(delivery.raw, text, now, id_, person.name)

    def _soon(self, do_it: Callable[[], object]) -> None:
        self._loop.call_later(self._dice.uniform(*THINKING), do_it)
