"""Campaigns as pages: a new one with text and people, what is missing, its settings, start, pause, end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.office import START
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed

from prospector.models import Campaign, CampaignVersion, Message, Recipient, Run

TEXT = "Hi {{ prospect.first_name }},\n\nyour post on {{ prospect.fields.topic }} was good to read."
HX = {"HX-Request": "true"}


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def new(desk: Desk, **more: object) -> int:
    """A campaign as the form makes it; its number."""
    mail = desk.place.installation.account_ids["mail"]
    answer = desk.ana.post("/m/new", data={"name": "Readers", "accounts": [str(mail)], **more})
    assert answer.status_code == 303, answer.text[-2000:]
    found = re.fullmatch(r"/m/(\d+)/template", answer.headers["location"])
    assert found is not None
    return int(found[1])


def write(page: TestClient, campaign: int, body: str = TEXT, **more: object) -> object:
    """Save one mail as the campaign's text."""
    fields: dict[str, object] = {
        "wait": ["0"],
        "step": ["1"],
        "variant": ["A"],
        "language": ["en"],
        "subject": ["Your post"],
        "body": [body],
        "act": "save",
    }
    return page.post(f"/m/{campaign}/template", data=fields | more)


def drafted(desk: Desk, count: int = 2) -> int:
    """A campaign with so many people, all with drafts."""
    for number in range(count):
        desk.place.person(f"anna{number}", source="their own site", fields={"topic": "logs"})
    campaign = new(desk, stage="cold")
    write(desk.ana, campaign)
    assert desk.ana.post(f"/m/{campaign}/draft").status_code == 303
    return campaign


def test_without_a_campaign_the_list_says_what_one_is(desk: Desk) -> None:
    page = desk.ana.get("/m").text
    assert "No campaign yet" in page
    assert 'href="/m/new"' in page


def test_a_rep_neither_sees_campaigns_nor_the_way_to_them(desk: Desk) -> None:
    assert desk.rep.get("/m").status_code == 403
    assert 'href="/m"' not in desk.rep.get("/queue").text
    assert 'href="/m"' in desk.ana.get("/queue").text


def test_a_new_one_takes_a_template_a_mailbox_and_people(desk: Desk) -> None:
    anna = desk.place.person("anna")
    campaign = new(desk, template="nudge", stage="cold")
    row = desk.place.one(Campaign, id=campaign)
    assert (row.name, row.state, len(row.account_ids)) == ("Readers", "draft", 1)
    (version,) = desk.place.rows(CampaignVersion, campaign_id=campaign)
    text = version.steps[0]["variants"][0]["texts"]["en"]
    assert text == "Subject: Following up\n\nHi {{ prospect.first_name }}, any news?"
    assert [one.prospect_id for one in desk.place.rows(Recipient)] == [anna]
    assert "Readers" in desk.ana.get("/m").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " "}, "name of 1 to 120 characters"),
        ({"template": "no-such"}, "there is no no-such.txt"),
        ({"q": "stage:nowhere"}, "no stage"),
        ({"stage": "won"}, "Nobody matches"),
    ],
)
def test_a_form_that_cannot_be_saved_comes_back_with_the_reason_beside_the_field(
    desk: Desk, fields: dict[str, str], said: str
) -> None:
    answer = desk.ana.post("/m/new", data={"name": "Readers", **fields})
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert desk.place.rows(Campaign) == []


def test_a_name_is_taken_once(desk: Desk) -> None:
    new(desk)
    answer = desk.ana.post("/m/new", data={"name": "Readers"})
    assert answer.status_code == 422
    assert "choose another name" in answer.text


def test_before_it_can_start_it_says_what_is_missing_and_where_that_is_mended(desk: Desk) -> None:
    campaign = new(desk)
    page = desk.ana.get(f"/m/{campaign}").text
    assert "Before it can start" in page
    for part in ("/template", "/people"):
        assert f'href="/m/{campaign}{part}"' in page
    answer = desk.ana.post(f"/m/{campaign}/start")
    assert answer.status_code == 409
    assert "cannot start" in answer.text
    assert desk.place.one(Campaign, id=campaign).state == "draft"


def settings(desk: Desk, **more: object) -> dict[str, object]:
    given: dict[str, object] = {
        "accounts": [str(desk.place.installation.account_ids["mail"])],
        "days": ["2", "3"],
        "start": "08:30",
        "end": "11:30",
        "daily_cap": "25",
        "holidays": "on",
        "company": "stop",
        "basis": "they wrote about it",
        "source": "their own site",
    }
    return given | more


