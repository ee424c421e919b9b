"""B1 and B3: the whole poll of feeds, beside the `reader` package on the same feeds.

    .venv/bin/python -m benchmarks.feeds [--feeds N] [--rounds N]

Ours is what `prospector run` does: due, claim, fetch, parse, dedupe, fold by the default rules,
cards and drafts, to SQLite with synchronous=FULL. Reader's is `update_feeds` on a file of its own.
Both look at all feeds in a round, one after the other, in three states of the web: cold (nothing
is known), an unchanged 200 (no validators) and 304. Cold rounds begin with new databases, in a
process that has looked at a few feeds before.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import feedparser_sgmllib
from benchmarks.claims import at_most, show, times_faster
from benchmarks.feed_server import ENTRIES, address, feed_server
from benchmarks.workplace import workplace
from reader import Reader, make_reader
from sqlmodel import Session, func, select, update

from prospector import work
from prospector.installation import Installation, utc_now
from prospector.models import Engagement, Profile
from prospector.prospects import people
from prospector.prospects.people import NewProspect
from prospector.runtime import Runtime
from prospector.sdk import ProfileRef
from prospector.telemetry import configure

CONFIG = '[accounts.feed]\nevery = "0s"\nconcurrency = 16\nprivate = true\n'
WORKERS = 16
FIRST = 4
# reader's own copy of feedparser wants the module that feedparser itself has since renamed.
sys.modules["sgmllib"] = feedparser_sgmllib


@dataclass
class Taken:
    """Milliseconds for one feed, by round: by the clock, and of CPU in this process."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    async def round(self, feeds: int, run: Callable[[], Awaitable[None]]) -> None:
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        await run()
        self.cpu.append((time.process_time() - cpu) * 1000 / feeds)
        self.wall.append((time.perf_counter() - wall) * 1000 / feeds)


class Ours:
    """A workspace with one prospect for each feed."""

    def __init__(self, folder: Path) -> None:
        self.installation: Installation = workplace(folder, CONFIG)
        self.store = self.installation.store
        self.store.start_writer()
        self.runtime = Runtime(self.installation)
        configure("warning")

    def add(self, addresses: list[str]) -> None:
        serving = self.installation.account_ids

        def work(session: Session) -> None:
            for url in addresses:
                new = NewProspect(f"Person of {url}", [ProfileRef("feed", url, url)])
                people.add(session, new, "cold", serving, utc_now())

        self.store.write(work)

    def ring(self) -> None:
        """Everybody is due now."""
        self.store.write(lambda session: session.exec(update(Profile).values(next_poll_at=utc_now())))

    async def poll(self) -> None:
        """As the embedded engine does: what is due, in batches, until nothing is."""
        while profiles := (await self.store.read_async(self._due)).profiles:
            for account_id, ids in profiles.items():
                await work.look(self.runtime, account_id, ids)

    def _due(self, session: Session) -> work.Due:
        return work.due(session, self.runtime.now(), lambda _: work.MOST_BATCH, self.runtime.limits)

    def stored(self) -> int:
        with self.store.reading() as session:
            return session.exec(select(func.count()).select_from(Engagement)).one()

    async def close(self) -> None:
        await self.runtime.aclose()
        self.installation.close()


class Theirs:
    """A reader with the same feeds."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.reader: Reader = make_reader(str(folder / "reader.db"))

    def add(self, addresses: list[str]) -> None:
        for url in addresses:
            self.reader.add_feed(url)

    async def poll(self) -> None:
        self.reader.update_feeds(new=True, workers=WORKERS, scheduled=False)

    async def poll_again(self) -> None:
        self.reader.update_feeds(workers=WORKERS, scheduled=False)

    def stored(self) -> int:
        return self.reader.get_entry_counts().total or 0

    def close(self) -> None:
        self.reader.close()


def check(ours: Ours, theirs: Theirs, feeds: int) -> None:
    """Both must have done the work that is compared."""
    if not ours.stored() == theirs.stored() == feeds * ENTRIES:
        raise SystemExit(f"{ours.stored()} and {theirs.stored()} entries stored instead of {feeds * ENTRIES}")


async def cold(folder: Path, addresses: list[str], rounds: int) -> tuple[Taken, Taken, Ours, Theirs]:
    """Rounds with new databases; those of the last one are kept to go on with."""
    own, peer = Taken(), Taken()
    for left in reversed(range(rounds)):
        ours, theirs = Ours(folder / f"ours-{left}"), Theirs(folder / f"reader-{left}")
        for one, taken in ((ours, own), (theirs, peer)):
            # What a process does once in its life (imports, compiled statements) is not counted.
            one.add(addresses[:FIRST])
            await one.poll()
            one.add(addresses[FIRST:])
            await taken.round(len(addresses) - FIRST, one.poll)
        check(ours, theirs, len(addresses))
        if left:
            await ours.close()
            theirs.close()
    return own, peer, ours, theirs


async def again(ours: Ours, theirs: Theirs, feeds: int, rounds: int) -> tuple[Taken, Taken]:
    """Rounds in which nothing has changed."""
    own, peer = Taken(), Taken()
    for _ in range(rounds):
        ours.ring()
        await own.round(feeds, ours.poll)
        await peer.round(feeds, theirs.poll_again)
    check(ours, theirs, feeds)
    return own, peer


async def measure(folder: Path, port: int, feeds: int, rounds: int) -> None:
    for kind, state, least in (("plain", "an unchanged 200", 10.0), ("tagged", "304", 8.0)):
        addresses = [address(port, kind, number) for number in range(feeds)]
        own, peer, ours, theirs = await cold(folder / kind, addresses, rounds if kind == "plain" else 1)
        if kind == "plain":
            show(times_faster("B1", f"cold poll of {feeds} feeds", "ms a feed", own.wall, peer.wall, 10))
            show(times_faster("B1", "cold poll, CPU", "ms a feed", own.cpu, peer.cpu, 10))
        own, peer = await again(ours, theirs, feeds, 2 * rounds)
        show(
            times_faster("B1", f"poll, {state}", "ms a feed", own.wall, peer.wall, least),
            times_faster("B1", f"poll, {state}, CPU", "ms a feed", own.cpu, peer.cpu, least),
            at_most("B3", f"unchanged poll, {state}", "ms of CPU", own.cpu, 0.5, peer.cpu),
        )
        await ours.close()
        theirs.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--feeds", type=int, default=300)
    options.add_argument("--rounds", type=int, default=2)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, feed_server(chosen.feeds) as port:
        for kind in ("plain", "tagged"):
            (Path(folder) / kind).mkdir()
        asyncio.run(measure(Path(folder), port, chosen.feeds, chosen.rounds))


if __name__ == "__main__":
    main()
