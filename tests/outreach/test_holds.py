from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.office import Office, office

from prospector.models import Account, Message
from prospector.outreach import deliver, holds, waiting
from prospector.sdk import Later, Refused
from prospector.store import Store

RATE = "The mail server said at RCPT: 421 4.7.28 too fast"
POLICY = "The mail server said at the end of the mail: 550 5.7.26 not authenticated"


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def account(place: Office) -> Account:
    found: Account = place.one(Account, name="mail")
    return found


def sent(place: Office, count: int) -> list[Message]:
    """Mails that went out a while ago, to a person each."""
    found = []
    for number in range(count):
        message_id = place.approved(place.person(f"p{number}"))
        at = place.now - timedelta(hours=2)
        place.change(Message, message_id, state="sent", claimed_at=at, sent_at=at)
        found.append(place.message(message_id))
    return found


def told(place: Office, message: Message, kind: str = "bounce", **more: object) -> list[str]:
    """A report on this mail comes in."""
    attributes = {"refers_to": [message.message_id], "hard": True, **more}
    return place.follow(
        place.seen(
            kind,
            message.prospect_id,
            channel="email",
            actor=message.address or "",
            object=f"<{kind}-{message.id}@server.example>",
            attributes=attributes,
        )
    )


@pytest.fixture
def from_mailbox(place: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports come into the mailbox: entries of this channel carry its account."""
    seen = place.seen
    mailbox = place.installation.account_ids["mail"]

    def of_mailbox(*given: object, **more: object) -> object:
        entry = seen(*given, **more)
        return entry.__class__(entry.channel, entry.seen, entry.seen_at, entry.prospect_id, None, mailbox)

    monkeypatch.setattr(place, "seen", of_mailbox)


def reason(place: Office, message_id: int) -> tuple[str, object]:
    with place.store.reading() as session:
        found = waiting.of(
            session,
            place.installation.settings,
            place.runtime.consequences.desk,
            session.get_one(Message, message_id),
            place.now,
        )
    return (found.code, found.until) if found else ("", None)


@pytest.mark.usefixtures("from_mailbox")
def test_five_bounces_of_a_hundred_stop_the_mailbox_until_a_person_lets_it_go_on(place: Office) -> None:
    mails = sent(place, 8)
    waits = place.approved(place.person("next"))
    for mail in mails[:4]:
        assert told(place, mail)[:1] != ["hold"]
    assert account(place).held_why is None
    lines = told(place, mails[4])
    assert any(line.startswith("hold mail: 5 of the last 8 mails bounced") for line in lines)
    assert account(place).held_until is None
    assert place.due() == []
    assert reason(place, waits) == ("held", None)
    place.later(days=30)
    assert place.due() == []
    place.write(lambda session: holds.release(session.get_one(Account, account(place).id), place.now))
    assert place.due() == [waits]
    told(place, mails[5])
    assert account(place).held_why is None, "what was counted before a person looked counts no more"


@pytest.mark.usefixtures("from_mailbox")
def test_soft_bounces_and_those_that_quote_no_mail_of_ours_count_for_nothing(place: Office) -> None:
    for mail in sent(place, 6):
        told(place, mail, refers_to=["<forged@elsewhere.example>"], status="5.7.1")
        told(place, mail, kind="complaint", refers_to=[])
    assert account(place).held_why is None
    assert account(place).troubles == []


@pytest.mark.usefixtures("from_mailbox")
def test_two_complaints_and_two_policy_bounces_stop_the_mailbox(place: Office) -> None:
    mails = sent(place, 4)
    told(place, mails[0], status="5.7.26", hard=False)
    told(place, mails[1], status="5.7.26", hard=False)
    assert "policy" in (account(place).held_why or "")
    place.write(lambda session: holds.release(session.get_one(Account, account(place).id), place.now))
    place.later(minutes=1)
    again = sent_since(place, 2)
    told(place, again[0], kind="complaint")
    assert account(place).held_why is None
    told(place, again[1], kind="complaint")
    assert "2 complaints" in (account(place).held_why or "")


def sent_since(place: Office, count: int) -> list[Message]:
    found = []
    for number in range(count):
        message_id = place.approved(place.person(f"later{number}"))
        place.change(Message, message_id, state="sent", claimed_at=place.now, sent_at=place.now)
        found.append(place.message(message_id))
    return found


def test_a_server_that_finds_us_too_fast_gets_a_longer_rest_each_time(place: Office) -> None:
    message_id, other = place.approved(place.person("anna")), place.approved(place.person("ben"))
    rests = []
    for _ in range(3):
        place.mail.acts, place.mail.marking = [Later(RATE, 60)], False
        place.run(lambda: deliver.deliver(place.runtime, message_id))
        held_until = account(place).held_until
        assert held_until is not None
        assert place.due() == []
        assert reason(place, other) == ("held", held_until)
        rests.append((held_until - place.now) // timedelta(hours=1))
        place.now = held_until
    assert rests == [1, 4, 24]
    place.later(hours=1)
    assert place.due() != []
    assert account(place).paused_why is None, "the inbox is still read"


def test_one_refusal_by_policy_is_an_accident_and_two_are_a_policy(place: Office) -> None:
    for name, held in (("anna", False), ("ben", True)):
        place.mail.acts = [Refused(POLICY)]
        message_id = place.approved(place.person(name))
        place.run(lambda id_=message_id: deliver.deliver(place.runtime, id_))
        assert place.message(message_id).state == "refused"
        assert (account(place).held_why is not None) is held
        place.later(minutes=5)


def test_a_person_stops_a_mailbox_and_lets_it_go_on(place: Office) -> None:
    message_id = place.approved(place.person())
    place.write(lambda session: holds.stop(session.get_one(Account, account(place).id), "Ana"))
    assert place.due() == []
    assert reason(place, message_id) == ("held", None)
    place.write(lambda session: holds.release(session.get_one(Account, account(place).id), place.now))
    assert place.due() == [message_id]
