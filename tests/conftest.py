"""No test reaches anything but this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How fast a machine draws an example says nothing of the code: speed belongs to benchmarks.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

pytest_plugins = ["tests.databases", "tests.shell"]


def on_this_machine(where: object) -> bool:
    """Whether a socket's address is a path, or an address of the loopback interface."""
    if not isinstance(where, tuple):
        return True
    try:
        return ip_address(str(where[0]).partition("%")[0]).is_loopback
    except ValueError:
        return where[0] == "localhost"


@pytest.fixture(autouse=True)
def _no_socket_beyond_loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test that dials anything else, even where the code under test swallows the error."""
    tried: list[object] = []

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, *args: Any) -> Any:
            if not on_this_machine(args[-1]):
                tried.append(args[-1])
                raise OSError(f"A test may not dial {args[-1]}.")
            return original(self, *args)

        return call

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
    yield
    assert tried == [], f"this test dialled {tried}"
