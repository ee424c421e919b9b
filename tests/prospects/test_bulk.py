"""Changing many people: the plan is what is done, and taking back restores or leaves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.prospects import bulk
from prospector.prospects.bulk import Change, ChangeError, Outcome, Person, change_of, checked, decide

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
OWNERS = {1: "Ana", 2: "Jonas"}
tags = st.lists(st.sampled_from(["fair", "vip", "a b"]), unique=True).map(tuple)
moments = st.integers(-48, 48).map(lambda hours: NOW + timedelta(hours=hours))
people = st.builds(
    Person,
    st.integers(1, 99),
    st.just("Anna"),
    st.none() | st.integers(1, 2),
    st.sampled_from(["cold", "engaged"]),
    tags,
    st.none() | moments,
    st.none() | moments,
)
changes = st.builds(
    Change,
    st.none() | st.integers(1, 2),
    st.none() | st.sampled_from(["cold", "engaged"]),
    tags,
    tags,
    st.none() | moments,
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


def valid(change: Change) -> bool:
    try:
        return bool(checked(change, NOW))
    except ChangeError:
        return False


good = changes.filter(valid)


def written(person: Person, values: Any) -> Person:
    """The person after these values were stored."""
    times = {name: values[name] for name in ("paused_until", "archived_at") if values.get(name)}
    read = {name: datetime.fromisoformat(value) for name, value in times.items()}
    listed = {"tags": tuple(values["tags"])} if "tags" in values else {}
    return replace(person, **{**values, **read, **listed})


@given(changes)
def test_a_change_survives_its_json(change: Change) -> None:
    assert change_of(json.loads(json.dumps(change.as_json()))) == change


@given(good, people)
def test_what_was_done_is_not_done_again_and_goes_back(change: Change, person: Person) -> None:
    outcome = decide(change, person, NOW)
    assert bool(outcome.stays) != bool(outcome.after)
    after = written(person, outcome.after)
    if "archived_at" not in outcome.after:
        assert decide(change, after, NOW).stays
    back = bulk.restored(outcome.before, outcome.after, after)
    assert back.left == ()
    assert written(after, back.values) == person


@given(good, people, people)
def test_what_others_changed_since_stays_theirs(change: Change, person: Person, since: Person) -> None:
    outcome = decide(change, person, NOW)
    back = bulk.restored(outcome.before, outcome.after, since)
    kept = written(since, back.values)
    for name in outcome.after.keys() - {"tags"}:
        touched = bulk.values_of(since)[name] != outcome.after[name]
        assert (name in back.left) == touched
        assert bulk.values_of(kept)[name] == (
            bulk.values_of(since)[name] if touched else outcome.before[name]
        )
    for name in bulk.FIELDS.keys() - outcome.after.keys():
        assert bulk.values_of(kept)[name] == bulk.values_of(since)[name]
    if "tags" in outcome.after:
        gained = set(outcome.after["tags"]) - set(outcome.before["tags"])
        assert not gained & set(kept.tags)
        assert set(outcome.before["tags"]) - set(outcome.after["tags"]) <= set(kept.tags)


@given(good, st.lists(people, max_size=30))
def test_the_plan_counts_what_is_decided(change: Change, several: list[Person]) -> None:
    plan = bulk.plan(change, several, NOW, OWNERS)
    outcomes = [decide(change, person, NOW) for person in several]
    assert plan.whole == len(several)
    assert plan.changing == sum(not one.stays for one in outcomes)
    assert dict(plan.staying) == {
        why: sum(one.stays == why for one in outcomes) for why in {one.stays for one in outcomes} - {""}
    }
    assert len(plan.sample) == min(bulk.SAMPLE, plan.changing)
    assert all(one.words for one in plan.sample)


def test_in_words() -> None:
    person = Person(7, "Anna", None, "cold", ("vip",))
    change = Change(owner_id=2, stage="engaged", add_tags=("fair",), remove_tags=("vip",), archive=True)
    words = bulk.words_of(decide(change, person, NOW), OWNERS)
    assert words == "owner nobody → Jonas, stage cold → engaged, tags +fair −vip, archived no → yes"
    assert bulk.sentence(change, OWNERS) == "owner: Jonas, stage: engaged, tag +fair, tag −vip, archived"
    assert decide(change, replace(person, archived_at=NOW), NOW) == Outcome(stays="archived")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change(), "Choose what to change"),
        (Change(archive=True, restore=True), "not both"),
        (Change(resume=True, pause_until=NOW + timedelta(1)), "not both"),
        (Change(pause_until=NOW), "in the future"),
        (Change(add_tags=("a",), remove_tags=("a",)), 'The tag "a"'),
        (Change(add_tags=("x" * 61,)), "at most 60"),
        (Change(add_tags=("a\u202eb",)), "to be seen"),
    ],
)
def test_what_makes_no_sense_is_said(change: Change, said: str) -> None:
    with pytest.raises(ChangeError, match=said):
        checked(change, NOW)


def test_tags_are_typed_with_commas() -> None:
    assert bulk.tags_of(" fair , big  deal,,fair ") == ("fair", "big deal")
    with pytest.raises(ChangeError, match="cannot be read"):
        change_of({"colour": "red"})
