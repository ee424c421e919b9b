"""The words of mails in many languages, from `phrases.toml`, as regular expressions."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

PHRASES: dict[str, dict[str, list[str]]] = tomllib.loads(
    files("prospector.mail").joinpath("phrases.toml").read_text("utf-8")
)


def alternatives(table: str, *keys: str) -> str:
    """The alternatives of a table, or of the named lists in it, as one group of a pattern."""
    lists = (PHRASES[table][key] for key in keys or PHRASES[table])
    return f"(?:{'|'.join(one for several in lists for one in several)})"


def any_of(table: str) -> re.Pattern[str]:
    """What finds any phrase of a table, in upper or lower case."""
    return re.compile(alternatives(table), re.IGNORECASE)


def numbers(table: str) -> dict[str, int]:
    """The names of a table by the number that they stand for."""
    return {name: int(number) for number, names in PHRASES[table].items() for name in names}
