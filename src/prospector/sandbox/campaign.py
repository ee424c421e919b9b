"""The sandbox's campaign: forty-eight drafts with every kind of trouble, of which nobody approves any.

What the page of its review has to find: four without a first name, two without a fact of their
incident, three whom a colleague has just written to, two addresses of a role, and one who opted out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.resources import files

from sqlmodel import Session

from prospector import engagements
from prospector.campaigns import drafting, editing, recipients
from prospector.campaigns.steps import Step, Variant
from prospector.consequences import Consequences
from prospector.engagements import Entry
from prospector.enrolment import stages_of
from prospector.installation import Installation
from prospector.models import Campaign, Prospect
from prospector.outreach.drafts import desk_of
from prospector.prospects import people as prospects
from prospector.prospects.people import NewProspect
from prospector.sandbox import staff, town
from prospector.sandbox.readers import FILE, JUST_WRITTEN_TO, OPTED_OUT, Reader, readers
from prospector.sdk import Seen
from prospector.team import users

NAME = "Postmortem readers, May"
MAILBOX = "mail"
SCHEDULE = {
    "days": [2, 3, 4],
    "start": "08:30",
    "end": "11:30",
    "holidays": True,
    "always": False,
    "daily_cap": 40,
}
"""Its own hours and cap: the sandbox's other mail leaves at any hour."""
BASIS = "they published a write-up of an outage that our tool is made to find"
SOURCE = "the postmortem that they published under their name"
WAIT = 3
MADE, DRAFTED, LEFT = timedelta(hours=26), timedelta(hours=20), timedelta(hours=3)
"""How long before the sandbox opens the campaign and its drafts were made, and somebody left it."""
WRITTEN = timedelta(hours=30)


def store(opened: Installation, now: datetime, seed: int) -> None:
    """The people, the campaign and its drafts; as an import and a person at the page would make them."""
    known = readers(town.POPULATION, seed)
    ids = opened.store.write(lambda session: _people(session, opened, known, now))
    campaign_id = opened.store.write(lambda session: _campaign(session, opened, ids, now))
    run_id = drafting.start(opened.store, campaign_id, None, now - DRAFTED)
    desk = desk_of(opened.settings, opened.account_ids)
    means = drafting.Means(desk, opened.template_path())
    drafting.carry_out(opened.store, means, run_id, lambda: now - DRAFTED)
    opened.store.write(lambda session: _opts_out(session, opened, known[OPTED_OUT], ids[OPTED_OUT], now))


def texts() -> tuple[Step, ...]:
    """What it writes: a mail with two subjects to try, and one that asks again."""
    first, other, again = (_text(name) for name in ("first-a", "first-b", "again"))
    tried = (Variant("A", {"en": first}), Variant("B", {"en": other}))
    return (Step(0, tried), Step(WAIT, (Variant("A", {"en": again}),)))


def _text(name: str) -> str:
    place = files("prospector.sandbox").joinpath("letters", f"{name}.txt")
    return place.read_text(encoding="utf-8").rstrip("\n")


def _people(session: Session, opened: Installation, known: Sequence[Reader], now: datetime) -> list[int]:
    stage, made = stages_of(session)[0], now - MADE
    robin, jonas = users.find(session, staff.ADDRESS), users.find(session, staff.JONAS_AT)
    ids = [prospects.add(session, _new(one, robin.id), stage, {}, made, made).id for one in known]
    written_to = enumerate(JUST_WRITTEN_TO)
    invited = [_invitation(known[at], ids[at], place, jonas.id, now) for place, at in written_to]
    Consequences(opened).follow(session, engagements.log(session, invited), ids, (), now)
    return ids


def _new(reader: Reader, owner_id: int) -> NewProspect:
    person = reader.person
    return NewProspect(
        name=person.name,
        email=person.email,
        company=person.company,
        domain=person.domain,
        title=person.title,
        country=person.country,
        timezone=person.timezone,
        owner_id=owner_id,
        source=f"{SOURCE} ({FILE})",
        tags=["postmortem"],
        fields=dict(reader.facts),
    )


def _invitation(reader: Reader, prospect_id: int, place: int, user_id: int, now: datetime) -> Entry:
    """What Jonas did by hand, where no account of ours looks."""
    at = (now - WRITTEN - timedelta(hours=2 * place)).replace(microsecond=0)
    seen = Seen("invite", "us", f"hand:reader:{reader.person.number}", at, by="us")
    return Entry("linkedin", seen, at, prospect_id, user_id=user_id)


def _campaign(session: Session, opened: Installation, ids: Sequence[int], now: datetime) -> int:
    robin = users.find(session, staff.ADDRESS)
    campaign: Campaign = editing.create(
        session,
        NAME,
        robin.id,
        now - MADE,
        steps=texts(),
        account_ids=[opened.account_ids[MAILBOX]],
        search_path=opened.template_path(),
    )
    editing.configure(session, campaign, schedule=SCHEDULE, basis=BASIS, source=SOURCE)
    outreach = opened.settings.file.outreach
    recipients.add(session, campaign, ids, None, now - MADE, outreach=outreach)
    return campaign.id


def _opts_out(
    session: Session, opened: Installation, reader: Reader, prospect_id: int, now: datetime
) -> None:
    """Somebody asks, by another mail of theirs, not to be written to."""
    address = session.get_one(Prospect, prospect_id).email or ""
    seen = Seen(
        "unsubscribe",
        address,
        f"<stop.{reader.person.number}@{reader.person.domain}>",
        (now - LEFT).replace(microsecond=0),
        actor_url=f"mailto:{address}",
        actor_name=reader.person.name,
        text="Please do not write to me.",
        attributes={"subject": "Please do not write to me", "refers_to": [], "dmarc": True},
    )
    entry = Entry("email", seen, now - LEFT, prospect_id, account_id=opened.account_ids[MAILBOX])
    Consequences(opened).follow(session, engagements.log(session, [entry]), (), (), now)
