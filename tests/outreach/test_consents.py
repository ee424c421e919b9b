"""E3, E4: consents as they are stored, and what they allow when a mail is approved and when it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from tests.office import NUDGE, START, Office, office, sqlite_store

from prospector.models import Consent, Engagement, Message, Prospect
from prospector.outreach import approval, consents, deliver, drafts, waiting
from prospector.outreach.approval import NotApprovedError
from prospector.outreach.consents import ConsentError
from prospector.outreach.law import Ground
from prospector.store import Store

TODAY = START.date()


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def note(place: Office, person: int, kind: str, at: date = TODAY, evidence: str = "their mail") -> None:
    def work(session: Session) -> None:
        given = Ground(kind, at, evidence)
        consents.add(session, session.get_one(Prospect, person), given, None, place.now)

    place.write(work)


def approve(place: Office, message_id: int) -> None:
    settings, desk = place.installation.settings, place.runtime.consequences.desk

    def work(session: Session) -> None:
        message = session.get_one(Message, message_id)
        approval.approve(session, settings, desk, message, None, place.now)

    place.write(work)


@pytest.mark.parametrize(("country", "kind"), [("CA", "inquiry"), ("DE", "opt_in"), ("AT", "express")])
def test_a_cold_mail_is_approved_only_with_the_consent_that_the_country_asks_for(
    place: Office, country: str, kind: str
) -> None:
    message_id = place.draft(place.person(country=country))
    with pytest.raises(NotApprovedError, match="may not have a cold mail"):
        approve(place, message_id)
    note(place, 1, kind)
    approve(place, message_id)
    assert place.message(message_id).state == "approved"


def answered(place: Office, person: int, engagement_id: int) -> Message:
    """A mail that answers something that they did."""

    def work(session: Session) -> int:
        prospect, engagement = session.get_one(Prospect, person), session.get_one(Engagement, engagement_id)
        desk = place.runtime.consequences.desk
        made = drafts.compose(
            session, desk, NUDGE, prospect, occasion="hand:a", now=place.now, engagement=engagement
        )
        assert made is not None
        return made.id

    return place.message(place.write(work))


def test_what_answers_them_and_what_goes_elsewhere_needs_none(place: Office) -> None:
    person = place.person(country="DE")
    place.follow(place.seen("reply", person))
    (answer,) = place.rows(Message, action="reply")
    assert (answer.footer, answer.token) == ("", None)
    place.follow(
        place.seen("email_reply", person, channel="email", actor="anna@anna.example", object="<q@x>")
    )
    mail = answered(place, person, place.one(Engagement, kind="email_reply").id)
    assert (mail.action, mail.footer, mail.token) == ("email", "", None)
    with place.store.reading() as session:
        outreach = place.installation.settings.file.outreach
        for free in (answer, mail):
            assert consents.of_message(session, outreach, free, place.now) == consents.FREE


def test_when_the_consent_has_ended_the_mail_stays_and_says_why(place: Office) -> None:
    person = place.person(country="CA")
    note(place, person, "inquiry", TODAY - timedelta(days=170))
    message_id = place.draft(person)
    approve(place, message_id)
    place.change(Message, message_id, send_at=place.now)
    end = place.one(Consent).expires_at
    place.now = end + timedelta(days=1, hours=16)  # a Tuesday morning in Toronto
    assert place.run(lambda: deliver.deliver(place.runtime, message_id)) is None
    assert place.mail.done == []
    settings, desk = place.installation.settings, place.runtime.consequences.desk
    with place.store.reading() as session:
        waits = waiting.of(session, settings, desk, session.get_one(Message, message_id), place.now)
    assert waits is not None
    assert (waits.code, f"ended on {end:%Y-%m-%d}" in waits.why) == ("law", True)
    note(place, person, "express", place.now.date())
    place.change(Message, message_id, send_at=place.now)
    delivered = place.run(lambda: deliver.deliver(place.runtime, message_id))
    assert delivered is not None
    assert delivered.state == "sent"


def test_consents_are_kept_on_both_databases(store: Store, tmp_path: Path) -> None:
    place = office(store, tmp_path)
    anna, ben = place.person(country="CA"), place.person("ben", country="FR")
    note(place, anna, "relationship", TODAY)
    with pytest.raises(ConsentError, match="the proof is ours"):
        note(place, anna, "express", evidence=" ")
    with store.reading() as session:
        people = [session.get_one(Prospect, one) for one in (anna, ben)]
        outreach = place.installation.settings.file.outreach
        found = consents.verdicts(session, outreach, people, place.now)
        assert (found[anna].ok, found[ben].ok) == (True, False)
        assert consents.verdicts(session, outreach, people, place.now, basis="they need it")[ben].ok
    consent = place.one(Consent)
    assert (consent.expires_at.year, consent.expires_at.month) == (TODAY.year + 2, TODAY.month)
    with pytest.raises(ConsentError):
        place.write(lambda session: consents.end(session, consent.id, ben, place.now))
    place.write(lambda session: consents.end(session, consent.id, anna, place.now))
    with store.reading() as session:
        anew = consents.verdict_of(session, outreach, session.get_one(Prospect, anna), place.now)
        assert not anew.ok
        assert [row["taken_back"] for row in consents.rows(session, anna)] == [True]
