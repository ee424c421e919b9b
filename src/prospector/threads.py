"""Threads for what blocks (SMTP, IMAP), which hold up no end of the process.

The standard pool waits for its threads at the interpreter's end, and a mail server may keep one
waiting for ten minutes. What such a thread has said is settled at the next start.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """At most `most` functions at a time, each in a daemon thread of its own."""

    def __init__(self, most: int, name: str) -> None:
        self._turns = asyncio.Semaphore(most)
        self._name = name

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """What the function gives or raises; a cancelled caller leaves it to end by itself."""
        async with self._turns:
            answer: Future[T] = Future()
            thread = threading.Thread(
                target=_answer, args=(answer, function, args), name=self._name, daemon=True
            )
            thread.start()
            return await asyncio.wrap_future(answer)


def _answer(answer: Future[T], function: Callable[..., T], args: tuple[Any, ...]) -> None:
    answer.set_running_or_notify_cancel()
    try:
        result = function(*args)
    except BaseException as error:
        answer.set_exception(error)
    else:
        answer.set_result(result)
