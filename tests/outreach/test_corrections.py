"""Reading an answer otherwise takes back what followed and does what follows now, both ways."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from tests.campaigning import Campaigning
from tests.office import START, Office, office

from prospector.campaigns import launch
from prospector.doctor import invariants
from prospector.models import Card, Company, Engagement, Message, Prospect, Suppression
from prospector.outreach import corrections
from prospector.outreach.corrections import NotCorrectedError, kind_of
from prospector.outreach.readings import NOT_THEIRS
from prospector.outreach.suppression import IN_DOUBT
from prospector.store import Store

ADDRESS = "anna@anna.example"


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def mail(place: Office, kind: str, **attributes: Any) -> Engagement:
    """A mail from Anna that our server found authentic."""
    anna = place.person("anna")
    given = {"dmarc": True, **attributes}
    place.follow(place.seen(kind, anna, channel="email", actor=ADDRESS, text="Some words", attributes=given))
    return next(one for one in place.happened() if one.kind == kind)


def correct(place: Office, engagement: Engagement, to: str) -> str:
    def work(session: Session) -> str:
        one = session.get_one(Engagement, engagement.id)
        return corrections.correct(session, place.runtime.consequences, one, to, "Ana", None, place.now)

    return place.write(work)


def now(place: Office, engagement: Engagement) -> Engagement:
    found: Engagement = place.one(Engagement, id=engagement.id)
    return found


def sound(place: Office) -> bool:
    with place.store.reading() as session:
        return all(check.ok for check in invariants(session, place.now))


def test_a_reply_that_was_automatic_pauses_and_leaves_the_queue(place: Office) -> None:
    one = mail(place, "email_reply")
    assert place.one(Card).state == "open"
    correct(place, one, "auto_reply")
    anna = place.one(Prospect)
    assert (anna.paused_why, anna.paused_until) == ("out of office", START + timedelta(days=7))
    assert place.one(Card).state == "dismissed"
    assert sound(place)


def test_an_automatic_reply_that_was_written_by_a_person_is_in_the_queue_and_waits_no_more(
    place: Office,
) -> None:
    one = mail(place, "auto_reply", until="2026-12-01")
    assert place.one(Prospect).paused_until is not None
    said = correct(place, one, "email_reply")
    assert said == "Read as: Reply by mail. Anna Weber is in the queue."
    assert place.one(Prospect).paused_until is None
    assert [cause["kind"] for cause in place.one(Card).causes] == ["email_reply"]
    correct(place, one, "auto_reply")
    assert place.one(Prospect).paused_why == "out of office until 2026-12-01"
    assert kind_of(now(place, one)) == "auto_reply"
    assert sound(place)


def test_an_opt_out_that_was_none_lets_us_write_again_and_back(place: Office) -> None:
    one = mail(place, "unsubscribe")
    assert {row.key for row in place.rows(Suppression)} == {"person:1", f"email:{ADDRESS}"}
    correct(place, one, "email_reply")
    assert place.rows(Suppression) == []
    correct(place, one, "unsubscribe")
    assert {row.key for row in place.rows(Suppression)} == {"person:1", f"email:{ADDRESS}"}
    assert sound(place)


def test_a_reply_that_asks_for_no_more_mail_stops_what_waits(place: Office) -> None:
    one = mail(place, "email_reply")
    waiting = place.approved(1)
    assert correct(place, one, "unsubscribe") == "Anna Weber is never written to again."
    assert place.message(waiting).state == "discarded"
    assert place.due() == []
    assert {row.by for row in place.rows(Suppression)} == {f"engagement:{one.key}"}


def test_only_its_own_suppression_is_taken_back(place: Office) -> None:
    one = mail(place, "unsubscribe")
    place.write(
        lambda session: session.add(Suppression(key="domain:anna.example", why="law", at=START, by="us"))
    )
    said = correct(place, one, "email_reply")
    assert [row.key for row in place.rows(Suppression)] == ["domain:anna.example"]
    assert said == "Read as: Reply by mail. Anna Weber is still never written to: law."


def test_what_is_not_theirs_counts_at_no_time_and_can_be_theirs_again(place: Office) -> None:
    anna = place.person("anna")
    place.follow(place.seen("reply", anna, text="Yes!"))
    (one,) = [one for one in place.happened() if one.kind == "reply"]
    assert place.one(Prospect).stage == "engaged"
    correct(place, one, NOT_THEIRS)
    assert place.one(Prospect).stage == "cold"
    assert place.one(Card).state == "dismissed"
    assert now(place, one).text == "Yes!"
    correct(place, one, "reply")
    assert place.one(Prospect).stage == "engaged"
    assert now(place, one).retracted_at is None
    assert sound(place)


def test_it_is_noted_who_changed_it_when_and_from_what(place: Office) -> None:
    one = mail(place, "email_reply")
    correct(place, one, "auto_reply")
    place.later(minutes=5)
    correct(place, one, "email_reply")
    notes = now(place, one).attributes["corrections"]
    assert [(note["before"], note["to"], note["by"]) for note in notes] == [
        ("email_reply", "auto_reply", "Ana"),
        ("auto_reply", "email_reply", "Ana"),
    ]
    assert notes[1]["at"] == (START + timedelta(minutes=5)).isoformat()


def test_the_same_again_changes_nothing(place: Office) -> None:
    one = mail(place, "email_reply")
    before = now(place, one).attributes
    assert correct(place, one, "email_reply") == "It is read as that already: Reply by mail."
    assert now(place, one).attributes == before


@pytest.mark.parametrize("to", ["post", "bounce", "", "stage_set", "x" * 40])
def test_it_can_be_read_as_what_is_offered_and_nothing_else(place: Office, to: str) -> None:
    one = mail(place, "email_reply")
    with pytest.raises(NotCorrectedError):
        correct(place, one, to)
    assert now(place, one).kind == "email_reply"


def test_what_they_deleted_cannot_be_read(place: Office) -> None:
    one = mail(place, "email_reply")
    place.change(Engagement, one.id, retracted_at=place.now)
    with pytest.raises(NotCorrectedError):
        correct(place, one, "auto_reply")


def test_an_answer_leads_to_the_open_card_or_to_a_new_one(place: Office) -> None:
    one = mail(place, "email_reply")

    def work(session: Session) -> int:
        found = session.get_one(Engagement, one.id)
        return corrections.answer(session, place.runtime.consequences, found, place.now)

    opened = place.one(Card).id
    assert place.write(work) == opened
    place.change(Card, opened, state="dismissed")
    place.later(days=30)  # by then no rule would make one
    made = place.write(work)
    assert made != opened
    assert place.one(Card, id=made).state == "open"
    place.write(lambda session: session.add(Suppression(key="person:1", why="no", at=START, by="us")))
    with pytest.raises(NotCorrectedError, match="never written to: no"):
        place.write(work)
    assert [message.state for message in place.rows(Message)] == ["draft"] * len(place.rows(Message))


def test_who_asked_twice_is_stopped_by_the_other_answer(place: Office) -> None:
    first = mail(place, "unsubscribe")
    place.later(hours=1)
    again = {"channel": "email", "actor": ADDRESS, "text": "I said stop", "attributes": {"dmarc": True}}
    place.follow(place.seen("unsubscribe", place.one(Prospect).id, **again))
    before = {one.key for one in place.rows(Suppression)}
    correct(place, first, "email_reply")
    assert {one.key for one in place.rows(Suppression)} == before
    second = place.happened()[-1]
    assert {one.by for one in place.rows(Suppression)} == {f"engagement:{second.key}"}
    correct(place, second, "email_reply")
    assert place.rows(Suppression) == []


def test_one_of_two_doubts_decided_leaves_the_other(place: Office) -> None:
    first = mail(place, "unsubscribe", dmarc=False)
    place.later(hours=1)
    again = {"channel": "email", "actor": ADDRESS, "text": "I said stop"}
    place.follow(place.seen("unsubscribe", place.one(Prospect).id, **again))
    correct(place, first, NOT_THEIRS)
    assert place.one(Prospect).paused_why == IN_DOUBT
    assert [one["kind"] for one in place.one(Card).causes] == ["opt_out"]
    correct(place, place.happened()[-1], NOT_THEIRS)
    assert place.one(Prospect).paused_until is None


def answered(place: Office, kind: str, **more: Any) -> tuple[Campaigning, int, int, Engagement]:
    """A campaign to Anna and her colleague Ben, whose first mails have left, and what came from Anna."""
    anna, ben = (place.person(name, company="Acme", email=f"{name}@acme.example") for name in ("anna", "ben"))
    campaign = Campaigning(place, **more).started(anna, ben)
    campaign.until(place.now + timedelta(hours=2))
    first = campaign.mails(anna)[0].message_id
    given = {"dmarc": True, "refers_to": [first]}
    said = place.seen(kind, anna, channel="email", actor="anna@acme.example", attributes=given)
    place.follow(said)
    return campaign, anna, ben, next(one for one in place.happened() if one.kind == kind)


def test_a_series_that_an_automatic_reply_had_ended_goes_on(place: Office) -> None:
    """Everything that followed from the answer is recomputed: the series, and the pause of the company."""
    campaign, anna, ben, one = answered(place, "email_reply")
    assert (campaign.recipient(anna).state, campaign.states(anna)) == ("stopped", ["sent"])
    assert place.one(Company).paused_why == "a colleague has answered: Anna Weber"
    correct(place, one, "auto_reply")
    assert (campaign.recipient(anna).state, campaign.recipient(anna).why) == ("active", None)
    assert campaign.states(anna) == ["sent", "approved", "approved"]
    assert (place.one(Company).paused_until, place.one(Company).paused_why) == (None, None)
    assert campaign.waits(campaign.mails(anna)[1]).code == "paused", "until they are back"
    campaign.until(place.now + timedelta(days=16), timedelta(days=1))
    assert campaign.states(anna) == campaign.states(ben) == ["sent", "sent", "sent"]
    last = place.mail.done[-1].attributes["references"]
    assert last in ([mail.message_id for mail in campaign.mails(who)[:2]] for who in (anna, ben))
    assert sound(place)


def test_a_series_goes_on_only_where_nothing_else_ends_it(place: Office) -> None:
    campaign, anna, _, one = answered(place, "unsubscribe", stops={"company": "stop"})
    correct(place, one, "email_reply")
    assert (campaign.recipient(anna).state, campaign.recipient(anna).why) == (
        "stopped",
        "they answered by mail",
    )
    place.follow(place.seen("dm", anna))
    correct(place, one, NOT_THEIRS)
    assert campaign.recipient(anna).why == "they wrote a direct message"
    assert campaign.states(anna) == ["sent"]


def test_an_answer_that_is_read_to_and_fro_ends_the_series_each_time(place: Office) -> None:
    campaign, anna, ben, one = answered(place, "email_reply", stops={"company": "stop"})
    for to, state in (("auto_reply", "active"), ("email_reply", "stopped"), ("auto_reply", "active")):
        place.later(minutes=5)
        correct(place, place.one(Engagement, id=one.id), to)
        assert {campaign.recipient(who).state for who in (anna, ben)} == {state}
    campaign.write(lambda session, one: launch.finish(session, one, place.now))
    correct(place, place.one(Engagement, id=one.id), "email_reply")
    correct(place, place.one(Engagement, id=one.id), NOT_THEIRS)
    assert campaign.states(anna) == campaign.states(ben) == ["sent"], "the campaign is over"
