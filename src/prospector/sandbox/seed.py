"""Put the planned past into the platforms' worlds and into the workspace's history, in agreement.

What the platforms would show stands in their worlds under the same ids, so that the first polls find
nothing that is logged already; what only we can know (our own mails, what we did by hand) is logged.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from prospector import engagements
from prospector.consequences import Consequences
from prospector.engagements import Entry
from prospector.installation import Installation
from prospector.models import Account, Card, Message, Profile, Prospect
from prospector.outreach import consents, holds
from prospector.outreach.law import Ground
from prospector.prospects import people as prospects
from prospector.prospects.people import NewProspect
from prospector.queue import day
from prospector.rules.live import Parsed
from prospector.sandbox import staff
from prospector.sandbox.elsewhere import note
from prospector.sandbox.past import Biography, Fact
from prospector.sandbox.people import Person
from prospector.sandbox.places import Place, ref_of
from prospector.sandbox.readers import ASKED_FIRST
from prospector.sdk import Seen

FIRST_LOOKS = timedelta(seconds=20)
LONG_AGO = timedelta(days=4)
"""The first looks at everybody are spread over so long."""
RHYTHM = 30
YES = "asked for our news on the card that they filled in at our stand"


@dataclass(frozen=True)
class Past:
    """The past of one person as it is to be stored. `mails` are ours, by Message-ID."""

    biography: Biography
    things: tuple[Seen, ...]
    mails: Mapping[str, datetime] = field(default_factory=dict)


def enact(biography: Biography, place: Place | None, us: str) -> Past:
    """Do what happened in the world of its platform; what was seen of it, in order.

    `us` is our own mail address. Without a place, only mail happens.
    """
    things: list[Seen] = []
    mails: dict[str, datetime] = {}
    for number, fact in enumerate(biography.facts):
        seen = _by_mail(biography.person, fact, number, us, list(mails)) or _by_hand(biography, fact, number)
        if seen is None and place is not None:
            seen = _in_public(biography.person, fact, place, things)
        if seen is not None:
            things.append(seen)
            if fact.kind == "email":
                mails[seen.object] = fact.at
    return Past(biography, tuple(things), mails)


def store(
    opened: Installation,
    pasts: Sequence[Past],
    places: Mapping[str, Place],
    elsewhere: Mapping[int, str],
    now: datetime,
    seed: int,
) -> None:
    """Everybody with profile, history, moves and cards, in one transaction. `elsewhere` names by
    their number those who are also where no account of ours looks."""
    mailbox = opened.account_ids["mail"]
    serving = {name: row for name, row in opened.looking.items() if name in places}

    def work(session: Session) -> None:
        first_stage = Parsed().versions(session)[-1].ruleset.stages[0].name
        entries: list[Entry] = []
        for past in pasts:
            prospect = _add(session, past, places.get(past.biography.person.platform), first_stage, serving)
            _known(session, prospect, past.biography.person, places, now, seed)
            _agreed(session, prospect, past.biography.tracked_from)
            session.add_all(_sent(past, prospect, mailbox))
            entries += [_entry(seen, past, prospect.id, serving, mailbox, now) for seen in past.things]
            person = past.biography.person
            if person.number in elsewhere:
                entries.append(note(session, person, elsewhere[person.number], prospect.id, now, seed))
        for account in session.exec(select(Account)):
            account.covered_until = now.replace(microsecond=0)
        session.flush()
        new = engagements.log(session, entries)
        everybody = [prospect.id for prospect in session.exec(select(Prospect))]
        staff.share(session, everybody, now)
        Consequences(opened).follow(session, new, everybody, (), now)
        _decided(session, now)
        # What broke the sending in those months was looked into, and let go on.
        holds.release(session.get_one(Account, mailbox), now)

    opened.store.write(work)


def _decided(session: Session, now: datetime) -> None:
    """What called for a decision long ago was decided by the rep of that time."""
    for card in session.exec(select(Card).where(Card.state == "open")):
        since = max(day.cause_of(cause).at for cause in card.causes)
        if since < now - LONG_AGO:
            day.decide(session, card.id, "done", user_id=None, why=None, now=since + timedelta(days=1))


def _by_mail(person: Person, fact: Fact, number: int, us: str, earlier: list[str]) -> Seen | None:
    """What a mailbox of ours holds, or would tell."""
    if fact.kind not in ("email", "email_reply", "bounce", "auto_reply", "unsubscribe") or not person.email:
        return None
    ours = fact.by == "us"
    message_id = f"<past.{person.number}.{number}@{us.rpartition('@')[2] if ours else person.domain}>"
    answers = {"refers_to": earlier, "subject": "Re: A short question"}
    return Seen(
        kind=fact.kind,
        actor=us if ours else person.email,
        object=message_id,
        at=fact.at,
        actor_url="" if ours else f"mailto:{person.email}",
        actor_name="" if ours else person.name,
        by="us" if ours else "them",
        post=None if ours or not earlier else earlier[-1],
        text=fact.text,
        attributes={"subject": "A short question"} if ours else answers | {"hard": fact.kind == "bounce"},
    )


def _by_hand(biography: Biography, fact: Fact, number: int) -> Seen | None:
    if fact.kind != "stage_set":
        return None
    return Seen(
        fact.kind,
        "us",
        f"past:{biography.person.number}:{number}",
        fact.at,
        by="us",
        attributes={"to": fact.text},
    )


def _in_public(person: Person, fact: Fact, place: Place, before: Sequence[Seen]) -> Seen | None:
    """What happens on a platform; what it has not, does not happen there."""
    match fact.kind:
        case "post":
            return place.post(person, fact.text, fact.at)
        case "reply" if place.social:
            return place.reply(person, fact.text, fact.at)
        case "follow":
            return place.follow(person, fact.at)
        case "like" if fact.by == "them":
            return place.like(person, fact.at)
        case "like":
            return _our_like(place, fact.at, before)
    return None


def _our_like(place: Place, at: datetime, before: Sequence[Seen]) -> Seen | None:
    posts = [seen for seen in before if seen.kind == "post"]
    if not posts or not place.social:
        return None
    post = posts[-1]
    place.liked_by_us(post, at)
    return Seen("like", "us", post.object, at, by="us", post=post.object, url=post.url)


def _add(
    session: Session, past: Past, place: Place | None, first_stage: str, serving: Mapping[str, int]
) -> Prospect:
    person, since = past.biography.person, past.biography.tracked_from
    new = NewProspect(
        name=person.name,
        refs=[ref_of(place, person)] if place is not None else [],
        email=person.email,
        company=person.company,
        domain=person.domain,
        title=person.title,
        country=person.country,
        timezone=person.timezone,
        source="the sandbox",
    )
    return prospects.add(session, new, first_stage, serving, since, since)


def _known(
    session: Session,
    prospect: Prospect,
    person: Person,
    places: Mapping[str, Place],
    now: datetime,
    seed: int,
) -> None:
    """The profile as months of looking have left it: who it is, and covered until now."""
    profile = session.exec(select(Profile).where(col(Profile.prospect_id) == prospect.id)).first()
    if profile is None:
        return
    identity = places[person.platform].identity(person)
    profile.remote_id, profile.name, profile.source_url = identity.remote_id, identity.name, identity.url
    profile.polled_at = profile.covered_until = now.replace(microsecond=0)
    profile.next_poll_at = now + FIRST_LOOKS * random.Random(f"look:{seed}:{person.number}").random()
    profile.rhythm = {"interval": RHYTHM}


def _agreed(session: Session, prospect: Prospect, since: datetime) -> None:
    """Who lives where a first mail needs a yes gave it before they were written to."""
    if prospect.email and prospect.country in ASKED_FIRST:
        consents.add(session, prospect, Ground("opt_in", since.date(), YES), None, since)


def _sent(past: Past, prospect: Prospect, mailbox: int) -> list[Message]:
    """Our own mails, as the outbox keeps them."""
    texts = {seen.object: seen.text for seen in past.things}
    return [
        Message(
            prospect_id=prospect.id,
            account_id=mailbox,
            action="email",
            occasion=f"past:{message_id}",
            template="intro",
            subject="A short question",
            body=texts[message_id],
            state="sent",
            message_id=message_id,
            created_at=at,
            approved_at=at,
            claimed_at=at,
            sent_at=at,
            tries=1,
            reply="250 2.0.0 accepted",
        )
        for message_id, at in past.mails.items()
    ]


def _entry(
    seen: Seen, past: Past, prospect_id: int, serving: Mapping[str, int], mailbox: int, now: datetime
) -> Entry:
    """With the time at which we would have learnt of it: a few minutes later, never ahead."""
    mail = seen.object.startswith("<")
    channel = "ui" if seen.kind == "stage_set" else "email" if mail else past.biography.person.platform
    later = random.Random(seen.object).randint(20, 900) if seen.by == "them" else 0
    seen_at = min((seen.at or now) + timedelta(seconds=later), now)
    account = mailbox if mail else serving.get(channel)
    return Entry(channel, seen, seen_at, prospect_id, account_id=account)
