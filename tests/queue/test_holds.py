"""Who has a card open."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.office import Office, office
from tests.reps import HOLD, answered, card, means_of, rep

from prospector.models import Card, Prospect
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.queue import decisions, holds, views
from prospector.queue.day import NoCardError
from prospector.queue.holds import HeldError, Hold
from prospector.queue.item import item_of
from prospector.queue.reader import Rep
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def opened(place: Office, reader: Rep, card_id: int) -> Hold:
    hold = place.write(lambda s: holds.open_card(s, reader, card_id, HOLD, place.now))
    assert hold is not None
    return hold


def test_a_card_that_a_colleague_has_open_cannot_be_decided(place: Office) -> None:
    mira, jonas, (card_id, message_id) = rep(place), rep(place, "Jonas"), answered(place)
    assert opened(place, jonas, card_id).mine
    seen = opened(place, mira, card_id)
    assert (seen.mine, seen.sentence(ZoneInfo("Europe/Berlin"))) == (False, "Jonas has it open until 10:10.")
    means = means_of(place)
    for act, given in (
        (decisions.done, card_id),
        (decisions.approve, message_id),
        (decisions.reopen, card_id),
    ):
        with pytest.raises(HeldError, match="Jonas has it open until 09:10"):
            place.write(lambda s, act=act, given=given: act(s, means, mira, given, place.now))  # type: ignore[misc]
    place.write(lambda s: holds.take_over(s, mira, card_id, HOLD, place.now))
    assert not opened(place, jonas, card_id).mine
    place.write(lambda s: decisions.done(s, means, mira, card_id, place.now))
    decided = place.one(Card, id=card_id)
    assert (decided.held_by, decided.held_until, decided.opened_at) == (None, None, place.now)


def test_a_hold_ends_by_itself_and_its_own_reader_begins_but_once(place: Office) -> None:
    mira, jonas, card_id = rep(place), rep(place, "Jonas"), card(place, "anna", "post")
    opened(place, jonas, card_id)
    began = place.now
    place.later(minutes=4)
    opened(place, jonas, card_id)
    assert place.one(Card, id=card_id).opened_at == began
    place.later(minutes=10)
    assert opened(place, mira, card_id).mine
    assert place.one(Card, id=card_id).opened_at == place.now
    place.write(lambda s: holds.release(s, jonas, card_id))
    assert place.one(Card, id=card_id).held_by == mira.id
    place.write(lambda s: holds.release(s, mira, card_id))
    assert place.one(Card, id=card_id).held_by is None


def test_nobody_holds_what_is_decided_or_not_theirs(place: Office) -> None:
    mira, card_id = rep(place), card(place, "anna", "post")
    place.write(lambda s: decisions.done(s, means_of(place), mira, card_id, place.now))
    assert place.write(lambda s: holds.open_card(s, mira, card_id, HOLD, place.now)) is None
    other = card(place, "ben", "post")
    assert place.write(lambda s: holds.open_card(s, Rep(scope=EVERYBODY), other, HOLD, place.now)) is None
    with pytest.raises(NoCardError):
        place.write(
            lambda s: holds.open_card(s, Rep(99, scope=Scope(frozenset({99}))), other, HOLD, place.now)
        )


def test_who_had_a_card_sees_it_no_more_once_the_person_is_anothers(place: Office) -> None:
    """A decided card keeps the owner that it had then; what it tells is the person's of today."""
    mira, jonas, means = rep(place, own=True), rep(place, "Jonas", own=True), means_of(place)
    card_id = card(place, "anna", "post", owner=mira.id)
    place.write(lambda s: decisions.done(s, means, mira, card_id, place.now))
    place.change(Prospect, place.one(Card).prospect_id, owner_id=jonas.id)
    with place.store.reading() as session:
        assert views.done(session, mira, place.now) == ()
        with pytest.raises(NoCardError):
            item_of(session, means, mira, card_id, place.now)
    for act in (
        lambda s: decisions.reopen(s, means, mira, card_id, place.now),
        lambda s: decisions.note(s, means, mira, card_id, "mine", place.now),
        lambda s: decisions.stage(s, means, mira, card_id, "engaged", place.now),
    ):
        with pytest.raises(NoCardError):
            place.write(act)
    place.write(lambda s: decisions.reopen(s, means, jonas, card_id, place.now))
    back = place.one(Card)
    assert (back.state, back.owner_id) == ("open", jonas.id), "it comes back into the queue of whose they are"
