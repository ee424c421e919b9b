"""What leads a person on, as a rep reads it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules import histories

from prospector.prospects.steps import ways_on
from prospector.queue import advance
from prospector.rules.event import Event
from prospector.rules.fold import fold
from prospector.rules.format import parse
from prospector.rules.history import History, Version
from prospector.rules.ruleset import Ruleset

DAY, START = 86400, 1_790_000_000
STAGES = '[[stage]]\nname = "cold"\n[[stage]]\nname = "meeting"\n'


def rules_of(*conditions: str) -> Ruleset:
    """Rules from cold to meeting, each with these lines."""
    rules = (
        f'[[rule]]\nname = "r{number}"\nfrom = ["cold"]\nto = "meeting"\n{lines}\n'
        for number, lines in enumerate(conditions)
    )
    return parse(STAGES + "".join(rules))


def history(rules: Ruleset, *events: Event) -> History:
    version = Version(1, None, rules)
    return fold([version], events, START + 30 * DAY, tracked_from=START)


def said(rules: Ruleset, *events: Event) -> str:
    moved = history(rules, *events)
    return advance.sentence(ways_on(moved, rules, START + 30 * DAY), rules.rules)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('when = [{ kind = ["meeting_booked"] }]', "a meeting is booked"),
        ('when = [{ kind = ["reply", "comment", "dm"] }]', "they reply, comment or send a direct message"),
        ('when = [{ kind = ["email"], by = "us" }]', "we send a mail"),
        (
            'when = [{ kind = ["like"], at_least = 3, distinct = "post", within = "14d" }]',
            "they like something, on 3 different posts within 14 days",
        ),
        ("when = [{ points_at_least = 8 }]", "their engagement reaches 8 (now 0)"),
        ('when = [{ in_stage_for = "90d" }]', "they have been in this stage for 90 days"),
        (
            'when_any = [{ kind = ["reply"] }, { kind = ["meeting_booked"] }]',
            "they reply or a meeting is booked",
        ),
    ],
)
def test_conditions_become_a_sentence(lines: str, words: str) -> None:
    assert said(rules_of(lines)) == f"Next: meeting, when {words}"


def test_what_a_person_has_barred_is_no_way_on() -> None:
    barred = 'when = [{ kind = ["reply"] }]\nunless = [{ kind = ["unsubscribe"] }]'
    left = 'when = [{ kind = ["meeting_booked"] }]'
    asked = Event("a", "unsubscribe", "them", "email", START + DAY, START + DAY, attributes={})
    assert said(rules_of(barred, left), asked) == "Next: meeting, when a meeting is booked"
    assert said(rules_of(barred), asked) == ""


@given(st.integers(0, 10_000))
def test_any_rules_and_any_history_make_one_plain_line(seed: int) -> None:
    draw = random.Random(seed)
    rules = histories.random_ruleset(draw)
    line = said(rules)
    assert line == "" or line.startswith("Next: ")
    assert "needed" not in line
    assert "_" not in line
    assert "\n" not in line
