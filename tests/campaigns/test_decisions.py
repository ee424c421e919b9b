"""Decisions about many people: what may not go goes by no route, and every run can be taken back."""

from __future__ import annotations

import pytest
from sqlmodel import select
from tests.campaigns.reviewed import campaign_of, planted
from tests.office import office

from prospector import work
from prospector.campaigns import batches, editing, launch
from prospector.models import Campaign, Message, Prospect, Suppression
from prospector.outreach import approval
from prospector.outreach.approval import NotApprovedError


@pytest.fixture
def place(store, tmp_path):
    return office(store, tmp_path)


@pytest.fixture
def reviewed(place):
    return campaign_of(place, planted())


def everybody(reviewed):
    return [one.prospect_id for one in reviewed.read().people]


def progress(reviewed, run_id):
    with reviewed.place.store.reading() as session:
        return batches.progress(session, run_id)


def test_a_bulk_approval_takes_who_is_ready_and_says_how_many_were_left_and_why(reviewed):
    run = progress(reviewed, reviewed.run("approve", everybody(reviewed)))
    assert (run.people, run.changed, run.left_number) == (8, 5, 3)
    assert all("mend it first" in why for _, why in run.left)
    assert reviewed.read().counts()["fix"] == 3
    assert reviewed.states("Mateo") == ["draft", "draft"]


def test_who_opted_out_since_is_left_and_told(reviewed):
    owen = reviewed.person("Owen")
    reviewed.place.write(
        lambda session: session.add(
            Suppression(key=f"email:{owen.address}", why="they asked us", at=reviewed.place.now, by="test")
        )
    )
    run = progress(reviewed, reviewed.run("approve", [owen.prospect_id]))
    assert run.changed == 0
    assert "they asked us" in run.left[0][1]
    assert reviewed.person("Owen").status == "blocked"


@pytest.mark.parametrize("value", [None, "", " \t", "nan", "null", "N/A"])
def test_a_fact_that_became_nothing_since_is_approved_by_no_route(reviewed, value):
    anna = reviewed.person("Anna")
    reviewed.place.change(Prospect, anna.prospect_id, fields={"incident": value})
    assert progress(reviewed, reviewed.run("approve", [anna.prospect_id])).changed == 0

    def by_id(session):
        message = session.get_one(Message, anna.parts[0].message_id)
        means = reviewed.means
        approval.approve(session, means.settings, means.desk, message, None, reviewed.place.now)

    with pytest.raises(NotApprovedError):
        reviewed.place.write(by_id)
    assert reviewed.states("Anna") == ["draft", "draft"]


def test_an_approval_takes_the_whole_series_and_is_taken_back_as_a_whole(reviewed):
    anna = reviewed.person("Anna")
    run_id = reviewed.run("approve", [anna.prospect_id])
    assert reviewed.states("Anna") == ["approved", "approved"]
    later = reviewed.place.message(anna.parts[1].message_id)
    assert later.send_at is None
    reviewed.take_back(run_id)
    assert reviewed.states("Anna") == ["draft", "draft"]
    assert reviewed.recipient("Anna").state == "drafted"


def test_what_has_left_is_not_taken_back_and_that_is_told(reviewed):
    anna = reviewed.person("Anna")
    run_id = reviewed.run("approve", [anna.prospect_id])
    reviewed.place.change(Message, anna.parts[0].message_id, state="sent", sent_at=reviewed.place.now)
    reviewed.take_back(run_id)
    run = progress(reviewed, run_id)
    assert (run.changed, run.left_number) == (0, 1)
    assert "left already" in run.left[0][1]
    assert reviewed.states("Anna") == ["sent", "approved"]


def test_a_run_twice_over_approves_each_once(reviewed):
    ready = [one.prospect_id for one in reviewed.read().people if one.status == "ready"]
    reviewed.run("approve", ready)
    before = {one.id: one.message_id for one in reviewed.place.rows(Message)}
    reviewed.run("approve", ready)
    assert {one.id: one.message_id for one in reviewed.place.rows(Message)} == before


def test_a_fill_is_a_fact_of_the_person_until_it_is_taken_back(reviewed):
    mateo = reviewed.person("Mateo")
    wanted = {mateo.prospect_id: {"values": {"prospect.fields.incident": "the fire"}}}
    run_id = reviewed.run("fill", wanted)
    assert reviewed.person("Mateo").status == "ready"
    assert reviewed.place.one(Prospect, id=mateo.prospect_id).fields["incident"] == "the fire"
    reviewed.take_back(run_id)
    assert reviewed.person("Mateo").status == "fix"
    assert "incident" not in reviewed.place.one(Prospect, id=mateo.prospect_id).fields


def test_who_is_skipped_is_written_to_no_more_until_that_is_taken_back(reviewed):
    anna = reviewed.person("Anna")
    run_id = reviewed.run("skip", [anna.prospect_id], why="by Ana")
    assert reviewed.read().counts()["all"] == 7
    assert reviewed.states("Anna") == []
    reviewed.take_back(run_id)
    assert reviewed.person("Anna").status == "ready"


def test_a_run_that_a_dead_process_left_is_found_and_gone_on_with(reviewed):
    ready = [one.prospect_id for one in reviewed.read().people if one.status == "ready"]
    place = reviewed.place
    run_id = batches.start(
        place.store, "approve", reviewed.campaign_id, {}, {id_: {} for id_ in ready}, None, place.now
    )
    with place.store.reading() as session:
        assert batches.unfinished(session, place.now) == []
    place.later(minutes=2)
    with place.store.reading() as session:
        assert batches.unfinished(session, place.now) == [run_id]
    assert place.run(lambda: work.resume(place.runtime)) == len(ready) == reviewed.read().counts()["approved"]
    with place.store.reading() as session:
        assert batches.unfinished(session, place.now) == []


def test_a_colleague_who_has_just_written_is_a_warning_and_no_bulk_approval(reviewed):
    owen = reviewed.person("Owen")
    reviewed.place.follow(reviewed.place.seen("email", owen.prospect_id, by="us", channel="email"))
    found = reviewed.person("Owen")
    assert found.status == "warning"
    assert [one.key for one in found.troubles] == ["touched"]
    with reviewed.place.store.reading() as session:
        first = session.exec(select(Message).where(Message.id == found.parts[0].message_id)).one()
    assert first.state == "draft"


def test_what_the_campaign_lets_nobody_do_any_more_comes_to_its_end_and_says_why(reviewed):
    ids = everybody(reviewed)
    run_id = reviewed.run("redraft", ids, path="first_name")
    campaign = reviewed.place.one(Campaign)
    reviewed.place.write(
        lambda session: launch.finish(session, session.get_one(Campaign, campaign.id), reviewed.place.now)
    )

    def other(session):
        version = editing.newest(session, campaign.id)
        version.fallbacks = {"first_name": "there"}
        session.add(version)

    reviewed.place.write(other)
    reviewed.take_back(run_id)
    found = progress(reviewed, run_id)
    assert (found.finished, found.left_number) == (True, len(ids))
    assert "is over; make a new campaign" in found.left[0][1]
