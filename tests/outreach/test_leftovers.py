"""The table of patterns: each finds its faults whatever else is in the text."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.outreach.leftovers import MOST_OF_A_KIND, PATTERNS, Pattern, problems

FAULTS = tomllib.loads((Path(__file__).parent / "faults.toml").read_text(encoding="utf-8"))["fault"]
BITS = """
{ } {{ [ ] [[ < > % # & $ * | ( ) “ ” . , ; ! ? hi at None N/A null the your name br amp A ⟨ ⟩ " «
"""


def skipped_wrongly(pattern: Pattern, text: str) -> bool:
    found = pattern.regex.search(text) is not None
    return found and bool(pattern.needs) and not any(bit in text for bit in pattern.needs)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*BITS.split(), " ", "  ", "\n", "\t"]), max_size=30).map("".join))
def test_no_text_is_skipped_that_a_pattern_would_match(text: str) -> None:
    assert not [pattern.code for pattern in PATTERNS if skipped_wrongly(pattern, text)]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.regex.pattern[:30])
def test_every_pattern_finds_a_planted_fault(pattern: Pattern) -> None:
    texts = [text for fault in FAULTS for text in (fault["body"], fault.get("subject", ""))]
    assert any(pattern.regex.search(text) for text in texts)
    assert not [text for text in texts if skipped_wrongly(pattern, text)]


def test_a_hostile_text_gives_few_problems() -> None:
    assert len(list(problems("{{" * 10_000, "body"))) == MOST_OF_A_KIND
