"""Who lives in the sandbox: fictitious prospects, the same for the same seed."""

from __future__ import annotations

import random
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any

PLATFORMS = ("bluesky",) * 8 + ("mastodon",) * 6 + ("feed",) * 3 + ("email",) * 3
"""How the platforms share twenty people; who is on `email` can only be written to."""
WITH_ADDRESS = 0.7
"""How many of those who are elsewhere have an e-mail address that we know."""


@dataclass(frozen=True, slots=True)
class Person:
    """One fictitious prospect. `handle` is their name on `platform`: a Bluesky handle, a fediverse
    `user@host`, the name of a blog, or their address again."""

    number: int
    name: str
    title: str
    country: str
    timezone: str
    company: str
    domain: str
    platform: str
    handle: str
    email: str | None

    @property
    def first_name(self) -> str:
        return self.name.partition(" ")[0]


def people(count: int, seed: int) -> tuple[Person, ...]:
    """So many different people; the first ones stay who they are when the count changes."""
    source, dice = _source(), random.Random(f"people:{seed}")
    named = [
        (country, f"{first} {last}")
        for country in source["country"]
        for first, last in product(country["first"], country["last"])
    ]
    dice.shuffle(named)
    if count > len(named):
        raise ValueError(f"there are names for {len(named)} people, not for {count}")
    return tuple(_person(number, *named[number], source, seed) for number in range(count))


def slug(text: str) -> str:
    """A name as it may stand in a domain: small letters without accents, and hyphens."""
    loose = text.lower().replace("ł", "l")
    plain = unicodedata.normalize("NFKD", loose).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _person(number: int, country: dict[str, Any], name: str, source: dict[str, Any], seed: int) -> Person:
    dice = random.Random(f"person:{seed}:{number}")
    companies = source["companies"]
    company = f"{dice.choice(companies['before'])} {dice.choice(companies['after'])}"
    domain = f"{slug(company)}.{random.Random(company).choice(companies['endings'])}"
    platform = PLATFORMS[number % len(PLATFORMS)]
    address = f"{slug(name).replace('-', '.')}@{domain}"
    known = platform == "email" or dice.random() < WITH_ADDRESS
    return Person(
        number=number,
        name=name,
        title=dice.choice(source["titles"]["names"]),
        country=country["code"],
        timezone=country["timezone"],
        company=company,
        domain=domain,
        platform=platform,
        handle=_handle(platform, name, address, dice.choice(source["places"]["instances"])),
        email=address if known else None,
    )


def _handle(platform: str, name: str, address: str, instance: str) -> str:
    match platform:
        case "bluesky":
            return f"{slug(name)}.example"
        case "mastodon":
            return f"{slug(name).replace('-', '_')}@{instance}"
        case "feed":
            return slug(name)
        case _:
            return address


@cache
def _source() -> dict[str, Any]:
    return tomllib.loads(files("prospector.sandbox").joinpath("people.toml").read_text(encoding="utf-8"))
