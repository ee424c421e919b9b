"""Feeds on loopback, each on a host of its own as on the real web, served by another process.

`/tagged/N` answers with an ETag, and 304 to who names it; `/plain/N` gives no validators.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from multiprocessing.connection import Connection
from typing import Any
from xml.sax.saxutils import escape

ENTRIES = 20
NEWEST = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = re.findall(
    r"\w+",
    "the of and to in we is that for our this with customers you it on be are product team how new what "
    "release data market price when they more people about feature support works last week meeting sales",
)


def feed(number: int) -> bytes:
    """About 30 KB, the same for the same number; even ones are RSS 2.0, odd ones Atom."""
    draw = random.Random(number)
    entries = [_entry(draw, number, one) for one in range(ENTRIES)]
    write = _atom if number % 2 else _rss
    return write(number, entries)


def _entry(draw: random.Random, number: int, one: int) -> tuple[str, str, datetime, str]:
    paragraphs = [" ".join(draw.choices(WORDS, k=45)) for _ in range(5)]
    markup = "".join(f'<p>{text} <a href="https://example.com/{one}">more</a></p>' for text in paragraphs)
    at = NEWEST - timedelta(days=one * 9 + draw.random())
    return f"https://example.com/{number}/{one}", " ".join(draw.choices(WORDS, k=7)), at, markup


def _rss(number: int, entries: list[tuple[str, str, datetime, str]]) -> bytes:
    items = "".join(
        f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid>"
        f"<pubDate>{format_datetime(at)}</pubDate><description>{escape(markup)}</description></item>"
        for link, title, at, markup in entries
    )
    head = f"<title>Blog {number}</title><link>https://example.com/{number}</link><description>Posts</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


def _atom(number: int, entries: list[tuple[str, str, datetime, str]]) -> bytes:
    items = "".join(
        f'<entry><title>{title}</title><link href="{link}"/><id>{link}</id>'
        f"<updated>{at.isoformat()}</updated><published>{at.isoformat()}</published>"
        f'<content type="html">{escape(markup)}</content></entry>'
        for link, title, at, markup in entries
    )
    head = f"<title>Blog {number}</title><id>urn:{number}</id><updated>{NEWEST.isoformat()}</updated>"
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{items}</feed>'.encode()


def address(port: int, kind: str, number: int) -> str:
    """The URL of a feed; all of 127.0.0.0/8 is loopback on Linux."""
    return f"http://127.0.{number // 250}.{number % 250 + 1}:{port}/{kind}/{number}"


class _Answering(asyncio.Protocol):
    """The least of an HTTP server, so that the readers are what is measured."""

    def __init__(self, answers: dict[bytes, tuple[bytes, bytes]]) -> None:
        self._answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        for request in data.split(b"\r\n\r\n")[:-1]:
            path = request.split(b" ", 2)[1]
            whole, unchanged = self._answers[path]
            known = unchanged and b"if-none-match:" in request.lower()
            self.transport.write(unchanged if known else whole)


def _answers(count: int) -> dict[bytes, tuple[bytes, bytes]]:
    """By path: the whole answer, and the 304 where there is one."""
    known: dict[bytes, tuple[bytes, bytes]] = {}
    for number in range(count):
        body, tag = feed(number), f'etag: "{number}"\r\n'.encode()
        head = b"content-type: application/xml\r\ncontent-length: %d\r\n" % len(body)
        for kind, validator in ((b"plain", b""), (b"tagged", tag)):
            whole = b"HTTP/1.1 200 OK\r\n%s%s\r\n%s" % (head, validator, body)
            unchanged = b"HTTP/1.1 304 Not Modified\r\n%s\r\n" % validator if validator else b""
            known[b"/%s/%d" % (kind, number)] = (whole, unchanged)
    return known


def _serve(count: int, tell: Connection) -> None:
    async def forever() -> None:
        answers = _answers(count)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Answering(answers), "0.0.0.0", 0, backlog=1024)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


@contextmanager
def feed_server(count: int) -> Iterator[int]:
    """The port of a server with so many feeds, for as long as the `with` lasts."""
    listen, tell = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(count, tell), daemon=True)
    server.start()
    try:
        yield listen.recv()
    finally:
        server.terminate()
        server.join()
