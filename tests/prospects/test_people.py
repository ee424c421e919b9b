from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from tests.office import RULES, Office, office, sqlite_store

from prospector.engagements import Entry, log
from prospector.models import Company, Engagement, Profile, Prospect
from prospector.prospects import people
from prospector.prospects.people import NewProspect, NotFoundError, TakenError
from prospector.rules import live
from prospector.sdk import ProfileRef, Seen

FIT = (
    RULES
    + """
[fit]
qualified = 60
disqualified = 40
[[fit.rule]]
field = "country"
is = "DE"
points = 20
reason = "speaks our language"
[[fit.rule]]
field = "email_domain"
matches_list = "free_mail"
points = -30
reason = "free-mail address"
"""
)
REF = ProfileRef("bluesky", "https://bsky.app/profile/anna.example", "anna.example")


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path, rules=FIT)
    store.close()


def add(place: Office, name: str = "Anna Weber", **given: Any) -> int:
    new = NewProspect(name, **given)
    return place.write(lambda session: people.add(session, new, "cold", {"bluesky": 1}, place.now).id)


def find(place: Office, who: str) -> int:
    with place.store.reading() as session:
        return people.find(session, who).id


def test_what_was_given_is_kept_as_events_of_that_moment(place: Office) -> None:
    person = add(
        place,
        email="anna@weber.example",
        country="DE",
        title="CEO",
        company="Weber",
        tags=["fair"],
        fields={"seats": 40},
    )
    events = place.rows(Engagement, prospect_id=person)
    given = {one.attributes["field"]: one.attributes["value"] for one in events}
    assert given == {
        "email": "anna@weber.example",
        "country": "DE",
        "title": "CEO",
        "company": "Weber",
        "tags": ["fair"],
        "seats": 40,
    }
    assert {(one.kind, one.by, one.channel, one.at) for one in events} == {
        ("field_set", "us", "ui", place.now)
    }
    assert len({one.key for one in events}) == len(events)


def test_rules_read_them_from_there(place: Office) -> None:
    good = add(place, email="anna@weber.example", country="DE")
    free = add(place, "Ben", email="ben@gmail.com")
    for person in (good, free):
        place.write(
            lambda s, person=person: place.runtime.consequences.follow(s, [], [person], (), place.now)
        )
    assert place.one(Prospect, id=good).fit == 70
    assert place.one(Prospect, id=good).fit_verdict == "qualified"
    assert (place.one(Prospect, id=free).fit, place.one(Prospect, id=free).fit_verdict) == (
        20,
        "disqualified",
    )


def test_the_history_holds_from_the_day_of_tracking(place: Office) -> None:
    since = place.now - timedelta(days=30)
    new = NewProspect("Anna", country="DE")
    person = place.write(lambda s: people.add(s, new, "cold", {}, place.now, tracked_from=since).id)
    (event,) = place.rows(Engagement)
    assert (event.at, event.seen_at, event.at_estimated) == (since, place.now, False)
    with place.store.reading() as session:
        prospect = session.get_one(Prospect, person)
        history = live.history_of(
            prospect, live.events_of(session, person), live.Parsed().versions(session), place.now
        )
    assert history.fields == {"country": "DE"}


def test_nobody_is_added_twice(place: Office) -> None:
    person = add(place, refs=[REF], email="anna@weber.example")
    with pytest.raises(TakenError, match=f"belongs to prospect {person}"):
        add(place, "Somebody", refs=[REF])
    with pytest.raises(TakenError, match=f"belongs to prospect {person}"):
        add(place, "Somebody", email="anna@weber.example")
    assert len(place.rows(Prospect)) == 1


def test_colleagues_share_a_company_and_free_mail_makes_none(place: Office) -> None:
    add(place, email="anna@weber.example", company="Weber GmbH")
    add(place, "Ben", email="ben@weber.example")
    add(place, "Cleo", email="cleo@gmail.com")
    (company,) = place.rows(Company)
    assert (company.name, company.domain) == ("Weber GmbH", "weber.example")
    assert [one.company_id for one in place.rows(Prospect)] == [company.id, company.id, None]


@pytest.mark.parametrize(
    "who", ["1", "anna@weber.example", "ANNA@Weber.example", "https://bsky.app/profile/anna.example/"]
)
def test_a_person_is_found_by_id_address_and_profile(place: Office, who: str) -> None:
    person = add(place, refs=[REF], email="anna@weber.example")
    assert find(place, who) == person


@pytest.mark.parametrize(
    "who", ["", "2", "9" * 30, "nobody@weber.example", "https://bsky.app/profile/ben", "x"]
)
def test_who_is_not_there_is_said_so(place: Office, who: str) -> None:
    add(place, refs=[REF], email="anna@weber.example")
    with pytest.raises(NotFoundError, match="Give an id, an e-mail address or a profile URL"):
        find(place, who)


def test_the_mail_of_a_stranger_becomes_theirs_when_they_are_added(place: Office) -> None:
    mail = Seen("email_reply", "anna@weber.example", "<1@x>", place.now)
    other = Seen("email_reply", "ben@weber.example", "<2@x>", place.now)

    def write(session: Session) -> None:
        log(session, [Entry("email", one, place.now, None) for one in (mail, other)])

    place.write(write)
    person = add(place, email="anna@weber.example")
    owners = {one.actor: one.prospect_id for one in place.happened()}
    assert owners == {"anna@weber.example": person, "ben@weber.example": None}


def test_a_profile_that_no_account_serves_is_kept_and_not_looked_at(place: Office) -> None:
    add(place, refs=[REF, ProfileRef("linkedin", "https://www.linkedin.com/in/anna", "anna")])
    looked_at = {one.platform: one.next_poll_at for one in place.rows(Profile)}
    assert looked_at == {"bluesky": place.now, "linkedin": None}


@pytest.mark.parametrize("text", ["anna", "anna@", "@x.example", "a b@x.example", "a@x", "a@b@c.example"])
def test_what_is_no_address(text: str) -> None:
    assert people.normalised_address(text) is None
