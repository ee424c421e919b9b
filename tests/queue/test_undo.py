"""Taking decisions back: rows exactly as they were, however many steps."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.office import Office, office
from tests.reps import HOLD, answered, card, columns, means_of, rep

from prospector.models import Card, Message, Run
from prospector.outreach import deliver, outbox
from prospector.queue import day, decisions, holds
from prospector.queue.day import CardError
from prospector.queue.holds import HeldError
from prospector.queue.rank import Standing
from prospector.queue.reader import Rep
from prospector.queue.undo import AlreadySentError
from prospector.store import Store

ACTS = ("approve", "done", "dismiss", "snooze", "by hand")


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def decide(place: Office, what: str, reader: Rep, *given_: Any) -> Any:
    means = means_of(place)
    return place.write(lambda s: getattr(decisions, what)(s, means, reader, *given_, place.now))


def rows(place: Office) -> list[dict[str, Any]]:
    """Every card and message, without what only the history of decisions keeps."""
    return [columns(row) for table in (Card, Message) for row in place.rows(table)]


def name(*numbers: int) -> str:
    """Letters alone, since a first name has no digits."""
    return "x".join("".join("abcdefghij"[int(digit)] for digit in str(number)) for number in numbers)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.sampled_from(["approve", "done", "dismiss", "snooze", "by hand"]), min_size=1, max_size=10)
)
def test_ten_steps_back_restore_every_row_exactly(
    store: Store, tmp_path_factory: pytest.TempPathFactory, acts: list[str]
) -> None:
    place = office(store, tmp_path_factory.mktemp("undo"))
    number = len(place.rows(Run)) + len(place.rows(Card))
    mira = rep(place, f"mira{number}")
    states, done = [], []
    for step, act in enumerate(acts):
        card_id, message_id = answered(place, name(number, step))
        if act == "by hand":
            place.change(Message, message_id, by_hand=True)
        states.append(rows(place))
        place.later(seconds=20)
        if act in ("approve", "by hand"):
            decide(place, "approve", mira, message_id)
        else:
            decide(place, act, mira, card_id, *(["tomorrow"] if act == "snooze" else []))
        done.append(card_id)
    for step in reversed(range(len(acts))):
        decide(place, "reopen", mira, done[step])
        found = rows(place)
        assert [row for row in states[step] if row not in found] == []


def test_one_card_can_be_taken_back_step_by_step(place: Office) -> None:
    mira, (card_id, _) = rep(place), answered(place)
    first = rows(place)
    decide(place, "snooze", mira, card_id, "week")
    second = rows(place)
    place.later(minutes=1)
    decide(place, "dismiss", mira, card_id)
    decide(place, "reopen", mira, card_id)
    assert rows(place) == second
    decide(place, "reopen", mira, card_id)
    assert rows(place) == first
    with pytest.raises(CardError, match="no decision to take back"):
        decide(place, "reopen", mira, card_id)
    assert [run.undone_at is not None for run in place.rows(Run)] == [True, True]


def test_what_has_left_cannot_be_called_back(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)
    decide(place, "approve", mira, message_id)
    place.run(lambda: deliver.deliver(place.runtime, message_id))
    before = rows(place)
    with pytest.raises(AlreadySentError, match="already sent"):
        decide(place, "reopen", mira, card_id)
    assert rows(place) == before


def test_a_newer_card_for_the_same_person_is_joined_to_the_old_one(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)
    decide(place, "dismiss", mira, card_id)
    place.later(minutes=5)
    person = place.one(Card, id=card_id).prospect_id
    place.follow(place.seen("reply", person, text="Are you there?"))
    assert len(place.rows(Card, prospect_id=person)) == 2
    decide(place, "reopen", mira, card_id)
    joined = place.one(Card, prospect_id=person)
    assert (joined.id, joined.state, len(joined.causes)) == (card_id, "open", 2)
    assert place.message(message_id).state == "draft"
    assert {message.card_id for message in place.rows(Message)} == {card_id}


def test_a_card_that_woke_or_expired_has_no_decision_to_take_back(place: Office) -> None:
    mira, card_id = rep(place), card(place, "anna", "post")
    decide(place, "snooze", mira, card_id, "later")
    place.later(hours=4)
    queue = place.installation.settings.file.queue
    place.write(lambda s: day.sweep(s, queue, lambda *_: Standing(), place.now))
    woken = place.one(Card, id=card_id)
    assert (woken.state, woken.arrived_at, woken.decided_by) == ("open", place.now, None)
    assert place.rows(Run) == [], "what nobody can go back to is not kept"
    with pytest.raises(CardError, match="no decision to take back"):
        decide(place, "reopen", mira, card_id)


def test_of_two_approvals_at_once_one_message_comes(place: Office) -> None:
    mira, (_, message_id) = rep(place), answered(place)
    together, told = threading.Barrier(2), []

    def work() -> None:
        means = means_of(place)
        together.wait(30)
        with place.store.transaction() as session:
            told.append(decisions.approve(session, means, mira, message_id, place.now))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [one.message_state for one in told] == ["approved", "approved"]
    assert len(place.rows(Message, state="approved")) == 1
    assert len(place.rows(Run)) == 1


def test_like_and_done_is_one_step_back(place: Office) -> None:
    mira, (card_id, _) = rep(place), answered(place)
    first = rows(place)
    decide(place, "like", mira, card_id)
    decide(place, "reopen", mira, card_id)
    assert [row for row in first if row not in rows(place)] == []
    means = means_of(place)
    place.write(lambda s: decisions.like(s, means, mira, card_id, place.now, and_done=True))
    assert place.one(Card, id=card_id).state == "done"
    decide(place, "reopen", mira, card_id)
    assert [row for row in first if row not in rows(place)] == []
    assert place.rows(Message, action="like", state="approved") == []


def test_what_was_done_by_hand_is_history_and_cannot_be_taken_back(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)
    place.change(Message, message_id, by_hand=True)
    decide(place, "approve", mira, message_id)
    decide(place, "posted", mira, message_id)
    before = rows(place)
    with pytest.raises(AlreadySentError):
        decide(place, "reopen", mira, card_id)
    assert rows(place) == before


def test_a_newer_card_that_a_colleague_reads_stays_with_them(place: Office) -> None:
    mira, jonas, (card_id, _) = rep(place), rep(place, "Jonas"), answered(place)
    decide(place, "dismiss", mira, card_id)
    place.later(minutes=5)
    place.follow(place.seen("reply", place.one(Card, id=card_id).prospect_id, text="Are you there?"))
    newer = place.one(Card, state="open")
    place.write(lambda s: holds.open_card(s, jonas, newer.id, HOLD, place.now))
    with pytest.raises(HeldError, match="Jonas has it open"):
        decide(place, "reopen", mira, card_id)
    assert place.one(Card, id=newer.id).held_by == jonas.id


def meanwhile(work: Any) -> threading.Thread:
    """Begin in a thread, given a moment to come as far as it gets against who has the rows locked."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(1)
    return thread


def test_housekeeping_does_not_undo_what_is_decided_at_that_moment(place: Office) -> None:
    mira, card_id = rep(place), card(place, "anna", "post")
    place.later(days=4)
    queue = place.installation.settings.file.queue
    with place.store.transaction() as session:
        decisions.done(session, means_of(place), mira, card_id, place.now)
        session.flush()
        other = meanwhile(
            lambda: place.write(lambda s: day.sweep(s, queue, lambda *_: Standing(), place.now))
        )
    other.join(60)
    found = place.one(Card, id=card_id)
    assert (found.state, found.decided_by) == ("done", mira.id)


def test_a_text_that_is_kept_while_somebody_approves_is_not_put_under_the_approval(place: Office) -> None:
    mira, (_, message_id) = rep(place), answered(place)
    means = means_of(place)
    with place.store.transaction() as session:
        message = holds.message_of(session, mira, message_id, place.now)
        other = meanwhile(lambda: decide(place, "approve", mira, message_id))
        decisions.rewrite(session, means, mira, message.id, "", "It is 35 euros, anna.", place.now)
    other.join(60)
    found = place.message(message_id)
    assert found.state == "approved"
    assert found.approved_hash == outbox.content_hash(found), "else it would wait for ever"
