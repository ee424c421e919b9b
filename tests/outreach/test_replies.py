"""Replies of all channels: the newest first, by pages, of the people in scope, along the index."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.colleagues import user
from tests.office import START, Office, office

from prospector.models import Message, Prospect
from prospector.outreach import replies
from prospector.outreach.place import Place, place_of
from prospector.outreach.replies import Replies
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def page(place: Office, chosen: str = "", after: Place | None = None, **more: Any) -> Replies:
    with place.store.reading() as session:
        return replies.page_of(session, more.pop("scope", EVERYBODY), chosen, after, **more)


def answered(place: Office, kind: str, person: int, minutes: int = 0, **more: Any) -> None:
    at = START - timedelta(minutes=minutes)
    place.follow(place.seen(kind, person, at=at, object=f"at://{kind}/{person}/{minutes}", **more))


def test_answers_come_newest_first_and_posts_not_at_all(place: Office) -> None:
    anna, bert = place.person("anna"), place.person("bert")
    answered(place, "reply", anna, 30, text="first")
    answered(place, "email_reply", bert, 10, text="second", channel="email", actor="bert@bert.example")
    answered(place, "post", anna, 5)
    answered(place, "like", bert, 4)
    found = page(place)
    assert [(row.name, row.kind, row.text) for row in found.rows] == [
        ("Bert Weber", "email_reply", "second"),
        ("Anna Weber", "reply", "first"),
    ]
    assert found.after is None


def test_a_filter_shows_its_kinds(place: Office) -> None:
    anna = place.person("anna")
    for minutes, kind in enumerate(["reply", "mention", "auto_reply", "bounce", "unsubscribe"]):
        answered(place, kind, anna, minutes)
    shown = {chosen: [row.kind for row in page(place, chosen).rows] for chosen in replies.FILTERS}
    assert shown == {
        "answers": ["reply"],
        "mentions": ["mention"],
        "automatic": ["auto_reply"],
        "bounces": ["bounce"],
        "stops": ["unsubscribe"],
        "deeds": [],
    }


def test_pages_join_without_gap_or_double_also_at_one_moment(place: Office) -> None:
    people = [place.person(f"p{number}") for number in range(7)]
    for person in people:
        answered(place, "reply", person, minutes=person // 3)
    seen: list[int] = []
    found = page(place, size=2)
    seen += [row.id for row in found.rows]
    while found.after is not None:
        found = page(place, after=place_of(str(found.after)), size=2)
        seen += [row.id for row in found.rows]
    assert len(seen) == len(set(seen)) == 7


def test_a_stretch_without_any_still_leads_on(place: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "STRETCH", 3)
    anna = place.person("anna")
    for minutes in range(4):
        answered(place, "bounce", anna, minutes)
    answered(place, "reply", anna, 60)
    first = page(place, "answers")
    assert (first.rows, first.after is not None) == ((), True)
    assert [row.kind for row in page(place, "answers", first.after).rows] == ["reply"]


def test_only_the_people_in_scope_and_no_strangers(place: Office) -> None:
    owner = user(place.store, "rep").id
    mine, theirs = place.person("mine"), place.person("theirs")
    place.change(Prospect, mine, owner_id=owner)
    for person in (mine, theirs):
        answered(place, "reply", person, person)
    stranger = place.seen("mention", 0, actor="did:eve", object="at://eve")
    place.follow(replace(stranger, prospect_id=None))
    scope = Scope(frozenset({owner}))
    assert [row.prospect_id for row in page(place, scope=scope).rows] == [mine]
    with place.store.reading() as session:
        hidden = next(one.id for one in place.happened() if one.prospect_id == theirs)
        assert replies.one(session, scope, hidden) is None
        assert replies.one(session, EVERYBODY, hidden) is not None
        assert replies.count_since(session, scope, START - timedelta(days=1), 20) == 1


def test_answers_to_colleagues_crowd_nobodys_own_out_of_the_count(place: Office) -> None:
    owner = user(place.store, "rep").id
    mine, theirs = place.person("mine", owner_id=owner), place.person("theirs")
    for number in range(6):
        answered(place, "reply", theirs, number)
    answered(place, "reply", mine, 6)
    with place.store.reading() as session:
        since = START - timedelta(days=1)
        assert replies.count_since(session, Scope(frozenset({owner})), since, 1) == 1
        assert replies.count_since(session, EVERYBODY, since, 3) == 3


def test_it_says_which_mail_of_ours_is_answered(place: Office) -> None:
    anna = place.person("anna")
    message = place.message(place.approved(anna))
    place.change(Message, message.id, state="sent", sent_at=START)
    given = {"attributes": {"refers_to": [message.message_id]}, "actor": "anna@anna.example"}
    answered(place, "email_reply", anna, channel="email", **given)
    (row,) = page(place).rows
    assert (row.on, row.on_ours) == ("Following up", True)


@pytest.mark.parametrize("text", ["", "x_1", "2026-11-24T09:00:00_1", "2026-11-24T09:00:00+00:00_0"])
def test_a_place_that_nobody_wrote_is_none(text: str) -> None:
    assert place_of(text) is None


def test_both_databases_can_read_along_the_index_on_answers(place: Office) -> None:
    with place.store.reading() as session:
        connection = session.connection()
        made = str(replies._NEWEST.compile(connection.engine))
        assert "engagement.kind NOT IN ('post', 'like', 'repost', 'follow')" in made
        if not place.store.sqlite:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        asked = made.split("\n LIMIT", maxsplit=1)[0].split(" LIMIT", maxsplit=1)[0]
        explain = "EXPLAIN QUERY PLAN" if place.store.sqlite else "EXPLAIN"
        plan = connection.execute(text(f"{explain} {asked} LIMIT 40")).all()
    assert "ix_engagement_answer" in str(plan)
