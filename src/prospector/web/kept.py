"""Answers that cost too much to be worked out for each page, kept for a moment by one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from fastapi import Request

T = TypeVar("T")
MOST = 1000


class Kept:
    """Values by key, each until its time is over. A value is made twice rather than waited for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[Hashable, tuple[float, Any]] = {}

    def get(self, key: Hashable, seconds: float, make: Callable[[], T]) -> T:
        """The value of this key, made anew where it is older than `seconds`."""
        now = self._clock()
        with self._lock:
            until, value = self._values.get(key, (now, None))
        if until > now:
            return cast(T, value)
        made = make()
        with self._lock:
            if len(self._values) >= MOST:
                self._values.clear()
            self._values[key] = (now + seconds, made)
        return made

    def forget(self) -> None:
        """Make everything anew."""
        with self._lock:
            self._values.clear()


def kept_of(request: Request) -> Kept:
    """What this application keeps."""
    state = request.app.state
    if not hasattr(state, "kept"):
        state.kept = Kept()
    return cast(Kept, state.kept)
