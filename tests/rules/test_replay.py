"""Replay of files: the contract of the command, and input that means harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from prospector.cli.rules import app
from prospector.rules.format import RulesError
from prospector.rules.history import firing_key
from prospector.rules.replay import EventsError, replay

DAY, START = 86400, 1_736_500_000
RULES = """
[[stage]]
name = "cold"
[[stage]]
name = "engaged"
[[stage]]
name = "won"
[[rule]]
name = "two replies"
from = ["cold"]
to = "engaged"
when = [{ kind = ["reply"], at_least = 2, within = "7d" }]
[[rule]]
name = "quiet"
cooldown = "30d"
when = [{ no = ["reply"], for = "20d" }]
then = { queue = "today" }
"""


def line(prospect: str, identity: str, day: int, kind: str = "reply", **more: Any) -> str:
    row = {"prospect": prospect, "id": identity, "at": START + day * DAY, "kind": kind}
    return json.dumps(row | {"by": "them", "channel": "bluesky"} | more)


def told(*lines: str, until: int = 15, start: int | None = 0) -> dict[str, Any]:
    first = None if start is None else START + start * DAY
    return replay(RULES, lines, START + until * DAY, first)["prospects"]


def test_r5_the_worked_vector_moves_whom_it_should() -> None:
    days = {
        "P1": [1, 3],
        "P2": [1, 9],
        "P3": [5, 6],
        "P4": [50, 51],
        "P6": [10, 12],
        "P7": [1, 3],
        "P8": [2, 9],
    }
    lines = [line(who, f"{who}.{day}", day) for who, replies in days.items() for day in replies]
    lines.append(line("P5", "P5.1", 1, "like"))
    people = told(*lines)
    moved = {who: [(row["at"] - START) // DAY for row in person["moves"]] for who, person in people.items()}
    assert moved == {"P1": [3], "P2": [], "P3": [6], "P4": [51], "P5": [], "P6": [12], "P7": [3], "P8": []}
    assert people["P1"]["stage"] == "engaged"


def test_moves_and_firings_have_the_names_of_the_contract() -> None:
    by_hand = line("p", "h", 30, "stage_set", by="us", channel="ui", to="won")
    person = told(line("p", "a", 0), line("p", "b", 1), by_hand, until=25)["p"]
    assert person == {
        "stage": "won",
        "moves": [
            {"at": START + DAY, "rule": "two replies", "before": "cold", "after": "engaged"}
            | {"key": firing_key("two replies", ("event", "b"))},
            {"at": START + 30 * DAY, "rule": None, "before": "engaged", "after": "won", "key": "h"},
        ],
        "firings": [
            person["moves"][0],
            {"at": START + 21 * DAY, "rule": "quiet", "before": "engaged", "after": None}
            | {"key": firing_key("quiet", ("timer", 0, START + DAY))},
        ],
    }


def test_without_a_start_each_begins_with_their_first_event() -> None:
    assert told(line("p", "a", 40), until=59, start=None)["p"]["firings"] == []
    assert len(told(line("p", "a", 40), until=60, start=None)["p"]["firings"]) == 1


def test_order_duplicates_and_times_of_sight_mean_nothing() -> None:
    lines = [line("p", "a", 0, seen_at=START), line("q", "c", 2), line("p", "b", 1)]
    again = [*reversed(lines), "", "  ", line("p", "a", 0, seen_at=START + DAY)]
    assert told(*lines) == told(*again)


WRONG = {
    "{": "not valid JSON",
    "[1]": "must be an object",
    "3": "must be an object",
    "[" * 100_000: "nested too deep",
    '{"a": NaN}': "NaN is no JSON number",
    '{"at": ' + "9" * 5000 + "}": "not valid JSON",
    '{"id": "\\ud800"}': "half a character",
    '{"value": 1e999}': "too large",
    "{}": "prospect is missing",
    line("p", "a", 0, id=None): "id is missing",
    line("p", "a", 0, id=7): "id must be text",
    line("p", "a", 0, kind="liek"): 'did you mean "like"?',
    line("p", "a", 0, kind=["like"]): "kind must be text",
    line("p", "a", 0, by="me"): "by must be them or us",
    line("p", "a", 0, channel=""): "channel must be text",
    line("p", "a", 0, channel=None): "channel is missing",
    line("p", "a", 0, at="2025-01-01"): "at must be whole seconds",
    line("p", "a", 0, at=1.5): "at must be whole seconds",
    line("p", "a", 0, at=True): "at must be whole seconds",
    line("p", "a", 0, at=1736500000000): "milliseconds",
    line("p", "a", 0, post=3): "post must be text",
    line("p", "a", 0, retracted_at="x"): "retracted_at must be whole seconds",
    line("p", "a", 0, kind="stage_set", by="us"): "to is missing",
    line("p", "a", 0, kind="stage_set", by="us", to="engagd"): 'did you mean "engaged"?',
    line("p", "a", 0, kind="stage_set", to="won"): "by must be us",
    line("p", "a", 0, kind="field_set", by="us", field="x"): "value is missing",
    line("p", "a", 0, kind="field_set", by="us", value="x"): "field is missing",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_a_wrong_line_is_named_with_its_number(text: str) -> None:
    with pytest.raises(EventsError) as caught:
        told(line("p", "good", 0), text)
    ((number, message),) = caught.value.problems
    assert number == 2
    assert WRONG[text] in message


def test_one_id_with_two_contents_names_both_lines() -> None:
    with pytest.raises(EventsError) as caught:
        told(line("p", "a", 0), line("p", "b", 0), line("p", "a", 1), line("q", "b", 0))
    assert [number for number, _ in caught.value.problems] == [3, 4]
    assert "line 1" in caught.value.problems[0][1]
    assert "line 2" in caught.value.problems[1][1]


@pytest.mark.parametrize("values", [("1", "true"), ("0", "false"), ("1", "1.0"), ('{"a": 1}', '{"a": true}')])
def test_what_python_thinks_equal_is_not_the_same_content(values: tuple[str, str]) -> None:
    """Else the order of the lines would say which of the two counts."""
    texts = [line("p", "a", 0, kind="field_set", by="us", field="x", value="?") for _ in values]
    lines = [text.replace('"?"', value) for text, value in zip(texts, values, strict=True)]
    for order in (lines, lines[::-1]):
        with pytest.raises(EventsError, match="another content than in line 1"):
            told(*order)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    ["prospect", "id", "at", "kind", "by", "channel", "post", "to", "field", "value", "retracted_at"]
)


@given(st.lists(st.dictionaries(names, json_values, max_size=4), max_size=4))
def test_any_content_is_replayed_or_refused(changes: list[dict[str, Any]]) -> None:
    lines = [
        json.dumps(json.loads(line("p", f"e{number}", number)) | change)
        for number, change in enumerate(changes)
    ]
    try:
        answer = json.dumps(replay(RULES, lines, START, None, with_why=True), ensure_ascii=False).encode()
    except EventsError as error:
        answer = str(error).encode(errors="backslashreplace")
    assert answer


@given(st.lists(st.text(max_size=30), max_size=4))
def test_any_lines_are_replayed_or_refused(lines: list[str]) -> None:
    try:
        answer = replay(RULES, lines, START)
    except EventsError as error:
        answer = {"prospects": {}} if error.problems else {}
    assert answer == {"prospects": {}}


# --- The command ------------------------------------------------------------------------------


def invoke(folder: Path, *arguments: str, rules: str = RULES, events: str = "") -> Any:
    (folder / "rules.toml").write_text(rules, "utf-8")
    (folder / "events.jsonl").write_text(events, "utf-8")
    return CliRunner().invoke(app, [part.replace("@", f"{folder}/") for part in arguments])


def test_the_command_replays_and_takes_both_ways_to_write_a_time(tmp_path: Path) -> None:
    events = "\n".join([line("p\u2028", "a", 0), line("p\u2028", "b", 1)])
    arguments = ["replay", "@rules.toml", "@events.jsonl", "--until"]
    one = invoke(tmp_path, *arguments, str(START + DAY), "--start", str(START), events=events)
    two = invoke(
        tmp_path, *arguments, "2025-01-11T10:06:40+01:00", "--start", "2025-01-10T09:06:40Z", events=events
    )
    assert (one.exit_code, two.exit_code) == (0, 0)
    assert one.stdout == two.stdout
    assert json.loads(one.stdout)["prospects"]["p\u2028"]["stage"] == "engaged"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["replay", "@rules.toml", "@events.jsonl"], 2, "--until"),
        (["replay", "@rules.toml", "@events.jsonl", "--until", "soon"], 2, "is no time"),
        (["replay", "@rules.toml", "@absent", "--until", "5"], 2, "cannot be read"),
        (["replay", "@rules.toml", "@rules.toml", "--until", "5"], 1, "rules.toml:2: not valid JSON"),
        (["replay", "@events.jsonl", "@events.jsonl", "--until", "5"], 1, "there are no stages"),
        (["check", "@events.jsonl"], 1, ""),
        (["check", "@rules.toml"], 0, ""),
        (["check"], 2, ""),
    ],
)
def test_wrong_use_is_2_and_failure_is_1(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    result = invoke(tmp_path, *arguments)
    assert result.exit_code == code
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_check_tells_every_finding_as_json(tmp_path: Path) -> None:
    result = invoke(tmp_path, "check", "@rules.toml", "--json", rules=RULES.replace("cooldown", "cooldwon"))
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [(row["line"], row["rule"], row["level"]) for row in found] == [(15, "quiet", "error")]
    assert "cooldown" in found[0]["message"]


def test_rules_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(RulesError):
        replay("[[rule]]", [], START)
