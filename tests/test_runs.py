"""Runs on both databases: the plan is what is done, in pages, by whoever goes on; and taken back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from prospector import runs
from prospector.models import Card, Edit, Engagement, Move, Profile, Prospect, Run, User
from prospector.outreach import pauses, suppression
from prospector.prospects import bulk
from prospector.prospects.bulk import Change
from prospector.queue import day
from prospector.runs import RunError
from prospector.store import Store
from tests.office import Office, office

KEPT = ("owner_id", "stage", "tags", "paused_until", "archived_at")


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    made = office(store, tmp_path)
    for name in ("ana", "jonas"):
        user = User(email=f"{name}@us.example", name=name.title(), role="rep", created_at=made.now)
        made.write(lambda session, user=user: session.add(user))
    return made


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "PAGE", 3)


def people(place: Office, count: int = 8) -> list[int]:
    return [place.person(f"p{number}", owner_id=1, tags=["vip"] * (number % 2)) for number in range(count)]


def done(place: Office, change: Change, ids: list[int], user_id: int | None = 1) -> int:
    run_id = runs.start(place.store, change, ids, user_id, place.now)
    runs.carry_out(place.store, place.runtime.consequences, run_id, lambda: place.now)
    return run_id


def take_back(place: Office, run_id: int) -> None:
    runs.take_back(place.store, place.runtime.consequences, run_id, lambda: place.now)


def state(place: Office) -> list[tuple[object, ...]]:
    return [tuple(getattr(one, name) for name in KEPT) for one in place.rows(Prospect)]


CHANGE = Change(
    owner_id=2, stage="engaged", add_tags=("fair",), remove_tags=("vip",), pause_until=None, archive=False
)


def test_the_plan_is_what_is_done_and_it_goes_back(place: Office) -> None:
    ids = people(place)
    place.change(Prospect, ids[3], archived_at=place.now)
    place.follow(place.seen("reply", ids[0]))
    before = state(place)
    with place.store.reading() as session:
        plan = bulk.plan(CHANGE, runs.people(session, ids), place.now, {1: "Ana", 2: "Jonas"})
    place.later(minutes=1)
    run_id = done(place, CHANGE, ids)
    edits = place.rows(Edit, run_id=run_id)
    assert len([edit for edit in edits if edit.left is None]) == plan.changing == 7
    assert dict(plan.staying) == {"archived": 1}
    for one in place.rows(Prospect):
        if one.id != ids[3]:
            assert (one.owner_id, one.stage, "fair" in one.tags, "vip" in one.tags) == (
                2,
                "engaged",
                True,
                False,
            )
    assert place.one(Card, prospect_id=ids[0], state="open").owner_id == 2
    place.later(minutes=1)
    take_back(place, run_id)
    assert state(place) == before
    assert place.one(Card, prospect_id=ids[0], state="open").owner_id == 1
    assert place.rows(Engagement, kind="stage_set") == []
    assert [one for one in place.rows(Move) if one.rule is None and one.superseded_at is None] == []


def test_what_somebody_changed_since_is_left_alone_and_said(place: Office) -> None:
    ids = people(place, 4)
    run_id = done(place, Change(owner_id=2, pause_until=place.now + timedelta(days=3)), ids)
    place.change(Prospect, ids[1], owner_id=None)
    with place.store.reading() as session:
        undoing = runs.undoing(session, run_id)
    assert (undoing.restored, undoing.left) == (4, (("P1 Weber", "the owner changed since"),))
    take_back(place, run_id)
    assert [one.owner_id for one in place.rows(Prospect)] == [1, None, 1, 1]
    assert {one.paused_until for one in place.rows(Prospect)} == {None}
    assert place.one(Edit, run_id=run_id, prospect_id=ids[1]).left == "the owner changed since"
    with place.store.reading() as session:
        assert runs.listed(session, None, 1)[0]["changed"] == 4


def test_a_run_that_stopped_half_way_is_gone_on_with_once(place: Office) -> None:
    ids = people(place, 8)
    run_id = runs.start(place.store, Change(owner_id=2), ids, 1, place.now)
    consequences = place.runtime.consequences
    place.write(lambda session: runs.do_page(session, consequences, run_id, place.now))
    assert [one.owner_id for one in place.rows(Prospect)] == [2, 2, 2, 1, 1, 1, 1, 1]
    with place.store.reading() as session:
        assert runs.unfinished(session, place.now) == []
        assert runs.unfinished(session, place.now + timedelta(minutes=2)) == [(run_id, False)]
    place.later(minutes=2)
    assert runs.carry_out(place.store, consequences, run_id, lambda: place.now) == 5
    assert {one.owner_id for one in place.rows(Prospect)} == {2}
    with place.store.reading() as session:
        assert runs.unfinished(session, place.now + timedelta(minutes=2)) == []
    assert runs.carry_out(place.store, consequences, run_id, lambda: place.now) == 0


def test_what_was_begun_and_taken_back_does_not_go_on(place: Office) -> None:
    ids = people(place, 6)
    run_id = runs.start(place.store, Change(owner_id=2), ids, 1, place.now)
    consequences = place.runtime.consequences
    place.write(lambda session: runs.do_page(session, consequences, run_id, place.now))
    take_back(place, run_id)
    assert runs.carry_out(place.store, consequences, run_id, lambda: place.now) == 0
    assert {one.owner_id for one in place.rows(Prospect)} == {1}
    with pytest.raises(RunError, match="taken back already"):
        take_back(place, run_id)


def test_who_is_archived_asks_for_nothing_until_brought_back(place: Office) -> None:
    (anna,) = people(place, 1)
    place.follow(place.seen("reply", anna))
    run_id = done(place, Change(archive=True), [anna])
    assert place.one(Card).state == "dismissed"
    assert place.one(Profile).next_poll_at is None
    assert place.one(Prospect).archived_at == place.now
    take_back(place, run_id)
    assert place.one(Card).state == "open"
    assert place.one(Card).decided_why is None
    assert place.one(Profile).next_poll_at == place.now
    assert place.one(Prospect).archived_at is None


def test_the_list_tells_whose_runs_and_what_they_did(place: Office) -> None:
    ids = people(place, 2)
    mine, theirs = done(place, CHANGE, ids), done(place, Change(owner_id=1), ids, user_id=2)
    with place.store.reading() as session:
        (row,) = runs.listed(session, 1, 10)
        assert [one["run"] for one in runs.listed(session, None, 10)] == [theirs, mine]
        assert [one["run"] for one in runs.listed(session, None, 10, before=theirs)] == [mine]
        with pytest.raises(RunError, match="There is no run"):
            runs.find(session, theirs, 1)
    assert (row["run"], row["by"], row["changed"], row["waiting"], row["undone"]) == (mine, "Ana", 2, 0, None)
    assert row["what"] == "owner: Jonas, stage: engaged, tag +fair, tag −vip"


def test_a_run_is_for_somebody_and_for_no_more_than_the_limit(place: Office) -> None:
    for ids in ([], list(range(runs.MOST + 1))):
        with pytest.raises(RunError, match="1 to 10,000"):
            runs.start(place.store, CHANGE, ids, 1, place.now)
    assert place.rows(Run) == []


def test_no_run_ends_a_pause_that_an_opt_out_in_doubt_keeps(place: Office) -> None:
    (anna,) = people(place, 1)
    place.change(Prospect, anna, email="anna@x.example")
    place.follow(place.seen("unsubscribe", anna, channel="email", actor="anna@x.example"))
    assert place.one(Prospect).paused_why == suppression.IN_DOUBT
    for change in (Change(resume=True), Change(pause_until=place.now + timedelta(days=1))):
        run_id = done(place, change, [anna])
        assert (place.one(Prospect).paused_until, place.one(Prospect).paused_why) == (
            pauses.UNDECIDED,
            suppression.IN_DOUBT,
        )
        assert place.one(Edit, run_id=run_id).left == bulk.UNDECIDED


def test_a_pause_in_any_zone_goes_back_to_the_pause_before_with_its_reason(place: Office) -> None:
    (anna,) = people(place, 1)
    away = place.now + timedelta(days=9)
    place.change(Prospect, anna, paused_until=away, paused_why="out of office")
    friday = (place.now + timedelta(days=3)).astimezone(ZoneInfo("Europe/Berlin"))
    run_id = done(place, Change(pause_until=friday), [anna])
    assert place.one(Prospect).paused_why == "paused by hand"
    take_back(place, run_id)
    assert (place.one(Prospect).paused_until, place.one(Prospect).paused_why) == (away, "out of office")


def test_a_decision_about_a_card_is_no_change_of_many(place: Office) -> None:
    (anna,) = people(place, 1)
    place.follow(place.seen("reply", anna))
    card_id = place.one(Card).id
    place.write(lambda s: day.decide(s, card_id, "done", user_id=1, why=None, now=place.now))
    decision = place.one(Run)
    with place.store.reading() as session:
        assert runs.listed(session, None, 9) == []
        with pytest.raises(RunError, match="no run"):
            runs.undoing(session, decision.id)
