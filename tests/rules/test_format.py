"""Rules files are read whole or refused with every mistake, its rule and its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.rules.format import RulesError, parse
from prospector.rules.ruleset import Absence, Actions, Count, Field, InStage, Score
from prospector.rules.vocabulary import TIME_UNITS, duration

STAGES = '[[stage]]\nname = "cold"\n[[stage]]\nname = "engaged"\n'
GOOD = """\
[engine]
hold_after_manual = "2d"
[[stage]]
name = "cold"
probability = 0.1
urgency = 3
playbook = ["research"]
[[stage]]
name = "won"
terminal = true
closed = "won"
[points]
half_life = "1w"
[points.weights]
"them.like" = 1
[fit]
qualified = 70
[[fit.rule]]
field = "country"
in = ["DE", "AT"]
points = 10
reason = "near"
[[rule]]
name = "all forms"
from = ["cold"]
to = "won"
backward = true
cooldown = "90m"
suggest = true
when = [{ kind = ["like"], by = "any", at_least = 2, at_most = 4, within = "14d", distinct = "day" },
        { points_at_least = 5 }, { no = ["reply"], for = "5d", since = "ours", after_kind = "email" }]
when_any = [{ points_below = 9 }, { in_stage_for = "1d" }, { kind = ["dm"], at_most = 3 }]
unless = [{ field = "tags", in = ["vip"] }]
then = { tag = ["a"], draft = "b", queue = 3, notify = ["owner"] }
"""


def rule(rest: str) -> str:
    return f'{STAGES}[[rule]]\nname = "r"\n{rest}\n'


def when(condition: str) -> str:
    return rule(f'to = "engaged"\nwhen = [{condition}]')


def test_every_form_becomes_its_value() -> None:
    ruleset = parse(GOOD)
    read = ruleset.rules[0]
    assert read.when == (
        Count(("like",), by="any", at_least=2, at_most=4, within=14 * 86400, distinct="day"),
        Score(5),
        Absence(("reply",), 5 * 86400, since="ours", after_kinds=("email",)),
    )
    assert read.when_any == (Score(9, below=True), InStage(86400), Count(("dm",), at_least=0, at_most=3))
    assert read.unless == (Field("tags", "in", ("vip",)),)
    assert read.then == Actions(("a",), "b", 3, ("owner",))
    assert (read.cooldown, read.suggest, read.backward, read.sources) == (5400, True, True, ("cold",))
    assert ruleset.engine.hold_after_manual == 172800
    assert ruleset.points.half_life == 604800
    assert ruleset.fit.rules[0].points == 10
    assert (ruleset.stages[0].probability, ruleset.stages[0].urgency) == (0.1, 3)
    assert ruleset.stages[1].closed == "won"


def test_an_error_names_file_line_rule_and_what_was_meant() -> None:
    text = GOOD.replace('{ kind = ["like"]', '{ kind = ["liek"]')
    with pytest.raises(RulesError) as caught:
        parse(text)
    assert caught.value.problems[0].sentence("my.toml") == (
        'my.toml:30: rule "all forms": when[0].kind: unknown kind "liek"; did you mean "like"?'
    )


def test_all_problems_are_told_at_once_in_order() -> None:
    text = (
        GOOD.replace("backward", "backwards").replace("half_life", "halflife").replace('"won"\nb', '"wno"\nb')
    )
    with pytest.raises(RulesError) as caught:
        parse(text)
    assert [problem.line for problem in caught.value.problems] == [13, 26, 27]


MALFORMED = [
    "",
    "[[stage]",
    "x = 1",
    "a = " + "[" * 5000,
    "a = " + "9" * 5000,
    '[[stage]]\nname = ""',
    "[[stage]]\nname = 3",
    "[[stage]]\nterminal = true",
    STAGES + '[[stage]]\nname = "cold"',
    STAGES + '[[stage]]\nname = "*"',
    STAGES + '[[stage]]\nname = "x"\ncolour = "red"',
    STAGES + '[[stage]]\nname = "x"\nclosed = "maybe"',
    STAGES + '[[stage]]\nname = "x"\nterminal = "yes"',
    STAGES + '[[stage]]\nname = "x"\nprobability = 2',
    STAGES + '[[stage]]\nname = "x"\nprobability = nan',
    STAGES + '[[stage]]\nname = "x"\nurgency = 11',
    STAGES + '[[stage]]\nname = "x"\nplaybook = "call"',
    "stage = 3",
    STAGES + "[engine]\nmin_dwel = '1h'",
    STAGES + "[engine]\nmin_dwell = 3600",
    STAGES + "[engine]\nmin_dwell = '1 hour'",
    STAGES + "[engine]\nmin_dwell = '-1h'",
    STAGES + "[engine]\napply_to_existing = 1",
    "engine = 1\n" + STAGES,
    STAGES + '[points]\nhalf_life = "0d"',
    STAGES + '[points]\nhalf_life = "9999w"',
    STAGES + '[points.weights]\n"them.like" = -1',
    STAGES + '[points.weights]\n"them.like" = 1.5',
    STAGES + '[points.weights]\n"them.likes" = 1',
    STAGES + "[points.weights]\nthem.like = 1",
    STAGES + '[[rule]]\nwhen = [{ kind = ["like"] }]',
    rule('to = "engaged"'),
    rule('to = "nowhere"\nwhen = [{ kind = ["like"] }]'),
    rule('to = "*"\nwhen = [{ kind = ["like"] }]'),
    rule('from = ["nowhere"]\nwhen = [{ kind = ["like"] }]'),
    rule('from = "cold"\nwhen = [{ kind = ["like"] }]'),
    rule('from = []\nwhen = [{ kind = ["like"] }]'),
    rule('when = { kind = ["like"] }'),
    rule('when = [{ kind = ["like"] }]\nwhen_all = []'),
    rule('when = [{ kind = ["like"] }]\ncooldown = 5'),
    rule('when = [{ kind = ["like"] }]\nsuggest = true'),
    rule('when = [{ kind = ["like"] }]\nthen = { email = "x" }'),
    rule('when = [{ kind = ["like"] }]\nthen = { queue = "tomorrow" }'),
    rule('when = [{ kind = ["like"] }]\nthen = { queue = -1 }'),
    rule('when = [{ kind = ["like"] }]\nthen = "hot"'),
    rule('when = [{ kind = ["like"] }]') * 2,
    when("{ }"),
    when('{ kind = "like" }'),
    when("{ kind = [] }"),
    when('{ kind = ["retweet"] }'),
    when('{ kind = ["like"], points_at_least = 3 }'),
    when('{ kind = ["like"], for = "3d" }'),
    when('{ kind = ["like"], channel = ["linkedn"] }'),
    when('{ kind = ["like"], by = "me" }'),
    when('{ kind = ["like"], since = "ours" }'),
    when('{ kind = ["like"], distinct = "hour" }'),
    when('{ kind = ["like"], at_least = 3, at_most = 2 }'),
    when('{ kind = ["like"], at_least = true }'),
    when('{ kind = ["stage_set"] }'),
    when('{ points_at_least = "12" }'),
    when('{ no = ["reply"] }'),
    when('{ no = ["reply"], for = "5d", after_kind = "email" }'),
    when('{ no = ["reply"], for = "5d", since = "ours", after_kind = "note" }'),
    when('{ no = ["reply"], for = "5d", at_least = 1 }'),
    when("{ in_stage_for = 30 }"),
    when('{ field = "country" }'),
    when('{ field = "country", is = "DE", is_not = "FR" }'),
    when('{ field = "country", in = "DE" }'),
    when('{ field = "country", is = 1979-05-27 }'),
    when('{ field = "size", at_least = "many" }'),
    when('{ field = "email_domain", matches_list = "rivals" }'),
    STAGES + "[fit]\nqualified = 30\ndisqualified = 50",
    STAGES + "[fit]\nqualified = 101",
    STAGES + '[[fit.rule]]\nfield = "x"\nis = 1',
    STAGES + '[[fit.rule]]\nfield = "x"\nis = 1\npoints = 3\nverdict = "disqualify"',
    STAGES + '[[fit.rule]]\nfield = "x"\nis = 1\nverdict = "qualify"',
    STAGES + "[[fit.rule]]\nis = 1\npoints = 3",
]


@pytest.mark.parametrize("text", MALFORMED)
def test_r14_what_is_malformed_is_refused_with_a_line(text: str) -> None:
    with pytest.raises(RulesError) as caught:
        parse(text)
    for problem in caught.value.problems:
        assert 1 <= problem.line <= text.count("\n") + 1
        assert problem.message


def test_r14_there_are_more_than_fifty_of_them() -> None:
    assert len(set(MALFORMED)) >= 50


@given(st.text(alphabet="[]{}=\"'#.,\n whenrulstagok:-019", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = bool(parse(text).stages)
    except RulesError as error:
        read = bool(error.problems)
    assert read


@given(st.integers(0, 10**9 - 1), st.sampled_from(sorted(TIME_UNITS)))
def test_a_duration_is_a_number_of_seconds(number: int, unit: str) -> None:
    assert duration(f"{number}{unit}") == number * TIME_UNITS[unit]


@pytest.mark.parametrize("text", ["", "d", "1", "1D", "1 d", "1d ", "+1d", "1.5d", "١d", "1y", "1d1h"])
def test_nothing_else_is_a_duration(text: str) -> None:
    assert duration(text) is None
