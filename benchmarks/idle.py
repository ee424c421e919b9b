"""B12: what `prospector run` costs while nothing is due: memory, and share of a core.

    .venv/bin/python -m benchmarks.idle [--seconds N]

A workspace with 1,000 prospects, the web page on, measured from outside after ten seconds.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from benchmarks.claims import at_most, show
from benchmarks.workplace import workplace
from sqlmodel import Session, update

from prospector.installation import utc_now
from prospector.models import Profile
from prospector.prospects import people
from prospector.prospects.people import NewProspect
from prospector.sdk import ProfileRef

CONFIG = '[web]\nport = 0\n[accounts.feed]\nevery = "0s"\nconcurrency = 16\n'
PROSPECTS = 1000
WARM_UP = 10


def fill(folder: Path) -> None:
    """A workspace whose prospects were all looked at just now."""
    opened = workplace(folder, CONFIG)

    def work(session: Session) -> None:
        now: datetime = utc_now()
        for number in range(PROSPECTS):
            ref = ProfileRef("feed", f"https://example.com/{number}", f"blog-{number}")
            people.add(session, NewProspect(f"Person {number}", [ref]), "cold", opened.account_ids, now)
        session.exec(update(Profile).values(next_poll_at=now + timedelta(hours=4)))

    opened.store.write(work)
    opened.close()


def measure(folder: Path, seconds: int) -> None:
    command = [sys.executable, "-m", "prospector", "--workspace", str(folder), "run"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            time.sleep(WARM_UP)
            seen = psutil.Process(process.pid)
            before, start = seen.cpu_times(), time.monotonic()
            time.sleep(seconds)
            after, elapsed = seen.cpu_times(), time.monotonic() - start
            memory = seen.memory_info().rss / 2**20
        finally:
            process.send_signal(signal.SIGTERM)
    spent = after.user + after.system - before.user - before.system
    show(
        at_most("B12", f"idle with {PROSPECTS:,} prospects", "MB", [memory], 150),
        at_most("B12", f"idle with {PROSPECTS:,} prospects", "% of a core", [100 * spent / elapsed], 1),
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=20)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "workspace"
        fill(folder)
        measure(folder, options.parse_args().seconds)


if __name__ == "__main__":
    main()
