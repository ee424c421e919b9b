"""What these tests have around a connector: a way out that ends in a server inside the process and
remembers what was asked, and a core that keeps what was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from prospector.sdk import Connector, Identity, Page, Seen, engagement_key

Answer = Callable[[httpx.Request], Awaitable[httpx.Response]]


async def _nowhere(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"{request.url} was asked before there was a server")


@dataclass
class Way:
    """The way to `handler`, which a test may replace. `sent` is all that went over it."""

    handler: Answer = _nowhere
    sent: list[httpx.Request] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        await asyncio.sleep(0)  # as on a network, others get their turn meanwhile
        return await self.handler(request)


def asgi(app: Any) -> Answer:
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
