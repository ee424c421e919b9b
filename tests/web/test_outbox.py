"""The outbox as a page: each message with its reason and a time, and what one can do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from tests.office import START
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed

from prospector.models import Card, Message
from prospector.outreach import approval
from prospector.outreach.approval import Wording

HX = {"HX-Request": "true"}


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def doubtful(desk: Desk, name: str = "anna") -> int:
    id_ = desk.place.approved(desk.place.person(name))
    desk.place.change(Message, id_, state="unknown", claimed_at=START, data_at=START, error=HOSTILE)
    return id_


def test_an_empty_outbox_says_what_will_stand_there(desk: Desk) -> None:
    page = desk.ana.get("/outbox").text
    assert "What you approve in the queue stands here until it leaves." in page


def test_each_waiting_message_has_a_reason_and_a_time(desk: Desk) -> None:
    held = desk.place.approved(desk.place.person("anna"))
    desk.place.change(Message, held, send_at=START + timedelta(minutes=5))
    desk.place.approved(desk.place.person("bert"))
    page = desk.ana.get("/outbox").text
    waits = re.findall(r'<p class="wait.*?</p>', page, re.S)
    assert len(waits) == 2
    assert all("<time datetime=" in one for one in waits)
    assert "its time has not come" in page
    assert page.count("Send now") == 1


def test_what_the_provider_said_is_text(desk: Desk) -> None:
    doubtful(desk)
    page = desk.ana.get("/outbox").text
    unharmed(page)
    assert "Nobody can know which (RFC 1047)" in page
    for label in ("It arrived", "It did not: send again", "Leave it"):
        assert label in page


@pytest.mark.parametrize(
    ("act", "state"), [("arrived", "sent"), ("again", "approved"), ("leave", "discarded")]
)
def test_a_doubt_ends_as_a_person_says_and_only_once(desk: Desk, act: str, state: str) -> None:
    id_ = doubtful(desk)
    answer = desk.ana.post(f"/outbox/{id_}/{act}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/outbox?said={act}")
    assert desk.place.message(id_).state == state
    again = desk.ana.post(f"/outbox/{id_}/{act}")
    assert again.status_code == 409
    assert "There is no doubt about this message any more" in again.text


def test_cancel_gives_the_draft_and_the_card_back(desk: Desk) -> None:
    place = desk.place
    person = place.person("anna")
    place.follow(place.seen("reply", person, text="Tell me more?"))
    draft = place.one(Message)

    def work(session: Session) -> None:
        message = session.get_one(Message, draft.id)
        made = place.runtime.consequences.desk
        words = Wording("", "Gladly: how many are you?")
        approval.approve(session, place.installation.settings, made, message, None, place.now, wording=words)

    place.write(work)
    assert place.one(Card).state == "done"
    assert desk.ana.post(f"/outbox/{draft.id}/cancel").status_code == 303
    assert place.message(draft.id).state == "draft"
    assert place.one(Card).state == "open"
    assert "Taken back" in desk.ana.get("/outbox?said=cancel").text


def test_what_is_on_its_way_is_not_called_back(desk: Desk) -> None:
    id_ = desk.place.approved(desk.place.person("anna"))
    desk.place.change(Message, id_, state="sending", claimed_at=START)
    answer = desk.ana.post(f"/outbox/{id_}/cancel", headers=HX)
    assert answer.status_code == 409
    assert "It is too late: the message is on its way this moment." in answer.text
    assert "<html" not in answer.text


def test_send_now_skips_the_hold_and_says_what_stays(desk: Desk) -> None:
    id_ = desk.place.approved(desk.place.person("anna"))
    desk.place.change(Message, id_, send_at=START + timedelta(minutes=5))
    answer = desk.ana.post(f"/outbox/{id_}/now", headers=HX)
    assert "The hours for mail, the cap and the gap between two mails stay." in answer.text
    assert desk.place.message(id_).send_at == START


def test_by_hand_nothing_is_sent_before_somebody_says_so(desk: Desk) -> None:
    id_ = desk.place.approved(desk.place.person("anna"))
    desk.place.change(Message, id_, by_hand=True, send_at=None, body=HOSTILE)
    page = desk.ana.get("/outbox").text
    unharmed(page)
    assert "Not sent before you say so" in page
    assert desk.ana.post(f"/outbox/{id_}/sent").status_code == 303
    assert desk.place.message(id_).state == "sent"


def test_a_message_of_somebody_elses_people_is_not_there(desk: Desk) -> None:
    id_ = doubtful(desk)
    assert "Anna" not in desk.rep.get("/outbox").text
    for act in ("cancel", "now", "arrived", "again", "leave", "sent"):
        assert desk.rep.post(f"/outbox/{id_}/{act}").status_code == 404
    assert desk.place.message(id_).state == "unknown"


def test_what_was_sent_shows_the_servers_own_words(desk: Desk) -> None:
    id_ = desk.place.approved(desk.place.person("anna"))
    desk.place.change(Message, id_, state="sent", sent_at=START, reply="250 2.0.0 Ok: queued as 4Zx8")
    assert "250 2.0.0 Ok: queued as 4Zx8" in desk.ana.get("/outbox").text
