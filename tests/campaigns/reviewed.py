"""A campaign with planted problems, ready to be reviewed: for the tests of the review and its pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select
from tests.office import Office

from prospector.campaigns import batches, drafting, editing, recipients, review
from prospector.campaigns.batches import Means
from prospector.campaigns.review import Review, Terms
from prospector.campaigns.steps import Step, single
from prospector.campaigns.verdicts import ACTS
from prospector.models import Campaign, Message, Prospect, Recipient
from prospector.outreach import approval
from prospector.store import insert_new

FIRST = "Subject: A question about {{ prospect.fields.incident }}\n\nHi {{ prospect.first_name }},\n\n\
{% if prospect.title %}as {{ prospect.title }} you know this. {% endif %}\
I read what you wrote about {{ prospect.fields.incident }}. May I ask how it went?\n\nAna"
SECOND = "Subject: One more thought\n\nHi {{ prospect.first_name }},\n\nwas my question of any use?\n\nAna"
STEPS = (Step(0, (single(FIRST),)), Step(3, (single(SECOND),)))


@dataclass
class Reviewed:
    """The campaign, with what decisions about it need."""

    place: Office
    campaign_id: int

    @property
    def means(self) -> Means:
        installation = self.place.installation
        desk = self.place.runtime.consequences.desk
        return Means(installation.settings, desk, installation.template_path())

    def read(self) -> Review:
        settings = self.place.installation.settings
        terms = Terms(self.place.now, ZoneInfo("UTC"), approval.rest_of(settings))
        with self.place.store.reading() as session:
            return review.read(session, self.campaign_id, terms)

    def recipient(self, name: str) -> Any:
        with self.place.store.reading() as session:
            found = select(Recipient).join(Prospect, col(Prospect.id) == Recipient.prospect_id)
            return session.exec(found.where(col(Prospect.name).startswith(name))).one()

    def person(self, name: str) -> Any:
        return next(one for one in self.read().people if one.name.startswith(name))

    def run(self, act: str, wanted: Any, user_id: int | None = None, **given: Any) -> int:
        """Decide something for these people (by prospect, what each is to get), to the end."""
        kept = wanted if isinstance(wanted, dict) else {id_: {} for id_ in wanted}
        store, now = self.place.store, self.place.now
        run_id = batches.start(store, act, self.campaign_id, given, kept, user_id, now)
        batches.carry_out(store, ACTS, self.means, run_id, lambda: self.place.now)
        return run_id

    def take_back(self, run_id: int) -> None:
        store = self.place.store
        store.write(lambda session: batches.take_back(session, run_id, self.place.now))
        batches.carry_out(store, ACTS, self.means, run_id, lambda: self.place.now)

    def states(self, name: str) -> list[str]:
        recipient = self.recipient(name)
        messages = self.place.rows(Message, recipient_id=recipient.id)
        return [one.state for one in messages if one.state != "discarded"]


def campaign_of(place: Office, people: Sequence[dict[str, Any]], steps: Sequence[Step] = STEPS) -> Reviewed:
    """A campaign to these people with all of their drafts; `people` are columns of prospects."""

    def work(session: Session) -> int:
        rows = [
            {
                "start_stage": "cold",
                "stage": "cold",
                "tracked_from": place.now,
                "stage_at": place.now,
                "created_at": place.now,
                "heat": 0.0,
                "fit": 50,
                "fit_verdict": "review",
                "fit_reasons": [],
                "tags": [],
                "fields": {},
                "title": None,
                "company_id": None,
                "country": None,
                "owner_id": None,
                "source": "our list of readers",
                "legal_basis": "legitimate interest",
                **one,
            }
            for one in people
        ]
        ids = [id_ for (id_,) in insert_new(session, Prospect, rows)]
        campaign = editing.create(
            session,
            "Readers",
            None,
            place.now,
            steps=steps,
            account_ids=[place.installation.account_ids["mail"]],
        )
        campaign.basis, campaign.source = "legitimate interest", "our list of readers"
        added = recipients.add(session, campaign, sorted(ids), None, place.now)
        assert added.added == len(people), added
        return campaign.id

    campaign_id = place.write(work)
    made = Reviewed(place, campaign_id)
    run_id = drafting.start(place.store, campaign_id, None, place.now)
    drafting.carry_out(place.store, made.means.drafting, run_id, lambda: place.now)
    return made


def reader(number: int, **more: Any) -> dict[str, Any]:
    """Somebody whose drafts are ready, unless `more` says otherwise."""
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    given = {"name": f"{first} Weber{number}", "email": f"reader{number}@firm{number}.example"}
    return {**given, "fields": {"incident": f"the outage of week {number}"}, **more}


FIRST_NAMES = ("Anna", "Owen", "Noor", "Elif", "Grace", "Piotr", "Sofie", "Mateo")


def planted(ready: int = 4) -> list[dict[str, Any]]:
    """Ready people, and one of each kind of problem: Jan's name can be read from the address, J.'s
    cannot; Mateo lacks the incident; the desk is a role."""
    return [
        *(reader(number) for number in range(ready)),
        reader(101, name=" ", email="jan.novak@firm101.example"),
        reader(102, name=" ", email="j.rossi@firm102.example"),
        reader(103, name="Mateo Rossi", fields={}),
        reader(104, name="Desk Nine", email="info@firm104.example"),
    ]


__all__ = ["ACTS", "Campaign", "Reviewed", "campaign_of", "planted", "reader"]
