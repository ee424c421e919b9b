"""How an answer is read, in words, and as what else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.outreach.readings import HUMAN, KINDS, NOT_THEIRS, choices_of, reading_of


@pytest.mark.parametrize(
    ("kind", "attributes", "stopped", "waits", "doubt", "words", "then"),
    [
        ("email_reply", {}, False, None, False, "Reply by mail", "stops the follow-ups"),
        ("mention", {}, False, None, False, "Mention", ""),
        ("auto_reply", {"until": "2026-12-01"}, False, "out of office", False,
         "Automatic reply until 2026-12-01", "waits: out of office"),
        ("auto_reply", {"left": True}, True, None, False,
         "Automatic reply: has left", "the address is never written to again"),
        ("bounce", {"hard": True, "status": "5.1.1"}, True, None, False,
         "Bounced for good (5.1.1)", "the address is never written to again"),
        ("bounce", {"hard": False}, False, None, False,
         "Bounced, may pass", "three in 14 days pause the person"),
        ("unsubscribe", {}, True, None, False, "Asks not to be written to", "never written to again"),
        ("unsubscribe", {}, False, "x", True,
         "Asks not to be written to, in doubt", "nothing is sent until you decide"),
        ("complaint", {}, True, None, False, "Reported our mail as spam", "never written to again"),
        ("reply", {NOT_THEIRS: True}, False, None, False, "Not theirs", "counts for nothing"),
    ],
)  # fmt: skip
def test_an_answer_says_how_it_was_read_and_what_follows(
    kind: str, attributes: dict[str, Any], stopped: bool, waits: str, doubt: bool, words: str, then: str
) -> None:
    found = reading_of(kind, attributes, stopped, waits, doubt)
    assert (found.words, found.then) == (words, then)


@given(st.sampled_from((*KINDS, NOT_THEIRS)), st.sampled_from(KINDS), st.sampled_from(["email", "bluesky"]))
def test_what_it_was_and_not_theirs_can_always_be_chosen_but_not_what_it_is(kind, original, channel) -> None:
    found = choices_of(kind, channel, original)
    assert kind not in found
    assert len(set(found)) == len(found)
    assert {original, NOT_THEIRS, "unsubscribe"} - {kind} <= set(found)
    assert channel == "email" or "auto_reply" not in set(found) - {original}
    assert any(one in HUMAN for one in (*found, kind))
