"""The review as it is read: who stands where, and by which causes; on both databases."""

from __future__ import annotations

import pytest
from tests.campaigns.reviewed import campaign_of, planted, reader
from tests.office import office

from prospector.models import Prospect
from prospector.outreach import consents, law


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


def test_where_the_law_asks_for_a_consent_first_they_are_blocked_until_one_is_noted(store, tmp_path):
    greta = reader(1)
    reviewed = campaign_of(office(store, tmp_path), [greta, reader(2), reader(3)])
    for one, country in zip(reviewed.read().people, ("DE", "US", "CA"), strict=True):
        reviewed.place.change(Prospect, one.prospect_id, country=country)  # learnt since they were added
    assert reviewed.read().counts()["blocked"] == 2
    assert {one.key: one.title for one in reviewed.read().causes()} == {
        "law:DE": "needs prior opt-in (DE)",
        "law:CA": "needs prior opt-in (CA)",
    }
    who = next(one for one in reviewed.read().people if one.address == greta["email"])
    reviewed.run("approve", [who.prospect_id])
    assert reviewed.person(who.name).status == "blocked"
    given = law.Ground("opt_in", reviewed.place.now.date(), "the form of our page, 24 November")
    reviewed.place.write(
        lambda session: consents.add(
            session, session.get_one(Prospect, who.prospect_id), given, None, reviewed.place.now
        )
    )
    assert reviewed.person(who.name).status == "ready"


def test_two_people_with_one_address_are_an_error(store, tmp_path):
    people = [reader(1), reader(2, email="Reader1@firm1.example"), reader(3)]
    reviewed = campaign_of(office(store, tmp_path), people)
    assert reviewed.read().counts()["fix"] == 2
    assert [(one.key, one.people) for one in reviewed.read().causes()] == [("same-address", 2)]
