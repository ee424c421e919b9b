"""B7: the queue's page as a browser gets it, idle and while engagements are stored as fast as they can.

    .venv/bin/python -m benchmarks.queue_page [--prospects N] [--requests N]

The web app in a process of its own, over loopback, for a signed-in rep with a day of some fifty cards in
an installation of a million prospects. Meanwhile a third process stores posts, a page of 100 at a time,
through the writer that polling uses. Times are medians of whole answers, with the connection kept.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn
from benchmarks.claims import Claim, at_most, show
from benchmarks.queue_world import World, world
from sqlalchemy import text
from sqlmodel import Session

from prospector import engagements
from prospector.engagements import Entry
from prospector.installation import open_installation, utc_now
from prospector.sdk import Seen
from prospector.team import sessions
from prospector.web import create_app
from prospector.web.cookies import SESSION

REP = 2
PAGE = 100
WARM_UP = 10
WANTED, UNDER_LOAD = 15.0, 3.0


def serve(folder: Path, tell: Connection) -> None:
    """The web app, in this process."""
    opened = open_installation(folder)
    opened.store.start_writer()
    listener = socket.create_server(("127.0.0.1", 0))
    tell.send(listener.getsockname()[1])
    config = uvicorn.Config(create_app(opened), log_level="warning", lifespan="off")
    uvicorn.Server(config).run([listener])


def ingest(folder: Path, tell: Connection) -> None:
    """Store posts of strangers until this process is ended; tell how many now and then."""
    opened = open_installation(folder)
    opened.store.start_writer()
    begun, stored = time.time_ns(), 0
    while True:
        page = [_post(begun, number) for number in range(stored, stored + PAGE)]
        stored += opened.store.write(lambda session, page=page: len(engagements.log(session, page)))
        tell.send(stored)


def _post(begun: int, number: int) -> Entry:
    name = f"https://ingest.example/{begun}/{number}"
    seen = Seen(
        "post", f"https://ingest.example/{number % 500}", name, utc_now(), text="What do you do? " * 12
    )
    return Entry("feed", seen, utc_now(), None)


@contextmanager
def beside(work: object, folder: Path) -> Iterator[Connection]:
    """Another process that does `work` for as long as the `with` lasts, and what it tells."""
    hear, tell = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=work, args=(folder, tell), daemon=True)
    process.start()
    try:
        yield hear
    finally:
        process.terminate()
        process.join()


def milliseconds(port: int, token: str, count: int) -> list[float]:
    """How long each of so many requests for the page took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": f"{SESSION}={token}", "Accept-Encoding": "gzip"}
    taken = []
    for _ in range(count):
        start = time.perf_counter()
        connection.request("GET", "/queue", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        taken.append((time.perf_counter() - start) * 1000)
        if answer.status != 200:
            raise SystemExit(f"/queue answered {answer.status}: {body[:300]!r}")
    connection.close()
    return taken


def measure(large: World, folder: Path, count: int) -> None:
    with large.installation.store.reading() as session:
        last = session.connection().execute(text("SELECT max(id) FROM engagement")).scalar_one()
    token = large.installation.store.write(_sign_in)
    try:
        with beside(serve, folder) as port_of:
            port = port_of.recv()
            milliseconds(port, token, WARM_UP)
            idle = milliseconds(port, token, count)
            with beside(ingest, folder) as stored:
                stored.recv()
                milliseconds(port, token, WARM_UP)
                before, start = _newest(stored), time.perf_counter()
                busy = milliseconds(port, token, count)
                rate = (_newest(stored) - before) / (time.perf_counter() - start)
    finally:
        large.installation.store.write(
            lambda session: session.connection().execute(
                text("DELETE FROM engagement WHERE id > :last"), {"last": last}
            )
        )
    show(*_claims(large, idle, busy, rate))


def _claims(large: World, idle: list[float], busy: list[float], rate: float) -> list[Claim]:
    what = f"queue's page, {large.prospects:,} prospects, {large.name}"
    quiet, loaded = statistics.median(idle), statistics.median(busy)
    times = float(f"{loaded / quiet:.3g}")
    under = f"{what}, {rate:,.0f} engagements/s meanwhile"
    return [
        at_most("B7", what, "ms", idle, WANTED),
        Claim(
            "B7", under, "ms", round(loaded, 1), round(quiet, 1), times, "<= 3 x idle", times <= UNDER_LOAD
        ),
    ]


def _newest(stored: Connection) -> int:
    number: int = stored.recv()
    while stored.poll():
        number = stored.recv()
    return number


def _sign_in(session: Session) -> str:
    return sessions.begin(session, "session", REP, utc_now() - timedelta(seconds=1))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--prospects", type=int, default=1_000_000)
    options.add_argument("--requests", type=int, default=100)
    chosen = options.parse_args()
    for database in ("sqlite", "postgresql"):
        with world(database, chosen.prospects) as large:
            measure(large, large.installation.workspace.root, chosen.requests)


if __name__ == "__main__":
    main()
