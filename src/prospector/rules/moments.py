"""The moments of one prospect in their order, apart from the timers, which the fold finds itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from prospector.rules.event import Event
from prospector.rules.history import Version

BEFORE_ALL = -(10**18)
_by_order = attrgetter("at", "id")


def in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """Sorted, each once; one that was gone before it happened never counts."""
    ordered = sorted(events, key=_by_order)
    return tuple(
        [
            event
            for before, event in zip([None, *ordered], ordered, strict=False)
            if (before is None or event.id != before.id)
            and (event.retracted_at is None or event.retracted_at > event.at)
        ]
    )


def in_force(versions: Iterable[Version]) -> list[Version]:
    """The versions in order, without the voided and those that another replaced in their second."""
    valid = [version for version in versions if not version.voided]
    valid.sort(key=lambda one: (BEFORE_ALL if one.active_from is None else one.active_from, one.number))
    pairs = zip(valid, [*valid[1:], None], strict=False)
    return [one for one, after in pairs if after is None or after.active_from != one.active_from]


@dataclass(frozen=True, slots=True)
class Turn:
    """Something beside events and timers that is a moment: an activation, or a retraction (None)."""

    time: int
    version: Version | None


def turns_of(versions: Sequence[Version], events: tuple[Event, ...], tracked_from: int) -> list[Turn]:
    """Activations and retractions, in order; at the same second the activation is first."""
    times = {event.retracted_at for event in events if event.retracted_at is not None}
    turns = [Turn(time, None) for time in times if time >= tracked_from]
    turns += [Turn(one.active_from, one) for one in versions if one.active_from is not None]
    return sorted(turns, key=lambda turn: (turn.time, turn.version is None))
