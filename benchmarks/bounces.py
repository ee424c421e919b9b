"""How many of flufl.bounce's own samples are read right, beside flufl.bounce alone.

    .venv/bin/python -m benchmarks.bounces

Its source distribution is fetched by pip and kept under `benchmarks/.cache`. The samples were read by a
person (`bounces.toml`): found is a bounce or delay that was known as one, right whether the address is
given up for good.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

from benchmarks.claims import Claim, show
from flufl.bounce import all_failures

from prospector.mail import Classified, classify

HERE = Path(__file__).parent
CACHE = HERE / ".cache" / "flufl.bounce"
JUDGED = tomllib.loads((HERE / "bounces.toml").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def samples() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each sample."""
    if not list(CACHE.glob("*.tar.gz")):
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*fetch, "--dest", str(CACHE), "flufl.bounce==6.0.0"], check=True)
    with tarfile.open(next(CACHE.glob("*.tar.gz"))) as archive:
        for member in archive:
            path = Path(member.name)
            if path.parent.name == "data" and path.suffix == ".txt" and (file := archive.extractfile(member)):
                yield path.stem, file.read()


def judged(name: str) -> str:
    return next((kind for kind, names in JUDGED.items() if name in names), "hard")


def verdict(mail: Classified) -> str:
    """Ours in the words of the file."""
    if mail.kind == "delayed":
        return "delayed"
    if mail.kind != "bounce":
        return "none"
    return "hard" if mail.hard else "soft"


def alone(raw: bytes) -> str:
    """What flufl.bounce says by itself: it knows permanent and temporary failures."""
    temporary, permanent = all_failures(message_from_bytes(raw))
    if permanent:
        return "hard"
    return "delayed" if temporary else "none"


def share(right: list[bool]) -> float:
    return round(100 * sum(right) / len(right), 1)


def claim(what: str, ours: float, peer: float, least: float) -> Claim:
    return Claim("E21", what, "%", ours, peer, ours, f">= {least:g} %", ours >= least)


def main() -> None:
    rows = [(judged(name), verdict(classify(raw, NOW)), alone(raw)) for name, raw in samples()]
    bounces = [row for row in rows if row[0] != "none"]
    others = [row for row in rows if row[0] == "none"]

    def right(row: tuple[str, str, str], at: int) -> bool:
        return (row[at] == "hard") == (row[0] == "hard")

    show(
        claim(
            f"bounces found, of {len(bounces)}",
            share([row[1] != "none" for row in bounces]),
            share([row[2] != "none" for row in bounces]),
            95,
        ),
        claim(
            "hard or not, right",
            share([right(r, 1) for r in bounces]),
            share([right(r, 2) for r in bounces]),
            90,
        ),
        claim(
            f"no bounce, of {len(others)} that are none",
            share([row[1] == "none" for row in others]),
            share([row[2] == "none" for row in others]),
            100,
        ),
    )


if __name__ == "__main__":
    main()
