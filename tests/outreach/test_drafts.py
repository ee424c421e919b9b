from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from tests.office import NUDGE, Office, office, sqlite_store

from prospector.models import Company, Engagement, Message, Prospect
from prospector.outreach import drafts, outbox
from prospector.outreach.dossier import facts_of
from prospector.outreach.template import Template

ANSWER = Template(
    "answer", "answer.txt", "", "Hi {{ prospect.first_name }}, on {{ engagement.at | date }}", "reply"
)


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def is_stale(place: Office, message_id: int) -> bool:
    with place.store.reading() as session:
        return drafts.is_stale(session, session.get_one(Message, message_id), place.runtime.consequences.desk)


def rewrite(place: Office, message_id: int, body: str, subject: str = "Hello") -> list[str]:
    def work(session: Session) -> list[str]:
        message = session.get_one(Message, message_id)
        drafts.rewrite(session, place.runtime.consequences.desk, message, subject, body)
        return [problem["code"] for problem in message.problems]

    return place.write(work)


def facts(place: Office, person: int, engagement: Engagement | None = None) -> Any:
    with place.store.reading() as session:
        prospect = session.get_one(Prospect, person)
        sender = place.installation.settings.file.sender
        return facts_of(session, prospect, engagement, sender, "UTC")


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Anna Weber", "Anna", "Weber"),
        ("Dr. Anna van der Berg", "Anna", "van der Berg"),
        ("King, Ada", "Ada", "King"),
        ("Madonna", "Madonna", None),
        ("   ", None, None),
    ],
)
def test_names_are_told_apart(place: Office, name: str, first: str | None, last: str | None) -> None:
    person = place.person()
    place.change(Prospect, person, name=name)
    known = facts(place, person)["prospect"]
    assert (known["first_name"], known["last_name"]) == (first, last)


def test_dates_are_those_of_the_readers_zone(place: Office) -> None:
    from datetime import UTC, datetime

    person = place.person(timezone="Asia/Tokyo")
    place.follow(place.seen("post", person, at=datetime(2026, 11, 23, 22, 0, tzinfo=UTC)))
    (post,) = place.happened()
    assert facts(place, person, post)["engagement"]["at"].isoformat() == "2026-11-24T07:00:00+09:00"


def test_a_new_draft_for_the_same_occasion_takes_the_place_of_the_old_one(place: Office) -> None:
    person = place.person()
    first, second = place.draft(person), place.draft(person)
    assert [place.message(one).state for one in (first, second)] == ["discarded", "draft"]
    place.change(Message, second, state="sent")

    def again(session: Session) -> Message | None:
        prospect = session.get_one(Prospect, person)
        desk = place.runtime.consequences.desk
        return drafts.compose(session, desk, NUDGE, prospect, occasion="hand:1", now=place.now)

    assert place.write(again) is None


def test_a_draft_is_stale_once_a_fact_that_it_read_has_changed(place: Office) -> None:
    person = place.person()
    message_id = place.draft(person)
    assert not is_stale(place, message_id)
    place.change(Prospect, person, title="Head of Sales")
    assert not is_stale(place, message_id), "it never used the title"
    place.change(Prospect, person, name="Hanna Weber")
    assert is_stale(place, message_id)


def test_what_follows_from_other_facts_does_not_make_it_stale(place: Office) -> None:
    """The company's short name is worked out, never stored."""
    person = place.person()
    company = place.one(Prospect, id=person).company_id
    place.change(Company, company, name="Nordlicht GmbH")
    short = replace(NUDGE, body="Hi {{ prospect.first_name }} of {{ company.short_name }}")
    message_id = place.draft(person, chosen=short)
    assert place.message(message_id).body == "Hi Anna of Nordlicht"
    assert not is_stale(place, message_id)


