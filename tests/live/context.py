"""What a connector gets in a live test: the real way out, real secrets, the real time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from prospector.http import Http

T = TypeVar("T")


@dataclass(slots=True)
class LiveContext:
    """A `prospector.sdk.Context`. `points_of_no_return` counts how often the second mark was set."""

    settings: Any
    http: Http
    secrets: Mapping[str, str] = field(default_factory=dict)
    account: str = "live"
    memory: MutableMapping[str, Any] = field(default_factory=dict)
    points_of_no_return: int = 0

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def secret(self, reference: str) -> str:
        return self.secrets[reference]

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.to_thread(function, *args)

    async def point_of_no_return(self) -> None:
        self.points_of_no_return += 1

    def point_of_no_return_from_thread(self) -> None:
        self.points_of_no_return += 1
