from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from tests.office import Office, office

from prospector.models import Account, Campaign, Message, Poll, Recipient
from prospector.outreach import deliver, fresh, outbox
from prospector.outreach.ledger import Limits
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def mailbox(place: Office) -> int:
    return place.installation.account_ids["mail"]


def looked(place: Office, began: datetime, outcome: str = "nothing") -> None:
    row = Poll(account_id=mailbox(place), started_at=began, outcome=outcome, covered_until=began)
    place.write(lambda session: session.add(row))


def series(place: Office, name: str = "anna", **schedule: Any) -> tuple[int, int]:
    """A running campaign with a person in it whose first mail was sent: their follow-up, and the first."""
    person = place.person(name)
    first, second = place.approved(person, "campaign:1/step:1"), place.draft(person, "campaign:1/step:2")

    def work(session: Session) -> None:
        campaign = Campaign(
            name=f"To {name}",
            state="running",
            account_ids=[mailbox(place)],
            schedule=schedule,
            basis="our interest",
            source="their own page",
            created_at=place.now,
        )
        session.add(campaign)
        session.flush()
        recipient = Recipient(campaign_id=campaign.id, prospect_id=person, state="active", at=place.now)
        session.add(recipient)
        session.flush()
        sent = session.get_one(Message, first)
        sent.state, sent.sent_at, sent.claimed_at = "sent", place.now, place.now - timedelta(days=3)
        for number, message_id in enumerate((first, second), start=1):
            message = session.get_one(Message, message_id)
            message.campaign_id, message.recipient_id, message.step = campaign.id, recipient.id, number

    place.write(work)

    def approve(session: Session) -> None:
        message = session.get_one(Message, second)
        outbox.approve(session, message, user_id=None, domain="us.example", hold=timedelta(), now=place.now)
        assert message.send_at is None, "it has no time before the first was sent"
        message.send_at = place.now

    place.write(approve)
    return second, first


def claims(place: Office, message_id: int, limits: Limits | None = None) -> bool:
    chosen = limits or Limits()
    return place.write(lambda session: outbox.claim(session, message_id, chosen, place.now)) is not None


def hindrance(place: Office, message_id: int) -> tuple[str, str] | None:
    with place.store.reading() as session:
        return fresh.hindrance(session, session.get_one(Message, message_id), place.now)


@pytest.mark.parametrize(
    ("began", "outcome", "goes"),
    [
        (timedelta(minutes=14, seconds=59), "nothing", True),
        (timedelta(minutes=1), "new", True),
        (timedelta(minutes=15), "nothing", False),
        (timedelta(minutes=1), "broken", False),
        (timedelta(minutes=1), "unauthorised", False),
    ],
)
def test_a_follow_up_needs_a_look_at_the_inbox_that_began_lately(
    place: Office, began: timedelta, outcome: str, goes: bool
) -> None:
    follow_up, _ = series(place)
    looked(place, place.now - began, outcome)
    found = hindrance(place, follow_up)
    assert (found is None) is goes
    assert found is None or found[0] == "inbox"
    assert claims(place, follow_up) is goes


def test_an_older_look_counts_although_a_later_one_failed(place: Office) -> None:
    follow_up, _ = series(place)
    looked(place, place.now - timedelta(minutes=10))
    looked(place, place.now - timedelta(minutes=1), "broken")
    assert claims(place, follow_up)


@pytest.mark.parametrize("what", ["campaign", "recipient", "before"])
def test_each_condition_is_of_the_claim_itself(place: Office, what: str) -> None:
    follow_up, first = series(place)
    looked(place, place.now)
    message = place.message(follow_up)
    match what:
        case "campaign":
            place.change(Campaign, message.campaign_id or 0, state="paused", paused_why="Ana looks")
        case "recipient":
            place.change(Recipient, message.recipient_id or 0, state="stopped", why="they answered")
        case "before":
            place.change(Message, first, state="unknown")
    assert not claims(place, follow_up)
    found = hindrance(place, follow_up)
    assert found is not None
    assert found[0] == ("campaign" if what == "campaign" else "series")
    assert place.message(follow_up).state == "approved"


def test_a_stale_inbox_is_looked_at_at_once_and_its_follow_ups_block_nobody(place: Office) -> None:
    follow_up, _ = series(place)
    other = place.approved(place.person("ben"))
    place.change(Account, mailbox(place), next_poll_at=place.now + timedelta(minutes=2))
    assert place.due() == [follow_up]
    assert place.run(lambda: deliver.deliver(place.runtime, follow_up)) is None
    assert place.one(Account, id=mailbox(place)).next_poll_at == place.now
    assert place.due() == [other]
    place.later(minutes=1)
    looked(place, place.now)
    delivered = place.run(lambda: deliver.deliver(place.runtime, follow_up))
    assert delivered is not None
    assert delivered.state == "sent"


def test_a_campaign_that_stands_still_is_not_due_and_one_that_is_full_makes_way(place: Office) -> None:
    follow_up, _ = series(place, daily_cap=1)
    other, _ = series(place, "ben")
    looked(place, place.now)
    message = place.message(follow_up)
    place.change(Campaign, message.campaign_id or 0, state="paused")
    assert place.due() == [other]
    place.change(Campaign, message.campaign_id or 0, state="running")
    earlier = place.approved(place.person("cleo"))
    claimed = place.now - timedelta(minutes=5)
    place.change(Message, earlier, state="sent", claimed_at=claimed, campaign_id=message.campaign_id)
    assert not claims(place, follow_up)
    assert place.run(lambda: deliver.deliver(place.runtime, follow_up)) is None
    assert place.message(follow_up).send_at == claimed + timedelta(hours=24)
    assert place.due() == [other]
