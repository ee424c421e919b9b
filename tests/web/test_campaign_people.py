"""The people of a campaign as a page, and what came of it: who comes in, who stays out, figures, filters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.office import START
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed
from tests.web.test_campaigns import drafted, new

from prospector.models import ImportRow, Message, Recipient, Run, Suppression


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def people(desk: Desk, campaign: int) -> list[int]:
    return [one.prospect_id for one in desk.place.rows(Recipient, campaign_id=campaign)]


def test_people_come_in_by_a_search_and_who_may_not_be_written_to_stays_out(desk: Desk) -> None:
    anna, bob = desk.place.person("anna"), desk.place.person("bob")
    desk.place.write(lambda s: s.add(Suppression(key=f"person:{bob}", why="they asked", at=START)))
    campaign = new(desk)
    page = desk.ana.post(f"/m/{campaign}/people", data={"q": "stage:cold"}).text
    assert "1 person came in" in page
    assert "1 stayed out: never written to: they asked" in page
    assert people(desk, campaign) == [anna]
    again = desk.ana.post(f"/m/{campaign}/people", data={"stage": "cold"}).text
    assert "0 people came in; 1 was there already" in again


def test_the_people_of_an_import_come_in(desk: Desk) -> None:
    anna = desk.place.person("anna")
    desk.place.person("bob")

    def work(session):
        run = Run(kind="import", at=START, detail={"filename": "readers.csv"})
        session.add(run)
        session.flush()
        session.add(ImportRow(run_id=run.id, number=1, plan="add", prospect_id=anna, done_at=START))
        return run.id

    run_id = desk.place.write(work)
    assert "readers.csv" in desk.ana.get(f"/m/{new(desk)}/people").text
    campaign = new(desk, name="Another", run=str(run_id))
    assert people(desk, campaign) == [anna]
    assert f'name="run" value="{run_id}"' in desk.ana.get("/m/new", params={"run": run_id}).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Say who"),
        ({"q": "colour:red"}, "cannot be searched for"),
        ({"q": "nobody-of-this-name"}, "Nobody matches"),
        ({"run": "77"}, "no such import"),
        ({"view": "77"}, "kept search is gone"),
    ],
)
def test_a_choice_that_means_nobody_is_said(desk: Desk, fields: dict[str, str], said: str) -> None:
    answer = desk.ana.post(f"/m/{new(desk)}/people", data=fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_who_is_left_out_gets_nothing_and_the_reason_is_kept(desk: Desk) -> None:
    campaign = drafted(desk, 2)
    first = desk.place.rows(Recipient, campaign_id=campaign)[0]
    answer = desk.ana.post(
        f"/m/{campaign}/people/skip", data={"ids": [str(first.id)], "why": f"a friend {HOSTILE}"}
    )
    assert answer.status_code == 303
    assert desk.place.one(Recipient, id=first.id).state == "skipped"
    assert {one.state for one in desk.place.rows(Message, recipient_id=first.id)} == {"discarded"}
    page = desk.ana.get(f"/m/{campaign}/people", params={"state": "skipped"}).text
    assert "a friend" in page
    unharmed(page)


def test_nobody_of_another_campaign_is_left_out(desk: Desk) -> None:
    campaign = drafted(desk, 1)
    other = new(desk, name="Another")
    first = desk.place.rows(Recipient, campaign_id=campaign)[0]
    answer = desk.ana.post(f"/m/{other}/people/skip", data={"ids": [str(first.id)]})
    assert answer.status_code == 409
    assert desk.place.one(Recipient, id=first.id).state == "drafted"


def sent(desk: Desk, campaign: int, days: float = 3) -> list[Message]:
    """Let all of a campaign have left, so many days ago."""
    at = desk.place.now - timedelta(days=days)
    for one in desk.place.rows(Message, campaign_id=campaign):
        desk.place.change(Message, one.id, state="sent", sent_at=at, claimed_at=at)
    return desk.place.rows(Message, campaign_id=campaign)


def test_answers_of_people_are_counted_with_an_interval_and_no_winner_is_named(desk: Desk) -> None:
    campaign = drafted(desk, 4)
    mails = sent(desk, campaign)
    desk.place.follow(desk.place.seen("reply", mails[0].prospect_id, text="Tell me more"))
    page = desk.ana.get(f"/m/{campaign}/results").text
    row = re.search(r'<th scope="row">A</th>(.*?)</tr>', page, re.DOTALL)
    assert row is not None
    assert re.findall(r'num">([\d.,]+)', row[1])[:3] == ["4", "1", "25.0"]
    assert 'role="img" aria-label="4.6 to 69.9 %"' in row[1]
    assert "style=" not in page
    assert "Opened" not in page


def test_each_person_stands_there_with_what_they_did_and_a_way_to_their_answer(desk: Desk) -> None:
    campaign = drafted(desk, 3)
    mails = sent(desk, campaign)
    desk.place.follow(desk.place.seen("reply", mails[0].prospect_id, text="Tell me more"))
    page = desk.ana.get(f"/m/{campaign}/results").text
    assert re.search(r'>replied</span> <a class="link" href="/replies#reply-\d+">', page)
    found = desk.ana.get(f"/m/{campaign}/results", params={"q": "anna1"}).text
    assert "Anna1 Weber" in found
    assert "Anna0 Weber" not in found
    assert "Nobody of this campaign is like that" in (
        desk.ana.get(f"/m/{campaign}/results", params={"q": "zzz"}).text
    )


def test_an_answer_after_a_week_is_shown_with_the_person_and_counted_for_no_variant(desk: Desk) -> None:
    campaign = drafted(desk, 1)
    mails = sent(desk, campaign, days=8)
    desk.place.follow(desk.place.seen("reply", mails[0].prospect_id, text="Only now"))
    page = desk.ana.get(f"/m/{campaign}/results").text
    row = re.search(r'<th scope="row">A</th>(.*?)</tr>', page, re.DOTALL)
    assert row is not None
    assert re.findall(r'num">([\d.,]+)', row[1])[:2] == ["1", "0"]
    assert ">replied</span>" in page
