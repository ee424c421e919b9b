from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from tests.office import START, Office, office, sqlite_store

from prospector.models import Card, Message, Prospect
from prospector.queue import day
from prospector.queue.day import CardError
from prospector.queue.rank import Cause, Standing
from prospector.store import Store

STANDING = Standing(fit=50)


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def offer(place: Office, person: int, *causes: Cause, due_on: datetime | None = None) -> Card | None:
    def work(session: Session) -> Card | None:
        prospect = session.get_one(Prospect, person)
        return day.offer(session, prospect, causes, STANDING, place.now, due_on)

    return place.write(work)


def snooze(place: Office, **how: Any) -> None:
    given = {"until": None, "wake_on": None, **how}
    place.write(lambda session: day.snooze(session, place.one(Card).id, now=place.now, **given))


def sweep(place: Office) -> day.Sweep:
    queue = place.installation.settings.file.queue
    return place.write(lambda session: day.sweep(session, queue, lambda *_: STANDING, place.now))


def kinds(card: Card) -> list[str]:
    return [cause["kind"] for cause in card.causes]


def test_one_card_carries_every_cause_and_the_sum_of_its_reasons(place: Office) -> None:
    person = place.person()
    offer(place, person, Cause("like", place.now))
    place.later(minutes=5)
    offer(place, person, Cause("reply", place.now, 7, "What does it cost?", True), Cause("like", START))
    card = place.one(Card)
    assert kinds(card) == ["reply", "like"]
    assert sum(reason["points"] for reason in card.reasons) == card.priority == 40 + 10 + 20 + 10
    assert card.section == "answer"


def test_the_same_cause_again_changes_nothing(place: Office) -> None:
    person, cause = place.person(), Cause("post", START, 1, "Hello")
    before = offer(place, person, cause)
    place.later(hours=5)
    offer(place, person, cause)
    assert before is not None
    assert place.one(Card).priority == before.priority


def test_what_is_past_makes_no_card(place: Office) -> None:
    assert offer(place, place.person(), Cause("post", START - timedelta(hours=72))) is None
    assert place.rows(Card) == []


def test_deciding_a_card_decides_its_causes_and_a_new_cause_opens_a_new_one(place: Office) -> None:
    person = place.person()
    place.follow(place.seen("post", person, text="One"))
    card, draft = place.one(Card), place.one(Message)
    place.write(
        lambda session: day.decide(session, card.id, "dismissed", user_id=None, why="no", now=place.now)
    )
    assert place.message(draft.id).state == "discarded"
    with pytest.raises(CardError, match="dismissed already"):
        place.write(lambda s: day.decide(s, card.id, "done", user_id=None, why=None, now=place.now))
    place.later(minutes=1)
    place.follow(place.seen("post", person, text="Two"))
    assert [one.state for one in place.rows(Card)] == ["dismissed", "open"]


def test_a_snoozed_card_comes_back_at_its_date_with_a_reason(place: Office) -> None:
    person = place.person()
    offer(place, person, Cause("post", place.now, 1))
    snooze(place, until=place.now + timedelta(days=10))
    place.later(days=5)
    assert not sweep(place), "its post is past, and it was promised to come back"
    place.later(days=5)
    assert sweep(place).woken == 1
    card = place.one(Card)
    assert (card.state, kinds(card), card.section) == ("open", ["follow_up"], "follow_up")
    assert sum(reason["points"] for reason in card.reasons) == card.priority > 0


@pytest.mark.parametrize(
    ("wake_on", "kind", "state"),
    [
        ("post", "post", "open"),
        ("post", "like", "snoozed"),
        ("reply", "post", "snoozed"),
        ("reply", "reply", "open"),
        ("post", "reply", "open"),
        ("post", "failed", "open"),
    ],
)
def test_a_snoozed_card_wakes_for_what_was_chosen_and_always_for_an_answer(
    place: Office, wake_on: str, kind: str, state: str
) -> None:
    person = place.person()
    offer(place, person, Cause("follow", place.now, 1))
    snooze(place, wake_on=wake_on)
    place.later(minutes=1)
    offer(place, person, Cause(kind, place.now, 2))
    card = place.one(Card)
    assert card.state == state
    assert set(kinds(card)) == {"follow", kind}
    if state == "open":
        assert (card.until, card.wake_on) == (None, None)


def test_a_snooze_needs_an_end(place: Office) -> None:
    offer(place, place.person(), Cause("follow", place.now, 1))
    with pytest.raises(CardError, match="Say until when"):
        snooze(place)
    with pytest.raises(CardError, match="has passed"):
        snooze(place, until=place.now)


def test_a_card_without_living_causes_expires_with_its_draft(place: Office) -> None:
    place.follow(place.seen("post", place.person(), text="Hello"))
    place.later(hours=71)
    assert not sweep(place)
    place.later(hours=1, seconds=1)
    assert sweep(place).expired == 1
    assert (place.one(Card).state, place.one(Message).state) == ("expired", "discarded")


def test_trouble_never_expires(place: Office) -> None:
    offer(place, place.person(), Cause("uncertain", place.now, detail="message 1"))
    place.later(days=400)
    assert not sweep(place)
    assert place.one(Card).state == "open"


def test_priorities_are_worked_out_anew_once_a_day(place: Office) -> None:
    person = place.person()
    offer(place, person, Cause("reply", place.now, 1))
    first = place.one(Card).priority
    place.later(hours=4)
    sweep(place)
    assert place.one(Card).priority == first, "never under the cursor"
    place.now = datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
    sweep(place)
    assert place.one(Card).priority == first - 20
    due_on = place.one(Card).due_on
    place.later(hours=1)
    sweep(place)
    assert place.one(Card).due_on == due_on


def test_two_workers_that_offer_at_once_make_one_card_with_both_causes(store: Store, tmp_path: Path) -> None:
    """On SQLite they come one after the other; on PostgreSQL they meet at the unique index."""
    place = office(store, tmp_path)
    person = place.person()
    causes = [Cause("post", place.now, n, f"post {n}") for n in range(4)]
    together = threading.Barrier(len(causes))

    def work(cause: Cause) -> None:
        with store.transaction() as session:
            prospect = session.get_one(Prospect, person)
            if not store.sqlite:
                together.wait(30)
            day.offer(session, prospect, [cause], STANDING, place.now)

    workers = [threading.Thread(target=work, args=[cause]) for cause in causes]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    card = place.one(Card)
    assert sorted(cause["engagement_id"] for cause in card.causes) == [0, 1, 2, 3]
