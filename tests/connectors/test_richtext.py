"""Text for the AT Protocol: graphemes, facets, keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from connectors._richtext import facets, graphemes, handles, record_key
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC)
LETTERS = "234567abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("e\u0301", 1),
        ("👩‍👩‍👧‍👦", 1),
        ("👍🏽", 1),
        ("🇩🇪🇫🇷", 2),
        ("🇩🇪🇫", 2),
        ("a\r\nb", 3),
        ("한국어", 3),
        ("\u1112\u1161\u11ab", 1),
        ("❤️", 1),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 1),
    ],
)
def test_counts_what_people_see(text: str, count: int) -> None:
    assert graphemes(text) == count


@given(text=st.text(max_size=200))
def test_never_more_than_code_points(text: str) -> None:
    assert graphemes(text) <= len(text)


@given(before=st.text(max_size=30), after=st.text(max_size=30))
def test_facets_lie_on_their_bytes(before: str, after: str) -> None:
    text = f"{before} @ada.example https://us.example/ü {after}"
    found = facets(text, {"ada.example": "did:plc:ada"})
    for facet in found:
        place = facet["index"]
        span = text.encode("utf-8", "surrogatepass")[place["byteStart"] : place["byteEnd"]].decode()
        assert span.lower() == "@ada.example" or span.startswith("http")


def test_a_mention_of_nobody_stays_text() -> None:
    assert handles("hi @Ada.example, @ada.example and a@b.example") == ("ada.example",)
    assert facets("hi @nobody.example", {}) == []


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("see https://us.example/a.", "https://us.example/a"),
        ("(https://us.example/a)", "https://us.example/a"),
        ("https://us.example/a_(b)", "https://us.example/a_(b)"),
        ("<https://us.example/?q=1&r=2>", "https://us.example/?q=1&r=2"),
    ],
)
def test_what_belongs_to_a_link(text: str, link: str) -> None:
    assert [facet["features"][0]["uri"] for facet in facets(text, {})] == [link]


@given(message=st.text(max_size=50), seconds=st.integers(0, 10**9))
def test_a_key_is_a_tid_of_the_past(message: str, seconds: int) -> None:
    at = NOW + timedelta(seconds=seconds)
    key = record_key(message, at)
    number = 0
    for letter in key:
        number = number << 5 | LETTERS.index(letter)
    made = datetime.fromtimestamp((number >> 10) / 1_000_000, UTC)
    assert len(key) == 13
    assert number < 1 << 63
    assert at - timedelta(minutes=2) <= made <= at


def test_keys_of_one_approval_differ() -> None:
    assert len({record_key(f"<{n}@us.example>", NOW) for n in range(20_000)}) == 20_000
    assert record_key("<1@us.example>", NOW) == record_key("<1@us.example>", NOW)
