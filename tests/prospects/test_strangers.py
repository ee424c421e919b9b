"""Strangers who turn out to be prospects, on both databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.office import Office, office

from prospector import work
from prospector.models import Card, Engagement, Move
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def as_a_stranger(place: Office, kind: str, **more: str) -> None:
    place.follow(replace(place.seen(kind, 0, **more), prospect_id=None))


def test_an_inbox_that_took_a_prospect_for_a_stranger_is_put_right(place: Office) -> None:
    """What two workers leave who record a page of the inbox and an identity at the same moment."""
    anna = place.person("anna")
    as_a_stranger(place, "reply", actor="did:anna", text="What does it cost?")
    assert [one.prospect_id for one in place.happened()] == [None]
    place.run(lambda: work.JOBS["keep"](place.runtime))
    assert [one.prospect_id for one in place.happened()] == [anna]
    assert [(move.before, move.after) for move in place.rows(Move)] == [("cold", "engaged")]
    assert place.one(Card).prospect_id == anna


def test_mail_from_a_prospects_address_is_theirs(place: Office) -> None:
    anna = place.person("anna")
    as_a_stranger(place, "email_reply", actor="anna@anna.example", channel="email")
    place.run(lambda: work.JOBS["keep"](place.runtime))
    assert [one.prospect_id for one in place.happened()] == [anna]


def test_who_is_nobodys_profile_stays_a_stranger(place: Office) -> None:
    place.person("anna")
    as_a_stranger(place, "like", actor="did:bob")
    as_a_stranger(place, "like", actor="did:anna", channel="mastodon")
    place.run(lambda: work.JOBS["keep"](place.runtime))
    assert [one.prospect_id for one in place.rows(Engagement) if one.kind == "like"] == [None, None]
