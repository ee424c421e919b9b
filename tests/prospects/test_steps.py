"""A person's way through the stages, its proof, and what the next one takes."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from tests.rules import histories

from prospector.prospects import steps
from prospector.rules.event import Event
from prospector.rules.fold import fold
from prospector.rules.format import parse
from prospector.rules.history import History, Version
from prospector.rules.ruleset import Ruleset

DAY = 86400
START = 1_790_000_000
RULES = parse(
    """
[[stage]]
name = "cold"
[[stage]]
name = "engaged"
[[stage]]
name = "won"
terminal = true
closed = "won"
[[rule]]
name = "answered"
from = ["cold"]
to = "engaged"
when = [{ kind = ["reply"] }]
[[rule]]
name = "signed"
to = "won"
when = [{ kind = ["document_signed"] }]
unless = [{ kind = ["unsubscribe"] }]
"""
)


def history(*events: Event, rules: Ruleset = RULES) -> History:
    version = Version(1, None, rules)
    return fold([version], events, START + 30 * DAY, tracked_from=START, start_stage="cold")


def event(kind: str, at: int, by: str = "them", **attributes: str) -> Event:
    return Event(f"{kind}{at}", kind, by, "bluesky", at, at, attributes=attributes)


def test_each_stage_has_its_place_and_its_day() -> None:
    found = steps.steps_of(RULES, history(event("reply", START + DAY)), START)
    assert [(step.name, step.place, step.entered) for step in found] == [
        ("cold", "done", START),
        ("engaged", "now", START + DAY),
        ("won", "ahead", None),
    ]


def test_a_stage_that_the_rules_no_longer_know_stands_first() -> None:
    found = steps.steps_of(RULES, history(event("stage_set", START + DAY, "us", to="parked")), START)
    assert (found[0].name, found[0].place) == ("parked", "now")


def test_the_proof_of_a_stage_is_its_rule_or_the_hand() -> None:
    moved = history(event("reply", START + DAY), event("stage_set", START + 9 * DAY, "us", to="won"))
    engaged, won = steps.proof_of_stage(moved, "engaged"), steps.proof_of_stage(moved, "won")
    assert engaged is not None
    assert won is not None
    assert engaged["rule"] == "answered"
    assert ("1 reply, needed 1: reply 22 Sep", True) in list(steps.sentences(engaged))
    assert "by hand" in won["sentence"]
    assert steps.proof_of_stage(moved, "cold") is None
    assert [proof["at"] for proof in steps.proof_of(moved)] == [START + DAY, START + 9 * DAY]


def test_the_next_stage_says_what_it_takes() -> None:
    (way,) = steps.ways_to(history(event("reply", START + DAY)), RULES, "won", START + 2 * DAY)
    assert "'signed' does not fire" in way.sentence
    assert "0 document_signed, needed 1" in way.sentence
    assert list(steps.ways_on(history(event("reply", START + DAY)), RULES, START + 2 * DAY)) == [way]


@given(st.integers(0, 10_000))
def test_exactly_one_stage_is_now_and_it_is_the_folds(seed: int) -> None:
    draw = random.Random(seed)
    rules = histories.random_ruleset(draw)
    moved = history(event("stage_set", START + DAY, "us", to=draw.choice(histories.STAGES)), rules=rules)
    found = steps.steps_of(rules, moved, START)
    assert [step.name for step in found if step.place == "now"] == [moved.stage]
    assert [step.number for step in found] == list(range(len(found)))


def test_rules_saved_since_the_history_was_told_are_left_out() -> None:
    text = '[[stage]]\nname = "cold"\n[[stage]]\nname = "engaged"\n[[rule]]\nname = "new"\nto = "engaged"\n'
    newer = parse(text + 'when = [{ kind = ["dm"] }]\n')
    assert steps.ways_to(history(), newer, "engaged", START + DAY) == ()
