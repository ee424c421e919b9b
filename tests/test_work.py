from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector import runs, work
from prospector.models import Account, Card, Message, Poll, Profile, Prospect
from prospector.outreach import outbox
from prospector.outreach.ledger import Limits
from prospector.prospects.bulk import Change
from prospector.sdk import Page, Seen
from tests.office import Office, office, sqlite_store


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def due(place: Office, batch: int = 100) -> work.Due:
    with place.store.reading() as session:
        return work.due(session, place.now, lambda _: batch, place.runtime.limits)


def test_what_is_due_is_what_the_tables_say(place: Office) -> None:
    accounts = place.installation.account_ids
    for account in place.rows(Account):
        place.change(Account, account.id, next_poll_at=place.now)
    person = place.person()
    message_id = place.approved(person)
    found = due(place)
    assert found.profiles == {accounts["bluesky"]: [1]}
    assert sorted(found.inboxes) == sorted(accounts.values())
    assert (found.messages, found.unknown) == ([message_id], [])
    place.change(Profile, 1, next_poll_at=place.now + timedelta(seconds=1))
    assert due(place).profiles == {}
    place.change(Profile, 1, next_poll_at=place.now, gone_at=place.now)
    assert due(place).profiles == {}


def test_nothing_is_asked_of_an_account_that_has_left_the_file(place: Office) -> None:
    account = place.installation.account_ids["bluesky"]
    place.person()
    place.change(Account, account, next_poll_at=place.now)
    place.runtime.limits.pop(account)
    found = due(place)
    assert account not in found.profiles
    assert account not in found.inboxes


def test_the_longest_waiting_come_first_and_no_more_than_the_batch(place: Office) -> None:
    for number in range(5):
        place.person(f"p{number}")
        place.change(Profile, number + 1, next_poll_at=place.now - timedelta(minutes=number))
    assert due(place, 3).profiles == {place.installation.account_ids["bluesky"]: [5, 4, 3]}
    assert due(place, 0).profiles == {}


def test_a_pause_without_an_end_holds_and_one_with_an_end_is_over_then(place: Office) -> None:
    place.person()
    account = place.installation.account_ids["bluesky"]
    place.change(Account, account, paused_why="401", paused_until=None)
    assert due(place).profiles == {}
    place.change(Account, account, paused_until=place.now + timedelta(seconds=1))
    assert due(place).profiles == {}
    place.later(seconds=1)
    assert due(place).profiles == {account: [1]}


@given(st.integers(0, 100_000), st.integers(1, 64), st.floats(0.1, 60))
def test_a_batch_is_bounded_and_fits_the_pace(every_ms: int, concurrency: int, tick: float) -> None:
    size = work.batch_size(every_ms, concurrency, tick)
    assert work.LEAST_BATCH <= size <= work.MOST_BATCH
    if every_ms and size > max(work.LEAST_BATCH, concurrency):
        assert size * every_ms <= tick * 1000


def test_the_jobs_of_a_round(place: Office) -> None:
    """Look, inbox, send and keep do what the tables ask for, each by its name."""
    person = place.person()
    place.change(Account, place.installation.account_ids["bluesky"], next_poll_at=place.now)
    place.bluesky.pages["anna"] = [Page((Seen("post", "did:anna", "at://1", place.now, text="Hi"),), "c1")]
    place.bluesky.inboxes = [Page((Seen("like", "did:anna", "at://ours", place.now),), "i1")]
    account = place.installation.account_ids["bluesky"]
    message_id = place.approved(person)
    looked = place.run(lambda: work.JOBS["look"](place.runtime, account, [1]))
    inbox = place.run(lambda: work.JOBS["inbox"](place.runtime, account))
    sent = place.run(lambda: work.JOBS["send"](place.runtime, message_id))
    assert [one.outcome for one in (*looked, *inbox)] == ["new", "new"]
    assert sent.state == "sent"
    assert {cause["kind"] for cause in place.one(Card).causes} == {"post", "like"}


def test_housekeeping_recovers_tidies_and_asks_about_what_is_in_doubt(place: Office) -> None:
    message_id = place.approved(place.person())
    taken = place.write(lambda s: outbox.claim(s, message_id, Limits(), place.now))
    assert taken is not None
    place.write(lambda s: outbox.mark_data(s, taken, place.now))
    place.write(
        lambda s: s.add_all(
            Poll(account_id=1, started_at=place.now - timedelta(days=days), outcome="nothing")
            for days in (29, 31)
        )
    )
    place.run(lambda: work.JOBS["keep"](place.runtime))
    assert place.message(message_id).state == "sending"
    assert len(place.rows(Poll)) == 1
    place.later(minutes=11)
    place.run(lambda: work.JOBS["keep"](place.runtime))
    assert place.message(message_id).state == "unknown"
    assert [cause["kind"] for cause in place.one(Card).causes] == ["uncertain"]
    assert due(place).unknown == [message_id]
    place.run(lambda: work.JOBS["reconcile"](place.runtime, message_id))
    assert due(place).unknown == [], "it was looked for just now"
    place.later(minutes=16)
    assert due(place).unknown == [message_id]
    assert place.one(Message, id=message_id).state == "unknown"


def test_the_timers_of_everybody_who_was_covered_fire(place: Office) -> None:
    from prospector.engagements import Entry

    people = [place.person(f"p{number}") for number in range(3)]
    place.follow(
        *(
            Entry("email", Seen("email", "us", f"<{one}@us>", place.now, by="us"), place.now, one)
            for one in people
        )
    )
    place.later(days=6)
    for account in place.rows(Account):
        place.change(Account, account.id, covered_until=place.now)
    for profile in place.rows(Profile)[:2]:
        place.change(Profile, profile.id, covered_until=place.now)
    place.change(Profile, 3, covered_until=place.now - timedelta(days=2))
    place.run(lambda: work.JOBS["timers"](place.runtime))
    assert sorted(card.prospect_id for card in place.rows(Card)) == people[:2]


def test_a_run_that_a_dead_process_left_is_finished(place: Office) -> None:
    people = [place.person(f"p{number}") for number in range(3)]
    run_id = runs.start(place.store, Change(add_tags=("fair",)), people, None, place.now)
    resume = work.JOBS["resume"]
    assert place.run(lambda: resume(place.runtime)) == 0
    place.later(minutes=2)
    assert place.run(lambda: resume(place.runtime)) == 3
    assert [one.tags for one in place.rows(Prospect)] == [["fair"]] * 3
    place.write(lambda session: runs._mark_undone(session, run_id, place.now))
    place.later(minutes=2)
    assert place.run(lambda: resume(place.runtime)) == 3
    assert [one.tags for one in place.rows(Prospect)] == [[]] * 3
    place.later(minutes=2)
    assert place.run(lambda: resume(place.runtime)) == 0
