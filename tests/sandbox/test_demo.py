"""`prospector demo` as a person starts it: the whole way in the log, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(240)
PATIENCE = 150
LAST_WORD = "that was the whole way"


@dataclass(frozen=True)
class Demo:
    """A sandbox that was opened, gone through, and stopped; what it said and left."""

    folder: Path
    output: str
    page: str
    checks: list[dict[str, object]]
    status: int
    stopped_at: datetime
    group: int

    def events(self, kind: str) -> list[str]:
        """The product's log lines of this kind."""
        lines = [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]
        return [line["text"] for line in lines if line["event"] == kind]

    def said(self) -> list[str]:
        return [line for line in self.output.splitlines() if line.startswith("demo: ")]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        database = sqlite3.connect(self.folder / "prospector.db")
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()


def until(holds: Callable[[], bool], what: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s:\n{what()}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[Demo]:
    place = tmp_path_factory.mktemp("demo")
    folder, log, port = place / "sandbox", place / "log", free_port()
    command = [sys.executable, "-m", "prospector", "--workspace", str(folder), "demo", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        until(lambda: process.poll() is not None or LAST_WORD in log.read_text(), log.read_text)
        page = signed_in(log.read_text())
        checks = doctor(folder)
        process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=5)
        yield Demo(folder, log.read_text(), page, checks, status, datetime.now(UTC), process.pid)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def signed_in(said: str) -> str:
    """The page that the link in the log leads to, once one has pressed its button."""
    link = re.findall(r"http://127\.0\.0\.1:\d+/login/link/[\w-]+", said)[-1]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    origin = link.partition("/login")[0]
    request = urllib.request.Request(link, b"", {"Origin": origin}, method="POST")
    with browser.open(request, timeout=20) as answer:
        page: str = answer.read().decode()
        return page


def doctor(folder: Path) -> list[dict[str, object]]:
    """What the product itself says of its accounts and its data, beside the running process."""
    command = [sys.executable, "-m", "prospector", "--workspace", str(folder), "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def test_the_whole_way_is_in_the_log(demo):
    for kind in ("started", "web", "new", "move", "card", "draft", "sent", "stopped"):
        assert demo.events(kind), f"no {kind} in:\n{demo.output}"
    assert any("by 'they answered'" in move for move in demo.events("move"))
    assert {line.split()[0] for line in demo.events("sent")} == {"email", "reply"}
    assert any(line.startswith("mail inbox") for line in demo.events("new"))
    assert "Traceback" not in demo.output
    assert not demo.events("error")


def test_every_step_is_announced(demo):
    said = "\n".join(demo.said())
    for step in (
        "made the workspace",
        "servers are up",
        "approved both",
        "answered (email_reply)",
        LAST_WORD,
    ):
        assert step in said
    tries = [line for line in demo.said() if f"--workspace {demo.folder}" in line]
    assert len(tries) == 5


def test_it_stops_cleanly_and_leaves_no_process(demo):
    assert demo.status == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(demo.group, 0)


def test_its_link_opens_on_the_queue(demo):
    assert "Today’s queue" in demo.page
    assert "Here because" in demo.page
    assert "engaged" in demo.page


def test_nothing_is_stamped_in_the_future(demo):
    stopped = f"{demo.stopped_at:%Y-%m-%d %H:%M:%S.%f}"
    for table, column in (
        ("engagement", "at"),
        ("engagement", "seen_at"),
        ("move", "effective_at"),
        ("message", "sent_at"),
        ("prospect", "tracked_from"),
        ("profile", "covered_until"),
        ("poll", "started_at"),
    ):
        assert demo.rows(f'SELECT count(*) FROM "{table}" WHERE "{column}" > \'{stopped}\'') == [(0,)]
    assert demo.rows("SELECT count(*) FROM engagement WHERE at > seen_at") == [(0,)]


def test_the_first_polls_find_nothing_of_the_past_again(demo):
    twice = (
        "SELECT prospect_id, kind, at, text FROM engagement WHERE kind <> 'email' AND by = 'them'"
        " GROUP BY prospect_id, channel, kind, at, text HAVING count(*) > 1"
    )
    assert demo.rows(twice) == []
    assert demo.rows("SELECT count(*) FROM prospect") == [(448,)]


def test_it_is_sound_while_it_runs(demo):
    assert len(demo.checks) > 5
    assert [row for row in demo.checks if not row["ok"]] == []
