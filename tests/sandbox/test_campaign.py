"""The sandbox's campaign as its pages find it: drafts of all, the planned troubles, nothing approved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from sqlmodel import Session
from tests.office import START, Office, office, sqlite_store

from prospector.models import Campaign, Message, Prospect, Recipient, Suppression
from prospector.outreach import drafts
from prospector.sandbox import campaign, staff


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    made = office(store, tmp_path)

    def users(session: Session) -> None:
        staff.share(session, (), START)

    with time_machine.travel(START, tick=False):
        made.write(users)
        campaign.store(made.installation, START, 7)
        yield made
    store.close()


def test_everybody_has_a_series_of_drafts_and_nobody_has_said_yes(place: Office) -> None:
    (row,) = place.rows(Campaign)
    assert (row.name, row.state) == (campaign.NAME, "draft")
    states = Counter((one.step, one.state) for one in place.rows(Message, campaign_id=row.id))
    assert states == {(1, "draft"): 47, (2, "draft"): 47, (1, "discarded"): 1, (2, "discarded"): 1}
    assert Counter(one.state for one in place.rows(Recipient)) == {"drafted": 47, "stopped": 1}
    assert {one.variant for one in place.rows(Message, step=1)} == {"A", "B"}


def test_six_have_something_to_mend_and_one_may_not_be_written_to(place: Office) -> None:
    first = [one for one in place.rows(Message, step=1) if one.state == "draft"]
    names = {one.id: one for one in place.rows(Prospect)}
    to_mend = [names[one.prospect_id].name for one in first if not drafts.is_approvable(one)]
    assert len(to_mend) == 6
    assert sum("@" in name for name in to_mend) == 4
    assert any(one.key.startswith("email:") for one in place.rows(Suppression))


def test_every_mail_says_who_writes_where_the_address_is_from_and_that_one_may_object(place: Office) -> None:
    for one in place.rows(Message, step=1):
        assert campaign.SOURCE in one.footer
        assert campaign.BASIS in one.footer
        assert "You may object" in one.footer
