"""Forks prospector processes out of one that has imported everything: a start costs milliseconds.

Run as a script it is that parent: each line on standard input is a JSON object `{"arguments", "log"}`
and is answered by the child's process id; an empty line waits for the last child and is answered by
its exit code. Imported, it gives `Nursery`, which starts the parent and speaks to it. The child runs
`prospector.cli.main` just as `python -m prospector` does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]


class Nursery:
    """One running prospector at a time, to be killed and started again; used by `with`."""

    def __init__(self, workspace: Path, environment: Mapping[str, str]) -> None:
        self.log = workspace / f"process-{id(self)}.log"
        self.pid = 0
        self._parent = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment, "PROSPECTOR_WORKSPACE": str(workspace)},
            cwd=ROOT,
        )

    def start(self, *arguments: str) -> int:
        """Fork a process that runs this command; its log begins anew."""
        self.log.write_text("", encoding="utf-8")
        self.pid = int(self._ask(json.dumps({"arguments": arguments, "log": str(self.log)})))
        return self.pid

    def end(self, how: signal.Signals) -> int:
        """Send the signal and wait; the exit code, negative for a signal."""
        os.kill(self.pid, how)
        return self.wait()

    def wait(self) -> int:
        code = int(self._ask(""))
        self.pid = 0
        return code

    def has_started(self) -> bool:
        """Whether the process says in its log that it is at work."""
        return '"started"' in self.log.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.pid:
            self.end(signal.SIGKILL)
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.close()
        self._parent.wait(30)
        self._parent.stdout.close()

    def _ask(self, line: str) -> str:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(line + "\n")
        self._parent.stdin.flush()
        return self._parent.stdout.readline()


def child(arguments: Sequence[str], log: str) -> None:
    """Become `prospector`, writing into the log. Never returns."""
    from prospector.cli import main

    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    for number in (1, 2):
        os.dup2(output, number)
    sys.argv = ["prospector", *arguments]
    try:
        main()
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 1)
    os._exit(0)


def warm_up() -> None:
    """Import what `run` and `worker` import, so that no child has to."""
    import prospector.cli.processes
    import prospector.engines.distributed
    import prospector.engines.embedded
    import prospector.processes
    import prospector.web  # noqa: F401


def parent() -> None:
    warm_up()
    pid = 0
    for line in sys.stdin:
        if not line.strip():
            _, status = os.waitpid(pid, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            os.close(0)
            child(**json.loads(line))
        print(pid, flush=True)


if __name__ == "__main__":
    parent()
