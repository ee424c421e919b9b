"""Who a search means, on both databases: against the plain reading of all people in memory."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.office import RULES, Office, office

from prospector.models import Profile, Prospect, User
from prospector.prospects import listing, matching
from prospector.prospects.matching import Found, Place, place_of
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.prospects.search import SearchError, parse
from prospector.rules import format, live
from prospector.rules.live import Parsed
from prospector.store import Store

STAGES = ("cold", "engaged", "won")


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    made = office(store, tmp_path)
    for name, role in (("ana", "rep"), ("jonas", "rep"), ("mia", "founder")):
        user = User(email=f"{name}@us.example", name=name.title(), role=role, created_at=made.now)
        made.write(lambda session, user=user: session.add(user))
    return made


def people(place: Office, count: int = 12) -> list[int]:
    """People in turn of Ana, of Jonas and of nobody, the warmth in steps with ties."""
    ids = []
    for number in range(count):
        owner = (1, 2, None)[number % 3]
        tags = ["fair", "50%"] if number % 2 else ["Fair ground"]
        id_ = place.person(f"p{number}", owner_id=owner, tags=tags)
        place.change(Prospect, id_, heat=float(number // 2), stage="engaged" if number % 4 == 0 else "cold")
        ids.append(id_)
    return ids


def find(place: Office, text: str, scope: Scope = EVERYBODY, me: int | None = 1, **how: Any) -> Found:
    with place.store.reading() as session:
        found = matching.matching(session, parse(text), scope, me, STAGES, place.now)
        return matching.page(session, found, how.get("after"), how.get("size", 50))


def ids(found: Found) -> list[int]:
    return [place.id for place in found.places]


def test_the_warmest_come_first_page_by_page(place: Office) -> None:
    known = people(place)
    read, after = [], None
    while True:
        found = find(place, "", after=after, size=5)
        read += ids(found)
        if (after := found.next) is None:
            break
    assert read == list(reversed(known))


def test_a_rep_sees_their_own_and_whom_they_cover(place: Office) -> None:
    known = people(place)
    assert ids(find(place, "", Scope(frozenset({1})))) == known[::3][::-1]
    mine_and_theirs = [id_ for number, id_ in enumerate(known) if number % 3 != 2]
    assert ids(find(place, "", Scope(frozenset({1, 2})), size=100)) == mine_and_theirs[::-1]
    assert ids(find(place, "owner:jonas", Scope(frozenset({1})))) == []
    assert ids(find(place, "p1@p1.example", Scope(frozenset({1})))) == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("owner:me", [0, 3, 6, 9]),
        ("owner:Jonas owner:none", [1, 2, 4, 5, 7, 8, 10, 11]),
        ("stage:engaged", [0, 4, 8]),
        ("tag:fair", [1, 3, 5, 7, 9, 11]),
        ("tag:FAIR tag:50%", [1, 3, 5, 7, 9, 11]),
        ("tag:%", []),
        ("ch:bluesky ch:x", list(range(12))),
        ("ch:x", []),
        ("ch:email", list(range(12))),
        ("company:p1", [1, 10, 11]),
        ("company:p11.example", [11]),
        ("P1 weber", [1, 10, 11]),
        ("p_", []),
        ("p3@p3.example", [3]),
        ("https://bsky.app/profile/p4.example/", [4]),
        ("https://bsky.app/profile/p4.example owner:none", []),
        ("quiet:7d", [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11]),
        ("quiet:1h", list(range(12))),
        ("is:archived", []),
        ("is:paused", [2]),
    ],
)
def test_what_is_found(place: Office, text: str, numbers: list[int]) -> None:
    known = people(place)
    place.follow(place.seen("post", known[7], at=place.now - timedelta(days=2)))
    place.change(Prospect, known[7], heat=3.0)
    place.change(Profile, 5, url="https://bsky.app/profile/p4.example")
    place.change(Prospect, known[2], paused_until=place.now + timedelta(days=1))
    assert sorted(ids(find(place, text))) == [known[number] for number in numbers]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stage:hot", "There is no stage"),
        ("owner:nora", 'There is no user "nora"'),
        ("owner:me", "Nobody is signed in"),
    ],
)
def test_what_there_is_not_is_said(place: Office, text: str, said: str) -> None:
    with pytest.raises(SearchError, match=said):
        find(place, text, me=None)


def test_a_search_takes_breath_and_finds_the_same(place: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    known = people(place)
    wanted = ids(find(place, "stage:engaged", Scope(frozenset({1, 2}))))
    monkeypatch.setattr(matching, "WINDOW", 3)
    read, after, breaths = [], None, 0
    while True:
        found = find(place, "stage:engaged", Scope(frozenset({1, 2})), after=after, size=2)
        read += ids(found)
        breaths += found.paused
        if (after := found.next) is None:
            break
    assert read == wanted == [known[4], known[0]]
    assert breaths > 0


def test_all_who_match_and_how_many(place: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    known = people(place)
    monkeypatch.setattr(matching, "WINDOW", 4)
    with place.store.reading() as session:
        found = matching.matching(session, parse("tag:fair"), EVERYBODY, 1, STAGES, place.now)
        assert matching.every(session, found, 100) == known[1::2][::-1]
        assert len(matching.every(session, found, 3)) == 3
        whole = matching.matching(session, parse(""), EVERYBODY, 1, STAGES, place.now)
        assert str(matching.count(session, whole, 1000)) == "12"
        assert str(matching.count(session, whole, 10)) == "10+"
        assert str(matching.count(session, found, 1000)) == "2+"


def test_places_are_read_back_and_nonsense_is_none() -> None:
    assert place_of(str(Place(1081.1234567890123, 7))) == Place(1081.1234567890123, 7)
    assert [place_of(text) for text in ("", "x", "nan~1", "inf~1", "1.0~-2", "1.0~99999999999")] == [None] * 6


def test_a_row_says_what_was_last_and_what_is_next(place: Office) -> None:
    anna = place.person("anna", owner_id=1)
    place.follow(place.seen("reply", anna, text="What does it cost?"))
    with place.store.reading() as session:
        rules = Parsed().versions(session)[-1].ruleset
        (row,) = listing.listed(session, [anna, 999], rules, place.now)
    assert (row.name, row.company, row.owner, row.stage) == ("Anna Weber", "Anna", "Ana", "engaged")
    assert row.last is not None
    assert (row.last.by, row.last.kind, row.last.channel) == ("them", "reply", "bluesky")
    assert row.next is not None
    assert row.next.label == "Replied"
    assert row.channels == ("email", "bluesky")
    assert row.as_json()["profiles"] == ["https://bsky.app/profile/anna"]


def test_the_score_is_that_of_the_rules(place: Office) -> None:
    weighing = '[points]\nhalf_life = "14d"\nweights = { "them.reply" = 12, "us.email" = 1 }\n'
    rules = format.parse(RULES + weighing, channels=None)
    anna = place.person("anna")
    for days in (0, 3, 20):
        place.follow(place.seen("reply", anna, at=place.now - timedelta(days=days), object=f"at://{days}"))
    with place.store.reading() as session:
        wanted = live.score_of(live.events_of(session, anna), rules, place.now)
        assert listing.scores_of(session, [anna], rules, place.now) == {anna: wanted}
    assert wanted > 0
