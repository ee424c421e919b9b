from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.campaigns import trial
from prospector.campaigns.trial import Arm


@pytest.mark.parametrize(
    ("one", "other", "needed"), [(0.03, 0.05, 1506), (0.05, 0.075, 1471), (0.05, 0.10, 434)]
)
def test_samples_are_as_large_as_the_tables_say(one: float, other: float, needed: int) -> None:
    """outreach.md, E15."""
    assert trial.sample_size(one, other) == trial.sample_size(other, one) == needed


@pytest.mark.parametrize(
    ("replied", "sent", "low", "high"),
    [
        # Newcombe (1998, Statistics in Medicine 17, 857-872), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_of_wilson(replied: int, sent: int, low: float, high: float) -> None:
    found = trial.wilson(replied, sent)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_of_nothing_nothing_is_known() -> None:
    assert trial.wilson(0, 0) == trial.Interval(0.0, 1.0)
    assert trial.probability_better(Arm("A", 0, 0), Arm("B", 0, 0)) == pytest.approx(0.5)


@st.composite
def arms(draw: st.DrawFn) -> Arm:
    sent = draw(st.integers(0, 400))
    return Arm("A", sent, draw(st.integers(0, sent)))


@settings(max_examples=80, deadline=None)
@given(arms(), arms())
def test_one_of_two_is_better(first: Arm, second: Arm) -> None:
    forth, back = trial.probability_better(first, second), trial.probability_better(second, first)
    assert forth + back == pytest.approx(1, abs=1e-9)
    interval = trial.wilson(first.replied, first.sent)
    assert 0 <= interval.low <= first.rate <= interval.high <= 1 or first.sent == 0


def test_the_sum_is_what_drawing_from_both_gives() -> None:
    first, second = Arm("A", 120, 5), Arm("B", 110, 9)
    dice = random.Random(7)
    drawn = 40_000
    won = sum(
        dice.betavariate(second.replied + 1, second.sent - second.replied + 1)
        > dice.betavariate(first.replied + 1, first.sent - first.replied + 1)
        for _ in range(drawn)
    )
    assert trial.probability_better(first, second) == pytest.approx(won / drawn, abs=0.01)


def test_below_the_sample_nothing_is_said_however_clear_it_looks() -> None:
    found = trial.verdict(Arm("A", 300, 3), Arm("B", 300, 15))
    assert found.words.startswith("cannot tell yet: 300 of 1,506")
    assert found.better is None
    assert found.probability > 0.99


def test_above_it_the_better_one_is_named_or_that_there_is_no_difference() -> None:
    better = trial.verdict(Arm("A", 2000, 50), Arm("B", 2000, 90))
    assert (better.better, better.words) == ("B", "B is better than A (100% sure)")
    assert trial.verdict(Arm("A", 2000, 90), Arm("B", 2000, 50)).better == "A"
    same = trial.verdict(Arm("A", 3000, 90), Arm("B", 3000, 91))
    assert (same.better, same.words) == (None, "no difference found")
