"""What people in the sandbox say, by occasion."""

from __future__ import annotations

import random
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


def line(occasion: str, dice: random.Random, **names: str) -> str:
    """One of the lines for this occasion; `names` fill in whom it is about. Raises `KeyError`."""
    lines = _source()[occasion]
    return str(dice.choice(lines) if isinstance(lines, list) else lines).format(**names)


def lines(occasion: str) -> tuple[str, ...]:
    """All lines for this occasion. Raises `KeyError`."""
    return tuple(_source()[occasion])


@cache
def _source() -> dict[str, Any]:
    return tomllib.loads(files("prospector.sandbox").joinpath("talk.toml").read_text(encoding="utf-8"))
