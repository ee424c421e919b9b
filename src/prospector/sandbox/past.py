"""The months before the sandbox was opened: who did what, planned as a pure function of the seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prospector.sandbox import talk
from prospector.sandbox.people import Person

OLDEST, YOUNGEST = timedelta(days=180), timedelta(days=100)
"""Between these ages lies the day on which somebody was added."""
QUIET = timedelta(days=4)
"""So long most people have not posted, lest the first queue be nothing but posts."""
NUDGED = (timedelta(days=5, hours=4), timedelta(days=7))
"""When we last wrote to those for whom a follow-up is due on the first day (the rule "nudge")."""
FIRST_WORD = (timedelta(days=18), timedelta(days=75))
"""How long ago we first spoke to somebody: their answers have been dealt with since."""
STORIES = ("watched",) * 9 + ("contacted",) * 4 + ("engaged",) * 4 + ("met", "won", "lost")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened. `kind` is that of an engagement; `by` is them or us."""

    at: datetime
    kind: str
    by: str = "them"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Biography:
    """What happened with one person before today, in the order of time."""

    person: Person
    tracked_from: datetime
    facts: tuple[Fact, ...]


def biography(
    person: Person, now: datetime, seed: int, *, nudged: bool = False, recent: bool = False
) -> Biography:
    """The past of one person up to `now`. `nudged`: we wrote to them some days ago and they have
    not answered; `recent`: they posted within the last hours."""
    dice = random.Random(f"past:{seed}:{person.number}")
    since = now - _between(dice, YOUNGEST, OLDEST)
    facts = _posts(dice, since, now - QUIET) if person.platform != "email" else []
    if recent:
        facts.append(Fact(now - _between(dice, timedelta(minutes=20), timedelta(hours=9)), "post"))
    if nudged:
        facts.append(Fact(now - _between(dice, *NUDGED), "email", "us"))
    else:
        facts += _story(dice, dice.choice(STORIES), person, now)
    said = [_worded(fact, person, dice) for fact in sorted(facts, key=lambda fact: fact.at)]
    return Biography(person, since.replace(microsecond=0), tuple(said))


def _story(dice: random.Random, story: str, person: Person, now: datetime) -> Sequence[Fact]:
    """How far it went with somebody: nothing, our first word, an answer, a meeting, the end."""
    if story == "watched":
        return ()
    first = now - _between(dice, *FIRST_WORD)
    opening = Fact(first, "email" if person.email else "like", "us")
    if story == "contacted":
        return (opening, *_ending(dice, person, first, now))
    answer = _after(dice, first, now, timedelta(days=4))
    facts = [opening, Fact(answer, "email_reply" if person.email else "reply")]
    if dice.random() < 0.5 and person.platform in ("bluesky", "mastodon"):
        facts.append(Fact(_after(dice, answer, now, timedelta(days=3)), dice.choice(("like", "follow"))))
    if story == "engaged":
        return facts
    meeting = _after(dice, answer, now, timedelta(days=5))
    facts.append(Fact(meeting, "stage_set", "us", "meeting"))
    if story in ("won", "lost"):
        facts.append(Fact(_after(dice, meeting, now, timedelta(days=6)), "stage_set", "us", story))
    return facts


def _ending(dice: random.Random, person: Person, first: datetime, now: datetime) -> Sequence[Fact]:
    """What comes back by itself, now and then: a bounce, a vacation, a wish to be left alone."""
    if person.email is None or dice.random() > 0.3:
        return ()
    kind = dice.choice(("bounce", "auto_reply", "unsubscribe"))
    return (Fact(_after(dice, first, now, timedelta(hours=20)), kind),)


def _posts(dice: random.Random, since: datetime, until: datetime) -> list[Fact]:
    count = dice.randint(2, 9)
    return [Fact(since + (until - since) * dice.random(), "post") for _ in range(count)]


def _worded(fact: Fact, person: Person, dice: random.Random) -> Fact:
    """With the words that belong to it; a stage that was set keeps its name as its text."""
    occasion = {
        "post": "posts",
        "reply": "replies",
        "email_reply": "mails",
        "unsubscribe": "opt_outs",
        "email": "ours",
    }.get(fact.kind)
    at = fact.at.replace(microsecond=0)
    return Fact(at, fact.kind, fact.by, talk.line(occasion, dice) if occasion else fact.text)


def _after(dice: random.Random, start: datetime, now: datetime, most: timedelta) -> datetime:
    """Some time after `start`, and a while before `now`."""
    return min(start + _between(dice, timedelta(hours=2), most), now - timedelta(hours=30))


def _between(dice: random.Random, least: timedelta, most: timedelta) -> timedelta:
    return least + (most - least) * dice.random()
