"""What a person does to what stands in the outbox, and what must not come of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from tests.office import START, Office, office

from prospector.models import Card, Engagement, Message
from prospector.outreach import interventions
from prospector.outreach.outbox import NotPossibleError
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def do(place: Office, name: str, message_id: int, *given: Any) -> None:
    def work(session: Session) -> None:
        getattr(interventions, name)(
            session, *_before(place, name), session.get_one(Message, message_id), *given
        )

    place.write(work)


def _before(place: Office, name: str) -> tuple[Any, ...]:
    return (place.runtime.consequences,) if name == "arrived" else ()


def doubtful(place: Office) -> int:
    """A message of which nobody knows, and the card that asks about it."""
    id_ = place.approved(place.person("anna"))
    place.change(Message, id_, state="unknown", claimed_at=START, data_at=START, error="the line broke")
    place.write(
        lambda session: place.runtime.consequences.trouble(
            session, session.get_one(Message, id_), "uncertain", place.now
        )
    )
    return id_


def test_recalled_it_is_a_draft_that_nothing_sends(place: Office) -> None:
    id_ = place.approved(place.person("anna"))
    do(place, "recall", id_)
    message = place.message(id_)
    assert (message.state, message.send_at, message.approved_hash) == ("draft", None, None)
    assert place.due() == []


@pytest.mark.parametrize("state", ["sending", "sent", "unknown", "refused", "discarded"])
def test_what_is_on_its_way_cannot_be_recalled(place: Office, state: str) -> None:
    id_ = place.approved(place.person("anna"))
    place.change(Message, id_, state=state)
    with pytest.raises(NotPossibleError):
        do(place, "recall", id_)
    assert place.message(id_).state == state


def test_send_now_skips_the_hold_and_no_cap(place: Office) -> None:
    id_ = place.approved(place.person("anna"))
    place.change(Message, id_, send_at=START + timedelta(hours=1))
    assert place.due() == []
    do(place, "hurry", id_, place.now)
    assert place.due() == [id_]
    earlier = place.approved(place.person("bert"))
    place.change(Message, earlier, state="sent", claimed_at=START)
    assert place.due() == []  # the gap between two mails stays


def test_what_is_by_hand_is_not_hurried(place: Office) -> None:
    id_ = place.approved(place.person("anna"))
    place.change(Message, id_, by_hand=True, send_at=None)
    with pytest.raises(NotPossibleError):
        do(place, "hurry", id_, place.now)


def test_it_arrived_makes_it_sent_and_part_of_the_history_once(place: Office) -> None:
    id_ = doubtful(place)
    place.later(hours=1)
    do(place, "arrived", id_, "Ana", None, place.now)
    message = place.message(id_)
    assert (message.state, message.sent_at, message.reply) == ("sent", START, "it arrived, says Ana")
    (ours,) = place.rows(Engagement, by="us", kind="email")
    assert ours.at == START
    assert place.one(Card).state == "done"
    with pytest.raises(NotPossibleError):
        do(place, "arrived", id_, "Ana", None, place.now)


def test_it_did_not_arrive_and_goes_out_again_as_it_was(place: Office) -> None:
    id_ = doubtful(place)
    before = place.message(id_)
    do(place, "send_again", id_, None, place.now)
    after = place.message(id_)
    assert (after.state, after.message_id, after.approved_hash) == (
        "approved",
        before.message_id,
        before.approved_hash,
    )
    assert place.one(Card).state == "done"
    with pytest.raises(NotPossibleError):
        do(place, "send_again", id_, None, place.now)


def test_left_as_it_is_it_is_never_sent(place: Office) -> None:
    id_ = doubtful(place)
    do(place, "leave", id_, "Ana", None, place.now)
    message = place.message(id_)
    assert (message.state, message.error) == ("discarded", "the line broke; left as it is by Ana")
    assert place.due() == []


def test_a_card_that_asks_about_something_else_too_stays(place: Office) -> None:
    id_ = doubtful(place)
    place.follow(place.seen("reply", place.message(id_).prospect_id))
    do(place, "leave", id_, "Ana", None, place.now)
    assert place.one(Card).state == "open"
