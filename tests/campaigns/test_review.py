"""The review as it is read: who stands where, and by which causes; on both databases."""

from __future__ import annotations

import pytest
from tests.campaigns.reviewed import campaign_of, planted
from tests.office import office


@pytest.fixture
def reviewed(store, tmp_path):
    return campaign_of(office(store, tmp_path), planted())


def test_people_count_once_and_by_their_worst_trouble(reviewed):
    found = reviewed.read()
    assert found.counts() == {"all": 8, "fix": 3, "warning": 1, "ready": 4, "approved": 0, "blocked": 0}
    assert {one.key: one.people for one in found.causes()} == {
        "missing:prospect.first_name": 2,
        "missing:prospect.fields.incident": 1,
        "role-address": 1,
    }
