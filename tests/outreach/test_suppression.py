from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select
from tests.office import Office, office, sqlite_store

from prospector.models import Profile, Prospect, Suppression
from prospector.outreach import suppression
from prospector.outreach.suppression import UnknownFormError, key_of


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Anna@Weber.Example", "email:anna@weber.example"),
        ("  mailto:anna@weber.example ", "email:anna@weber.example"),
        ("Weber.Example", "domain:weber.example"),
        ("@weber.example", "domain:weber.example"),
    ],
)
def test_addresses_and_domains_have_one_form(text: str, key: str) -> None:
    assert key_of(text) == key
    assert key_of(key.partition(":")[2]) == key


@pytest.mark.parametrize("text", ["", "anna", "@", "https://weber.example/x", "two words.example"])
def test_what_is_neither_is_refused_with_advice(text: str) -> None:
    with pytest.raises(UnknownFormError, match=r"such as example\.com"):
        key_of(text)


@given(st.text(max_size=60))
def test_any_text_has_a_key_or_is_refused(text: str) -> None:
    try:
        key = key_of(text)
    except UnknownFormError:
        return
    assert key.startswith(("email:", "domain:"))


def test_a_person_is_stopped_by_any_of_their_keys(place: Office) -> None:
    person = place.person()
    with place.store.reading() as session:
        prospect = session.get_one(Prospect, person)
        profiles = session.exec(select(Profile).where(Profile.prospect_id == person)).all()
        keys = suppression.keys_of(prospect, profiles)
    assert keys == [
        f"person:{person}",
        "email:anna@anna.example",
        "domain:anna.example",
        "bluesky:did:anna",
    ]
    for key in keys:
        place.write(lambda s, key=key: suppression.suppress(s, [key], f"by {key}", "hand", place.now))
        with place.store.reading() as session:
            assert suppression.suppressed(session, session.get_one(Prospect, person)) == f"by {key}"
        place.write(lambda s, key=key: suppression.lift(s, [key]))
    with place.store.reading() as session:
        assert suppression.suppressed(session, session.get_one(Prospect, person)) is None


def test_adding_twice_keeps_the_first_reason(place: Office) -> None:
    def add(why: str) -> int:
        keys = ["email:a@b.example", "email:a@b.example", "domain:c.example"]
        return place.write(lambda s: suppression.suppress(s, keys, why, "import", place.now))

    assert (add("first"), add("second")) == (2, 0)
    assert {row.why for row in place.rows(Suppression)} == {"first"}


def test_a_report_names_nobody_but_whom_we_wrote_to(place: Office) -> None:
    """Who holds a mail of ours can forge a report about it; it stops no address but their own."""
    person = place.person()
    message = place.message(place.approved(person))
    place.follow(
        place.seen(
            "bounce",
            person,
            actor="victim@elsewhere.example",
            channel="email",
            attributes={"hard": True, "refers_to": [message.message_id]},
        )
    )
    assert [row.key for row in place.rows(Suppression)] == ["email:anna@anna.example"]


def test_who_answers_from_another_address_is_stopped_there_too(place: Office) -> None:
    person = place.person()
    message = place.message(place.approved(person))
    place.follow(
        place.seen(
            "unsubscribe",
            person,
            actor="anna@private.example",
            channel="email",
            attributes={"refers_to": [message.message_id]},
        )
    )
    assert sorted(row.key for row in place.rows(Suppression)) == [
        "email:anna@anna.example",
        "email:anna@private.example",
        f"person:{person}",
    ]
