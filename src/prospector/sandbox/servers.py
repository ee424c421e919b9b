"""The sandbox's servers on loopback, in a thread with its own event loop, as long as a `with` lasts."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette

HOST = "127.0.0.1"
PATIENCE = 3.0


class Sockets:
    """Listening sockets by name, bound before anything is served, so that addresses are known.

    Raises `OSError` where a wanted port is taken.
    """

    def __init__(self, names: tuple[str, ...], wanted: Mapping[str, int]) -> None:
        self.by_name: dict[str, socket.socket] = {}
        for name in names:
            listening = self.by_name[name] = socket.socket()
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((HOST, wanted.get(name, 0)))
            listening.listen(128)

    def ports(self) -> dict[str, int]:
        return {name: listening.getsockname()[1] for name, listening in self.by_name.items()}

    def address(self, name: str) -> str:
        return f"http://{HOST}:{self.by_name[name].getsockname()[1]}"


class WebServers:
    """ASGI applications, each on its socket. `background` runs beside them in the same loop."""

    def __init__(
        self,
        sockets: Sockets,
        applications: Mapping[str, Starlette],
        background: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._sockets, self._background = sockets, background
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._servers = {name: uvicorn.Server(_config(app)) for name, app in applications.items()}
        self._tasks: list[asyncio.Task[None]] = []

    def __enter__(self) -> WebServers:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(PATIENCE + 1)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1)
        self._loop.close()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where the worlds live: whoever changes them from another thread must ask this loop to."""
        return self._loop

    async def _start(self) -> None:
        for name, server in self._servers.items():
            self._begin(server.serve(sockets=[self._sockets.by_name[name]]))
        self._begin(self._background())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(self._loop.create_task(work))

    async def _stop(self) -> None:
        for server in self._servers.values():
            server.should_exit = True
        self._tasks[-1].cancel()
        _, late = await asyncio.wait(self._tasks, timeout=PATIENCE - 1)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _config(application: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        application, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
