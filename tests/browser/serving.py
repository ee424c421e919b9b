"""The web app on loopback, in a thread, for a browser to look at; as slow as a test wants it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

STARTS_WITHIN = 20.0


@dataclass
class Slow:
    """Waits before each answer: for seconds that a test sets, as a far server would."""

    app: ASGIApp
    seconds: float = 0.0
    posts: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["method"] == "POST":
                self.posts.append(scope["path"])
            if self.seconds:
                await asyncio.sleep(self.seconds)
        await self.app(scope, receive, send)


class _Server(uvicorn.Server):
    """Says when it listens, so that nobody has to ask again and again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address of the application for as long as the `with` lasts."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = _Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        assert server.listening.wait(STARTS_WITHIN), "the web app did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(STARTS_WITHIN)
        listener.close()
