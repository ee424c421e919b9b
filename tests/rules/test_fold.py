"""The fold is what its text says (the reference), whatever the order in which things arrive."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.rules.histories import DAY, START, Case, random_case, random_ruleset
from tests.rules.reference import reference_fold

from prospector.rules import explain
from prospector.rules.evidence import Scene, observe
from prospector.rules.fold import fold
from prospector.rules.history import History, Version

RULESETS = [random_ruleset(random.Random(seed)) for seed in range(300)]


def folded(case: Case) -> History:
    return fold(
        case.versions,
        case.events,
        case.horizon,
        tracked_from=case.tracked_from,
        start_stage=case.start_stage,
    )


def told(history: History) -> dict[str, Any]:
    return {
        "stage": history.stage,
        "entered": history.entered,
        "moves": [(m.effective_at, m.rule, m.before, m.after, m.key) for m in history.moves],
        "firings": [(f.effective_at, f.rule, f.before, f.after, f.key) for f in history.firings],
        "next_timer": history.next_timer,
    }


def test_the_fold_equals_the_plain_reading_on_5000_random_histories() -> None:
    kinds: Counter[str] = Counter()
    for seed in range(5000):
        case = random_case(seed, rulesets=RULESETS, count=28)
        naive = reference_fold(
            case.versions,
            case.events,
            case.horizon,
            tracked_from=case.tracked_from,
            start_stage=case.start_stage,
        )
        expected = {
            "stage": naive.stage,
            "entered": naive.entered,
            "moves": naive.moves,
            "firings": naive.firings,
            "next_timer": naive.next_timer,
        }
        history = folded(case)
        assert told(history) == expected, f"seed {seed}"
        kinds.update(firing.moment[0] for firing in history.firings)
        kinds["moves"] += len(history.moves)
        kinds["retracted"] += len(naive.revived)
    # What was compared is no empty thing: every kind of moment came up often.
    assert kinds["event"] > 2500
    assert kinds["timer"] > 2500
    assert kinds["activation"] > 50
    assert kinds["moves"] > 5000
    assert kinds["retracted"] > 50


@given(seed=st.integers(0, 10**6), order=st.randoms(use_true_random=False), again=st.integers(0, 20))
def test_no_order_and_no_repetition_of_events_changes_anything(
    seed: int, order: random.Random, again: int
) -> None:
    case = random_case(seed, 20, RULESETS)
    events = [*case.events, *case.events[:again]]
    order.shuffle(events)
    versions = list(case.versions)
    order.shuffle(versions)
    assert told(folded(replace(case, events=tuple(events), versions=tuple(versions)))) == told(folded(case))


def test_r2_all_orders_of_seven_events_give_one_history() -> None:
    events = random_case(7, 40, RULESETS).events[:7]
    versions = [Version(1, None, RULESETS[3])]
    first = told(fold(versions, events, START + 30 * DAY, tracked_from=START))
    assert first["moves"]
    for order in itertools.permutations(events):
        assert told(fold(versions, order, START + 30 * DAY, tracked_from=START)) == first


@given(seed=st.integers(0, 10**6))
def test_r1_a_horizon_reached_in_steps_ends_where_one_step_ends(seed: int) -> None:
    """What was said at an earlier horizon, from the events up to it, stays said; and nothing is due
    before `next_timer`."""
    case = random_case(seed, 20, RULESETS)
    case = replace(case, start_stage=case.start_stage or "cold")
    last = max(event.at for event in case.events)
    case = replace(
        case, horizon=last, versions=tuple(v for v in case.versions if (v.active_from or 0) <= last)
    )
    early = folded(case)
    if early.next_timer is not None:
        waiting = folded(replace(case, horizon=early.next_timer - 1))
        assert told(waiting) == told(early)
    later = told(folded(replace(case, horizon=last + 10 * DAY)))
    assert later["moves"][: len(early.moves)] == told(early)["moves"]


@given(seed=st.integers(0, 10**6))
def test_r15_the_evidence_proves_every_condition_of_every_firing_again(seed: int) -> None:
    case = random_case(seed, 25, RULESETS)
    for firing in folded(case).firings:
        proof = explain.why(firing).proof
        assert proof.obstacles() == ()
        rules = {rule.name: rule for rule in firing.situation.version.ruleset.rules}
        for condition, observed in zip(rules[firing.rule].when, proof.when, strict=True):
            alone = [event for event in firing.events if event.id in observed.evidence]
            now = firing.situation
            scene = Scene(alone, now.time, now.entered, now.version.ruleset)
            assert observe(condition, scene).holds
