"""Profile URLs: the table of cases, and what must hold for any text whatsoever."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.prospects import urls
from prospector.prospects.platforms import PLATFORMS
from prospector.prospects.urls import LONGEST, canonical
from prospector.sdk import ProfileRef

with (Path(__file__).parent / "urls.tsv").open(encoding="utf-8", newline="") as file:
    CASES = [
        (row["input"], ProfileRef(row["platform"], row["url"], row["handle"]) if row["platform"] else None)
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    ]
PARTS = [
    *(
        "https://",
        "http://",
        "feed:",
        "at://",
        "//",
        "/",
        "@",
        ":",
        "?",
        "#",
        "&",
        "=",
        ".",
        "..",
        "%2F",
        "%",
    ),
    *(
        "%C3%A9",
        "e\u0301",
        "İ",
        "ß",
        "ﬀ",
        "。",
        "ｘ",
        "[::1]",
        "127.0.0.1",
        ":443",
        ":8080",
        "user:pw@",
        "\\",
    ),
    *(
        "\t",
        "\n",
        "\x00",
        "\u202e",
        "\ud800",
        "\u200d",
        "xn--",
        "www.",
        "m.",
        "/in/",
        "/@",
        "/users/",
        ".rss",
    ),
    *(".atom", "/feed", "?id=", "&id=", "utm_source=x", "status/1", "+", "!", "~", "日本", "𝒳", "\ufeff"),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0][:80] for case in CASES])
def test_every_case_of_the_table(text: str, expected: ProfileRef | None) -> None:
    assert canonical(text) == expected


def test_the_table_is_large_and_knows_every_platform() -> None:
    assert len(CASES) >= 300
    named = {ref.platform for _, ref in CASES if ref}
    assert named == {platform.name for platform in PLATFORMS} | {"mastodon", "feed"}


def settled(text: str) -> bool:
    """Whether the answer for a text, if any, is also the answer for the answer's own URL."""
    ref = canonical(text)
    return ref is None or canonical(ref.url) == ref


@given(st.text())
def test_no_text_raises_and_every_answer_is_settled(text: str) -> None:
    assert settled(text)


@given(st.lists(st.sampled_from([*PARTS, *(text for text, _ in CASES)]) | st.text(max_size=5), max_size=8))
def test_no_mixture_of_parts_raises_and_every_answer_is_settled(parts: list[str]) -> None:
    assert settled("".join(parts))


@given(
    st.sampled_from(
        ["https://www.linkedin.com/in/", "https://www.youtube.com/@", "youtube.com/c/", "https://e.com/feed/"]
    ),
    st.text(min_size=1, max_size=20),
)
def test_names_in_all_scripts_are_settled(prefix: str, name: str) -> None:
    assert settled(prefix + name)


def mutated(dice: random.Random) -> str:
    """A case with one to three parts put in, left out, doubled, or in another case."""
    text = dice.choice(CASES)[0]
    for _ in range(dice.randint(1, 3)):
        at = dice.randint(0, len(text))
        cut = text[at : at + dice.randint(0, 6)]
        replacement = dice.choice([dice.choice(PARTS), "", cut * 2, cut.upper(), chr(dice.randrange(0x3000))])
        text = text[:at] + replacement + text[at + len(cut) :]
    return text


def test_a_hundred_thousand_mutations_are_settled() -> None:
    dice = random.Random(20261122)
    unsettled = [text for text in (mutated(dice) for _ in range(100_000)) if not settled(text)]
    assert unsettled == []


@pytest.mark.parametrize("length", [10_000, 100_000, 1_000_000])
def test_beyond_the_limit_nothing_is_looked_at(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is bounded for any length: past `LONGEST` characters no URL is taken apart."""
    taken_apart: list[str] = []
    monkeypatch.setattr(urls, "_take_apart", taken_apart.append)
    for hostile in ("https://x.com/" + "a" * length, "a." * length, "%41" * length, "/@" * length):
        assert canonical(hostile) is None
    assert taken_apart == []


def test_an_address_of_the_greatest_length_is_still_read() -> None:
    longest = "https://x.com/jane?" + "a" * (LONGEST - len("https://x.com/jane?"))
    assert canonical(longest) == ProfileRef("x", "https://x.com/jane", "jane")
    assert canonical(longest + "a") is None


@pytest.mark.parametrize("name", ["x", "linkedin", "github", "reddit", "instagram", "facebook", "telegram"])
def test_reserved_words_are_no_names(name: str) -> None:
    platform = next(platform for platform in PLATFORMS if platform.name == name)
    prefix = {"linkedin": "/in", "reddit": "/user"}.get(name, "")
    assert platform.reserved
    for word in platform.reserved:
        assert canonical(f"https://{platform.domains[0]}{prefix}/{word}") is None, word
