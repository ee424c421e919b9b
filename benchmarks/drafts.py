"""B8: the same 10,000 rows and the same letter through `mailmerge` and through `prospector draft --csv`.

    .venv/bin/python -m benchmarks.drafts [--rounds N] [--rows N]

Both as processes, by turns, from the command to the last byte of all letters in a file. `mailmerge` is
PyPI's, in its dry run without limit, which writes each letter out and sends none. Ours checks each draft
besides.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.claims import show, times_faster
from benchmarks.workplace import workplace

CONFIG = '[sender]\nname = "Jo Berg"\nemail = "jo@us.example"\ncompany = "Loom Works"\n'
FIRST = ("Ada", "Bo", "Carla", "Dov", "Elif", "Femi", "Hana", "Ines", "José", "Kofi", "Lena", "Ömer", "Priya")
LAST = ("King", "Ek", "Weiß", "Levi", "Demir", "Ade", "Hopper", "Sato", "Petit", "Núñez", "Mensah", "Çelik")
TITLES = ("Founder", "Head of Sales", "CTO", "Marketing Lead", "")
TOWNS = ("Ulm", "Porto", "Leeds", "Gent", "")
LETTER = """Hi {first_name},

{{% if {title} %}}
you are {{{{ {title} }}}} at {{{{ {company} }}}}, so I hope that I am asking the right person.
{{% endif %}}
{{% if {city} %}}
Your colleagues in {{{{ {city} }}}} told me that you are looking at how customers are found today.
{{% endif %}}

How do you find out when the people you would like as customers are ready to talk? Most teams we know read
along on a few networks and keep notes in a sheet. We make that part of the work smaller.

Would ten minutes next week suit you? If it is not yours to decide, a name would help me just as much.

Best wishes
Jo Berg
"""


def rows(count: int) -> list[dict[str, str]]:
    draw = random.Random(8)
    some = []
    for number in range(count):
        first, last = draw.choice(FIRST), draw.choice(LAST)
        some.append(
            {
                "email": f"person{number}@firm{number % 900}.example",
                "first_name": first,
                "last_name": last,
                "company": f"{last} & {draw.choice(LAST)}",
                "title": draw.choice(TITLES),
                "city": draw.choice(TOWNS),
            }
        )
    return some


def letter(prefix: str, own: str) -> str:
    """The letter as each of the two writes its variables."""
    names = {name: f"{prefix}{name}" for name in ("company", "title")}
    return LETTER.format(first_name=f"{{{{ {prefix}first_name }}}}", city=f"{own}city", **names)


def prepared(folder: Path, count: int) -> tuple[list[str], list[str]]:
    """The two commands, and on disk what they need."""
    people = folder / "people.csv"
    with people.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["email", "first_name", "last_name", "company", "title", "city"])
        table.writeheader()
        table.writerows(rows(count))
    workplace(folder / "place", CONFIG).close()
    ours = folder / "place" / "templates" / "bench.txt"
    ours.parent.mkdir(exist_ok=True)
    subject = "A question about {{ company }}"
    ours.write_text(
        f"Subject: {subject.replace('company', 'prospect.company')}\n\n"
        + letter("prospect.", "prospect.fields."),
        encoding="utf-8",
    )
    head = f"TO: {{{{ email }}}}\nSUBJECT: {subject}\nFROM: Jo Berg <jo@us.example>\n\n"
    (folder / "letter.txt").write_text(head + letter("", ""), encoding="utf-8")
    (folder / "server.conf").write_text("[smtp_server]\nhost = 127.0.0.1\nport = 25\n", encoding="utf-8")
    peer = ["--dry-run", "--no-limit", "--output-format", "raw", "--template", f"{folder}/letter.txt"]
    peer += ["--database", f"{people}", "--config", f"{folder}/server.conf"]
    own = [
        "--workspace",
        f"{folder / 'place'}",
        "draft",
        "--template",
        "bench",
        "--csv",
        f"{people}",
        "--json",
    ]
    scripts = Path(sys.executable).parent
    return [str(scripts / "mailmerge"), *peer], [str(scripts / "prospector"), *own]


def took(command: Sequence[str], out: Path) -> tuple[float, float]:
    """Seconds from the command to its end, and those of the processor."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with out.open("wb") as file:
        subprocess.run(command, stdout=file, check=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--rows", type=int, default=10_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer, own = prepared(folder, chosen.rows)
        theirs, ours = [], []
        for _ in range(chosen.rounds):
            theirs.append(took(peer, folder / "theirs"))
            ours.append(took(own, folder / "ours"))
        drafts = json.loads((folder / "ours").read_bytes())
        assert len(drafts) == chosen.rows == (folder / "theirs").read_bytes().count(b"\nTO: ")
        assert not any(draft["problems"] for draft in drafts), "these letters are in order"
        assert "Would ten minutes next week suit you?" in drafts[-1]["body"]
    what = f"{chosen.rows:,} drafts of a CSV"
    for unit, own_, theirs_ in zip(
        ("s", "s of CPU"), zip(*ours, strict=True), zip(*theirs, strict=True), strict=True
    ):
        show(times_faster("B8", what, unit, own_, theirs_, 2.5))


if __name__ == "__main__":
    main()
