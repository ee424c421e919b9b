"""B6: the data of a rep's queue, with a million prospects and ten million engagements.

    .venv/bin/python -m benchmarks.queue_data [--prospects N] [--rounds N] [--explain]

Ours is what the page asks for: the whole list of the day, some fifty cards with their reasons, drafts
and companies, and all that the first of them shows. The peer ranks people as one would without stored
priorities: a GROUP BY over the engagements of 14 days. `--explain` shows the plan of each statement
that takes over a millisecond.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import timedelta

from benchmarks.claims import at_most, show, times_faster
from benchmarks.queue_world import MINUTES, World, world
from benchmarks.statements import explain_slow
from sqlalchemy import text

from prospector.prospects.scope import Scope
from prospector.queue.reader import Rep
from prospector.queue.session import session_of

LOOKBACK = timedelta(days=14)
LEAST = 50
REP = Rep(2, "Rep 1", minutes=MINUTES, scope=Scope(frozenset({2})))
PEER = """
SELECT prospect_id, sum(CASE kind WHEN 'reply' THEN 6 WHEN 'follow' THEN 2 ELSE 1 END) AS score
FROM engagement WHERE at >= :since AND "by" = 'them'
GROUP BY prospect_id ORDER BY score DESC, prospect_id LIMIT 50
"""


def ours(large: World) -> None:
    """The list of the day."""
    with large.installation.store.reading() as session:
        agenda = session_of(session, REP, large.now)
    if len(agenda.rows) < LEAST:
        raise SystemExit(f"the day's list has only {len(agenda.rows)} cards")


def peer(large: World) -> None:
    """The fifty who did most in two weeks."""
    store, since = large.installation.store, large.now - LOOKBACK
    with store.reading() as session:
        found = session.connection().execute(
            text(PEER), {"since": since.strftime("%Y-%m-%d %H:%M:%S.%f") if store.sqlite else since}
        )
        if len(found.all()) < LEAST:
            raise SystemExit("too few people did anything")


def milliseconds(work: Callable[[World], None], large: World) -> float:
    start = time.perf_counter()
    work(large)
    return (time.perf_counter() - start) * 1000


def measure(large: World, rounds: int) -> None:
    ours(large), peer(large)  # the first time compiles the statements and reads the pages
    own, theirs = [], []
    for _ in range(rounds):
        own.append(milliseconds(ours, large))
        theirs.append(milliseconds(peer, large))
    what = f"queue's data, {large.prospects:,} prospects, {large.name}"
    show(
        at_most("B6", what, "ms", own, 10, theirs),
        times_faster("B6", f"{what}, beside GROUP BY", "ms", own, theirs, 200),
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--prospects", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--explain", action="store_true")
    chosen = options.parse_args()
    for database in ("sqlite", "postgresql"):
        with world(database, chosen.prospects) as large:
            measure(large, chosen.rounds)
            if chosen.explain:
                explain_slow(large.installation.store, lambda large=large: ours(large))


if __name__ == "__main__":
    main()
