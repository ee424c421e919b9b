"""All platforms of the sandbox together: who lives where, and who we are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prospector.sandbox import bluesky, elsewhere, feeds, mastodon, staff, talk
from prospector.sandbox.mail import Mailbox, MailWorld
from prospector.sandbox.past import biography
from prospector.sandbox.people import Person, people
from prospector.sandbox.places import OnBlogs, OnBluesky, OnMastodon, Place
from prospector.sandbox.seed import Past, enact

POPULATION, LIVING = 400, 40
NUDGED, RECENT = 6, 12
NAME, ADDRESS = staff.NAME, staff.ADDRESS
COMPANY, TITLE, HANDLE = "Tidewater Tools", "Founder", "tidewater.example"
INSTANCE, USER = "fedi.example", "robin"
PASSWORD = "sandbox-only"  # noqa: S105 (of a mailbox that exists only here)
OUR_POSTS = timedelta(days=90)


@dataclass(frozen=True)
class Town:
    """The worlds behind the servers. `living` go on; `away` and `unreachable` are two of them who
    answer mail with a vacation notice and not at all."""

    seed: int
    population: Sequence[Person]
    living: Sequence[Person]
    bluesky: bluesky.Server
    mastodon: mastodon.Server
    token: str
    feeds: feeds.FeedWorld
    mail: MailWorld
    mailbox: Mailbox
    places: Mapping[str, Place]
    pasts: Sequence[Past]

    @property
    def nudged(self) -> Sequence[Person]:
        """Those for whom a follow-up is due on the first day."""
        return self.living[:NUDGED]

    @property
    def elsewhere(self) -> Mapping[int, str]:
        """Those who are also on LinkedIn or X, by their number."""
        return elsewhere.chosen(self.population, frozenset(person.number for person in self.living))

    @property
    def away(self) -> Person:
        return self.nudged[-1]

    @property
    def unreachable(self) -> Person:
        return self.nudged[-2]


def found(now: datetime, seed: int, blogs: str) -> Town:
    """A town as it is at `now`, with its past; its clock runs on from there. `blogs` is the address
    at which blogs are served."""
    population = people(POPULATION, seed)
    living = _living(population)
    ours = bluesky.BlueskyWorld(now=lambda: now)
    far = mastodon.MastodonWorld(INSTANCE, now=lambda: now)
    served, fedi = bluesky.Server(ours, most_requests=30_000), mastodon.Server(far, most_requests=30_000)
    us = far.account(USER, name=NAME)
    blog_world, mail = feeds.FeedWorld(), MailWorld()
    places: dict[str, Place] = {
        "bluesky": OnBluesky(ours, ours.account(HANDLE, name=NAME)),
        "mastodon": OnMastodon(far, us),
        "feed": OnBlogs(blog_world, blogs),
    }
    pasts = _past(population, living, places, now, seed)
    ours.now = far.now = _wall_clock
    mailbox = mail.open(ADDRESS, PASSWORD)
    # Another number at each start, so that a workspace that is kept reads its inbox anew.
    mailbox.inbox.validity = int(now.timestamp())
    return Town(
        seed, population, living, served, fedi, fedi.token(us), blog_world, mail, mailbox, places, pasts
    )


def _past(
    population: Sequence[Person],
    living: Sequence[Person],
    places: Mapping[str, Place],
    now: datetime,
    seed: int,
) -> list[Past]:
    for place in places.values():
        for days, text in enumerate(talk.lines("ours")):
            place.publish(text, now - OUR_POSTS + timedelta(days=days))
    nudged = {person.number for person in living[:NUDGED]}
    recent = {person.number for person in living[NUDGED : NUDGED + RECENT]}
    pasts = []
    for person in population:
        home = places.get(person.platform)
        if home is not None:
            home.settle(person)
        told = biography(person, now, seed, nudged=person.number in nudged, recent=person.number in recent)
        pasts.append(enact(told, home, ADDRESS))
    return pasts


def _living(population: Sequence[Person]) -> Sequence[Person]:
    """The first ones of each kind; those we have written to come first, and need an address."""
    written = [person for person in population if person.email and person.platform == "email"][:NUDGED]
    social = [person for person in population if person.platform != "email"]
    return [*written, *social[: LIVING - NUDGED]]


def _wall_clock() -> datetime:
    return datetime.now(UTC)
