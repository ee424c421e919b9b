"""The finite day, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session
from tests import reps
from tests.office import Office, office

from prospector.models import Card
from prospector.queue import decisions, session
from prospector.queue.reader import Rep
from prospector.queue.session import Agenda
from prospector.store import Store

Decide = Callable[[Office, Rep, int], object]


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def agenda(place: Office, reader: Rep, query: str = "") -> Agenda:
    with place.store.reading() as reading:
        return session.session_of(reading, reader, place.now, query)


def ids(found: Agenda) -> list[int]:
    return [row.id for row in found.rows]


def done(place: Office, reader: Rep, card_id: int) -> object:
    means = reps.means_of(place)
    return place.write(lambda s: decisions.done(s, means, reader, card_id, place.now))


def dismiss(place: Office, reader: Rep, card_id: int) -> object:
    means = reps.means_of(place)
    return place.write(lambda s: decisions.dismiss(s, means, reader, card_id, place.now))


def snooze(place: Office, reader: Rep, card_id: int) -> object:
    means = reps.means_of(place)
    return place.write(lambda s: decisions.snooze(s, means, reader, card_id, "tomorrow", place.now))


def reopen(place: Office, reader: Rep, card_id: int) -> object:
    means = reps.means_of(place)
    return place.write(lambda s: decisions.reopen(s, means, reader, card_id, place.now))


def test_the_day_has_its_sections_its_sums_and_what_is_over(place: Office) -> None:
    reader = reps.rep(place, minutes=2)
    for name, kind in (("anna", "post"), ("ben", "reply"), ("cleo", "failed"), ("dan", "rule")):
        reps.card(place, name, kind)
    found = agenda(place, reader)
    assert [(section.title, [row.name for row in rows]) for section, rows in found.sections] == [
        ("Check", ["Cleo Weber"]),
        ("Answer first", ["Ben Weber"]),
        ("Fresh today", ["Dan Weber", "Anna Weber"]),
    ]
    assert (found.done, found.total, found.more, found.seconds) == (0, 4, 0, 120)
    for row in found.rows:
        assert sum(reason.points for reason in row.reasons) == row.priority
    assert (found.counts.all, found.counts.reply, found.counts.post, found.counts.rest) == (4, 1, 1, 2)
    assert ids(agenda(place, reader, "is:reply")) == [found.rows[1].id]
    assert agenda(place, reader, "is:reply").counts == found.counts


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_deciding_never_adds_a_card_and_never_reorders(
    store: Store, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    place = office(store, tmp_path_factory.mktemp("day"))
    number = len(place.rows(Card))
    for card in place.rows(Card):
        place.change(Card, card.id, state="expired", decided_at=None)
    kinds = data.draw(
        st.lists(st.sampled_from(["post", "rule", "follow", "reply", "like"]), min_size=3, max_size=9)
    )
    reader = reps.rep(place, f"rep{number}", minutes=data.draw(st.integers(1, 2)))
    for kind in kinds:
        number += 1
        reps.card(place, f"p{number}x{reader.id}", kind)
    before = ids(agenda(place, reader))
    everything = [card.id for card in place.rows(Card, state="open")]
    for card_id in data.draw(st.lists(st.sampled_from(everything), unique=True, max_size=6)):
        act: Decide = data.draw(st.sampled_from([done, dismiss, snooze]))
        act(place, reader, card_id)
        place.later(seconds=30)
        after = ids(agenda(place, reader))
        assert after == [one for one in before if one != card_id]
        if data.draw(st.booleans()):
            reopen(place, reader, card_id)
            assert ids(agenda(place, reader)) == before
        else:
            before = after


def test_what_this_rep_decided_today_counts_and_tomorrow_does_not(place: Office) -> None:
    mira, jonas = reps.rep(place, "Mira"), reps.rep(place, "Jonas")
    first, second, third = (reps.card(place, name, "post") for name in ("anna", "ben", "cleo"))
    done(place, mira, first)
    snooze(place, mira, second)
    dismiss(place, jonas, third)
    assert (agenda(place, mira).done, agenda(place, jonas).done, agenda(place, mira).snoozed) == (2, 1, 1)
    place.later(days=1)
    assert (agenda(place, mira).done, agenda(place, mira).total) == (0, 0)


def test_answers_always_join_however_full_the_day_is(place: Office) -> None:
    reader = reps.rep(place, minutes=1)
    for name in ("anna", "ben", "cleo"):
        reps.card(place, name, "reply")
    late = reps.card(place, "dan", "reply")
    assert late in ids(agenda(place, reader))
    assert reps.card(place, "eve", "post") not in ids(agenda(place, reader))
    assert (agenda(place, reader).more, agenda(place, reader).first_more) == (1, ())
    with place.store.reading() as reading:
        assert len(session.session_of(reading, reader, place.now, more=True).first_more) == 1


def test_a_rep_sees_their_own_people_and_nobody_elses(place: Office) -> None:
    mira, jonas = reps.rep(place, "Mira", own=True), reps.rep(place, "Jonas", own=True)
    own = reps.card(place, "anna", "post", owner=mira.id)
    reps.card(place, "ben", "post")
    assert (ids(agenda(place, mira)), ids(agenda(place, jonas))) == ([own], [])
    assert agenda(place, jonas).more == 0


def test_news_are_cards_that_came_since(place: Office) -> None:
    reader = reps.rep(place)
    weak = reps.card(place, "anna", "post")
    since = place.now
    place.later(minutes=5)
    new = reps.card(place, "ben", "post")

    def count() -> tuple[int, ...]:
        with place.store.reading() as reading:
            return session.news(reading, reader, since, place.now).ids

    assert count() == (new,)
    person = place.one(Card, id=weak).prospect_id
    place.follow(place.seen("like", person))
    assert count() == (new,), "a weaker cause is no news"
    place.later(minutes=1)
    place.follow(place.seen("reply", person, text="Hello"))
    assert count() == (new, weak)
    planned = reps.card(place, "cleo", "rule")
    place.change(Card, planned, due_on=place.now + timedelta(days=2))
    assert count() == (new, weak), "what is due only the day after tomorrow is not on the list"


def test_a_card_for_later_is_not_of_today(place: Office) -> None:
    reader, card_id = reps.rep(place), reps.card(place, "anna", "rule")
    place.change(Card, card_id, due_on=place.now + timedelta(days=3))
    assert ids(agenda(place, reader)) == []
    place.later(days=3)
    assert ids(agenda(place, reader)) == [card_id]


def test_what_is_put_away_and_what_is_decided_can_be_seen(place: Office) -> None:
    reader = reps.rep(place)
    one, two = reps.card(place, "anna", "post"), reps.card(place, "ben", "post")
    snooze(place, reader, one)
    place.later(minutes=1)
    means = reps.means_of(place)
    place.write(lambda s: decisions.dismiss(s, means, reader, two, place.now, "too old"))
    with place.store.reading() as reading:
        assert [row.id for row in session.snoozed(reading, reader)] == [one]
        found = session.done(reading, reader, place.now)
        assert [(each.card_id, each.words, each.who) for each in found] == [
            (two, "Dismissed: too old", "Mira"),
            (one, "Snoozed until 25 Nov 07:00", "Mira"),
        ]
        assert [each.card_id for each in session.done(reading, reader, place.now, found[0].at)] == [one]


def test_learned_times_count_from_the_next_day_on(place: Office) -> None:
    reader = reps.rep(place, minutes=2)
    for number in range(50):
        card_id = reps.card(place, f"p{number}", "rule")
        place.change(
            Card,
            card_id,
            state="done",
            decided_by=reader.id,
            opened_at=place.now - timedelta(seconds=40),
            decided_at=place.now,
        )
    place.later(days=1)
    for number in range(4):
        reps.card(place, f"q{number}", "rule")
    assert len(agenda(place, reader).rows) == 3


def test_session_reads_without_a_user(store: Store, tmp_path: Path) -> None:
    place = office(store, tmp_path)
    card_id = reps.card(place, "anna", "post")

    def work(reading: Session) -> tuple[int, ...]:
        return session.today(reading, Rep(scope=reps.EVERYBODY), place.now)

    with place.store.reading() as reading:
        assert work(reading) == (card_id,)


def test_the_day_is_the_same_however_few_cards_a_page_has(
    place: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = reps.rep(place, minutes=3)
    for number, kind in enumerate(("post", "reply", "rule", "like", "post", "follow", "rule", "post")):
        reps.card(place, f"p{number}", kind)
    whole = agenda(place, reader)
    short = session._WAITING.limit(2)
    monkeypatch.setattr(session, "PAGE", 2)
    monkeypatch.setattr(session, "_WAITING", short)
    assert (ids(agenda(place, reader)), agenda(place, reader).more) == (ids(whole), whole.more)
    assert whole.more_is_least is False
