"""What the fold tells of one prospect: moves, firings, and the situation it ends in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any

from prospector.rules.event import Event
from prospector.rules.ruleset import Actions, Ruleset

Moment = tuple[str, str] | tuple[str, int] | tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Version:
    """A ruleset with the second from which it is in force; None: from the beginning."""

    number: int
    active_from: int | None
    ruleset: Ruleset
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """All that decides at one moment, beside the events: what the explanation starts from.

    `seen` is how many of the sorted events the moment sees; `held_since` the last move by hand;
    `moved` whether the stage has ever changed; `fired` the last firing of each rule.
    """

    time: int
    seen: int
    stage: str
    entered: int
    moved: bool
    held_since: int | None
    fired: Mapping[str, int]
    version: Version | None


@dataclass(frozen=True, slots=True)
class Move:
    """A change of stage; `rule` and `version` are None where a person did it."""

    key: str
    rule: str | None
    version: int | None
    effective_at: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that fired; `after` is None where it did not move, `suggested` what it offers.

    `situation` and `events` are the evidence: `explain.why` reads the proof out of them. They
    take no part in comparison, for two firings are the same if they say the same.
    """

    key: str
    rule: str
    version: int
    moment: Moment
    effective_at: int
    before: str
    after: str | None
    suggested: str | None
    actions: Actions
    situation: Situation = field(compare=False, repr=False)
    events: tuple[Event, ...] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class History:
    """The whole answer of the fold.

    `next_timer` is the earliest timer due beyond the horizon: until then only a new event can
    change anything. `fields` are the prospect's fields as the events left them.
    """

    stage: str
    entered: int
    moves: tuple[Move, ...]
    firings: tuple[Firing, ...]
    next_timer: int | None
    situation: Situation = field(compare=False, repr=False)
    events: tuple[Event, ...] = field(compare=False, repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


def firing_key(rule: str, moment: Moment) -> str:
    """The name of a firing, for ever: sha256 of the JSON `[rule, moment]`, in hex."""
    parts = ",".join([str(part) if isinstance(part, int) else encode_basestring(part) for part in moment])
    return hashlib.sha256(f"[{encode_basestring(rule)},[{parts}]]".encode()).hexdigest()
