"""The review's page and forms, with and without script."""

from __future__ import annotations

import re

import pytest
from tests.campaigns.reviewed import campaign_of, planted
from tests.web.desk import HOSTILE, at_the_desk, unharmed

HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(sqlite_template, tmp_path):
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


@pytest.fixture
def reviewed(desk):
    return campaign_of(desk.place, planted())


def page(desk, reviewed, **query):
    answer = desk.ana.get(f"/m/{reviewed.campaign_id}/review", params=query)
    assert answer.status_code == 200, answer.text[-3000:]
    return answer.text


def test_the_page_names_causes_counts_and_the_first_to_fix(desk, reviewed):
    text = page(desk, reviewed)
    assert "first_name is empty" in text
    assert "1 can be read from the address" in text
    assert "Approve 4 ready" in text
    assert 'value="Jan"' in text


def post(desk, reviewed, where, **fields):
    return desk.ana.post(f"/m/{reviewed.campaign_id}/review{where}", data=fields)


def test_without_a_script_a_fill_leads_back_with_what_was_done_and_its_undo(desk, reviewed):
    jan = reviewed.person(" ")
    answer = post(desk, reviewed, f"/{jan.recipient_id}/fill", path="prospect.first_name", value="Jan")
    assert answer.status_code == 303
    text = desk.ana.get(answer.headers["location"]).text
    assert "1 filled" in text
    assert "Approve 5 ready" in text
    run = re.search(r'name="run" value="(\d+)"', text)
    assert run is not None
    post(desk, reviewed, "/undo", run=run[1])
    assert "Approve 4 ready" in page(desk, reviewed)


def test_approving_all_that_are_ready_takes_exactly_these_and_can_be_taken_back(desk, reviewed):
    answer = desk.ana.post(f"/m/{reviewed.campaign_id}/review/approve", data={}, headers=HTMX)
    assert answer.status_code == 200, answer.text[-2000:]
    assert 'data-words="4 approved, 4 left: ' in answer.text
    counts = reviewed.read().counts()
    assert counts == {"all": 8, "fix": 3, "warning": 1, "ready": 0, "approved": 4, "blocked": 0}
    run = re.search(r'data-run="(\d+)"', answer.text)
    assert run is not None
    answer = desk.ana.post(f"/m/{reviewed.campaign_id}/review/undo", data={"run": run[1]}, headers=HTMX)
    assert 'data-words="4 taken back"' in answer.text
    assert reviewed.read().counts()["ready"] == 4


def test_a_cause_is_mended_for_everybody_by_what_is_suggested_by_one_value_and_by_skipping(desk, reviewed):
    names = {"cause": "missing:prospect.first_name"}
    assert (
        "1 filled" in desk.ana.post(f"/m/{reviewed.campaign_id}/review/fill", data=names, headers=HTMX).text
    )
    assert (
        "1 filled"
        in desk.ana.post(
            f"/m/{reviewed.campaign_id}/review/fill", data={**names, "value": "Jo"}, headers=HTMX
        ).text
    )
    role = {"cause": "role-address"}
    assert (
        "1 skipped" in desk.ana.post(f"/m/{reviewed.campaign_id}/review/skip", data=role, headers=HTMX).text
    )
    assert reviewed.read().counts() == {
        "all": 7,
        "fix": 1,
        "warning": 0,
        "ready": 6,
        "approved": 0,
        "blocked": 0,
    }


def test_a_fallback_makes_a_new_version_and_a_warning_that_needs_a_click(desk, reviewed):
    given = {"cause": "missing:prospect.first_name", "value": "there"}
    answer = desk.ana.post(f"/m/{reviewed.campaign_id}/review/fallback", data=given, headers=HTMX)
    assert answer.status_code == 200, answer.text
    found = reviewed.read()
    assert found.fallbacks == {"first_name": "there"}
    assert found.counts()["warning"] == 3
    assert "fallback:prospect.first_name" in {one.key for one in found.causes()}
    assert "first_name fell back to “there”" in page(desk, reviewed, show="warning")


def test_programs_see_the_same_causes_and_learn_who_was_left(desk, reviewed):
    api = f"/api/campaigns/{reviewed.campaign_id}"
    found = desk.ana.get(f"{api}/review").json()
    assert found["counts"]["all"] == sum(number for name, number in found["counts"].items() if name != "all")
    assert found["causes"][0]["key"].startswith("missing:")
    mended = desk.ana.post(f"{api}/fill", json={"cause": "missing:prospect.first_name", "value": "Jo"}).json()
    assert (mended["changed"], mended["finished"]) == (2, True)
    approved = desk.ana.post(f"{api}/approve", json={}).json()
    assert (approved["changed"], approved["left"]) == (6, 2)
    assert all(one["why"] for one in approved["some_of_the_left"])
    assert desk.ana.post(f"{api}/approve", json={}).status_code == 409


def test_a_value_that_breaks_a_line_is_refused_beside_its_field(desk, reviewed):
    jan = reviewed.person(" ")
    answer = desk.ana.post(
        f"/m/{reviewed.campaign_id}/review/{jan.recipient_id}/fill",
        data={"path": "prospect.first_name", "value": "Jan\nBcc: x@x.example"},
    )
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "line break" in answer.text


def test_what_others_wrote_is_text_on_the_page(desk):
    hostile = [{"name": HOSTILE, "email": "x.y@firm.example", "fields": {"incident": HOSTILE}}]
    unharmed(page(desk, campaign_of(desk.place, hostile)))


def test_a_rep_does_not_review(desk, reviewed):
    assert desk.rep.get(f"/m/{reviewed.campaign_id}/review").status_code == 403
