from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from tests.campaigning import SERIES, Campaigning
from tests.office import Office, office, sqlite_store

from prospector.campaigns import editing, endings, launch
from prospector.models import Company, Message
from prospector.outreach import drafts, outbox
from prospector.sdk import Refused


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def test_a_series_leaves_mail_by_mail_in_one_thread_after_working_days(place: Office) -> None:
    anna = place.person()
    campaign = Campaigning(place).started(anna)
    assert campaign.states(anna) == ["approved", "approved", "approved"]
    assert [one.send_at is None for one in campaign.mails(anna)] == [False, True, True]
    campaign.until(datetime(2026, 12, 7, tzinfo=UTC), timedelta(days=1))
    first, second, third = campaign.mails(anna)
    assert [one.state for one in (first, second, third)] == ["sent", "sent", "sent"]
    # A Tuesday; three working days later is a Friday, on which no window opens; then two more days.
    assert (first.sent_at.date().isoformat(), second.sent_at.date().isoformat()) == (
        "2026-11-24",
        "2026-11-30",
    )
    assert third.sent_at.date().isoformat() == "2026-12-02"
    assert second.subject == third.subject == f"Re: {first.subject}"
    threads = [intent.attributes.get("references") for intent in place.mail.done]
    assert threads == [None, [first.message_id], [first.message_id, second.message_id]]
    assert campaign.recipient(anna).state == "done"


@pytest.mark.parametrize(
    ("kind", "channel", "why"),
    [
        ("email_reply", "email", "they answered by mail"),
        ("dm", "bluesky", "they wrote a direct message"),
        ("reply", "bluesky", "they answered"),
        ("meeting_booked", "calendar", "they booked a meeting"),
    ],
)
def test_what_they_do_on_any_channel_ends_their_series(
    place: Office, kind: str, channel: str, why: str
) -> None:
    """outreach.md, E19."""
    anna, ben = place.person(), place.person("ben")
    campaign = Campaigning(place).started(anna, ben)
    campaign.until(place.now + timedelta(hours=2))
    place.follow(place.seen(kind, anna, channel=channel))
    assert campaign.states(anna) == ["sent"]
    assert (campaign.recipient(anna).state, campaign.recipient(anna).why) == ("stopped", why)
    taken = [one for one in place.rows(Message, prospect_id=anna) if one.state == "discarded"]
    assert [one.error for one in taken] == [why, why]
    assert campaign.states(ben) == ["sent", "approved", "approved"]
    with place.store.reading() as session:
        assert endings.ended_by(session, campaign.recipient(anna)) == why
        assert endings.ended_by(session, campaign.recipient(ben)) is None


@pytest.mark.parametrize("kind", ["like", "post", "follow", "auto_reply"])
def test_what_is_no_answer_ends_nothing(place: Office, kind: str) -> None:
    anna = place.person()
    campaign = Campaigning(place).started(anna)
    campaign.until(place.now + timedelta(hours=2))
    place.follow(place.seen(kind, anna))
    assert campaign.recipient(anna).state == "active"


def test_who_bounces_objects_or_is_won_gets_nothing_more(place: Office) -> None:
    """outreach.md, E19: bounce, unsubscribe, a terminal stage, and a stop by hand."""
    people = {name: place.person(name) for name in ("anna", "ben", "carl", "dora")}
    campaign = Campaigning(place).started(*people.values())
    campaign.until(place.now + timedelta(hours=5))
    quoted = {name: campaign.mails(id_)[0].message_id for name, id_ in people.items()}
    for name, kind in (("anna", "bounce"), ("ben", "unsubscribe")):
        said = {"refers_to": [quoted[name]], "hard": True}
        address = f"{name}@{name}.example"
        place.follow(place.seen(kind, people[name], channel="email", actor=address, attributes=said))
    place.follow(place.seen("stage_set", people["carl"], by="us", attributes={"to": "won"}))
    place.write(lambda session: outbox.withdraw(session, people["dora"], "by hand"))
    whys = {name: campaign.recipient(id_).why for name, id_ in people.items()}
    assert whys == {
        "anna": "the address does not exist",
        "ben": "they asked us not to write",
        "carl": "they are in won",
        "dora": "by hand",
    }
    assert [campaign.states(id_) for id_ in people.values()] == [["sent"]] * 4
    campaign.until(place.now + timedelta(days=20), timedelta(days=1))
    assert len(place.mail.done) == 4


