"""Which live tests can run here: what `install.sh` noted, and what follows from it.

A test needs what its fixtures start. One whose servers may not be installed here is left out by
name; one whose servers should be here and are not fails.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

NOTED = Path(__file__).parents[2] / ".live" / "available"
NEEDS = {"bluesky_network": "bluesky", "mail_servers": "mail", "chromium": "chromium"}

State = Literal["yes", "no", "failed"]


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a thing is there: `no` where it may not be installed, `failed` where it should be."""

    state: State
    why: str = ""


UNTRIED = Availability("failed", "never installed: run `make live`, or bash tests/live/install.sh")


def parse(noted: str) -> dict[str, Availability]:
    """Read what `install.sh` wrote: a line a thing, `name state [why]`."""
    found: dict[str, Availability] = {}
    for line in noted.splitlines():
        name, state, why = [*line.split(" ", 2), "", ""][:3]
        found[name] = Availability("yes" if state == "yes" else "no" if state == "no" else "failed", why)
    return found


def read() -> dict[str, Availability]:
    """What is there on this machine; empty when `install.sh` never ran."""
    return parse(NOTED.read_text()) if NOTED.exists() else {}


def obstacle(
    fixtures: Collection[str], available: Mapping[str, Availability], in_ci: bool
) -> tuple[Literal["left out", "fails"], str] | None:
    """What keeps a test with these fixtures from running, or None.

    Outside CI what could not be installed leaves a test out; in CI only what may not be.
    """
    for fixture, thing in NEEDS.items():
        there = available.get(thing, UNTRIED)
        if fixture in fixtures and there.state != "yes":
            left_out = there.state == "no" or not in_ci
            return ("left out" if left_out else "fails"), f"{thing}: {there.why}"
    return None
