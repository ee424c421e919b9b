"""The installation that the browser tests look at: the sandbox's 400 people on a Tuesday morning,
with thirty cards of all sections and channels.

The same for the same moment: its past is the sandbox's, and what is added here is chosen in the order
of people's numbers. The clock has to stand at `START` while it is made, and to go on from there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session, col, func, select

from prospector import engagements
from prospector.cli.workspace import PRESETS, make
from prospector.consequences import Consequences
from prospector.engagements import Entry
from prospector.installation import Installation, open_installation
from prospector.models import Card, Prospect, User
from prospector.queue import day
from prospector.queue.rank import Cause
from prospector.sandbox import talk, town, workspace
from prospector.sandbox.people import Person
from prospector.sandbox.town import Town
from prospector.sandbox.workspace import Addresses, Mark
from prospector.sdk import Seen
from prospector.team import sessions

START = datetime(2026, 11, 24, 9, 40, tzinfo=UTC)
SEED = 7
CARDS = 30
REP, COLLEAGUE = "robin@tidewater.example", "jonas@tidewater.example"
NOWHERE = Addresses("http://127.0.0.1:2", "http://127.0.0.1:3", smtp=4, imap=5, page=0)
"""No server of the sandbox runs: a page that asked for one would fail."""
POST = """\
Action: reply
On: post
Language: en

That is close to what we hear from others{% if prospect.first_name %}, {{ prospect.first_name }}{% endif %}. \
What made you try it?
"""
SETTINGS = (('hold = "10s"', 'hold = "30s"'), ("minutes = 60", "minutes = 120"))
"""What tests want otherwise than a demo: time to take something back, and a day for thirty cards."""


@dataclass(frozen=True)
class Addition:
    """Something that happened lately: `tell` makes it of a person, so long ago."""

    platform: str
    minutes: int
    tell: Callable[[Town, Person, datetime], Seen]
    with_address: bool = False


def make_world(folder: Path) -> None:
    """Write the workspace. To be called while the clock stands at `START`."""
    people = town.found(START, SEED, "http://127.0.0.1:1")
    rules = PRESETS["social-selling"].read_text(encoding="utf-8")
    workspace.make_anew(folder, people, NOWHERE, Mark(START, {}), rules, _make)
    opened = open_installation(folder)
    try:
        opened.store.write(lambda session: furnish(session, opened, people))
    finally:
        opened.close()


def _make(folder: Path, config: str, rules: str, since: datetime) -> None:
    for usual, wanted in SETTINGS:
        assert usual in config, f"the sandbox's settings no longer have {usual}"
        config = config.replace(usual, wanted)
    make(folder, config, rules, since)
    (folder / "templates" / "post.txt").write_text(POST, encoding="utf-8")


def furnish(session: Session, opened: Installation, people: Town) -> None:
    """Thirty open cards: answers of all kinds, trouble, a follow-up, and posts until it is enough."""
    user = session.exec(select(User).where(User.email == REP)).one()
    user.minutes = 120
    free = Free(session, people)
    for addition in ADDITIONS:
        _happen(session, opened, people, free.one(addition.platform, addition.with_address), addition)
    _offer(session, opened, free.one("email"), "failed", "550 5.1.1 no such mailbox", timedelta(hours=2))
    _offer(session, opened, free.one("bluesky"), "follow_up", "you wanted to ask again", timedelta(hours=3))
    while (left := CARDS - _open_cards(session)) > 0:
        post = Addition("bluesky", 60 + 7 * left, _post)
        _happen(session, opened, people, free.one("bluesky"), post)
    assert _open_cards(session) == CARDS, "the sandbox has more cards of its own: leave out an addition"


class Free:
    """Who has no card yet, in the order of their numbers."""

    def __init__(self, session: Session, people: Town) -> None:
        taken = select(Card.prospect_id).where(col(Card.state).in_(day.OPEN))
        rows = session.exec(select(Prospect).where(col(Prospect.id).not_in(taken), Prospect.stage != "lost"))
        by_name = {prospect.name: prospect for prospect in rows}
        self._left = [(one, by_name[one.name]) for one in people.population if one.name in by_name]

    def one(self, platform: str, with_address: bool = False) -> tuple[Person, Prospect]:
        for place, (person, prospect) in enumerate(self._left):
            if person.platform == platform and (person.email or not with_address):
                del self._left[place]
                return person, prospect
        raise AssertionError(f"nobody is left on {platform}")


def _happen(
    session: Session,
    opened: Installation,
    people: Town,
    who: tuple[Person, Prospect],
    addition: Addition,
) -> None:
    person, prospect = who
    seen = addition.tell(people, person, START - timedelta(minutes=addition.minutes))
    account = opened.account_ids["mail" if seen.kind == "email_reply" else addition.platform]
    channel = "email" if seen.kind == "email_reply" else addition.platform
    entry = Entry(channel, seen, START, prospect.id, account_id=account)
    new = engagements.log(session, [entry])
    assert len(new) == 1
    Consequences(opened).follow(session, new, (), (), START)


def _offer(
    session: Session,
    opened: Installation,
    who: tuple[Person, Prospect],
    kind: str,
    detail: str,
    ago: timedelta,
) -> None:
    prospect = who[1]
    standing = Consequences(opened).standing_of(session, prospect, START)
    day.offer(session, prospect, [Cause(kind, START - ago, detail=detail)], standing, START)


def _open_cards(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Card).where(Card.state == "open")).one()


def _mail(people: Town, person: Person, at: datetime) -> Seen:
    assert person.email is not None
    return Seen(
        "email_reply",
        person.email,
        f"<answer.{person.number}@{person.domain}>",
        at,
        actor_url=f"mailto:{person.email}",
        actor_name=person.name,
        text=talk.line("mails", random.Random(person.number)),
        attributes={"subject": "Re: A short question", "refers_to": []},
    )


def _reply(people: Town, person: Person, at: datetime) -> Seen:
    text = talk.line("replies", random.Random(person.number))
    return people.places[person.platform].reply(person, text, at)


def _mention(people: Town, person: Person, at: datetime) -> Seen:
    text = "@tidewater have you seen how others do this? What would you try first?"
    return people.places[person.platform].mention(person, text, at)


def _post(people: Town, person: Person, at: datetime) -> Seen:
    text = talk.line("posts", random.Random(person.number))
    return people.places[person.platform].post(person, text, at)


ADDITIONS: Sequence[Addition] = (
    Addition("email", 38, _mail, with_address=True),
    Addition("email", 125, _mail, with_address=True),
    Addition("bluesky", 22, _reply),
    Addition("mastodon", 51, _mention),
    Addition("feed", 75, _post),
)


def sign_in(opened: Installation, email: str, now: datetime) -> str:
    """A token for the session's cookie of one of our users."""

    def work(session: Session) -> str:
        user = session.exec(select(User).where(User.email == email)).one()
        return sessions.begin(session, "session", user.id, now)

    return opened.store.write(work)


def cards(opened: Installation) -> Iterator[Card]:
    """The open cards as they are stored."""
    with opened.store.reading() as session:
        yield from session.exec(select(Card).where(Card.state == "open").order_by(col(Card.id))).all()
