"""B2: the fetch layer against bare httpx over aiohttp, at 8 and at 128 requests at once.

Run it by `python -m benchmarks.http` (as a file it would hide Python's own `http`). A server in
another process answers 2 KB of JSON on loopback. Short rounds of all the contestants alternate; a
ratio is the median of the ratios within the rounds, so that a busy machine disturbs it least.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

import httpx
from benchmarks.claims import share, show
from httpx_aiohttp import AiohttpTransport

from prospector.http import Http, Network

ROUNDS = 25
REQUESTS = 512
BODY = b'{"posts": "' + b"x" * 2000 + b'"}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)


class Answering(asyncio.Protocol):
    """The least of an HTTP server, so that the client is what is measured."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(ANSWER * data.count(b"\r\n\r\n"))


def serve(tell: Connection) -> None:
    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


async def rate(fetch: Callable[[], Awaitable[object]], at_once: int) -> float:
    """Requests a second, with `at_once` of them under way."""

    async def worker() -> None:
        for _ in range(REQUESTS // at_once):
            await fetch()

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return REQUESTS // at_once * at_once / (time.perf_counter() - start)


async def measure(url: str) -> dict[str, list[float]]:
    bare = httpx.AsyncClient(transport=AiohttpTransport(limits=httpx.Limits(max_connections=256)))
    async with bare, Network(per_host=128) as network:
        http = Http(network, private=True)
        contestants: dict[str, tuple[Callable[[], Awaitable[object]], int]] = {
            f"{name}_{at_once}": (fetch, at_once)
            for at_once in (8, 128)
            for name, fetch in (("ours", lambda: http.request("GET", url)), ("bare", lambda: bare.get(url)))
        }
        seen: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(ROUNDS):
            for name, (fetch, at_once) in contestants.items():
                seen[name].append(await rate(fetch, at_once))
    return seen


def main() -> None:
    listen, tell = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(tell,), daemon=True)
    server.start()
    rates = asyncio.run(measure(f"http://127.0.0.1:{listen.recv()}/posts"))
    server.terminate()
    unit, ours = "requests/s", rates["ours_128"]
    show(
        share("B2", "requests, 128 at once beside 8", unit, ours, rates["ours_8"], 0.8),
        share("B2", "requests, beside bare httpx-aiohttp", unit, ours, rates["bare_128"], 0.9),
    )


if __name__ == "__main__":
    main()
