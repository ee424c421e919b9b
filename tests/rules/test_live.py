from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select
from tests.office import RULES, START, Office, office

from prospector.models import Engagement, Move, Prospect, Ruleset
from prospector.rules import live
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def refold(place: Office, person: int, **given: Any) -> live.Refolded:
    def work(session: Session) -> live.Refolded:
        prospect = session.get_one(Prospect, person)
        versions = live.Parsed().versions(session)
        return live.refold(session, prospect, versions, given.get("horizon"), place.now)

    return place.write(work)


def problems(place: Office, person: int) -> list[str]:
    with place.store.reading() as session:
        prospect = session.get_one(Prospect, person)
        versions = live.Parsed().versions(session)
        history = live.history_of(prospect, live.events_of(session, person), versions, prospect.horizon)
        current = select(Move).where(Move.prospect_id == person, Move.superseded_at == None)  # noqa: E711
        return live.differences(session.exec(current).all(), prospect, history, place.now)


@given(st.integers(0, 4_000_000_000))
def test_seconds_and_moments_are_each_others_way_back(at: int) -> None:
    assert live.seconds(live.moment(at)) == at


def test_the_same_history_again_writes_nothing(place: Office) -> None:
    person = place.person()
    place.later(minutes=1)
    place.follow(place.seen("reply", person))
    before = place.rows(Move)
    again = refold(place, person)
    assert (again.new, again.superseded, again.moved) == ((), (), False)
    assert [one.id for one in place.rows(Move)] == [one.id for one in before]
    assert problems(place, person) == []


def test_stored_moves_that_are_not_the_folds_are_told(place: Office) -> None:
    person = place.person()
    place.later(minutes=1)
    place.follow(place.seen("reply", person))
    (move,) = place.rows(Move)
    place.change(Move, move.id, before="won")
    assert problems(place, person) == [f"{move.key[:12]} differs"]
    place.change(Prospect, person, stage="won")
    assert "the stage is won, the fold says engaged" in problems(place, person)
    place.change(Move, move.id, superseded_at=place.now)
    assert f"{move.key[:12]} is missing" in problems(place, person)


def test_a_wrong_row_is_superseded_and_written_anew(place: Office) -> None:
    person = place.person()
    place.later(minutes=1)
    place.follow(place.seen("reply", person))
    (wrong,) = place.rows(Move)
    place.change(Move, wrong.id, after="won")
    refold(place, person)
    old, new = place.rows(Move)
    assert (old.id, old.superseded_at, new.after) == (wrong.id, place.now, "engaged")
    assert problems(place, person) == []


def test_going_live_twice_with_one_text_is_once(place: Office) -> None:
    assert place.write(lambda s: live.go_live(s, RULES, "again", None, place.now)) is None
    changed = RULES.replace('["reply"]', '["reply", "dm"]')
    assert place.write(lambda s: live.go_live(s, changed, "dm", None, place.now)) is not None
    assert [one.state for one in place.rows(Ruleset)] == ["retired", "live"]
    assert place.rows(Ruleset)[0].live_until == place.rows(Ruleset)[1].live_from == place.now


def test_a_voided_version_is_as_if_it_had_never_been(place: Office) -> None:
    person = place.person()
    place.later(minutes=1)
    place.follow(place.seen("reply", person))
    ruleset = place.one(Ruleset)
    place.change(Ruleset, ruleset.id, voided_at=place.now)
    undone = refold(place, person)
    assert undone.moved
    assert place.one(Prospect, id=person).stage == "cold"
    assert [one.superseded_at for one in place.rows(Move)] == [place.now]


def test_heat_orders_people_as_their_score_does_at_any_time(place: Office) -> None:
    weights = RULES + '\n[points]\nhalf_life = "14d"\n[points.weights]\n"them.reply" = 6\n"them.like" = 1\n'
    place.write(lambda s: live.go_live(s, weights, "points", None, place.now))
    early, late = place.person("anna"), place.person("ben")
    place.later(days=1)
    for number in range(3):
        place.follow(place.seen("like", early, object=f"at://{number}"))
    place.later(days=20)
    place.follow(place.seen("reply", late))
    heat = {one.id: one.heat for one in place.rows(Prospect)}
    assert heat[late] > heat[early] > 0
    with place.store.reading() as session:
        rules = live.Parsed().versions(session)[-1].ruleset
        for days in (0, 7, 60):
            now = place.now + timedelta(days=days)
            early_score, late_score = (
                live.score_of(live.events_of(session, one), rules, now) for one in (early, late)
            )
            assert late_score >= early_score
    assert place.now > START


def test_a_rule_that_waits_beyond_the_calendar_stops_nobody(place: Office) -> None:
    patient = RULES + '[[rule]]\nname = "one day"\nwhen = [{ in_stage_for = "999999999w" }]\n'
    place.write(lambda s: live.go_live(s, patient, "patience", None, place.now))
    person = place.person()
    place.later(minutes=1)
    place.follow(place.seen("reply", person))
    assert place.one(Prospect, id=person).stage == "engaged"
    assert place.one(Prospect, id=person).next_timer_at is None


def test_what_was_taken_back_warms_nobody(place: Office) -> None:
    weights = RULES + '\n[points.weights]\n"them.like" = 1\n'
    place.write(lambda s: live.go_live(s, weights, "points", None, place.now))
    person = place.person()
    place.later(minutes=1)
    place.follow(place.seen("like", person))
    assert place.one(Prospect, id=person).heat > 0
    (liked,) = place.rows(Engagement, kind="like")
    place.change(Engagement, liked.id, retracted_at=place.later(minutes=1))
    refold(place, person)
    assert place.one(Prospect, id=person).heat == 0


def test_the_rules_that_judge_are_those_in_force(place: Office) -> None:
    """The last of `versions` is what scores and fit are taken from: never a voided one."""
    place.later(minutes=1)
    wrong = place.write(lambda s: live.go_live(s, RULES + "# no\n", "a mistake", None, place.now).id)
    place.change(Ruleset, wrong, voided_at=place.now)
    with place.store.reading() as session:
        assert [one.ruleset.text for one in live.Parsed().versions(session)] == [RULES]
