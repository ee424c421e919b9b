"""The manual names every word of the format: a rule that is not documented is not there."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from prospector.rules.condition_tables import FORMS
from prospector.rules.lint import FEWEST_STAGES, MOST_STAGES
from prospector.rules.ruleset import FIELD_TESTS, Actions, Engine, Points, Stage
from prospector.rules.vocabulary import CHANNELS, FREE_MAIL, KINDS, LISTS, WEIGHT_NAMES, nearest

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
NAMED = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`\n]+)`", PAGE))))


def test_the_manual_names_every_key() -> None:
    keys = {field.name for one in (Engine, Stage, Points, Actions) for field in fields(one)}
    rule = {"name", "from", "to", "backward", "cooldown", "when", "when_any", "unless", "then", "suggest"}
    condition = {"by", "channel", "at_least", "at_most", "within", "since", "distinct", "for", "after_kind"}
    fit = {"fit", "qualified", "disqualified", "points", "verdict", "reason", "matches_list", "free_mail"}
    assert keys | rule | condition | fit | set(FORMS) | set(FIELD_TESTS) | set(LISTS) <= NAMED


def test_the_manual_names_every_kind_and_channel() -> None:
    assert KINDS <= NAMED
    assert CHANNELS <= NAMED


def test_the_manual_names_the_defaults() -> None:
    assert f"fewer than {FEWEST_STAGES} or more than {MOST_STAGES} stages" in PAGE
    for key, shown in (("hold_after_manual", "7d"), ("min_dwell", "1h"), ("stale_after", "3d")):
        assert f'| `{key}` | "{shown}" |' in PAGE


def test_words_are_what_they_should_be() -> None:
    assert {"them.reply", "us.email", "us.reply", "them.email_open"} <= WEIGHT_NAMES
    assert not {"them.email", "them.stage_set", "us.field_set"} & WEIGHT_NAMES
    assert all(re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", domain) for domain in FREE_MAIL)


def test_a_hint_names_what_was_meant_or_what_there_is() -> None:
    assert nearest("liek", KINDS) == '; did you mean "like"?'
    assert nearest("zzz", ["b", "a"]) == "; known: a, b"
