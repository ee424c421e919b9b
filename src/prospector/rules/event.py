"""One dated thing that happened with a prospect, as the fold sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """An engagement, or what a person of ours did by hand (`stage_set`, `field_set`).

    Times are integer UTC seconds; `seen_at` is when we learnt of it, `retracted_at` when we
    noticed that it is gone. `attributes` holds `to` of a `stage_set`, `field` and `value` of a
    `field_set`. `id` is the same for the same fact, from wherever it comes.
    """

    id: str
    kind: str
    by: str
    channel: str
    at: int
    seen_at: int | None = None
    post: str | None = None
    retracted_at: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def order(self) -> tuple[int, str]:
        """Its place among all events: by time, then by the bytes of its id.

        Python compares text by code point, which is the order of the UTF-8 bytes.
        """
        return (self.at, self.id)

    def counts_at(self, time: int) -> bool:
        """Whether it has not been retracted by then."""
        return self.retracted_at is None or time < self.retracted_at
