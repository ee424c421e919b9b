"""E2: nothing in a text hides the footer below it, or passes for it."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.outreach.concealment import problems
from prospector.outreach.footer import WORDS
from prospector.outreach.lint import lint
from prospector.outreach.problem import approvable

LETTER = "Hi Anna,\n\nYour post on evals was worth reading twice.\n\nShall we talk?\n\nBest,\nAna"
HIDING = {
    "empty lines": LETTER + "\n" * 40 + "P.S. nice weather",
    "lines of spaces": LETTER + "\n  \t \n" * 12 + "P.S. nice weather",
    "lines of what nobody sees": LETTER + "\n\u200b\n\u2800\n\u3164\n\u00a0\n\ufeff\n\u2060\nbye",
    "unseen lines at the end": LETTER + "\n\u2800" * 30,
    "a run of unseen characters": LETTER + "\u200b" * 9,
    "a signature's delimiter": LETTER + "\n\n-- \nAna Sommer",
    "a delimiter without its space": LETTER + "\n--\nAna",
    "a delimiter with another space": LETTER + "\n--\u00a0\nAna",
    "a quotation at the end": LETTER + "\n\n> On Monday you wrote:\n> hello",
    "a forwarded mail": LETTER + "\n---------- Forwarded message ----------",
    "another way out": LETTER + "\n\nUnsubscribe here: https://evil.example/u/1",
    "another way out in German": LETTER + "\n\nZum Abmelden klicken Sie hier",
    "our own footer": LETTER + "\n\nThis is a commercial message from Nobody, Nowhere 1.",
    **{f"our own words, {name}": f"{LETTER}\n{words.stop}" for name, words in WORDS.items()},
}
OPEN = {
    "a letter": LETTER,
    "two empty lines": LETTER.replace("\n\n", "\n\n\n"),
    "empty lines at its end, which are not sent": LETTER + "\n" * 30,
    "a talk about the subject": LETTER + "\n\nYour unsubscribe rate of 0.2% is remarkable.",
    "a dash": LETTER + "\n-- or so I think",
    "a quotation inside": "Hi Anna,\n\n> evals are hard\n\nAgreed. Shall we talk?",
}


@pytest.mark.parametrize("body", HIDING.values(), ids=HIDING.keys())
def test_what_hides_the_footer_blocks_the_approval(body: str) -> None:
    found = lint("A question", body, {}, language="en")
    assert "hides-footer" in {one.code for one in found}, [asdict(one) for one in found]
    assert not approvable(found)
    assert "hides-footer" not in {one.code for one in lint("", body, {}, action="reply")}


@pytest.mark.parametrize("body", OPEN.values(), ids=OPEN.keys())
def test_honest_letters_pass(body: str) -> None:
    assert list(problems(body)) == []


@given(st.text(st.sampled_from("\n \t\u200b-> ab"), max_size=400))
def test_what_passes_leaves_the_footer_in_sight(body: str) -> None:
    """Of what passes, no two words are further apart than a few lines, and nothing folds the end."""
    if list(problems(body)):
        return
    lines = [line.strip(" \t\u200b") for line in body.rstrip().split("\n")]
    assert "\n" * 7 not in "\n".join(lines)
    assert not any(line.rstrip() == "--" for line in lines)
