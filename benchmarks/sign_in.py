"""X8: whether the time of a refused sign-in tells that somebody has an account here.

    .venv/bin/python -m benchmarks.sign_in [--rounds N]

Wrong passwords, in turn for an address that is a user's and for one that is nobody's, hashed as in
production; the peer is the same refusal without the hash that stands for nobody's.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.claims import Claim, show

from prospector.store import Store
from prospector.team import attempts, passwords, users
from prospector.team.sealing import Seal
from prospector.team.sign_in import Browser, Credentials, WrongError, sign_in

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KNOWN, UNKNOWN = "ana@us.example", "nobody@us.example"
MOST_MS = 5.0


def took(work: Callable[[], None]) -> float:
    """How many milliseconds it took."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def refused(store: Store, folder: Path, email: str, now: datetime) -> None:
    given = Credentials(email, "this is not the password")
    with suppress(WrongError):
        sign_in(store, Seal.of(folder), given, Browser("192.0.2.1"), passwords.HASHER, now)


def unhashed(store: Store, email: str, now: datetime) -> None:
    """What a sign-in costs that looks no further where there is no such user."""
    attempts.begin(store, attempts.allowances(email, "192.0.2.2", None), now)
    with store.reading() as session:
        users.by_email(session, email)


def measure(store: Store, folder: Path, rounds: int) -> Claim:
    known, unknown, early = [], [], []
    # The first call makes the hash that stands for nobody's.
    refused(store, folder, UNKNOWN, NOW)
    for number in range(rounds):
        # Far enough apart that no limit is reached.
        now = NOW + timedelta(minutes=10 * number)
        known.append(took(lambda now=now: refused(store, folder, KNOWN, now)))
        unknown.append(took(lambda now=now: refused(store, folder, UNKNOWN, now)))
        early.append(took(lambda now=now: unhashed(store, UNKNOWN, now)))
    ours = abs(statistics.median(known) - statistics.median(unknown))
    peer = abs(statistics.median(known) - statistics.median(early))
    what = f"refused sign-in, known against unknown address (medians of {rounds})"
    return Claim("X8", what, "ms", round(ours, 2), round(peer, 2), round(ours, 2), "<= 5 ms", ours <= MOST_MS)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = Store(f"sqlite:///{folder}/prospector.db")
        store.migrate()
        kept = passwords.hashed("nine green parrots knit")
        store.write(lambda s: users.add(s, users.checked(KNOWN, "Ana"), NOW, kept))
        show(measure(store, folder, rounds))
        store.close()


if __name__ == "__main__":
    main()
