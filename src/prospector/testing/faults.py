"""Servers that misbehave: every way of failing that a client on the open internet meets.

`FaultyServer` speaks raw bytes on loopback, one fault a path (`/gzip-bomb`). `Faults` wraps an ASGI
app that behaves, and lets it fail now and then, by a seeded die, so that a run can be repeated.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

Write = Callable[[bytes], Awaitable[None]]
Fault = Callable[[Write], Awaitable[None]]

BODY = b'{"posts": [' + b",".join(b'{"id": %d}' % n for n in range(100)) + b"]}"
RETRY_AFTERS = {
    "seconds": "7",
    "zero": "0",
    "date": "Sun, 22 Nov 2026 12:01:30 GMT",
    "past": "Sun, 22 Nov 1996 12:00:00 GMT",
    "huge": "1000000000",
    "endless": "9" * 400,
    "negative": "-5",
    "text": "soon",
    "empty": "",
    "not-a-number": "nan",
    "impossible-date": "Sun, 99 Foo 2026 99:99:99 GMT",
}


def head(status: int = 200, length: int | None = None, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Fault", "content-type: application/json", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [] if length is None else [f"content-length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


def _sends(*parts: bytes) -> Fault:
    async def fault(write: Write) -> None:
        for part in parts:
            await write(part)

    return fault


def _drips(first: bytes, drop: bytes, every: float) -> Fault:
    """`first`, then `drop` for ever, one each `every` seconds."""

    async def fault(write: Write) -> None:
        await write(first)
        while True:
            await write(drop)
            await asyncio.sleep(every)

    return fault


def _endless(first: bytes, piece: bytes) -> Fault:
    async def fault(write: Write) -> None:
        await write(first)
        while True:
            await write(piece)

    return fault


def _bomb(layers: int = 1, wbits: int = 31) -> bytes:
    """A compressed body that unfolds into 2 GB of zeros: 2 MB on the wire, some KB in two layers.

    A block that ends in a full flush may be repeated: the next one refers to nothing before it.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    start = {31: b"\x1f\x8b\x08\0\0\0\0\0\0\xff", 15: b"\x78\xda"}[wbits]
    bomb = start + block * 2048
    for _ in range(layers - 1):
        packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
        bomb = packer.compress(bomb) + packer.flush()
    return bomb


def _unfolds(encoding: str, layers: int = 1, wbits: int = 31) -> Fault:
    async def fault(write: Write) -> None:
        await write(head(content_encoding=encoding) + _bomb(layers, wbits))

    return fault


def _many_headers(count: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(count)) + b"\r\n"


