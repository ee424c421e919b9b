"""The line index agrees with tomllib about what is there, and with the writer about where."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prospector.toml_lines import Path, line_of, nearest_line

SAMPLE = '''\
# a comment with [brackets]
title = "x # no comment" # yes
"quoted \\u00e9.key" = 1
a.'b c'."d" = [ # first
  1, 2,
  { x = 1, y = ["]", '}'] },

  """
two
""""", 3,
]

[[rule]]
name = "one"
when = [{ kind = ["like"] },
        { kind = ["reply"], at_least = 2 }]
[rule.then]
tag = ["x"]
[[rule]]
name = "two"
[[rule.part]]
p = 1
[ table . "in" ]
day = 1979-05-27 07:32:00
'''

PLACES = {
    ("title",): 2,
    ("quoted é.key",): 3,
    ("a",): 4,
    ("a", "b c"): 4,
    ("a", "b c", "d"): 4,
    ("a", "b c", "d", 0): 5,
    ("a", "b c", "d", 1): 5,
    ("a", "b c", "d", 2): 6,
    ("a", "b c", "d", 2, "x"): 6,
    ("a", "b c", "d", 2, "y"): 6,
    ("a", "b c", "d", 2, "y", 0): 6,
    ("a", "b c", "d", 2, "y", 1): 6,
    ("a", "b c", "d", 3): 8,
    ("a", "b c", "d", 4): 10,
    ("rule",): 13,
    ("rule", 0): 13,
    ("rule", 0, "name"): 14,
    ("rule", 0, "when"): 15,
    ("rule", 0, "when", 0): 15,
    ("rule", 0, "when", 0, "kind"): 15,
    ("rule", 0, "when", 0, "kind", 0): 15,
    ("rule", 0, "when", 1): 16,
    ("rule", 0, "when", 1, "kind"): 16,
    ("rule", 0, "when", 1, "kind", 0): 16,
    ("rule", 0, "when", 1, "at_least"): 16,
    ("rule", 0, "then"): 17,
    ("rule", 0, "then", "tag"): 18,
    ("rule", 0, "then", "tag", 0): 18,
    ("rule", 1): 19,
    ("rule", 1, "name"): 20,
    ("rule", 1, "part"): 21,
    ("rule", 1, "part", 0): 21,
    ("rule", 1, "part", 0, "p"): 22,
    ("table",): 23,
    ("table", "in"): 23,
    ("table", "in", "day"): 24,
}

keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6) | st.sampled_from(
    ["a", "b-c", "1"]
)
scalars = st.sampled_from(
    ["1", "true", "1979-05-27 07:32:00", "'it # s'", '"a ] } , \\" b"', "[]", "{}", "''"]
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
blanks = st.sampled_from(["\n", "\n\n", "\r\n", " # [x] = {\n", "\n# '''\n \t"])


def quoted(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


@dataclass
class Writer:
    """Writes TOML and notes the line of everything it writes."""

    data: st.DataObject
    text: str = ""
    places: dict[Path, int] = field(default_factory=dict)

    def value(self, path: Path, value: Any, in_table: bool) -> None:
        if isinstance(value, str):
            self.text += value
        elif isinstance(value, list):
            self._items(path, list(enumerate(value)), "[]", in_table)
        else:
            self._items(path, list(value.items()), "{}", True)

    def _items(self, path: Path, items: list[tuple[Any, Any]], ends: str, one_line: bool) -> None:
        self.text += ends[0]
        for number, (key, inner) in enumerate(items):
            self.text += ", " if number else " "
            if not one_line:
                self.text += self.data.draw(blanks)
            self.places[(*path, key)] = self.line
            if isinstance(key, str):
                self.text += f"{quoted(key)} = "
            self.value((*path, key), inner, one_line)
        self.text += " " + ends[1]

    def table(self, path: Path, header: str, content: dict[str, Any]) -> None:
        self.places[path] = self.line
        self.text += header + self.data.draw(blanks)
        for key, value in content.items():
            self.places[(*path, key)] = self.line
            self.text += f"{quoted(key)} = "
            self.value((*path, key), value, False)
            self.text += self.data.draw(blanks)

    @property
    def line(self) -> int:
        return self.text.count("\n") + 1


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from paths(inner, (*path, key))


def test_a_document_with_every_form() -> None:
    assert line_of(SAMPLE) == PLACES
    assert set(paths(tomllib.loads(SAMPLE))) == set(PLACES)


@given(
    data=st.data(),
    tables=st.dictionaries(keys, st.dictionaries(keys, values, max_size=4), max_size=3),
    arrays=st.lists(st.dictionaries(keys, values, max_size=3), max_size=3),
)
def test_every_path_has_the_line_where_it_was_written(
    data: st.DataObject, tables: dict[str, Any], arrays: list[dict[str, Any]]
) -> None:
    writer = Writer(data)
    tables.pop("list", None)
    for name, content in tables.items():
        writer.table((name,), f"[{quoted(name)}]", content)
    for number, content in enumerate(arrays):
        writer.places.setdefault(("list",), writer.line)
        writer.table(("list", number), "[[list]]", content)

    found = line_of(writer.text)

    assert found == writer.places
    # A scalar that is itself "[]" or "{}" has nothing inside, so tomllib has the same paths.
    assert set(found) == set(paths(tomllib.loads(writer.text)))


@given(st.text(alphabet="[]{}='\"\\.,# \nab", max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    count = text.count("\n") + 1
    assert all(1 <= line <= count for line in line_of(text).values())


def test_a_missing_key_has_the_line_of_its_table() -> None:
    lines = line_of(SAMPLE)
    assert nearest_line(lines, ("rule", 1, "to")) == 19
    assert nearest_line(lines, ("absent", 0)) == 1


def test_an_own_header_comes_before_an_implied_one() -> None:
    assert line_of("[a.b]\n\n[a]\nc = 1\n") == {("a",): 3, ("a", "b"): 1, ("a", "c"): 4}
