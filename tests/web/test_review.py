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
