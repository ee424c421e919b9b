"""A campaign to a thousand people, three mails each, with planted trouble of every kind; among ten thousand
prospects where it is asked for. Drafted by the product itself, as a person would have it drafted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from prospector import engagements
from prospector.campaigns import drafting, editing, recipients
from prospector.campaigns.steps import Step, single
from prospector.engagements import Entry
from prospector.enrolment import stages_of
from prospector.installation import Installation
from prospector.models import Prospect, Suppression, User
from prospector.outreach.drafts import desk_of
from prospector.sdk import Seen
from prospector.store import insert_new

NAME = "A thousand readers"
FIRST = """\
Subject: A question about {{ prospect.fields.incident }}

Hi {{ prospect.first_name }},

{% if prospect.title %}as {{ prospect.title }} you will know this. {% endif %}I read what you wrote about \
{{ prospect.fields.incident }}, twice. About half of the postmortems that I collect had the line that would \
have shortened the outage in their logs already, and nobody had looked at it.

Would a list of the lines that nobody has read in 90 days be of use? It is one query.

{{ sender.first_name }}"""
SECOND = """\
Action: email

Hi {{ prospect.first_name }},

was the question about {{ prospect.fields.incident }} of any use?

{{ sender.first_name }}"""
THIRD = """\
Action: email

Hi {{ prospect.first_name }},

this is my last mail about this. Shall I send the list of {{ prospect.fields.incident }}?

{{ sender.first_name }}"""
FIRST_NAMES = ("Anna", "Owen", "Noor", "Elif", "Grace", "Piotr", "Sofie", "Mateo", "Lucia", "Marek")
LAST_NAMES = ("Weber", "Rossi", "Novak", "Larsen", "Costa", "Murphy", "Silva")
KINDS: Mapping[str, tuple[int, int]] = {
    "readable": (20, 3),
    "unreadable": (100, 7),
    "unknown": (250, 11),
    "role": (80, 13),
    "written to": (60, 17),
    "opted out": (200, 19),
}
"""Of how many one has which trouble, and the first of them."""


def kind_of(number: int) -> str:
    """What is the matter with the person of this number; empty where nothing is."""
    return next((kind for kind, (every, first) in KINDS.items() if number % every == first), "")


def planted(count: int) -> Counter[str]:
    """How many people of each kind there are among so many."""
    return Counter(map(kind_of, range(count)))


def make(opened: Installation, people: int, others: int, now: datetime) -> int:
    """Store the people and the campaign with all of its drafts; the campaign's number."""
    opened.store.write(lambda session: _insert(session, _rows(session, people, others, now)))
    campaign_id = opened.store.write(lambda session: _campaign(session, opened, now))
    run_id = drafting.start(opened.store, campaign_id, None, now)
    means = drafting.Means(desk_of(opened.settings, opened.account_ids), opened.template_path())
    drafting.carry_out(opened.store, means, run_id, lambda: now)
    opened.store.write(lambda session: _trouble(session, now))
    return campaign_id


def _insert(session: Session, rows: list[dict[str, Any]]) -> None:
    for at in range(0, len(rows), 500):
        insert_new(session, Prospect, rows[at : at + 500])


def _rows(session: Session, people: int, others: int, now: datetime) -> list[dict[str, Any]]:
    stage = stages_of(session)[0]
    owner_id = session.exec(select(User.id).order_by(User.id)).first()
    usual = {
        "start_stage": stage,
        "stage": stage,
        "tracked_from": now,
        "stage_at": now,
        "created_at": now,
        "heat": 0.0,
        "fit": 50,
        "fit_verdict": "review",
        "fit_reasons": [],
        "tags": [],
        "owner_id": owner_id,
        "legal_basis": "legitimate interest",
    }
    mine = [usual | _person(number) for number in range(people)]
    return mine + [usual | _other(number) for number in range(others)]


def _person(number: int) -> dict[str, Any]:
    kind = kind_of(number)
    first, last = FIRST_NAMES[number % len(FIRST_NAMES)], LAST_NAMES[number % len(LAST_NAMES)]
    local = {"unreadable": f"{first[0]}.{last}{number}", "role": "info"}.get(kind, f"{first}.{last}").lower()
    address = f"{local}@firm{number}.example"
    known = {} if kind == "unknown" else {"incident": f"the outage of week {number}"}
    return {
        # Whose name a file does not tell is called by their address, as an import does it.
        "name": address if kind in ("readable", "unreadable") else f"{first} {last}",
        "email": address,
        "title": "Head of Operations" if number % 3 else None,
        "country": "US",
        "fields": known,
        "source": NAME,
    }


def _other(number: int) -> dict[str, Any]:
    first, last = FIRST_NAMES[number % 10], LAST_NAMES[number % 7]
    address = f"{first}.{last}@company{number}.example".lower()
    return {
        "name": f"{first} {last} {number}",
        "email": address,
        "title": None,
        "country": "US",
        "fields": {},
        "source": "elsewhere",
    }


def _campaign(session: Session, opened: Installation, now: datetime) -> int:
    steps = (Step(0, (single(FIRST),)), Step(3, (single(SECOND),)), Step(4, (single(THIRD),)))
    accounts = [opened.account_ids["mail"]]
    campaign = editing.create(session, NAME, None, now, steps=steps, account_ids=accounts)
    editing.configure(
        session, campaign, basis="they published a write-up of an outage", source="their postmortem"
    )
    ids = session.exec(select(Prospect.id).where(Prospect.source == NAME).order_by(Prospect.id)).all()
    recipients.add(session, campaign, ids, None, now, outreach=opened.settings.file.outreach)
    return campaign.id


def _trouble(session: Session, now: datetime) -> None:
    """What happened behind the drafts: invitations by one of us, and people who opted out."""
    mine = session.exec(select(Prospect).where(Prospect.source == NAME).order_by(Prospect.id)).all()
    user_id = session.exec(select(User.id).order_by(User.id)).first()
    entries = list(_invitations(mine, user_id, now - timedelta(hours=30)))
    engagements.log(session, entries)
    for number, prospect in enumerate(mine):
        if kind_of(number) == "opted out":
            session.add(Suppression(key=f"email:{prospect.email}", why="they asked us", at=now, by="import"))


def _invitations(people: Any, user_id: int | None, at: datetime) -> Iterator[Entry]:
    for number, prospect in enumerate(people):
        if kind_of(number) == "written to":
            seen = Seen("invite", "us", f"hand:thousand:{number}", at, by="us")
            yield Entry("linkedin", seen, at, prospect.id, user_id=user_id)
