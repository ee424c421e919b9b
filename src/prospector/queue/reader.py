"""Who works on the queue: whose cards they see, and when their day begins and is full."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from prospector.queue.workday import DAY_START, instant, planning_day

if TYPE_CHECKING:
    from prospector.prospects.scope import Scope

MINUTES = 25
UTC = ZoneInfo("UTC")


class Reader(Protocol):
    """Somebody who reads and decides cards; the page's viewer is one as it is. `id` is None for the
    command line without a user."""

    @property
    def id(self) -> int | None: ...
    @property
    def name(self) -> str: ...
    @property
    def zone(self) -> ZoneInfo: ...
    @property
    def day_start(self) -> time: ...
    @property
    def minutes(self) -> int: ...
    @property
    def scope(self) -> Scope: ...


@dataclass(frozen=True, slots=True)
class Rep:
    """A reader apart from any page."""

    id: int | None = None
    name: str = ""
    zone: ZoneInfo = UTC
    day_start: time = DAY_START
    minutes: int = MINUTES
    scope: Scope = field(kw_only=True)


def start_of(reader: Reader, now: datetime) -> datetime:
    """When the reader's running day began: before their working start it is still yesterday's."""
    return instant(planning_day(now, reader.zone, reader.day_start), reader.day_start, reader.zone)