def test_an_answer_to_what_was_deleted_is_stale(place: Office) -> None:
    person = place.person()
    place.follow(place.seen("post", person, text="Hello"))
    answer = place.one(Message, action="reply")
    assert not is_stale(place, answer.id)
    (post,) = place.happened()
    place.change(Engagement, post.id, retracted_at=place.now)
    assert is_stale(place, answer.id)


def test_ones_own_text_is_held_against_the_same_checks(place: Office) -> None:
    message_id = place.draft(place.person())
    assert rewrite(place, message_id, "Hi {{ first_name }}, any news?") != []
    assert rewrite(place, message_id, "Hi Anna, any news?") == []
    message = place.message(message_id)
    assert (message.subject, message.body) == ("Hello", "Hi Anna, any news?")
    assert drafts.is_approvable(message)


def test_ones_own_text_may_not_be_longer_than_the_channel_takes(place: Office) -> None:
    place.bluesky.can = replace(place.bluesky.can, longest=50)
    person = place.person()
    place.follow(place.seen("post", person, text="Hello"))
    answer = place.one(Message, action="reply")
    assert rewrite(place, answer.id, "Well said. " * 4, "") == []
    assert rewrite(place, answer.id, "Well said. " * 6, "") != []


def test_ones_own_text_rests_on_the_facts_of_now(place: Office) -> None:
    person = place.person()
    message_id = place.draft(person)
    place.change(Prospect, person, name="Hanna Weber")
    assert is_stale(place, message_id)
    rewrite(place, message_id, "Hi Hanna, any news?")
    assert not is_stale(place, message_id)


def test_what_was_approved_can_no_longer_be_rewritten(place: Office) -> None:
    message_id = place.approved(place.person())
    with pytest.raises(outbox.NotPossibleError, match="only a draft"):
        rewrite(place, message_id, "Something else")


def test_without_a_way_the_draft_says_what_is_missing(place: Office) -> None:
    person = place.person()
    place.change(Prospect, person, email=None)
    message = place.message(place.draft(person))
    assert [problem["code"] for problem in message.problems] == ["no-way"]
    assert not drafts.is_approvable(message)


def test_what_software_may_not_do_waits_for_a_persons_hand(place: Office) -> None:
    message = place.message(place.draft(place.person(), chosen=replace(ANSWER, action="dm", body="Hi there")))
    assert message.by_hand
    assert message.account_id == place.installation.account_ids["bluesky"]


def test_a_mail_is_answered_from_the_mailbox_that_got_it(place: Office) -> None:
    person = place.person()
    account = place.installation.account_ids["mail"]

    def work(session: Session) -> drafts.Way:
        prospect = session.get_one(Prospect, person)
        asked = Engagement(key="k", channel="email", kind="email_reply", at=place.now, seen_at=place.now)
        asked.account_id = account
        return place.runtime.consequences.desk.way(session, prospect, "email", asked)

    assert place.write(work) == drafts.Way(account, None, False)


def test_what_a_person_filled_in_stands_before_what_is_derived(place: Office) -> None:
    person = place.person()
    company = place.one(Prospect, id=person).company_id
    place.change(Company, company, name="Nordlicht GmbH", fields={"short_name": "Nordlicht Nord"})
    place.change(
        Prospect,
        person,
        name="anna.weber",
        title=None,
        fields={"first_name": "Anna", "last_name": "Weber", "title": "Head of Sales", "city": "Ulm"},
    )
    known = facts(place, person)
    assert known["prospect"]["first_name"] == "Anna"
    assert known["prospect"]["last_name"] == "Weber"
    assert known["prospect"]["title"] == "Head of Sales"
    assert known["prospect"]["fields"]["city"] == "Ulm"
    assert known["company"]["short_name"] == "Nordlicht Nord"
    place.change(Prospect, person, name="Anna Weber", title="CEO", fields={"first_name": "nan", "title": "x"})
    known = facts(place, person)
    assert known["prospect"]["first_name"] == "Anna", "a cell that says nothing fills nothing"
    assert known["prospect"]["title"] == "CEO"
