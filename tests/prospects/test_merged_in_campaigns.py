"""One person in one campaign under two rows: after the merge there is one series, or none, and one no."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.campaigning import Campaigning
from tests.office import START, Office, office

from prospector import merges, parting
from prospector.engagements import log
from prospector.models import Message, Prospect, Recipient
from prospector.outreach import suppression, unsubscribe
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def merged(place: Office, kept: int, other: int) -> int:
    def work(session: Any) -> int:
        return merges.merge(session, place.runtime.consequences, kept, other, None, place.now)

    return place.write(work)


def twice(place: Office) -> tuple[int, int]:
    return place.person("anna", fields={"first_name": "Anna"}, company="Acme"), place.person(
        "anna.b", fields={"first_name": "Anna"}, company="Acme"
    )


def test_of_two_series_that_both_have_begun_none_goes_on(place: Office) -> None:
    kept, other = twice(place)
    campaign = Campaigning(place).started(kept, other)
    campaign.until(START + timedelta(days=1))
    assert campaign.states(kept)[0] == campaign.states(other)[0] == "sent"
    merged(place, kept, other)
    assert campaign.until(START + timedelta(days=25)) == []
    assert {one.state for one in place.rows(Recipient)} <= {"stopped", "skipped"}
    campaign.draft()
    assert {one.state for one in place.rows(Message)} == {"sent", "discarded"}


def test_a_click_on_the_mail_to_the_other_row_stops_the_one_that_lives_on(place: Office) -> None:
    kept, other = twice(place)
    campaign = Campaigning(place).started(other)
    campaign.until(START + timedelta(days=1))
    token = campaign.mails(other)[0].token
    assert token
    run_id = merged(place, kept, other)

    def click(session: Any) -> None:
        entry = unsubscribe.entry_of(session, token, place.now)
        assert entry is not None
        place.runtime.consequences.follow(session, log(session, [entry]), (), (), place.now)

    place.write(click)

    def stopped(id_: int) -> str | None:
        with place.store.reading() as session:
            return suppression.suppressed(session, session.get_one(Prospect, id_))

    assert stopped(kept) == suppression.HARD_STOPS["unsubscribe"]
    place.write(lambda s: parting.take_back(s, place.runtime.consequences, run_id, place.now))
    assert stopped(kept)
    assert stopped(other)
