"""E6: who has done nothing, and of whom nothing came, for months stands in the list of people to erase."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.office import START, Office, office

from prospector.casework import Casework
from prospector.models import Campaign, Engagement, Message, Prospect, Recipient
from prospector.prospects import retention
from prospector.prospects.retention import Listed, months_before
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.store import Store

SINCE = months_before(START, 24)
LONG_AGO = START - timedelta(days=900)


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def listed(place: Office, scope: Scope = EVERYBODY, **more: Any) -> Listed:
    with place.store.reading() as session:
        return retention.listed(session, scope, SINCE, more.pop("limit", 10), won=("won",), **more)


def old(place: Office, name: str, **more: Any) -> int:
    """Somebody who was added long ago, and of whom we saw one thing then."""
    id_ = place.person(name)
    place.change(Prospect, id_, created_at=LONG_AGO, stage_at=LONG_AGO, tracked_from=LONG_AGO, **more)
    place.follow(place.seen("post", id_, at=LONG_AGO, object=f"at://{name}"))
    return id_


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), st.integers(1, 240))
def test_months_earlier_is_a_day_of_that_month(now: datetime, months: int) -> None:
    before = months_before(now, months)
    assert (now.year - before.year) * 12 + now.month - before.month == months
    assert before.day == now.day or (before.day < now.day and (before + timedelta(days=1)).day == 1)


def test_who_was_silent_is_listed_and_who_was_not_is_not(place: Office) -> None:
    silent = old(place, "anna")
    heard = old(place, "bert")
    place.follow(place.seen("post", heard, object="at://new"))
    moved = old(place, "carl")
    case = Casework(place.runtime.consequences)
    place.write(lambda s: case.move(s, s.get_one(Prospect, moved), "engaged", place.now))
    old(place, "dora", stage="won", start_stage="won")
    place.person("new")
    outbox = old(place, "emil")
    place.approved(outbox)
    running = old(place, "fred")

    def work(session: Any) -> None:
        campaign = Campaign(name="spring", created_at=place.now)
        session.add(campaign)
        session.flush()
        session.add(Recipient(campaign_id=campaign.id, prospect_id=running, state="active", at=place.now))

    place.write(work)
    found = listed(place)
    assert [(one.id, one.last) for one in found.people] == [(silent, LONG_AGO)]
    assert found.next is None
    assert listed(place, Scope(frozenset({7}))).people == ()


def test_what_we_did_alone_keeps_nobody(place: Office) -> None:
    id_ = old(place, "anna")
    sent = place.approved(id_)
    place.change(Message, sent, state="sent", sent_at=place.now)
    place.follow(place.seen("email", id_, by="us", channel="email", object="<1@us>"))
    assert [one.id for one in listed(place).people] == [id_]
    assert any(one.by == "us" for one in place.rows(Engagement, prospect_id=id_))


def test_page_by_page_and_part_by_part_nobody_is_left_out(place: Office) -> None:
    ids = [old(place, f"p{number}") for number in range(7)]
    found, after, calls = list[int](), 0, 0
    while True:
        part = listed(place, limit=2, after=after, most=3)
        found += [one.id for one in part.people]
        calls += 1
        if part.next is None:
            break
        after = part.next
    assert found == ids
    assert 4 <= calls <= 7
    with place.store.reading() as session:
        assert retention.still(session, EVERYBODY, SINCE, [*ids[:2], 99], ("won",)) == ids[:2]
