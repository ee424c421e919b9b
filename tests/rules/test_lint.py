"""What the linter finds, each with its rule and line; and that the shipped rules are clean."""

from __future__ import annotations

from importlib.resources import files

import pytest

from prospector.rules.finding import Facts
from prospector.rules.lint import lint

FOUR = "".join(f'[[stage]]\nname = "{name}"\n' for name in ("a", "b", "c")) + (
    '[[stage]]\nname = "lost"\nterminal = true\n'
)
KNOWN = Facts(channels=frozenset({"email"}), history=30 * 86400, most_points=40)


def rule(name: str, sources: str, to: str, when: str, more: str = "") -> str:
    return f'[[rule]]\nname = "{name}"\nfrom = [{sources}]\nto = "{to}"\nwhen = [{when}]\n{more}\n'


NO_DM_ON_X = '{ no = ["dm"], for = "1d", channel = ["x"] }'
LIKE_OR_DM = '{ kind = ["like", "dm"] }'
LIKE, REPLY = '{ kind = ["like"] }', '{ kind = ["reply"] }'
FINDINGS = {
    "unreachable": (FOUR + rule("r", '"b"', "c", LIKE), "unreachable"),
    "shadowed": (FOUR + rule("x", '"a"', "b", LIKE) + rule("r", '"a"', "c", f"{LIKE}, {REPLY}"), "shadowed"),
    "order": (FOUR + rule("x", '"a"', "b", LIKE) + rule("r", '"a"', "c", LIKE_OR_DM), "further"),
    "loop": (FOUR + rule("x", '"a"', "b", LIKE) + rule("r", '"b"', "a", REPLY, "backward = true"), "loop"),
    "backward": (FOUR + rule("x", '"a"', "c", REPLY) + rule("r", '"a", "c"', "b", LIKE), "backward = true"),
    "no connector": (FOUR + rule("r", '"a"', "b", NO_DM_ON_X), "silence on x"),
    "long window": (FOUR + rule("r", '"a"', "b", '{ kind = ["like"], within = "60d" }'), "stored history"),
    "many points": (
        FOUR + '[points.weights]\n"them.like" = 1\n' + rule("r", '"a"', "b", "{ points_at_least = 41 }"),
        "the most that any 30 days",
    ),
    "no points": (FOUR + rule("r", '"a"', "b", "{ points_at_least = 4 }"), "gives none"),
    "email_open": (FOUR + rule("r", '"a"', "b", '{ kind = ["email_open"] }'), "machines"),
    "terminal": (FOUR.replace("[[stage]]\nname = \"lost\"\nterminal = true\n", "")
                 + '[[stage]]\nname = "x"\nterminal = true\n[[stage]]\nname = "d"\n'
                 + rule("y", '"a"', "x", LIKE) + rule("r", '"x"', "d", LIKE), "comment"),
    "nothing": (FOUR + rule("r", '"a"', "b", '{ in_stage_for = "0d" }'), "duration of nothing"),
    "no effect": (FOUR + f'[[rule]]\nname = "r"\nwhen = [{LIKE}]\n', "does nothing"),
    "few stages": ('[[stage]]\nname = "a"\n[[stage]]\nname = "b"\n', "2 stages"),
    "many stages": ("".join(f'[[stage]]\nname = "s{number}"\n' for number in range(16)), "16 stages"),
    "duplicate": (FOUR + rule("r", '"a"', "b", LIKE) * 2, "two rules"),
    "weight": (FOUR + '[points.weights]\n"them.like" = -2\n', "at least 0"),
    "unknown": (FOUR + rule("r", '"a"', "z", LIKE), 'unknown stage "z"'),
}  # fmt: skip


@pytest.mark.parametrize("name", FINDINGS)
def test_each_finding_of_the_list_has_rule_and_line(name: str) -> None:
    text, words = FINDINGS[name]
    found = [problem for problem in lint(text, KNOWN) if words in problem.message]
    assert found, lint(text, KNOWN)
    lines = text.split("\n")
    if found[0].rule:
        head = max(place for place, line in enumerate(lines, 1) if line == 'name = "r"') - 1
        assert head <= found[0].line <= head + 6


def test_what_is_not_known_is_not_judged() -> None:
    for name in ("no connector", "long window", "many points"):
        assert lint(FINDINGS[name][0]) == ()


def test_a_comment_says_that_leaving_the_end_is_meant() -> None:
    text = FINDINGS["terminal"][0].replace(
        '[[rule]]\nname = "r"', '# They came back by themselves.\n[[rule]]\nname = "r"'
    )
    assert not [problem for problem in lint(text) if "comment" in problem.message]


def test_a_loop_with_a_cooldown_or_a_wait_is_no_finding() -> None:
    text = FINDINGS["loop"][0]
    assert not [p for p in lint(text.replace("backward", 'cooldown = "1d"\nbackward')) if "loop" in p.message]
    waits = text.replace(REPLY, '{ in_stage_for = "9d" }')
    assert not [p for p in lint(waits) if "loop" in p.message]


def test_a_channel_of_an_own_connector_is_known() -> None:
    text = FOUR + rule("r", '"a"', "b", '{ kind = ["like"], channel = ["intranet"] }')
    assert "unknown channel" in lint(text)[0].message
    assert lint(text, Facts(channels=frozenset({"intranet"}))) == ()


def test_the_rules_of_a_new_workspace_are_clean() -> None:
    text = files("prospector.rules").joinpath("default.toml").read_text("utf-8")
    assert lint(text) == ()
    assert lint(text, Facts(frozenset({"bluesky", "email"}), 365 * 86400, 20)) == ()