def test_how_it_goes_out_is_kept_and_shown_in_words(desk: Desk) -> None:
    campaign = new(desk)
    assert desk.ana.post(f"/m/{campaign}/settings", data=settings(desk)).status_code == 303
    row = desk.place.one(Campaign, id=campaign)
    assert row.schedule == {
        "holidays": True,
        "always": False,
        "days": [2, 3],
        "start": "08:30",
        "end": "11:30",
        "daily_cap": 25,
    }
    assert (row.stops["company"], row.basis, row.source) == ("stop", "they wrote about it", "their own site")
    assert "08:30 to 11:30" in desk.ana.get(f"/m/{campaign}").text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("start", "late", "is no time"),
        ("end", "07:00", "after the first"),
        ("daily_cap", "many", "Write a number"),
        ("daily_cap", "9999", "Write a number"),
        ("days", [], "at least one day"),
        ("accounts", ["9999"], "at least one mailbox"),
        ("company", "shout", "Choose what"),
        ("reply_to", "elsewhere@nobody.example", "only those are read"),
    ],
)
def test_settings_that_make_no_sense_are_said_beside_the_field(
    desk: Desk, field: str, value: object, said: str
) -> None:
    campaign = new(desk)
    answer = desk.ana.post(f"/m/{campaign}/settings", data=settings(desk, **{field: value}))
    assert answer.status_code == 422
    assert said in answer.text
    assert desk.place.one(Campaign, id=campaign).schedule == {}


def test_drafts_are_made_in_the_background_and_the_page_asks_how_far_they_are(desk: Desk) -> None:
    campaign = drafted(desk, 3)
    assert [one.state for one in desk.place.rows(Message, campaign_id=campaign)] == ["draft"] * 3
    part = desk.ana.get(f"/m/{campaign}/progress", headers=HX).text
    assert "Drafts were made for 3 people" in part
    assert "hx-trigger" not in part
    run = desk.place.rows(Run, kind="drafting")[-1]
    desk.place.change(Run, run.id, detail={**run.detail, "state": "drafting", "done": 1, "of": 3})
    part = desk.ana.get(f"/m/{campaign}/progress", headers=HX).text
    assert 'hx-trigger="every 1s"' in part
    assert "1 of 3 people" in part
    assert "Look again" in desk.ana.get(f"/m/{campaign}").text
    assert desk.ana.get(f"/m/{campaign}/progress").headers["location"] == f"/m/{campaign}"
    desk.ana.post(f"/m/{campaign}/draft/stop")
    assert desk.place.rows(Run, kind="drafting")[-1].detail["state"] == "cancelled"


def test_without_a_text_there_is_nothing_to_draft(desk: Desk) -> None:
    answer = desk.ana.post(f"/m/{new(desk)}/draft")
    assert answer.status_code == 409
    assert "no text yet" in answer.text


def test_a_pause_wants_a_reason_that_everybody_sees(desk: Desk) -> None:
    campaign = new(desk)
    desk.place.change(Campaign, campaign, state="running", started_at=START)
    answer = desk.ana.post(f"/m/{campaign}/pause", data={"why": "  "})
    assert answer.status_code == 422
    assert "Say in a few words why" in answer.text
    assert desk.ana.post(f"/m/{campaign}/pause", data={"why": f"price {HOSTILE}"}).status_code == 303
    assert desk.place.one(Campaign, id=campaign).state == "paused"
    for path in ("/m", f"/m/{campaign}"):
        page = desk.ana.get(path).text
        assert "price" in page
        unharmed(page)
    page = desk.ana.get(f"/m/{campaign}").text
    assert re.search(r"Paused: \w*[A-Z]\w*: price", page)  # names keep their capitals
    assert "[outreach] public_url</code> nobody can unsubscribe" in page
    assert desk.ana.post(f"/m/{campaign}/pause", data={"why": "again"}).status_code == 409


def test_the_end_is_for_good(desk: Desk) -> None:
    campaign = drafted(desk)
    assert desk.ana.post(f"/m/{campaign}/finish").status_code == 303
    assert desk.place.one(Campaign, id=campaign).state == "done"
    assert {one.state for one in desk.place.rows(Message, campaign_id=campaign)} == {"discarded"}
    page = desk.ana.get(f"/m/{campaign}").text
    assert "Start</button>" not in page
    assert desk.ana.post(f"/m/{campaign}/start").status_code == 409
    assert desk.ana.post(f"/m/{campaign}/draft").status_code == 409


def test_a_name_of_others_is_text_on_every_page(desk: Desk) -> None:
    campaign = new(desk, name=HOSTILE)
    for part in ("", "/people", "/template", "/results"):
        unharmed(desk.ana.get(f"/m/{campaign}{part}").text)


@pytest.mark.parametrize("part", ["", "/people", "/template", "/results", "/progress"])
def test_what_is_no_campaign_is_not_there(desk: Desk, part: str) -> None:
    assert desk.ana.get(f"/m/999999{part}").status_code == 404
