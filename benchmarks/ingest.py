"""B5: engagements logged by the product, beside plain `executemany` and beside add-and-commit.

    .venv/bin/python -m benchmarks.ingest [--rounds N]

Ours is `engagements.log` in the writer, a page of 100 at a time. `executemany` inserts the same
finished rows into the same schema (indexes and pragmas included) and commits as often; it neither
names them, cleans them nor tells which were new. SQLModel adds and commits one by one.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.claims import share, show
from sqlmodel import Session

from prospector import engagements
from prospector.engagements import Entry
from prospector.models import Engagement
from prospector.sdk import Seen
from prospector.store import Store

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PAGE, PAGES, ONE_BY_ONE = 100, 60, 400


def entries(start: int, count: int) -> list[Entry]:
    """Posts of strangers, each of them new."""
    return [Entry("feed", _seen(number), NOW, None) for number in range(start, start + count)]


def _seen(number: int) -> Seen:
    name = f"https://example.com/{number % 500}/{number}"
    return Seen(
        kind="post",
        actor=f"https://example.com/{number % 500}",
        actor_name=f"Person {number % 500}",
        object=name,
        post=name,
        url=name,
        at=NOW - timedelta(minutes=number),
        text="What do you do about invoices that nobody answers? " * 8,
        attributes={"title": f"Post {number}"},
    )


def ours(store: Store, pages: Sequence[Sequence[Entry]]) -> float:
    """Engagements a second, each page committed before the next begins."""
    start = time.perf_counter()
    for page in pages:
        new = store.write(lambda session, page=page: len(engagements.log(session, page)))
        if new != len(page):
            raise SystemExit(f"{new} of {len(page)} engagements were new")
    return _rate(pages, start)


def executemany(path: Path, pages: Sequence[Sequence[Entry]]) -> float:
    """The same by the driver alone, from rows that are finished before the clock starts."""
    finished = [[_raw(entry) for entry in page] for page in pages]
    names = list(finished[0][0])
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f"INSERT INTO engagement ({columns}) VALUES ({', '.join(f':{name}' for name in names)})"
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    start = time.perf_counter()
    for rows in finished:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, rows)
        connection.execute("COMMIT")
    rate = _rate(pages, start)
    connection.close()
    return rate


def one_by_one(store: Store, entries: Sequence[Entry]) -> float:
    """As an application would that does not think about it."""
    rows = [engagements.row_of(entry) for entry in entries]
    start = time.perf_counter()
    for row in rows:
        with Session(store.engine) as session:
            session.add(Engagement(**row))
            session.commit()
    return _rate([entries], start)


def _raw(entry: Entry) -> dict[str, object]:
    """A row as the driver takes it: JSON as text, times as text."""
    row = engagements.row_of(entry)
    return row | {
        "at": row["at"].strftime("%Y-%m-%d %H:%M:%S.%f"),
        "seen_at": row["seen_at"].strftime("%Y-%m-%d %H:%M:%S.%f"),
        "attributes": json.dumps(row["attributes"]),
        "raw": json.dumps(row["raw"]),
    }


def _rate(pages: Sequence[Sequence[Entry]], start: float) -> float:
    return sum(map(len, pages)) / (time.perf_counter() - start)


def measure(folder: Path, rounds: int) -> None:
    made = {name: Store(f"sqlite:///{folder / name}.db") for name in ("ours", "raw", "slow")}
    for store in made.values():
        store.migrate()
    made["ours"].start_writer()
    seen: dict[str, list[float]] = {name: [] for name in made}
    for number in range(rounds + 1):
        start = number * PAGE * PAGES
        pages = [entries(start + page * PAGE, PAGE) for page in range(PAGES)]
        rates = (
            ours(made["ours"], pages),
            executemany(folder / "raw.db", pages),
            one_by_one(made["slow"], entries(start, ONE_BY_ONE)),
        )
        for name, rate in zip(made, rates, strict=True):
            if number:  # the first round warms up: statements are compiled, files grow
                seen[name].append(rate)
    for store in made.values():
        store.close()
    show(
        share("B5", "ingest, beside executemany", "rows/s", seen["ours"], seen["raw"], 0.4),
        share("B5", "ingest, beside add-and-commit", "rows/s", seen["ours"], seen["slow"], 10),
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.parse_args().rounds)


if __name__ == "__main__":
    main()
