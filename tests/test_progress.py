"""The status line: figures from the tables, shown below the log of a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

from prospector import progress
from prospector.engagements import Entry, log
from prospector.models import Profile, Prospect
from prospector.progress import Figures, Place
from prospector.sdk import Seen
from prospector.store import Store
from tests.shell import Shell

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_figures_count_what_is_due_and_what_is_new_since_the_beginning(store: Store) -> None:
    def seen(number: int) -> Entry:
        return Entry("bluesky", Seen("post", "did:x", f"at://{number}", NOW), NOW, None)

    with store.transaction() as session:
        assert progress.beginning(session) == Place(0, 0)
        log(session, [seen(0)])
        since = progress.beginning(session)
        log(session, [seen(0), seen(1), seen(2)])
        person = Prospect(
            name="Ada", stage="cold", start_stage="cold", stage_at=NOW, tracked_from=NOW, created_at=NOW
        )
        session.add(person)
        session.flush()
        for number, gone in enumerate((None, NOW)):
            session.add(
                Profile(
                    prospect_id=person.id,
                    platform="feed",
                    url=f"https://x.example/{number}",
                    handle="x",
                    next_poll_at=NOW,
                    gone_at=gone,
                )
            )
        session.flush()
        place = progress.advance(session, since)
        assert progress.figures(session, place, NOW) == Figures(1, 0, 2, 0, 0, 0)
        log(session, [seen(3)])
        place = progress.advance(session, progress.advance(session, place))
        assert progress.figures(session, place, NOW) == Figures(1, 0, 3, 0, 0, 0)


def test_the_sentence_names_each_figure() -> None:
    assert Figures(1, 2, 3, 4, 5, 6).sentence() == (
        "1 due · 2 looked at · 3 new · 4 cards · 5 drafts · 6 in the outbox"
    )


def test_run_on_a_terminal_shows_it_and_stops_cleanly(shell: Shell) -> None:
    shell.write("config.toml", "[web]\nport = 0\n")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "prospector", "--workspace", str(shell.folder), "run"]
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        shown = _until(ours, b"0 due")
        child.send_signal(signal.SIGINT)
        shown += _until(ours, b"good-bye")
        assert child.wait(30) == 0
    finally:
        child.kill()
        child.wait()
        os.close(ours)
    assert b"Traceback" not in shown
    assert b"http://127.0.0.1:" in shown


def _until(terminal: int, wanted: bytes, seconds: float = 60.0) -> bytes:
    """What the terminal shows until something stands there."""
    shown, deadline = b"", time.monotonic() + seconds
    while wanted not in shown:
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 0.2)[0]:
            shown += os.read(terminal, 65_536)
    return shown


def test_nothing_is_shown_where_there_is_no_terminal(shell: Shell) -> None:
    answer = shell("run", "--once", "--no-web")
    assert answer.code == 0
    assert "due" not in answer.err
