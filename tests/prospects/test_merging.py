"""Merging people entered twice: what the one that lives on gets, and that all of it goes back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import inspect, select
from sqlmodel import SQLModel
from tests.office import START, Office, office

from prospector import doctor, merge_plan, merges, parting
from prospector.enrolment import enrol
from prospector.merge_plan import MergeError
from prospector.models import (
    Campaign,
    Card,
    Consent,
    Effect,
    Engagement,
    Message,
    Move,
    Profile,
    Prospect,
    Recipient,
    Run,
    Suppression,
    table_of,
)
from prospector.outreach import deliver, suppression
from prospector.prospects import merging, people
from prospector.prospects.merging import Snapshot
from prospector.prospects.people import NewProspect, TakenError
from prospector.store import Store

KEPT: tuple[type[SQLModel], ...] = (
    Profile,
    Engagement,
    Message,
    Card,
    Effect,
    Consent,
    Recipient,
    Suppression,
)
# What the fold alone writes: it may know more by then, or say the same anew.
OF_THE_FOLD = {"horizon", "next_timer_at"}


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def merge(place: Office, kept: int, other: int) -> int:
    def work(session: Any) -> int:
        return merges.merge(session, place.runtime.consequences, kept, other, None, place.now)

    return place.write(work)


def part(place: Office, run_id: int) -> parting.Parting:
    def work(session: Any) -> parting.Parting:
        return parting.take_back(session, place.runtime.consequences, run_id, place.now)

    return place.write(work)


def everything(place: Office) -> dict[str, Any]:
    """All rows that a merge may touch, and the moves that stand."""
    found: dict[str, Any] = {}
    with place.store.reading() as session:
        for model in KEPT:
            table = table_of(model)
            keys = inspect(model).primary_key
            found[table.name] = [tuple(row) for row in session.execute(select(table).order_by(*keys))]
    found["prospect"] = [one.model_dump(exclude=OF_THE_FOLD) for one in place.rows(Prospect)]
    found["move"] = sorted(
        (one.prospect_id, one.key, one.after) for one in place.rows(Move) if one.superseded_at is None
    )
    return found


def sound(place: Office) -> bool:
    with place.store.reading() as session:
        return all(check.ok for check in doctor.invariants(session, place.now))


def twice(place: Office, **more: Any) -> tuple[int, int]:
    """Anna, and Anna again under another name and address."""
    kept = place.person("anna", country="DE")
    other = place.person("hanna", title="CTO", tags=["vip"], fields={"team": "ops"}, **more)
    return kept, other


# --- cells --------------------------------------------------------------------------------------

cells = st.dictionaries(st.sampled_from("abc"), st.none() | st.integers(0, 3), min_size=3, max_size=3)
rows = st.dictionaries(st.sampled_from("12345"), cells, max_size=5)
snapshots = st.fixed_dictionaries({"prospect": rows, "message": rows})


def put(snapshot: Snapshot, values: Any) -> dict[str, Any]:
    """The snapshot with these cells in it."""
    return {
        table: {key: {**cells, **values.get(table, {}).get(key, {})} for key, cells in of_table.items()}
        for table, of_table in snapshot.items()
    }


@given(snapshots, st.data())
def test_what_was_changed_goes_back_cell_by_cell(before: Snapshot, data: st.DataObject) -> None:
    after = {table: {key: data.draw(cells) for key in of_table} for table, of_table in before.items()}
    changes = merging.changed(before, after)
    values, left = merging.back(changes, after)
    assert left == []
    known = {table: {key: after[table][key] for key in of_table} for table, of_table in before.items()}
    assert put(known, values) == before


@given(snapshots, st.data())
def test_what_somebody_changed_since_stays_and_is_named(before: Snapshot, data: st.DataObject) -> None:
    after, since = (
        {table: {key: data.draw(cells) for key in of_table} for table, of_table in before.items()}
        for _ in range(2)
    )
    changes = merging.changed(before, after)
    values, left = merging.back(changes, since)
    restored = put(since, values)
    for table, of_table in before.items():
        for key, was in of_table.items():
            for column in was:
                touched = since[table][key][column] != after[table][key][column]
                by_merge = was[column] != after[table][key][column]
                expected = was[column] if by_merge and not touched else since[table][key][column]
                assert restored[table][key][column] == expected
                assert ((table, key, column) in left) == (by_merge and touched)


# --- the merge ----------------------------------------------------------------------------------


def test_own_values_stand_and_the_others_fill_the_gaps(place: Office) -> None:
    kept, other = twice(place)
    with place.store.reading() as session:
        planned = merge_plan.plan(session, kept, other)
    assert planned.moving["profiles"] == 1
    assert planned.filled == {"title": "CTO", "tags": ["vip"], "fields": {"team": "ops"}}
    assert planned.differ["email"] == ("anna@anna.example", "hanna@hanna.example")
    assert planned.differ["company"] == ("Anna", "Hanna")
    assert planned.joined.address == "hanna@hanna.example"
    merge(place, kept, other)
    anna, empty = place.one(Prospect, id=kept), place.one(Prospect, id=other)
    assert (anna.title, anna.country, anna.tags, anna.fields) == ("CTO", "DE", ["vip"], {"team": "ops"})
    assert (empty.merged_into_id, empty.email, empty.archived_at) == (kept, None, place.now)
    assert place.rows(Profile, prospect_id=other) == []
    assert sound(place)


def test_both_histories_are_one_and_count_once(place: Office) -> None:
    kept, other = twice(place)
    place.follow(place.seen("post", kept), place.seen("reply", other))
    assert place.one(Prospect, id=kept).stage == "cold"
    drafts = len(place.rows(Message))
    merge(place, kept, other)
    anna = place.one(Prospect, id=kept)
    assert anna.stage == "engaged"
    assert len(place.rows(Message)) == drafts
    assert {one.prospect_id for one in place.rows(Card) if one.state == "open"} == {kept}
    assert {one.prospect_id for one in place.happened()} == {kept}
    place.later(days=8)
    place.follow(place.seen("post", kept))
    assert sound(place)


def test_answers_from_either_address_are_theirs(place: Office) -> None:
    kept, other = twice(place)
    merge(place, kept, other)
    with place.store.reading() as session:
        assert people.owners_of(session, "email", ["anna@anna.example", "hanna@hanna.example"]) == {
            "anna@anna.example": kept,
            "hanna@hanna.example": kept,
        }
        assert people.find(session, "hanna@hanna.example").id == kept
        assert people.find(session, str(other)).id == kept
    again = NewProspect("Hanna", email="hanna@hanna.example")
    with pytest.raises(TakenError, match=f"prospect {kept}"):
        place.write(lambda session: enrol(session, place.runtime.consequences, again, {}, place.now))


@pytest.mark.parametrize("key", ["person", "email", "domain"])
def test_who_said_no_under_either_row_is_not_written_to(place: Office, key: str) -> None:
    kept, other = twice(place)
    written = place.approved(kept)
    said = {
        "person": f"person:{other}",
        "email": "email:hanna@hanna.example",
        "domain": "domain:hanna.example",
    }
    place.write(
        lambda s: suppression.suppress(s, [said[key]], "they asked us not to write", "test", place.now)
    )
    run = merge(place, kept, other)
    with place.store.reading() as session:
        anna = session.get_one(Prospect, kept)
        assert suppression.suppressed(session, anna) == "they asked us not to write"
    place.later(days=1)
    place.run(lambda: deliver.deliver(place.runtime, written))
    assert place.mail.done == []
    part(place, run)
    assert [one.key for one in place.rows(Suppression)] == [said[key]]


def test_a_no_of_their_own_outlives_the_parting(place: Office) -> None:
    kept, other = twice(place)
    place.write(lambda s: suppression.suppress(s, [f"person:{other}"], "objected", "test", place.now))
    run = merge(place, kept, other)
    place.later(hours=1)
    keys = [f"person:{kept}", "email:anna@anna.example"]
    place.write(lambda s: suppression.suppress(s, keys, "by hand", "by hand", place.now))
    part(place, run)
    assert {one.key for one in place.rows(Suppression)} == {*keys, f"person:{other}"}


def test_one_open_card_with_the_causes_of_both(place: Office) -> None:
    kept, other = twice(place)
    place.follow(place.seen("reply", kept), place.seen("mention", other))
    assert len([one for one in place.rows(Card) if one.state == "open"]) == 2
    before = everything(place)
    run = merge(place, kept, other)
    (card,) = [one for one in place.rows(Card) if one.state == "open"]
    assert {cause["kind"] for cause in card.causes} == {"reply", "mention"}
    part(place, run)
    assert everything(place) == before


def test_a_mail_for_the_others_address_is_taken_back(place: Office) -> None:
    kept, other = twice(place)
    mine, theirs = place.approved(kept), place.approved(other)
    before = everything(place)
    run = merge(place, kept, other)
    assert place.message(mine).state == "approved"
    assert (place.message(theirs).state, place.message(theirs).error) == ("discarded", merging.MERGED)
    part(place, run)
    assert everything(place) == before


def test_what_was_said_to_either_is_not_said_again(place: Office) -> None:
    kept, other = twice(place)
    for person in (kept, other):
        written = place.approved(person)
        place.change(Message, written, state="sent", sent_at=place.now, claimed_at=place.now)
    before = everything(place)
    run = merge(place, kept, other)
    assert {one.prospect_id for one in place.rows(Message)} == {kept}
    assert sorted(one.occasion for one in place.rows(Message)) == ["hand:1", f"hand:1/merged:{other}"]
    assert sound(place)
    part(place, run)
    assert everything(place) == before


def campaign(place: Office, name: str, *states: tuple[int, str]) -> int:
    def work(session: Any) -> int:
        made = Campaign(name=name, created_at=place.now)
        session.add(made)
        session.flush()
        session.add_all(
            Recipient(campaign_id=made.id, prospect_id=id_, state=state, at=place.now)
            for id_, state in states
        )
        return made.id

    return place.write(work)


def test_nobody_gets_a_campaign_twice(place: Office) -> None:
    kept, other = twice(place)
    both = campaign(place, "both", (kept, "added"), (other, "active"))
    begun = campaign(place, "begun", (other, "active"))
    waits = campaign(place, "waits", (other, "drafted"))
    for number in (both, begun):
        sent = place.approved(other, f"campaign:{number}/step:1")
        place.change(Message, sent, state="sent", campaign_id=number, step=1, sent_at=place.now)
        rest = place.approved(other, f"campaign:{number}/step:2")
        place.change(Message, rest, campaign_id=number, step=2)
    before = everything(place)
    run = merge(place, kept, other)
    states = {(one.campaign_id, one.prospect_id): one.state for one in place.rows(Recipient)}
    assert states == {
        (both, kept): "skipped",
        (both, other): "skipped",
        (begun, kept): "stopped",
        (waits, kept): "added",
    }
    assert {one.state for one in place.rows(Message, step=2)} == {"discarded"}
    part(place, run)
    assert everything(place) == before


@pytest.mark.parametrize("without", [True, False])
def test_parting_restores_everything(place: Office, without: bool) -> None:
    kept, other = twice(place)
    if without:
        place.change(Prospect, kept, email=None)
    place.follow(place.seen("reply", kept), place.seen("post", other), place.seen("reply", other))
    place.follow(place.seen("email", other, by="us", channel="email"))
    place.write(
        lambda s: s.add(Consent(prospect_id=other, kind="express", at=place.now, created_at=place.now))
    )
    place.later(days=6)
    place.write(lambda s: place.runtime.consequences.fire_timers(s, place.now))
    before = everything(place)
    run = merge(place, kept, other)
    assert everything(place) != before
    place.later(hours=1)
    done = part(place, run)
    assert done.left == ()
    assert everything(place) == before
    assert sound(place)
    with pytest.raises(MergeError, match="taken back already"):
        part(place, run)


def test_what_happened_since_stays_and_is_named(place: Office) -> None:
    kept, other = twice(place)
    place.follow(place.seen("reply", other))
    run = merge(place, kept, other)
    place.later(hours=1)
    profile = place.one(Profile, remote_id="did:hanna").id
    place.follow(place.seen("reply", kept, object="at://later"))
    place.change(Engagement, place.one(Engagement, object="at://later").id, profile_id=profile)
    place.change(Prospect, kept, title="CEO")
    done = part(place, run)
    assert done.left == (
        "1 thing that happened since stays with Anna Weber",
        f"prospect {kept}: title changed since, and stays",
    )
    assert place.one(Prospect, id=kept).title == "CEO"
    assert place.one(Engagement, object="at://later").prospect_id == kept
    assert place.one(Prospect, id=other).title == "CTO"
    assert sound(place)


def test_the_last_merge_goes_back_first(place: Office) -> None:
    kept, other = twice(place)
    third = place.person("johanna")
    first = merge(place, other, third)
    second = merge(place, kept, other)
    with pytest.raises(MergeError, match="Take that back first"):
        part(place, first)
    part(place, second)
    part(place, first)
    assert {one.merged_into_id for one in place.rows(Prospect)} == {None}
    with place.store.reading() as session:
        assert merges.listed(session, 5)[0]["names"] == ["Anna Weber", "Hanna Weber"]


def test_what_cannot_be_merged(place: Office) -> None:
    kept, other = twice(place)
    with pytest.raises(MergeError, match="one and the same"):
        merge(place, kept, kept)
    with pytest.raises(MergeError, match="no prospect 99"):
        merge(place, kept, 99)
    leaving = place.approved(kept)
    place.change(Message, leaving, state="sending", claimed_at=START)
    with pytest.raises(MergeError, match="leaving this very moment"):
        merge(place, kept, other)
    place.change(Message, leaving, state="sent", sent_at=START + timedelta(seconds=1))
    merge(place, kept, other)
    with pytest.raises(MergeError, match="merged into"):
        merge(place, kept, other)
    assert len(place.rows(Run, kind="merge")) == 1
