"""What one fold costs, beside a naive one in the same run: goal B10, 0.25 ms for 60 engagements.

    .venv/bin/python -m benchmarks.fold [--rounds N]

Milliseconds of CPU for one prospect. That it is linear shows where a tenth of 600 costs as much as 60.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.claims import at_most, show
from tests.rules.reference import reference_fold

from prospector.rules.event import Event
from prospector.rules.fold import fold
from prospector.rules.format import parse
from prospector.rules.history import Version

DAY = 86400
START = 1_736_500_000
KINDS = ["like"] * 6 + ["comment"] * 2 + ["reply", "mention", "follow", "link_click", "dm", "meeting_booked"]
OURS = ["email", "dm", "reply", "comment", "like"]
RULES = """
[[stage]]
name = "cold"
[[stage]]
name = "contacted"
[[stage]]
name = "engaged"
[[stage]]
name = "meeting"
[[stage]]
name = "won"
terminal = true
[[stage]]
name = "lost"
terminal = true
[points]
half_life = "14d"
[points.weights]
"them.like" = 1
"them.follow" = 2
"them.mention" = 3
"them.comment" = 4
"them.reply" = 6
"them.dm" = 8
[[rule]]
name = "meeting booked"
to = "meeting"
when = [{ kind = ["meeting_booked"] }]
[[rule]]
name = "hot"
from = ["contacted", "engaged"]
cooldown = "10d"
when = [{ points_at_least = 20 }]
then = { queue = "today" }
[[rule]]
name = "warmed up"
from = ["cold", "contacted"]
to = "engaged"
cooldown = "10d"
when = [{ points_at_least = 12 }, { kind = ["comment", "reply", "mention"], within = "21d" }]
unless = [{ kind = ["unsubscribe", "bounce"] }]
[[rule]]
name = "three likes on different posts"
from = ["cold"]
to = "contacted"
when = [{ kind = ["like", "comment"], at_least = 3, within = "14d", distinct = "post" }]
[[rule]]
name = "nudge"
from = ["contacted", "engaged"]
cooldown = "5d"
when = [{ no = ["reply", "dm", "email_reply"], for = "5d", since = "ours" }]
then = { queue = "today" }
[[rule]]
name = "gone quiet"
from = ["engaged"]
to = "contacted"
backward = true
when = [{ no = ["reply", "dm", "email_reply", "comment", "like"], for = "14d", since = "stage" }]
[[rule]]
name = "cooled down"
from = ["meeting"]
to = "engaged"
backward = true
when = [{ points_below = 3 }]
[[rule]]
name = "stuck"
from = ["contacted"]
cooldown = "30d"
when = [{ in_stage_for = "30d" }]
then = { queue = "today" }
[[rule]]
name = "german and active"
from = ["contacted"]
cooldown = "20d"
when = [{ field = "country", is = "DE" }, { kind = ["like"], at_least = 2, within = "7d" }]
then = { tag = ["de"] }
"""


def events_of(count: int, seed: int) -> list[Event]:
    """Engagements of one prospect, two days apart on average; one in five is ours."""
    draw, at, events = random.Random(seed), START, []
    for number in range(count):
        at += draw.randint(60, 4 * DAY)
        by = "us" if draw.random() < 0.2 else "them"
        kind = draw.choice(OURS if by == "us" else KINDS)
        post = f"at://post/{draw.randrange(30)}" if kind in ("like", "comment", "reply") else None
        events.append(Event(f"{seed:08x}{number:024x}", kind, by, "bluesky", at, post=post))
    return events


def cost(run: Callable[[list[Event]], Any], people: list[list[Event]], rounds: int) -> float:
    """Milliseconds of CPU for one prospect."""
    taken = []
    for _ in range(rounds):
        start = time.process_time_ns()
        for events in people:
            run(events)
        taken.append((time.process_time_ns() - start) / len(people) / 1e6)
    return round(statistics.median(taken), 4)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=7)
    rounds = options.parse_args().rounds
    versions = [Version(1, None, parse(RULES))]

    def quick(events: list[Event]) -> Any:
        return fold(versions, events, events[-1].at, tracked_from=START)

    def naive(events: list[Event]) -> Any:
        return reference_fold(versions, events, events[-1].at, tracked_from=START)

    quick_ms: dict[int, list[float]] = {}
    naive_ms: list[float] = []
    for count in (60, 600):
        people = [events_of(count, seed) for seed in range(6000 // count)]
        quick_ms[count] = [cost(quick, people, 1) for _ in range(rounds)]
        if count == 60:
            naive_ms = [cost(naive, people[:3], 1) for _ in range(3)]
    growth = statistics.median(quick_ms[600]) / 10 / statistics.median(quick_ms[60])
    show(
        at_most("B10", "fold of 60 engagements, 9 rules", "ms of CPU", quick_ms[60], 0.25, naive_ms),
        at_most("B10", "fold: 60 of 600, beside 60 alone", "times", [growth], 1.5),
    )


if __name__ == "__main__":
    main()
