"""What is wrong in config.toml, in plain words and with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from prospector import toml_lines

# Pydantic speaks of Python's types; whoever edits the file thinks of TOML.
PLAIN = {
    "missing": "this key is needed",
    "model_type": "this is a table: [{path}]",
    "dict_type": "this is a table: [{path}]",
    "string_type": 'write text, in quotes: "…"',
    "int_type": "write a whole number, without quotes",
    "int_parsing": "write a whole number, without quotes",
    "int_from_float": "write a whole number",
    "float_type": "write a number, without quotes",
    "float_parsing": "write a number, without quotes",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "list_type": "write a list: […]",
    "time_parsing": 'write a time of day: "08:30"',
    "time_type": 'write a time of day: "08:30"',
}


class ConfigError(Exception):
    """config.toml is wrong; one line for each problem, each with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and the path of the key that it is wrong with."""

    path: tuple[str | int, ...]
    message: str

    def sentence(self, name: str, lines: Mapping[toml_lines.Path, int]) -> str:
        """`config.toml:12: accounts.bluesky.every: …`"""
        key = ".".join(str(part) for part in self.path)
        return f"{name}:{toml_lines.nearest_line(lines, self.path)}: {key}: {self.message}"


def problems_of(
    error: ValidationError, prefix: tuple[str | int, ...], known: type[BaseModel]
) -> list[Problem]:
    """The problems in a table that `known` describes."""
    return [
        _problem(item["type"], item["msg"], prefix, tuple(item["loc"]), known)
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def misplaced(error: tomllib.TOMLDecodeError, name: str, text: str) -> ConfigError:
    """A file that is no TOML; an error without a line is one at the end."""
    said, _, place = str(error).rpartition(" (at ")
    found = re.match(r"line (\d+)", place)
    line = int(found[1]) if found else text.rstrip("\n").count("\n") + 1
    return ConfigError([f"{name}:{line}: this is no TOML: {said[:1].lower()}{said[1:]}"])


def suggestion(word: str, known: Sequence[str]) -> str:
    """`; did you mean "every"?`, or nothing where no known word is like it."""
    close = difflib.get_close_matches(word, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def _problem(
    kind: str,
    message: str,
    prefix: tuple[str | int, ...],
    place: tuple[str | int, ...],
    known: type[BaseModel],
) -> Problem:
    path = prefix + place
    if kind == "extra_forbidden":
        return Problem(path, "unknown key" + suggestion(str(place[-1]), _keys(known, place[:-1])))
    said = PLAIN.get(kind, message.removeprefix("Value error, "))
    return Problem(path, said.format(path=".".join(map(str, path))) if kind in PLAIN else said)


def _keys(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """The keys of the table at a place inside a model."""
    table: Any = model
    for part in place:
        field = getattr(table, "model_fields", {}).get(part)
        table = field.annotation if field is not None else None
    return list(getattr(table, "model_fields", {}))
