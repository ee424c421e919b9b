"""Why a score is what it is: whatever happened, the lines add up to it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.prospects import points
from prospector.rules import fit, live
from prospector.rules.event import Event
from prospector.rules.format import parse
from prospector.rules.ruleset import Ruleset

DAY = 86400
NOW = 1_790_000_000
RULES = """
[[stage]]
name = "cold"
[points]
half_life = "14d"
[points.weights]
"them.like" = 1
"them.reply" = 6
"us.email" = 2
[fit]
[[fit.rule]]
field = "country"
is = "DE"
points = 20
reason = "in our market"
[[fit.rule]]
field = "size"
at_least = 50
points = 45
[[fit.rule]]
field = "email_domain"
matches_list = "free_mail"
points = -30
reason = "free-mail address"
[[fit.rule]]
field = "industry"
is = "gambling"
verdict = "disqualify"
"""


def rules() -> Ruleset:
    return parse(RULES)


def event(number: int, kind: str, at: int, by: str = "them", **more: Any) -> Event:
    return Event(id=f"{number:04}", kind=kind, by=by, channel="bluesky", at=at, **more)


KINDS = st.sampled_from(
    [("like", "them"), ("reply", "them"), ("email", "us"), ("post", "them"), ("note", "us")]
)
SET = [("country", "DE"), ("country", "FR"), ("country", None), ("size", 80), ("size", "12")]
SET += [("email", "a@gmail.com"), ("email", None), ("industry", "gambling")]
FIELDS = st.sampled_from(SET)


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    found: list[Event] = []
    for number, (kind, by) in enumerate(draw(st.lists(KINDS, max_size=30))):
        at = NOW + draw(st.integers(-400 * DAY, 2 * DAY))
        gone = draw(st.none() | st.integers(at, NOW + 3 * DAY))
        found.append(event(number, kind, at, by, retracted_at=gone))
    for number, (field, value) in enumerate(draw(st.lists(FIELDS, max_size=8))):
        attributes = {"field": field, "value": value}
        found.append(event(1000 + number, "field_set", NOW - number * DAY, "us", attributes=attributes))
    return found


@given(events())
def test_the_lines_add_up_to_the_score(happened: list[Event]) -> None:
    score = points.score_of(rules(), happened, NOW)
    assert sum(line.points for line in score.fit_lines) == score.fit
    assert sum(line.points for line in score.engagement_lines) == score.engagement
    assert score.total == score.fit + score.engagement
    assert sum(line["points"] for line in score.as_json()["lines"]) == score.total


@given(events())
def test_both_parts_are_those_that_the_rules_reckon_with(happened: list[Event]) -> None:
    score = points.score_of(rules(), happened, NOW)
    assert score.engagement == live.score_of(happened, rules(), live.moment(NOW))
    known = [one for one in happened if one.at <= NOW and one.counts_at(NOW)]
    wanted = fit.fit_of(rules().fit, points.fields_of(known))
    assert (score.fit, score.verdict) == (wanted.points, wanted.verdict)


@given(events(), st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing(happened: list[Event], draw: Any) -> None:
    shuffled = list(happened)
    draw.shuffle(shuffled)
    assert points.score_of(rules(), happened, NOW) == points.score_of(rules(), shuffled, NOW)


def test_time_takes_its_part_in_a_line_of_its_own() -> None:
    happened = [event(1, "reply", NOW - 14 * DAY), event(2, "reply", NOW)]
    lines = points.score_of(rules(), happened, NOW).engagement_lines
    assert [(line.label, line.points) for line in lines] == [("2 replies", 12), ("Faded with time", -3)]
    assert "9.0 of 12 left today" in lines[0].evidence
    assert "14 days" in lines[1].evidence


def test_what_is_beyond_the_scale_is_a_line() -> None:
    setters = [
        event(1, "field_set", NOW - DAY, "us", attributes={"field": "country", "value": "DE"}),
        event(2, "field_set", NOW - DAY, "us", attributes={"field": "size", "value": 200}),
    ]
    score = points.score_of(rules(), setters, NOW)
    assert score.fit == 100
    assert score.fit_lines[-1] == points.Line("Fit stays within 0 and 100", -15)
    assert score.fit_lines[1].label == "in our market"
    assert score.fit_lines[1].evidence.startswith("country: DE, since ")


@pytest.mark.parametrize(
    ("kind", "number", "words"),
    [
        ("reply", 1, "reply"),
        ("reply", 2, "replies"),
        ("like", 3, "likes"),
        ("email_reply", 2, "email replies"),
    ],
)
def test_kinds_in_the_plural(kind: str, number: int, words: str) -> None:
    assert points.plural(kind, number) == words
