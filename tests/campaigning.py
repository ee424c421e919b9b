"""A campaign in an office: made, filled, drafted, approved, and the days that pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from prospector.campaigns import drafting, editing, recipients
from prospector.campaigns.drafting import Means
from prospector.campaigns.steps import Step, Variant, single
from prospector.models import Campaign, Message, Recipient
from prospector.outreach import approval, deliver, waiting
from prospector.outreach.waiting import Waits
from prospector.polling import poll
from tests.office import Office

FIRST = "Subject: A word on {{ company.name }}\n\nHi {{ prospect.first_name }},\n\nmay I ask you something?"
SECOND = "\nHi {{ prospect.first_name }},\n\ndid you see my question?"
THIRD = "\nHi {{ prospect.first_name }},\n\nshall I ask somebody else?"
SERIES = (Step(0, (single(FIRST),)), Step(3, (single(SECOND),)), Step(2, (single(THIRD),)))


def variants(**texts: str | Mapping[str, str]) -> tuple[Variant, ...]:
    """Variants by name, each a text or texts by language."""
    return tuple(
        Variant(name, {"en": text} if isinstance(text, str) else dict(text)) for name, text in texts.items()
    )


class Campaigning:
    """One campaign in an office, and what people and time do to it."""

    def __init__(self, place: Office, steps: Sequence[Step] = SERIES, name: str = "Autumn", **settings: Any):
        self.place = place
        mailbox = place.installation.account_ids["mail"]
        self.id = place.write(
            lambda session: (
                editing.create(session, name, None, place.now, steps=steps, account_ids=[mailbox]).id
            )
        )
        given = {"basis": "they sell what we mend", "source": "their own page", **settings}
        self.write(lambda session, campaign: editing.configure(session, campaign, **given))

    @property
    def means(self) -> Means:
        return Means(self.place.runtime.consequences.desk, self.place.installation.template_path())

    def write(self, work: Any) -> Any:
        return self.place.write(lambda session: work(session, session.get_one(Campaign, self.id)))

    def add(self, *prospect_ids: int) -> recipients.Added:
        added: recipients.Added = self.write(
            lambda session, campaign: recipients.add(session, campaign, prospect_ids, None, self.place.now)
        )
        return added

    def draft(self, recipient_ids: Sequence[int] | None = None) -> int:
        """A whole drafting run; its number."""
        run_id = drafting.start(self.place.store, self.id, None, self.place.now, recipient_ids)
        drafting.carry_out(self.place.store, self.means, run_id, lambda: self.place.now)
        return run_id

    def approve(self, prospect_id: int) -> None:
        """Say yes to a person's series, by its first mail."""

        def work(session: Session) -> None:
            first = session.exec(
                select(Message).where(
                    Message.prospect_id == prospect_id, Message.step == 1, Message.state == "draft"
                )
            ).one()
            settings, desk = self.place.installation.settings, self.means.desk
            approval.approve(session, settings, desk, first, None, self.place.now, despite="of the campaign")

        self.place.write(work)

    def start(self) -> None:
        """Let it run, whatever is missing: what has to be there is the gate's affair."""
        self.write(lambda session, campaign: _run(session, campaign, self.place.now))

    def started(self, *prospect_ids: int) -> Campaigning:
        """With these people drafted, approved, and running."""
        self.add(*prospect_ids)
        self.draft()
        for id_ in prospect_ids:
            self.approve(id_)
        self.start()
        return self

    def mails(self, prospect_id: int | None = None) -> list[Message]:
        """Its messages that are not discarded, in the order of people and steps."""
        wanted = {"prospect_id": prospect_id} if prospect_id is not None else {}
        found = self.place.rows(Message, campaign_id=self.id, **wanted)
        living = [one for one in found if one.state != "discarded"]
        return sorted(living, key=lambda one: (one.prospect_id, one.step))

    def states(self, prospect_id: int) -> list[str]:
        return [one.state for one in self.mails(prospect_id)]

    def recipient(self, prospect_id: int) -> Recipient:
        found: Recipient = self.place.one(Recipient, campaign_id=self.id, prospect_id=prospect_id)
        return found

    def waits(self, message: Message) -> Waits:
        """Why a message has not left."""
        with self.place.store.reading() as session:
            row = session.get_one(Message, message.id)
            found = waiting.of(
                session, self.place.installation.settings, self.means.desk, row, self.place.now
            )
        assert found is not None
        return found

    def look(self) -> None:
        """Look at the inbox now."""
        mailbox = self.place.installation.account_ids["mail"]
        self.place.run(lambda: poll.poll_inbox(self.place.runtime, mailbox))

    def send(self) -> list[int]:
        """Deliver what is due now; the ids of what was sent."""
        self.look()
        sent = []
        for id_ in self.place.due():
            done = self.place.run(lambda id_=id_: deliver.deliver(self.place.runtime, id_))
            sent += [id_] if done is not None and done.state == "sent" else []
        return sent

    def until(self, end: datetime, every: timedelta = timedelta(hours=1)) -> list[int]:
        """Let time pass, sending what is due; the ids of what was sent."""
        sent = []
        while self.place.now < end:
            sent += self.send()
            self.place.now += every
        return sent


def _run(session: Session, campaign: Campaign, now: datetime) -> None:
    campaign.state, campaign.started_at = "running", now


__all__ = ["FIRST", "SECOND", "SERIES", "THIRD", "Campaigning", "variants"]
