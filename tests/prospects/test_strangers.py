"""Strangers who turn out to be prospects, on both databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.office import Office, office

from prospector import work
from prospector.enrolment import enrol_stranger
from prospector.models import Card, Engagement, Move, Profile, Prospect
from prospector.prospects import strangers
from prospector.prospects.people import NotFoundError, TakenError
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


def listed(place: Office, limit: int = 50, before: int | None = None) -> list[strangers.Stranger]:
    with place.store.reading() as session:
        return strangers.listed(session, limit, before)


def names(found: list[strangers.Stranger]) -> list[str]:
    return [one.identity.actor for one in found]


def many(place: Office) -> None:
    for number, actor in enumerate(["did:bob", "did:eve", "did:bob", "did:kim", "did:bob"]):
        as_a_stranger(place, "reply", actor=actor, object=f"at://{number}", actor_name=actor.upper())


def test_each_stranger_is_one_row_the_last_seen_first(place: Office) -> None:
    many(place)
    as_a_stranger(place, "bounce", actor="did:noise")
    bob, kim, eve = listed(place)
    assert names([bob, kim, eve]) == ["did:bob", "did:kim", "did:eve"]
    assert (bob.engagements, len(bob.deeds), bob.name) == (3, 3, "DID:BOB")
    assert bob.as_json()["last"] == place.now
    first = listed(place, 2)
    assert names(listed(place, 2, first[-1].newest)) == ["did:eve"]


def test_who_is_dismissed_comes_back_with_something_new(place: Office) -> None:
    many(place)
    kim = listed(place)[1]
    place.write(lambda session: strangers.dismiss(session, kim.identity, kim.newest, None, place.now))
    assert names(listed(place)) == ["did:bob", "did:eve"]
    place.write(lambda session: strangers.restore(session, kim.identity))
    assert names(listed(place)) == ["did:bob", "did:kim", "did:eve"]
    for _ in range(2):
        place.write(lambda session: strangers.dismiss(session, kim.identity, kim.newest, None, place.now))
    as_a_stranger(place, "like", actor="did:kim", object="at://new")
    assert names(listed(place)) == ["did:kim", "did:bob", "did:eve"]


def enrol(place: Office, who: strangers.Identity) -> int:
    looking = place.installation.looking
    consequences = place.runtime.consequences
    return place.write(
        lambda session: enrol_stranger(session, consequences, who, None, looking, place.now).id
    )


def test_a_stranger_becomes_a_prospect_with_all_that_follows(place: Office) -> None:
    url = "https://bsky.app/profile/bob.example"
    as_a_stranger(place, "reply", actor="did:bob", actor_name="Bob", actor_url=url, text="What does it cost?")
    bob = enrol(place, strangers.Identity("bluesky", "did:bob"))
    assert listed(place) == []
    prospect = place.one(Prospect, id=bob)
    assert (prospect.name, prospect.stage) == ("Bob", "engaged")
    profile = place.one(Profile)
    assert (profile.url, profile.remote_id, profile.prospect_id) == (url, "did:bob", bob)
    assert place.one(Card).prospect_id == bob
    with pytest.raises(NotFoundError, match="Nobody is waiting"):
        enrol(place, strangers.Identity("bluesky", "did:bob"))
    as_a_stranger(place, "like", actor="did:bob")
    with pytest.raises(TakenError, match=f"prospect {bob} already"):
        enrol(place, strangers.Identity("bluesky", "did:bob"))


def test_who_wrote_a_mail_becomes_one_by_their_address(place: Office) -> None:
    as_a_stranger(place, "email_reply", actor="bob@b.example", channel="email", actor_name="Bob")
    bob = enrol(place, strangers.Identity("email", "bob@b.example"))
    assert place.one(Prospect, id=bob).email == "bob@b.example"
    assert [one.prospect_id for one in place.happened()] == [bob]


def test_who_seems_to_have_asked_for_silence_is_asked_about_first(place: Office) -> None:
    as_a_stranger(place, "email_reply", actor="bob@b.example", channel="email", object="at://1")
    as_a_stranger(place, "unsubscribe", actor="bob@b.example", channel="email", object="at://2")
    bob = enrol(place, strangers.Identity("email", "bob@b.example"))
    assert "opt_out" in {cause["kind"] for cause in place.one(Card).causes}
    assert place.one(Prospect, id=bob).paused_until is not None
