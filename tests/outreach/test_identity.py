"""E1: no campaign starts while anything of who we are, and by what right we write, is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from tests.office import Office, office, sqlite_store

from prospector.campaigns import launch
from prospector.config import Settings
from prospector.models import Campaign, Prospect, Recipient
from prospector.outreach import identity

SENDER = {"legal_name": "Acme Tools GmbH", "postal_address": "Hauptstr. 1, 10115 Berlin"}


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def settings_of(place: Office, public_url: str = "", **sender: str) -> Settings:
    given = place.installation.settings
    file = given.file.model_copy(
        update={
            "sender": given.file.sender.model_copy(update={"name": "", **SENDER, **sender}),
            "outreach": given.file.outreach.model_copy(update={"public_url": public_url}),
        }
    )
    return replace(given, file=file)


def campaign(place: Office, **given: Any) -> int:
    """One that may start, but for what is given: three people, the mailbox, a basis and a source."""
    values = {
        "account_ids": [place.installation.account_ids["mail"]],
        "basis": "they need it",
        "source": "fair",
    }
    people = [place.person(name, source="added by hand") for name in ("anna", "ben", "cy")]

    def work(session: Session) -> int:
        row = Campaign(name="Autumn", created_at=place.now, **{**values, **given})
        session.add(row)
        session.flush()
        session.add_all([Recipient(campaign_id=row.id, prospect_id=one, at=place.now) for one in people])
        return row.id

    return place.write(work)


def missing(place: Office, campaign_id: int, settings: Settings) -> list[str]:
    with place.store.reading() as session:
        row = session.get_one(Campaign, campaign_id)
        found = identity.missing(session, settings, row)
        assert {one.field for one in found} <= {
            one.field for one in launch.gate(session, settings, row, place.now)
        }, "the gate of the launch asks for it"
    assert all(one.message and one.where for one in found)
    return [one.field for one in found]


def test_with_everything_there_nothing_is_missing(place: Office) -> None:
    assert missing(place, campaign(place), settings_of(place)) == []


@pytest.mark.parametrize(
    ("sender", "given", "field"),
    [
        ({"legal_name": " "}, {}, "legal_name"),
        ({"postal_address": " "}, {}, "postal_address"),
        ({}, {"reply_to": "nobody@elsewhere.example"}, "reply_to"),
        ({}, {"account_ids": []}, "unsubscribe"),
        ({}, {"basis": " "}, "basis"),
        ({}, {"source": " "}, "source"),
    ],
)
def test_each_of_the_six_stands_in_the_way_alone(
    place: Office, sender: dict[str, str], given: dict[str, Any], field: str
) -> None:
    assert missing(place, campaign(place, **given), settings_of(place, **sender)) == [field]


def test_a_source_is_asked_for_of_every_single_person(place: Office) -> None:
    id_, settings = campaign(place, source=""), settings_of(place)
    for row in place.rows(Prospect):
        with place.store.reading() as session:
            (found,) = identity.missing(session, settings, session.get_one(Campaign, id_))
        assert row.name in found.message
        place.change(Prospect, row.id, source="the fair of 3 May 2026")
    assert missing(place, id_, settings) == []


def test_of_many_without_a_source_some_are_named_and_the_rest_counted(place: Office) -> None:
    id_ = campaign(place, source="")
    for number in range(4):
        person = place.person(f"more{number}")
        place.write(
            lambda session, one=person: session.add(  # type: ignore[misc]
                Recipient(campaign_id=id_, prospect_id=one, at=place.now)
            )
        )
    with place.store.reading() as session:
        (found,) = identity.missing(session, settings_of(place), session.get_one(Campaign, id_))
    assert "Anna Weber, Ben Weber, Cy Weber and 4 more" in found.message
