"""Where the next page of a list goes on: after a moment and a row of that moment (keyset pages)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Place:
    """After which row a page begins; written into a link as text."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}_{self.id}"


def place_of(text: str) -> Place | None:
    """What a `Place` was written as; None for anything else."""
    at, _, id_ = text.partition("_")
    try:
        moment = datetime.fromisoformat(at)
        place = Place(moment.astimezone(UTC), int(id_))
    except (ValueError, OverflowError):
        return None
    return place if moment.tzinfo is not None and 0 < place.id < 2**31 else None