@pytest.mark.parametrize(
    ("wish", "state", "paused"),
    [("pause", "active", True), ("stop", "stopped", False), ("nothing", "active", False)],
)
def test_a_colleagues_answer_does_what_the_campaign_says(
    place: Office, wish: str, state: str, paused: bool
) -> None:
    names = ("anna", "ben", "carl")
    anna, ben, carl = (place.person(name, company="Acme", email=f"{name}@acme.example") for name in names)
    campaign = Campaigning(place, stops={"company": wish}).started(anna, ben)
    campaign.until(place.now + timedelta(hours=2))
    place.follow(place.seen("dm", carl))  # who is in no campaign, but of the same company
    assert campaign.recipient(ben).state == state
    company = place.one(Company)
    assert (company.paused_until is not None) == paused
    if paused:
        assert company.paused_why == "a colleague has answered: Carl Weber"
        campaign.until(company.paused_until - timedelta(hours=30), timedelta(days=1))
        assert campaign.states(ben) == ["sent", "approved", "approved"]
        answer = place.approved(carl)
        assert place.due() == [answer]  # our answer to the colleague is not held back
        campaign.until(company.paused_until + timedelta(days=8), timedelta(days=1))
        assert campaign.states(ben)[1] == "sent"


def test_an_absence_puts_the_series_off_and_it_goes_on_after_the_return(place: Office) -> None:
    anna = place.person()
    campaign = Campaigning(place).started(anna)
    campaign.until(place.now + timedelta(hours=1))
    said = {"refers_to": [campaign.mails(anna)[0].message_id], "until": "2026-12-09"}
    place.follow(place.seen("auto_reply", anna, channel="email", attributes=said))
    place.now = datetime(2026, 12, 2, 12, 0, tzinfo=UTC)
    waits = campaign.waits(campaign.mails(anna)[1])
    assert waits.code == "paused"
    assert waits.why.endswith("out of office until 2026-12-09; the series goes on then")
    campaign.until(datetime(2026, 12, 12, tzinfo=UTC), timedelta(days=1))
    second = campaign.mails(anna)[1]
    assert (second.state, second.sent_at.date().isoformat()) == ("sent", "2026-12-10")


def test_a_follow_up_says_what_it_waits_for(place: Office) -> None:
    anna = place.person()
    campaign = Campaigning(place).started(anna)
    second = campaign.mails(anna)[1]
    assert campaign.waits(second).why == "goes 3 working days after the first mail, which has not left yet"
    campaign.until(place.now + timedelta(hours=1))
    told = campaign.waits(campaign.mails(anna)[1])
    assert (told.code, told.why) == ("hold", "goes 3 working days after the first mail")
    assert told.until == datetime(2026, 11, 30, 8, 30, tzinfo=UTC)


def test_a_mail_that_is_taken_back_or_refused_takes_the_rest_with_it(place: Office) -> None:
    anna, ben = place.person(), place.person("ben")
    campaign = Campaigning(place).started(anna, ben)
    first = campaign.mails(anna)[0]
    place.write(lambda session: outbox.discard(session, session.get_one(Message, first.id), "by Ana"))
    assert (campaign.states(anna), campaign.recipient(anna).why) == ([], "by Ana")
    place.mail.acts = [Refused("550 5.7.1 no")]
    campaign.until(place.now + timedelta(hours=2))
    assert campaign.states(ben) == ["refused"]
    assert campaign.recipient(ben).why == "refused: 550 5.7.1 no"


def test_nothing_leaves_while_the_campaign_does_not_run(place: Office) -> None:
    anna = place.person()
    campaign = Campaigning(place).started(anna)
    campaign.write(lambda session, one: launch.pause(session, one, "Ana: wait", place.now))
    assert campaign.send() == []
    assert campaign.waits(campaign.mails(anna)[0]).why.endswith("is paused: Ana: wait")
    campaign.start()
    assert len(campaign.send()) == 1
    campaign.write(lambda session, one: launch.finish(session, one, place.now))
    assert (campaign.states(anna), campaign.recipient(anna).why) == (["sent"], "the campaign is over")


def test_a_mail_rewritten_by_hand_gives_its_subject_to_those_that_follow(place: Office) -> None:
    anna = place.person()
    campaign = Campaigning(place)
    campaign.add(anna)
    campaign.draft()
    first = campaign.mails(anna)[0]

    def work(session: Session) -> None:
        drafts.rewrite(
            session, campaign.means.desk, session.get_one(Message, first.id), "Mine", "Hi Anna, hello."
        )

    place.write(work)
    assert [one.subject for one in campaign.mails(anna)] == ["Mine", "Re: Mine", "Re: Mine"]
    campaign.write(
        lambda session, one: editing.save_version(session, one, SERIES[:2], {}, "", None, place.now)
    )
    campaign.draft()
    kept = campaign.mails(anna)
    assert [(one.step, one.subject) for one in kept] == [(1, "Mine"), (2, "Re: Mine")]
