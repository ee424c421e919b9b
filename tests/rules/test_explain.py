"""The sentences that tell why somebody moved, and what keeps a rule from firing."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.histories import random_case

from prospector.rules.event import Event
from prospector.rules.explain import why, why_not
from prospector.rules.fold import fold
from prospector.rules.format import parse
from prospector.rules.history import History, Version

RULES = """
[[stage]]
name = "cold"
[[stage]]
name = "contacted"
[[stage]]
name = "engaged"
[points]
half_life = "14d"
[points.weights]
"them.like" = 1
"them.comment" = 4
[[rule]]
name = "warmed up"
from = ["cold", "contacted"]
to = "engaged"
when = [{ points_at_least = 12 }]
[[rule]]
name = "three likes on different posts"
from = ["cold"]
to = "contacted"
when = [{ kind = ["like", "comment"], at_least = 3, within = "14d", distinct = "post" }]
[[rule]]
name = "nudge"
cooldown = "5d"
when = [{ no = ["reply"], for = "5d", since = "ours" }]
then = { draft = "follow-up" }
"""


def at(day: int, hour: int = 9, minute: int = 0) -> int:
    return int(datetime(2025, 3, day, hour, minute, tzinfo=UTC).timestamp())


def history(*events: Event, until: int = 0) -> History:
    return fold([Version(4, None, parse(RULES))], events, until, tracked_from=at(1))


LIKES = (
    Event("a", "like", "them", "x", at(2), post="1"),
    Event("b", "like", "them", "x", at(4), post="2"),
    Event("c", "comment", "them", "x", at(9, 14, 2), seen_at=at(11), post="3"),
)


def test_a_move_is_told_with_its_evidence_and_with_what_else_was_looked_at() -> None:
    told = why(history(*LIKES).firings[0])
    assert told.sentence == (
        "Moved cold -> contacted on 9 Mar 14:02 by 'three likes on different posts' (version 4): "
        "3 different posts in 14 days, needed 3: like 2 Mar, like 4 Mar, comment 9 Mar. "
        "'warmed up' was looked at and did not fire: 5.5 of 12 points. "
        "Effective 9 Mar, known to us 11 Mar (poll delay of 1 day)."
    )
    assert told.proof.when[0].evidence == ("a", "b", "c")
    assert [guard.name for guard in told.proof.guards] == ["G0", "G1", "G2", "G3"]


def test_a_timer_and_a_suggestion_have_their_own_words() -> None:
    email = Event("m", "email", "us", "email", at(3))
    told = why(history(email, until=at(20)).firings[0], known_at=at(9))
    assert told.sentence.startswith(
        "Acted in cold on 8 Mar 09:00 by 'nudge' (version 4): "
        "no reply for 5 days since our email of 3 Mar, needed 5 days."
    )
    assert told.sentence.endswith("Effective 8 Mar, known to us 9 Mar (poll delay of 1 day).")
    assert told.moment == ("timer", 0, at(3))


def test_why_not_tells_what_is_missing_and_when_it_lapses() -> None:
    told = why_not(history(*LIKES[:2]), "three likes on different posts", at(5))
    assert told.sentence == (
        "'three likes on different posts' does not fire: 2 different posts in 14 days, needed 3: "
        "like 2 Mar, like 4 Mar; the first leaves the window on 16 Mar."
    )
    assert not told.reading.would_fire


def test_why_not_tells_which_guard_blocks_and_until_when() -> None:
    moved = Event("h", "stage_set", "us", "ui", at(5), attributes={"to": "contacted"})
    told = why_not(history(*LIKES[:2], moved), "warmed up", at(6))
    assert "moved by hand on 5 Mar 09:00, held until 12 Mar 09:00" in told.sentence
    assert [guard.name for guard in told.reading.guards if not guard.passed] == ["G4"]
    elsewhere = why_not(history(*LIKES[:2], moved), "three likes on different posts", at(20)).reading
    assert [guard.name for guard in elsewhere.guards if not guard.passed] == ["G1", "G2"]


def test_why_not_says_so_when_nothing_stands_in_the_way() -> None:
    ready = history(Event("a", "comment", "them", "x", at(2)), until=at(2))
    open_rule = why_not(ready, "nudge", at(3))
    assert "we have not written to them yet" in open_rule.sentence
    many = [Event(str(number), "comment", "them", "x", at(2)) for number in range(3)]
    moved = Event("h", "stage_set", "us", "ui", at(2, 10), attributes={"to": "cold"})
    told = why_not(history(moved, *many), "warmed up", at(2, 11))
    assert "does not fire" in told.sentence


def test_an_unknown_rule_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(KeyError, match="three likes on different posts"):
        why_not(history(), "four likes", at(5))


@given(seed=st.integers(0, 10**6))
def test_every_firing_and_every_rule_can_be_explained(seed: int) -> None:
    case = random_case(seed, 12)
    told = fold(case.versions, case.events, case.horizon, tracked_from=case.tracked_from)
    for firing in told.firings:
        explained = why(firing)
        assert explained.proof.would_fire
        assert all(reason for _, reason in explained.others)
        assert json.loads(json.dumps(explained.as_json()))["key"] == firing.key
    if told.situation.version:
        for rule in told.situation.version.ruleset.rules:
            assert json.dumps(why_not(told, rule.name, told.situation.time).as_json())
