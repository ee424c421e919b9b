"""One table of keys feeds the script, the attributes, the help and the documentation."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from prospector.web import keymap
from prospector.web.rendering import environment

ROOT = Path(__file__).parents[2]
PAGES = [page for page, _ in keymap.PAGES]


def test_the_documentation_is_written_from_the_table() -> None:
    assert (ROOT / "docs" / "keyboard.md").read_text(encoding="utf-8") == keymap.markdown(), (
        "run: python scripts/keyboard.py"
    )


@pytest.mark.parametrize("page", PAGES)
def test_no_two_acts_of_a_page_have_the_same_key(page: str) -> None:
    ways = [way for key in keymap.of_page(page) for way in key.ways]
    assert sorted(ways) == sorted(set(ways))


@pytest.mark.parametrize("page", PAGES)
def test_no_key_is_the_beginning_of_a_sequence(page: str) -> None:
    ways = {way for key in keymap.of_page(page) for way in key.ways}
    assert not ways & {way.split(" ")[0] for way in ways if " " in way}


def test_the_script_reads_the_same_table() -> None:
    text = keymap.script().decode()
    rows = json.loads(text.removeprefix("const KEYMAP = ").rstrip().removesuffix(";"))
    assert rows == [[list(key.ways), key.act, list(key.pages)] for key in keymap.KEYS]


@pytest.mark.parametrize("page", PAGES)
def test_the_help_names_each_key_of_a_page_once(page: str) -> None:
    labels = [label for _, rows in keymap.groups(page) for label, _ in rows]
    assert sorted(labels) == sorted(key.label for key in keymap.of_page(page))


def test_attributes_and_caps_say_what_the_handler_hears() -> None:
    assert keymap.aria("approve", "queue") == "a"
    assert keymap.aria("like-done", "queue") == "Shift+L"
    assert keymap.aria("next", "queue") == "j ArrowDown"
    assert keymap.aria("go-queue", "queue") == ""
    assert keymap.cap("next", "queue") == "j"
    assert keymap.cap("approve", "settings") == ""


def test_every_act_that_a_page_draws_is_an_act_of_the_table() -> None:
    acts = {key.act for key in keymap.KEYS}
    loader = environment().loader
    assert loader is not None
    for name in loader.list_templates():
        if name.endswith(".html") and not name.startswith("macros"):
            source = loader.get_source(environment(), name)[0]
            drawn = set(re.findall(r"""acts\(["']([a-z-]+)["']\)""", source))
            assert drawn <= acts, name
