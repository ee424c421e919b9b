"""Forks prospector processes out of one that has imported everything: a start costs milliseconds.

Run as a script it is that parent: a line `{"arguments", "log"}` on standard input is answered by the
child's process id, a line `{"pid"}` by its exit code, or null while it lives. Imported, it gives
`Nursery`, which starts the parent and speaks to it. A child runs `prospector.cli.main`, just as
`python -m prospector` does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Child:
    """A running prospector: its process id and its log."""

    nursery: Nursery
    pid: int
    log: Path

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        return self.nursery.code(self.pid)

    def end(self, number: signal.Signals, seconds: float = 30.0) -> int:
        """Send the signal and wait for the exit code."""
        self.signal(number)
        return self.ended(seconds)

    def ended(self, seconds: float = 30.0) -> int:
        pause = threading.Event()
        for _ in range(int(seconds * 100)):
            if (code := self.code()) is not None:
                return code
            pause.wait(0.01)
        raise AssertionError(f"process {self.pid} did not end within {seconds} s:\n{self.text()}")

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def has_begun(self) -> bool:
        """Whether the process says in its log that it is at work."""
        if (code := self.code()) is not None:
            raise AssertionError(f"it ended with {code}:\n{self.text()}")
        return '"started"' in self.text() or '"web"' in self.text()


class Nursery:
    """The parent of all prospectors of a test; to be used by `with`, which ends those that still live."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._lock = threading.Lock()
        self._codes: dict[int, int | None] = {}
        self._parent = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
            cwd=ROOT,
        )

    def start(self, workspace: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Child:
        """Fork a process that runs this command on this workspace."""
        log = workspace / f"process-{len(self._codes)}.log"
        log.write_text("", encoding="utf-8")
        asked = {"arguments": ["--workspace", str(workspace), *arguments], "log": str(log)}
        pid = int(self._ask({**asked, "environment": dict(environment or {})}))
        self._codes[pid] = None
        return Child(self, pid, log)

    def code(self, pid: int) -> int | None:
        if self._codes[pid] is None:
            self._codes[pid] = self._ask({"pid": pid})
        return self._codes[pid]

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in self._codes:
            if self.code(pid) is None:
                os.kill(pid, signal.SIGKILL)
        with self._parent:
            assert self._parent.stdin is not None
            self._parent.stdin.close()

    def _ask(self, request: Mapping[str, Any]) -> Any:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        with self._lock:
            self._parent.stdin.write(json.dumps(request) + "\n")
            self._parent.stdin.flush()
            return json.loads(self._parent.stdout.readline())


def become(arguments: Sequence[str], log: str, environment: Mapping[str, str]) -> None:
    """Become `prospector`, writing into the log. Never returns."""
    from prospector.cli import main

    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.close(0)
    for number in (1, 2):
        os.dup2(output, number)
    os.environ.update(environment)
    if "sender" in arguments:
        from tests.crash import sender

        sender.main(arguments[arguments.index("--workspace") + 1 :])
        return
    sys.argv = ["prospector", *arguments]
    # The interpreter's own end is part of what is tried: it waits for threads.
    main()


def warm_up() -> None:
    """Import what `run` and `worker` import, so that no child has to."""
    import prospector.cli.processes
    import prospector.engines.distributed
    import prospector.engines.embedded
    import prospector.processes
    import prospector.web  # noqa: F401

    sys.path.insert(0, str(ROOT))
    import tests.crash.sender  # noqa: F401

    from prospector import workspace

    # With all that they import: a child finds them here.
    workspace.load_connectors([ROOT / "connectors"])


def ended(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def parent() -> None:
    warm_up()
    for line in sys.stdin:
        request = json.loads(line)
        if "pid" in request:
            print(json.dumps(ended(request["pid"])), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            become(**request)
            sys.exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    parent()
