"""A workspace in a folder of its own, as `prospector init` makes it, for benchmarks to fill."""

from __future__ import annotations

from pathlib import Path

from prospector.cli.workspace import PRESETS, make
from prospector.installation import Installation, open_installation, utc_now

RULES = PRESETS["social-selling"].read_text(encoding="utf-8")


def workplace(folder: Path, config: str, rules: str = RULES) -> Installation:
    """An opened workspace whose rules are live since now. To be closed by the caller."""
    make(folder, config, rules, utc_now())
    return open_installation(folder)
