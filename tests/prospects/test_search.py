"""The search language: what it means, what it refuses, and that it can be printed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.prospects.search import STATES, Search, SearchError, parse

plain = st.text(
    st.characters(exclude_characters='"\x00', exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12
)
values = st.lists(st.lists(plain, min_size=1, max_size=2).map(" ".join), max_size=2, unique=True).map(tuple)
lengths = st.none() | st.builds(timedelta, hours=st.integers(1, 999))
searches = st.builds(Search, values, values, values, values, values, values, lengths, st.sampled_from(STATES))


@given(searches)
def test_what_is_printed_is_read_as_the_same(search: Search) -> None:
    assert parse(str(search)) == search


@given(st.text(max_size=80))
def test_any_text_is_a_search_or_a_sentence(text: str) -> None:
    try:
        search = parse(text)
    except SearchError as error:
        said = str(error)
    else:
        said = "."
        assert parse(str(search)) == search
    assert said.endswith(".")


def test_the_keys() -> None:
    text = 'stage:engaged stage:cold owner:me tag:fair ch:bluesky company:"Acme AG" quiet:2w is:paused anna w'
    assert parse(text) == Search(
        words=("anna", "w"),
        stages=("engaged", "cold"),
        owners=("me",),
        tags=("fair",),
        channels=("bluesky",),
        companies=("Acme AG",),
        quiet=timedelta(days=14),
        state="paused",
    )


def test_an_address_of_a_page_is_a_word() -> None:
    assert parse("https://bsky.app/profile/anna").words == ("https://bsky.app/profile/anna",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stgae:cold", 'did you mean "stage"'),
        ("colour:red", "There are stage:, owner:"),
        ("stage: cold", "Write something behind stage:"),
        ("quiet:soon", "quiet:14d"),
        ("quiet:0d", "is no time"),
        ("is:happy", "is:archived"),
        ('company:"Acme', "A quotation mark is missing"),
        ('company:Ac"me"', "around a whole value"),
        ("x" * 501, "at most 500 characters"),
        (" ".join(f"w{n}" for n in range(21)), "at most 20 terms"),
    ],
)
def test_what_means_nothing_is_said(text: str, said: str) -> None:
    with pytest.raises(SearchError, match=said):
        parse(text)
