"""A context as the core would give it, in which nothing is real but the connector."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from prospector.http import Handler, Http, Network
from prospector.sdk import HttpClient, NotSent

T = TypeVar("T")

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def no_wait(seconds: float) -> None:
    """Stands in for `asyncio.sleep` where waiting would only make a test slow."""


def answering(
    handler: Handler, now: datetime = NOW, sleep: Callable[[float], Awaitable[None]] = no_wait
) -> Http:
    """An `Http` whose requests `handler` answers (`respx.MockRouter(using=None).async_handler`).

    Everything but the network is the real thing: redirects, caps, retries, errors.
    """
    return Http(Network(handler=handler), now=lambda: now, sleep=sleep)


@dataclass
class FakeContext:
    """An `sdk.Context`. `points` counts the points of no return that were passed; with
    `taken_back` the next one raises `NotSent`, as it does when a person discards the message."""

    http: HttpClient
    settings: Any = None
    now: datetime = NOW
    account: str = "test"
    secrets: dict[str, str] = field(default_factory=dict)
    memory: MutableMapping[str, Any] = field(default_factory=dict)
    points: int = 0
    taken_back: bool = False

    def secret(self, reference: str) -> str:
        """What `secrets` says, else the reference itself, so that any reference has a value."""
        return self.secrets.get(reference, reference)

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.to_thread(function, *args)

    async def point_of_no_return(self) -> None:
        self.point_of_no_return_from_thread()

    def point_of_no_return_from_thread(self) -> None:
        if self.taken_back:
            raise NotSent("The message was taken back before it was sent.")
        self.points += 1
