"""Forty-eight fictitious people who wrote a postmortem, as a file of theirs would bring them: for a
campaign that has every kind of trouble in it. The same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from prospector.sandbox.people import Person, people, slug
from prospector.sandbox.talk import lines

COUNT = 48
FILE = "postmortems-may.csv"
MONTHS = ("January", "February", "March", "April", "May")
ASKED_FIRST = frozenset({"DE", "AT", "CA"})
"""Where the law wants a consent before the first mail, which nobody here has given."""
ENOUGH = 64
"""So many more people than the town has, so that enough are left without those of `ASKED_FIRST`."""

# Whom something is the matter with, by their place in the file.
NAMELESS = (1, 16, 27, 40)
"""Of the first of them the address spells an initial; of the others the whole first name."""
WITHOUT_MONTH, WITHOUT_QUOTE = 2, 8
JUST_WRITTEN_TO = (3, 19, 33)
AT_A_DESK = {6: "info", 30: "hello"}
OPTED_OUT = 10

# What comes back to our first mail; of all others, nothing does.
ONE_REPLIES_IN = 6
VACATION, STOP, BOUNCE = 14, 21, 29
Answer = Literal["reply", "vacation", "stop", "bounce", ""]


@dataclass(frozen=True, slots=True)
class Reader:
    """A row of the file: the person, and what is known of their incident."""

    person: Person
    facts: Mapping[str, str] = field(default_factory=dict)


def readers(population: int, seed: int) -> tuple[Reader, ...]:
    """Those who come after the first `population` people of the town, and are none of them."""
    others = people(population + ENOUGH, seed)[population:]
    chosen = [one for one in others if one.country not in ASKED_FIRST][:COUNT]
    return tuple(_reader(place, person, seed) for place, person in enumerate(chosen))


def answer_of(place: int) -> Answer:
    """What comes back when the one at this place of the file is first written to."""
    rare: Mapping[int, Answer] = {VACATION: "vacation", STOP: "stop", BOUNCE: "bounce"}
    return rare.get(place, "reply" if place % ONE_REPLIES_IN == 0 else "")


def _reader(place: int, person: Person, seed: int) -> Reader:
    address = f"{slug(person.name).replace('-', '.')}@{person.domain}"
    written = replace(person, platform="email", email=address, handle=address)
    return Reader(_planted(place, written), _facts(place, seed))


def _planted(place: int, person: Person) -> Person:
    if place in NAMELESS:
        # Whose name a file does not tell is called by their address, as an import does it.
        first, _, last = slug(person.name).partition("-")
        spelt = first[0] if place == NAMELESS[0] else first
        address = f"{spelt}.{last.replace('-', '.')}@{person.domain}"
        return replace(person, name=address, email=address, handle=address)
    if place in AT_A_DESK:
        address = f"{AT_A_DESK[place]}@{person.domain}"
        return replace(person, email=address, handle=address)
    return person


def _facts(place: int, seed: int) -> dict[str, str]:
    dice = random.Random(f"incident:{seed}:{place}")
    quotes: Sequence[str] = lines("incidents")
    known = {"incident_month": dice.choice(MONTHS), "incident_quote": quotes[place % len(quotes)]}
    lacking = {WITHOUT_MONTH: "incident_month", WITHOUT_QUOTE: "incident_quote"}.get(place)
    return {name: value for name, value in known.items() if name != lacking}
