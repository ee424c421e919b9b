"""Servers as child processes: started in the foreground, watched, and surely stopped."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

# Above lies the range out of which the kernel gives ports to anybody who asks for none in particular.
LOWEST_PORT, FIRST_EPHEMERAL_PORT = 20000, 32768


class DidNotStart(Exception):
    """A server ended, or was not ready in time; the message holds the end of its log."""


def until(ask: Callable[[], T | None], seconds: float, what: str, pause: float = 0.05) -> T:
    """Ask again and again until the answer is true, and return it.

    Raises `TimeoutError` naming `what` once `seconds` have passed.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(pause)


def free_ports(count: int) -> list[int]:
    """So many ports of 127.0.0.1 below the ephemeral range that nobody listens on now."""
    found: list[int] = []
    candidates = random.sample(range(LOWEST_PORT, FIRST_EPHEMERAL_PORT), 50 * count)
    with contextlib.ExitStack() as held:
        for port in candidates:
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise DidNotStart(f"no {count} free ports between {LOWEST_PORT} and {FIRST_EPHEMERAL_PORT}")


def answers(port: int) -> bool:
    """Whether somebody listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _log_end(log: Path, lines: int = 15) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


def _stop(process: subprocess.Popen[bytes], how: signal.Signals, patience: float = 15.0) -> None:
    if process.poll() is None:
        process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    # What the server left behind in its session: gone or not, one signal settles it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    ready: Callable[[], bool],
    seconds: float = 60.0,
    stop: signal.Signals = signal.SIGTERM,
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in the foreground until the block ends; enter it once `ready()` says so.

    The kernel sends `stop` to the server when we die without a word, so that a killed test run
    leaves nothing behind. `user` is whom the server runs as (only root may choose).
    Raises `DidNotStart` with the end of `log`.
    """
    before = ["setpriv", f"--pdeathsig={stop.name.removeprefix('SIG')}"]
    if user and os.geteuid() == 0:
        before += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*before, "--", *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, ready, seconds, log)
        yield process
    finally:
        _stop(process, stop)


def _wait_until_ready(
    process: subprocess.Popen[bytes], ready: Callable[[], bool], seconds: float, log: Path
) -> None:
    def settled() -> bool:
        return process.poll() is not None or ready()

    try:
        until(settled, seconds, "ready")
    except TimeoutError as late:
        raise DidNotStart(f"{process.args!r} is not ready after {seconds:g} s:\n{_log_end(log)}") from late
    if process.poll() is not None:
        raise DidNotStart(f"{process.args!r} ended with {process.returncode}:\n{_log_end(log)}")
