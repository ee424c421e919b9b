"""What a connector gets in these tests: an account, a clock that the test owns, and a way out that
ends in a server inside the process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx

from prospector.http import Http, Network
from prospector.sdk import Connector, Identity, Page, Seen, engagement_key

T = TypeVar("T")
START = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class Clock:
    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def tick(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


async def no_wait(seconds: float) -> None:
    return None


@dataclass
class Account:
    """A `sdk.Context`. `marks` counts the points of no return."""

    settings: Any
    handler: Callable[[httpx.Request], Awaitable[httpx.Response]]
    clock: Clock = field(default_factory=Clock)
    account: str = "ours"
    memory: dict[str, Any] = field(default_factory=dict)
    marks: int = 0
    sent: list[httpx.Request] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.clock.at

    @property
    def http(self) -> Http:
        return Http(Network(handler=self._handle, per_host=8), private=True, now=self.clock, sleep=no_wait)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        await asyncio.sleep(0)  # as on a network, others get their turn meanwhile
        return await self.handler(request)

    def secret(self, reference: str) -> str:
        return reference.removeprefix("test:")

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        return function(*args)

    async def point_of_no_return(self) -> None:
        self.marks += 1

    def point_of_no_return_from_thread(self) -> None:
        self.marks += 1


def asgi(app: Any) -> Callable[[httpx.Request], Awaitable[httpx.Response]]:
    """Answers requests with an ASGI app, without a socket."""
    transport = httpx.ASGITransport(app)

    async def handle(request: httpx.Request) -> httpx.Response:
        response = await transport.handle_async_request(request)
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())

    return handle


@dataclass
class Record:
    """What the core would keep of polls: every engagement by its key, the cursor, the retractions."""

    platform: str
    cursor: str | None = None
    rows: dict[str, Seen] = field(default_factory=dict)
    retracted: list[str] = field(default_factory=list)
    moved: str | None = None

    def take(self, page: Page) -> list[Seen]:
        """Store a page; what is new in it."""
        fresh = {engagement_key(self.platform, seen): seen for seen in page.seen}
        new = [seen for key, seen in fresh.items() if key not in self.rows]
        self.rows = {**fresh, **self.rows}
        self.cursor = page.cursor or self.cursor
        self.retracted += page.retracted
        self.moved = page.moved or self.moved
        return new

    @property
    def kinds(self) -> list[str]:
        return sorted(seen.kind for seen in self.rows.values())

    @property
    def objects(self) -> set[str]:
        return {seen.object for seen in self.rows.values()}


async def look(
    connector: Connector, context: Any, record: Record, whom: Identity | None = None, most: int = 300
) -> list[Seen]:
    """Poll `whom`, or read the inbox, as often as asked for; what was new."""
    new: list[Seen] = []
    for _ in range(most):
        page = await (
            connector.poll(context, whom, record.cursor) if whom else connector.inbox(context, record.cursor)
        )
        new += record.take(page)
        if not page.more:
            return new
    raise AssertionError(f"the walk did not end within {most} pages")
