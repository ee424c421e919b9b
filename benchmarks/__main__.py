"""All benchmarks one after the other, or those that are named; a table at the end.

    .venv/bin/python -m benchmarks [fold http ingest tick idle feeds queue_data queue_page review_page
        drafts bounces]

Ends with 1 where a goal is missed. docs/performance.md says what was found and why.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.claims import Claim, table

NAMES = (
    *("fold", "http", "ingest", "tick", "idle", "feeds", "queue_data", "queue_page", "review_page"),
    *("drafts", "bounces"),
)


def run(name: str) -> Iterator[Claim]:
    """What one benchmark claims, in a process of its own, as it comes; where it breaks, that too."""
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            yield Claim(**json.loads(line))
    if process.returncode:
        yield Claim(name, f"broke with {process.returncode}", "", 0, None, 0, "an answer", False)


def main() -> None:
    names = sys.argv[1:] or NAMES
    if unknown := set(names) - set(NAMES):
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; known: {', '.join(NAMES)}.")
    claims = [claim for name in names for claim in run(name)]
    print(f"\n{table(claims)}\n\nload of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    sys.exit(0 if all(claim.met for claim in claims) else 1)


if __name__ == "__main__":
    main()
