"""People on LinkedIn and X: a profile that nobody looks at, and a post that asks for a card by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlmodel import select

from prospector.engagements import log
from prospector.models import Engagement, Profile, Prospect
from prospector.prospects.people import NewProspect, add
from prospector.sandbox import elsewhere
from prospector.sandbox.people import people
from prospector.store import Store

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
POPULATION = people(200, 7)


def test_those_who_can_only_be_written_to_are_chosen_on_both_platforms() -> None:
    first = next(person.number for person in POPULATION if person.platform == "email")
    chosen = elsewhere.chosen(POPULATION, frozenset({first}))
    assert len(chosen) == elsewhere.HOW_MANY
    assert set(chosen.values()) == {"linkedin", "x"}
    assert first not in chosen
    assert {POPULATION[number].platform for number in chosen} == {"email"}


def test_a_post_is_noted_with_a_profile_that_no_account_looks_at(store: Store) -> None:
    for number, platform in elsewhere.chosen(POPULATION, frozenset()).items():
        person = POPULATION[number]
        with store.transaction() as session:
            prospect = add(session, NewProspect(person.name), "cold", {}, NOW - timedelta(days=30))
            log(session, [elsewhere.note(session, person, platform, prospect.id, NOW, 7)])
        with store.reading() as session:
            of_person = select(Engagement).where(
                Engagement.prospect_id == prospect.id, Engagement.kind == "post"
            )
            seen = session.exec(of_person).one()
            profile = session.exec(select(Profile).where(Profile.prospect_id == prospect.id)).one()
            assert session.get_one(Prospect, prospect.id).name == person.name
        assert seen.channel == profile.platform == platform
        assert (profile.account_id, profile.next_poll_at) == (None, None)
        assert timedelta() < NOW - seen.at < timedelta(hours=24)
        assert seen.url is not None
        assert seen.url.startswith(("https://x.com/", "https://www.linkedin.com/"))
