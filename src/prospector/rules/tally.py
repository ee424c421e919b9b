"""The events of one prospect as one ruleset needs them: a sorted list for every filter it uses.

Everything in a tally lies at or before the present moment, so "how many since" is one look at the
end of a list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from prospector.rules.event import Event
from prospector.rules.fit import set_field
from prospector.rules.ruleset import Absence, Count, Distinct
from prospector.rules.score import Estimate
from prospector.rules.vocabulary import BY_HAND_KINDS

DAY = 86400
NOT_OURS = BY_HAND_KINDS | {"note"}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events belong to a list; with `distinct`, the last time of each value is kept."""

    kinds: frozenset[str] | None
    by: str
    channels: frozenset[str] | None
    distinct: Distinct | None = None

    @classmethod
    def matching(cls, condition: Count | Absence) -> Filter:
        """The events that a condition counts, or that break a silence."""
        channels = None if condition.channels is None else frozenset(condition.channels)
        distinct = condition.distinct if isinstance(condition, Count) else None
        return cls(frozenset(condition.kinds), condition.by, channels, distinct)

    @classmethod
    def ours(cls, condition: Absence) -> Filter:
        """What we did towards them, from which a silence "since ours" is measured."""
        kinds = None if condition.after_kinds is None else frozenset(condition.after_kinds)
        return cls(kinds, "us", None)

    def admits(self, kind: str, by: str, channel: str) -> bool:
        if self.by not in (by, "any"):
            return False
        if self.channels is not None and channel not in self.channels:
            return False
        return kind not in NOT_OURS if self.kinds is None else kind in self.kinds


def value_of(event: Event, distinct: Distinct) -> object:
    """What `distinct` tells apart; an event without a post is a post of its own."""
    if distinct == "post":
        return event.post or (event.id,)
    return event.at // DAY if distinct == "day" else event.channel


@dataclass(frozen=True, slots=True)
class Route:
    """Where events of one kind, side and channel go."""

    lists: tuple[int, ...]
    latest: tuple[tuple[int, Distinct], ...]
    weight: int
    field_set: bool


class Tally:
    """The lists, by the number of their filter, and the fields; grows event by event."""

    __slots__ = ("estimate", "fields", "latest", "times", "weighted")

    def __init__(self, filters: int, half_life: int) -> None:
        self.times: list[list[int]] = [[] for _ in range(filters)]
        self.latest: list[dict[object, int]] = [{} for _ in range(filters)]
        self.weighted: list[tuple[int, int]] = []
        self.estimate = Estimate(half_life)
        self.fields: dict[str, Any] = {}

    def add(self, event: Event, route: Route) -> None:
        at, times = event.at, self.times
        for number in route.lists:
            times[number].append(at)
        for number, distinct in route.latest:
            latest, value = self.latest[number], value_of(event, distinct)
            latest.pop(value, None)  # so that the order of the dictionary is that of the last times
            latest[value] = at
        if route.weight:
            self.weighted.append((at, route.weight))
            self.estimate.add(at, route.weight)
        if route.field_set:
            set_field(self.fields, event)


def visible(events: Iterable[Event], time: int) -> list[Event]:
    """The events that have not been retracted by `time`."""
    return [event for event in events if event.counts_at(time)]
