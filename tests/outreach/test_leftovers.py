"""The table of patterns: each finds its faults whatever else is in the text."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.outreach.leftovers import MOST_OF_A_KIND, PATTERNS, Pattern, leftovers
from prospector.outreach.lint import MOST_LEFTOVERS, lint

FAULTS = tomllib.loads((Path(__file__).parent / "faults.toml").read_text(encoding="utf-8"))["fault"]
BITS = """
{ } {{ [ ] [[ < > <% % # & $ * | ( ) “ ” . , ; : ! ? hi dear at None N/A null NaN the your name br amp A ⟨ ⟩ "
« » first_name FirstName vorname nom TODO XXX lorem ipsum to at \u200b \x07 title
"""


def every(line: str) -> set[tuple[str, int]]:
    """What the patterns find where each looks at the whole line."""
    return {
        (pattern.regex.pattern, found.start())
        for pattern in PATTERNS
        for found in pattern.regex.finditer(line)
    }


def found_in(line: str) -> set[tuple[str, int]]:
    return {(one.pattern.regex.pattern, one.start) for one in leftovers(line)}


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from([*BITS.split(), " ", "  ", "\t"]), max_size=20).map("".join))
def test_no_line_is_skipped_that_a_pattern_would_match(line: str) -> None:
    assert found_in(line) == every(line)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.regex.pattern[:30])
def test_every_pattern_finds_a_planted_fault(pattern: Pattern) -> None:
    texts = [text for fault in FAULTS for text in (fault["body"], fault.get("subject", ""))]
    assert any(pattern.regex.search(line) for text in texts for line in text.split("\n"))
    assert all(found_in(line) == every(line) for text in texts for line in text.split("\n"))


def test_a_hostile_text_gives_few_problems() -> None:
    assert len(leftovers("{{" * 10_000)) == MOST_OF_A_KIND
    assert len(lint("A word", "{{\n" * 10_000, {})) < MOST_LEFTOVERS + 5