def _chunked(*chunks: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n" + b"".join(chunks)


_PACKED = zlib.compressobj(9, zlib.DEFLATED, 31)
_GZIPPED = _PACKED.compress(BODY) + _PACKED.flush()
_WHOLE = head(200, len(BODY)) + BODY

FAULTS: dict[str, Fault] = {
    # What the peer or the network breaks
    **{f"reset-at-{k}": _sends(_WHOLE[:k]) for k in (0, 1, 9, 15, 40, 80, len(_WHOLE) - len(BODY), 200, -1)},
    "truncated-body": _sends(head(200, len(BODY)), BODY[:500]),
    "length-too-long": _sends(head(200, len(BODY) + 100), BODY),
    "length-too-short": _sends(head(200, 50), BODY),
    "length-negative": _sends(head(200, -1), BODY),
    "length-text": _sends(head(content_length="many"), BODY),
    "two-lengths": _sends(head(200, len(BODY), Content_Length="3"), BODY),
    "chunk-size-text": _sends(_chunked(b"zz\r\nhello\r\n")),
    "chunk-too-short": _sends(_chunked(b"64\r\nhello\r\n0\r\n\r\n")),
    "chunk-unfinished": _sends(_chunked(b"5\r\nhello\r\n")),
    "chunk-size-huge": _sends(_chunked(b"f" * 40 + b"\r\nhello")),
    "not-http": _sends(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "status-text": _sends(b"HTTP/1.1 okay\r\n\r\n"),
    "status-999": _sends(b"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n"),
    "header-without-colon": _sends(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"),
    # What is meant to exhaust us
    "body-drips": _drips(head(200, 10_000), b"x", 0.05),
    "head-drips": _drips(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n", 0.05),
    "head-never-ends": _endless(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n" * 1000),
    "silence": _drips(b"", b"", 0.05),
    "header-line-never-ends": _endless(b"HTTP/1.1 200 OK\r\nx-a: ", b"y" * 65536),
    "100000-headers": _sends(_many_headers(100_000)),
    "200-mb": _endless(head(), b"x" * 2**20),
    "10-gb-declared": _endless(head(200, 10 * 2**30), b"x" * 65536),
    "chunks-for-ever": _endless(_chunked(), b"1000\r\n" + b"x" * 4096 + b"\r\n"),
    "gzip-bomb": _unfolds("gzip"),
    "deflate-bomb": _unfolds("deflate", wbits=15),
    "nested-gzip": _unfolds("gzip, gzip", 2),
    "hidden-nested-gzip": _unfolds("gzip", 2),
    "many-gzip-members": _sends(head(content_encoding="gzip"), _GZIPPED * 5000),
    "unknown-encoding": _sends(head(content_encoding="br"), BODY),
    "zstd-encoding": _sends(head(content_encoding="zstd"), BODY),
    "gzip-truncated": _sends(head(content_encoding="gzip"), _GZIPPED[:-9]),
    "gzip-damaged": _sends(head(content_encoding="gzip"), _GZIPPED[:20] + b"\xff" * 40),
    "gzip-is-none": _sends(head(content_encoding="gzip"), BODY),
    "endless-redirect": _sends(head(302, 0, location="/endless-redirect")),
    "redirect-to-nowhere": _sends(head(302, 0)),
    "redirect-to-file": _sends(head(302, 0, location="file:///etc/passwd")),
    "redirect-to-garbage": _sends(head(302, 0, location="http://[::1")),
    # What a busy server says
    **{f"status-{s}": _sends(head(s, 0)) for s in (400, 401, 403, 404, 410, 429, 500, 502, 503, 504)},
    **{f"429-{name}": _sends(head(429, 0, retry_after=value)) for name, value in RETRY_AFTERS.items()},
    **{f"503-{name}": _sends(head(503, 0, retry_after=value)) for name, value in RETRY_AFTERS.items()},
    "good": _sends(_WHOLE),
    "good-gzip": _sends(head(content_encoding="gzip"), _GZIPPED),
}


@dataclass
class FaultyServer:
    """A server on loopback that answers each path of `FAULTS` with that fault; to be used by
    `async with`. `connections` counts what was accepted, `asked` the requests by path."""

    host: str = "127.0.0.1"
    faults: MutableMapping[str, Fault] = field(default_factory=lambda: dict(FAULTS))
    connections: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    heads: list[bytes] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _answering: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> FaultyServer:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)

    @property
    def port(self) -> int:
        assert self._server is not None, "use it by `async with`"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def url(self, path: str) -> str:
        return f"http://{self.host}:{self.port}/{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._answering.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(request)
        path = request.split(b" ")[1].decode().partition("?")[0].removeprefix("/")
        self.asked[path] += 1

        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        await self.faults[path](write)


Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Dropped(ConnectionError):
    """The server hangs up; uvicorn closes the connection of an app that raises in mid-answer."""


class Faults:
    """An ASGI app that fails with `probability`, in ways that leave `app` done or not done.

    The same seed gives the same faults for the same requests in the same order. `struck` counts
    them by name.
    """

    def __init__(self, app: App, probability: float = 0.05, seed: int = 0) -> None:
        self._app = app
        self._probability = probability
        self._die = random.Random(seed)
        self.struck: Counter[str] = Counter()
        self._ways: dict[str, App] = {
            "busy": self._busy,
            "down": self._down,
            "garbage": self._garbage,
            "cut": self._cut,
            "lost-answer": self._lost_answer,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._die.random() >= self._probability:
            await self._app(scope, receive, send)
            return
        name = self._die.choice(sorted(self._ways))
        self.struck[name] += 1
        await self._ways[name](scope, receive, send)

    async def _busy(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Too many requests, with every sort of Retry-After; the app is not asked."""
        after = self._die.choice(sorted(RETRY_AFTERS.values()))
        await _respond(send, self._die.choice([429, 503]), b"", retry_after=after)

    async def _down(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _respond(send, self._die.choice([500, 502, 504]), b"<h1>Bad Gateway</h1>")

    async def _garbage(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 with a body that makes no sense; the app is not asked."""
        body = self._die.choice([b"", b"{", b"null", b"[" * 10_000, b"<html>", b"\xff\xfe", BODY[:-5]])
        await _respond(send, 200, body)

    async def _cut(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app does its work, and its answer breaks off somewhere in the body."""
        left = self._die.randrange(200)

        async def some(message: Message) -> None:
            nonlocal left
            body = message.get("body", b"")
            if len(body) > left:
                await send({**message, "body": body[:left], "more_body": True})
                raise Dropped("The connection is cut in the middle of the answer.")
            left -= len(body)
            await send(message)

        await self._app(scope, receive, some)

    async def _lost_answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app does its work, and nobody hears of it."""

        async def nothing(message: Message) -> None:
            return

        await self._app(scope, receive, nothing)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
        raise Dropped("The connection is cut before the answer.")


async def _respond(send: Send, status: int, body: bytes, **headers: str) -> None:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    fields.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
