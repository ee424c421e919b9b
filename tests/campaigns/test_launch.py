"""What starting a campaign does to what was approved before all was there that a mail has to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.campaigning import Campaigning
from tests.office import Office, office, sqlite_store

from prospector.campaigns import editing, launch
from prospector.campaigns.editing import CampaignError


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def test_what_was_approved_without_our_address_below_it_is_asked_for_again(place: Office) -> None:
    """outreach.md, E1 and E2: nothing leaves with the footer of a sender that was not complete yet."""
    anna, ben = place.person(), place.person("ben")
    campaign = Campaigning(place)
    campaign.add(anna, ben)
    campaign.draft()
    campaign.approve(anna)
    desk = campaign.means.desk
    assert campaign.write(lambda session, one: launch.ask_again(session, desk, one)) == 0
    assert campaign.states(anna) == ["approved", "approved", "approved"]
    complete = replace(desk, sender=desk.sender.model_copy(update={"postal_address": "1 Long Road, Town"}))
    assert campaign.write(lambda session, one: launch.ask_again(session, complete, one)) == 1
    assert {campaign.recipient(who).state for who in (anna, ben)} == {"drafted"}
    mails = campaign.mails()
    assert {(one.state, one.approved_hash, one.send_at) for one in mails} == {("draft", None, None)}
    assert all("1 Long Road, Town" in one.footer for one in mails)
    campaign.approve(anna)
    campaign.start()
    assert len(campaign.send()) == 1


@pytest.mark.parametrize(
    "schedule", [{"daily_cap": 0}, {"daily_cap": True}, {"start": "noon"}, {"days": [9]}]
)
def test_a_schedule_that_makes_no_sense_is_refused(place: Office, schedule: dict[str, object]) -> None:
    """It would be read in the moment in which a mail is to leave, and stand in everybody's way."""
    campaign = Campaigning(place)
    with pytest.raises(CampaignError):
        campaign.write(lambda session, one: editing.configure(session, one, schedule=schedule))
