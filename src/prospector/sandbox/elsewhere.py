"""What people do where software may not act for us: posts on LinkedIn and X that somebody noted.

No account of ours looks there, so the sandbox has no server for them: the posts are logged as a
person's notes would be, and what is answered to them is done by hand.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from prospector.engagements import Entry
from prospector.prospects.people import profile_row
from prospector.prospects.urls import canonical
from prospector.sandbox import talk
from prospector.sandbox.people import Person, slug
from prospector.sdk import Seen

PLACES = ("linkedin", "x")
HOW_MANY = 5
LATEST, OLDEST = timedelta(minutes=50), timedelta(hours=20)


def chosen(population: Sequence[Person], busy: frozenset[int]) -> Mapping[int, str]:
    """Who is there, by number, and where: some of those who can otherwise only be written to, and
    are not `busy` with something else."""
    free = [person for person in population if person.platform == "email" and person.number not in busy]
    return {person.number: PLACES[place % 2] for place, person in enumerate(free[:HOW_MANY])}


def note(
    session: Session, person: Person, platform: str, prospect_id: int, now: datetime, seed: int
) -> Entry:
    """The person's profile there, and the post of theirs that was noted."""
    dice = random.Random(f"elsewhere:{seed}:{person.number}")
    name = slug(person.name).replace("-", "" if platform == "x" else "-")[:15]
    number = dice.randrange(10**18, 10**19)
    address = f"https://x.com/{name}" if platform == "x" else f"https://www.linkedin.com/in/{name}"
    ref = canonical(address)
    assert ref is not None, address
    session.add(profile := profile_row(prospect_id, ref, {}, now))
    session.flush()
    post = f"{address}/status/{number}" if platform == "x" else _linkedin_post(number)
    at = now - (LATEST + (OLDEST - LATEST) * dice.random())
    seen = Seen(
        "post",
        actor=ref.handle,
        object=post,
        at=at.replace(microsecond=0),
        actor_url=ref.url,
        actor_name=person.name,
        post=post,
        url=post,
        text=talk.line("elsewhere", dice),
    )
    return Entry(platform, seen, now, prospect_id, profile.id)


def _linkedin_post(number: int) -> str:
    return f"https://www.linkedin.com/feed/update/urn:li:activity:{number}/"
