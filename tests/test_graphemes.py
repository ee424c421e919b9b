"""A text is as long as its reader counts: for the page, the lint and the Bluesky connector alike."""

from __future__ import annotations

import pytest
from connectors._richtext import graphemes as graphemes_of_bluesky
from hypothesis import given
from hypothesis import strategies as st

from prospector.graphemes import graphemes


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("👩‍👩‍👧‍👦", 1),
        ("👍🏽", 1),
        ("🇵🇹🇵🇱", 2),
        ("1️⃣", 1),
        ("a\r\nb", 3),
        ("2.7 % ✓", 7),
    ],
)
def test_a_text_is_as_long_as_its_reader_counts(text: str, count: int) -> None:
    assert graphemes(text) == count


@given(st.text(st.characters(codec="ascii"), max_size=60).filter(lambda text: "\r\n" not in text))
def test_plain_letters_count_one_each(text: str) -> None:
    assert graphemes(text) == len(text)


@given(st.text(max_size=60))
def test_no_text_is_longer_than_its_code_points(text: str) -> None:
    assert 0 <= graphemes(text) <= len(text)


@given(st.text(max_size=60))
def test_the_connector_counts_as_the_lint_does(text: str) -> None:
    assert graphemes(text) == graphemes_of_bluesky(text)
