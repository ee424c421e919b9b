"""Fictitious people: the same for a seed, each somebody else, and nobody real."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prospector.prospects.people import normalised_address
from prospector.prospects.urls import canonical
from prospector.sandbox.people import PLATFORMS, people, slug

EVERYBODY = people(400, 7)


def test_the_same_seed_gives_the_same_people():
    assert people(400, 7) == EVERYBODY
    assert people(400, 8) != EVERYBODY


@given(st.integers(1, 400))
def test_the_first_ones_stay_who_they_are_when_the_count_changes(count):
    assert people(count, 7) == EVERYBODY[:count]


def test_nobody_is_there_twice():
    for names in ([one.name for one in EVERYBODY], [one.handle for one in EVERYBODY]):
        assert len(set(names)) == 400
    addresses = [one.email for one in EVERYBODY if one.email]
    assert len(set(addresses)) == len(addresses) > 200


def test_they_are_spread_over_platforms_and_countries():
    assert {one.platform for one in EVERYBODY} == set(PLATFORMS)
    assert len({one.country for one in EVERYBODY}) >= 8
    assert len({one.company for one in EVERYBODY}) >= 50


def test_every_domain_is_one_that_nobody_can_own():
    for one in EVERYBODY:
        assert one.domain.rpartition(".")[2] in ("example", "test")
        if one.platform in ("bluesky", "mastodon"):
            assert one.handle.rpartition(".")[2] in ("example", "test")


def test_their_addresses_are_what_the_product_takes():
    for one in EVERYBODY:
        if one.email:
            assert normalised_address(one.email) == one.email
        if one.platform == "bluesky":
            found = canonical(f"https://bsky.app/profile/{one.handle}")
            assert found is not None
            assert (found.platform, found.handle) == ("bluesky", one.handle)


@given(st.text(max_size=40))
def test_a_slug_is_fit_for_a_domain(text):
    made = slug(text)
    assert made == slug(made)
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not made.startswith("-")
    assert not made.endswith("-")
