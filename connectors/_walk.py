"""A walk back through pages that come newest first: where it stands, when it has arrived.

Bluesky's feeds and notifications are read from the newest backwards until what was seen before.
The mark (how far the last complete walk saw) moves only when a walk has arrived, so a crash, a
rate limit or a bad page in between loses nothing: the walk goes on, or begins again from the top.

Everything here is pure. A walk survives as the connector's cursor, a short JSON text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from prospector.sdk import Broken

# An item may become visible some time after the moment that sorts it: indexing lags, pages shift
# while they are read. What is younger than this is read again, and the unique key drops it.
OVERLAP = timedelta(hours=1)

# After so long new things may lie above where a walk began: having arrived, look at the top again.
STALE = timedelta(minutes=15)

# A server need not keep a cursor for longer than this: then begin at the top, with the old mark.
FORGOTTEN = timedelta(days=1)

MOST_PAGES = 500
MOST_IDLE = 3
MOST_REMEMBERED = 25
MOST_CURSOR = 2_000


class Walk(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a walk stands. Between walks only `mark` and `recent` are set.

    `mark`: everything up to here was seen. `high`: the newest of this walk, the next mark.
    `low`: the oldest so far. `next`: the server's cursor for the next page. `pages`: how many were
    read, `idle`: how many of the last brought nothing older. `recent`: URI to time of what lies
    within the overlap, `expected`: what of the last walk's has not come again yet.
    """

    mark: datetime | None = None
    high: datetime | None = None
    low: datetime | None = None
    next: str | None = None
    began: datetime | None = None
    pages: int = 0
    idle: int = 0
    recent: dict[str, datetime] = {}
    expected: dict[str, datetime] = {}

    @property
    def floor(self) -> datetime | None:
        """What is older was seen by the walk before."""
        return self.mark - OVERLAP if self.mark else None


def begin(cursor: str | None, now: datetime) -> Walk:
    """The walk to go on with. Raises `Broken` when the server's pages led nowhere."""
    walk = _read(cursor)
    if walk.began is None:
        return Walk(mark=walk.mark, began=now, expected=walk.recent)
    age, astray = now - walk.began, walk.idle >= MOST_IDLE or walk.pages >= MOST_PAGES
    if age > (STALE if astray else FORGOTTEN):
        return Walk(mark=walk.mark, began=now, expected=walk.expected)
    if astray:
        raise Broken(
            f"The server gave {walk.pages} pages without an end. What they held is stored; the walk"
            f" begins again from the top {STALE.seconds // 60} minutes after it began."
        )
    return walk


def advance(walk: Walk, items: Mapping[str, datetime], following: str | None, now: datetime) -> Walk:
    """The walk after a page of `items` (URI to time) whose next page is `following`."""
    if following and len(following) > MOST_CURSOR:
        raise Broken(f"The server's cursor has {len(following):,} characters, which no cursor needs.")
    times = sorted(items.values())
    high = max([time for time in (walk.high, *times[-1:]) if time], default=None)
    low = min([time for time in (walk.low, *times[:1]) if time], default=None)
    older = low is not None and (walk.low is None or low < walk.low)
    floor = max(filter(None, [high, walk.mark]), default=now) - OVERLAP
    seen = {**walk.recent, **items}
    return msgspec.structs.replace(
        walk,
        high=high,
        low=low,
        next=following,
        pages=walk.pages + 1,
        idle=0 if older else walk.idle + 1,
        recent=_newest({uri: time for uri, time in seen.items() if time >= floor}),
        expected={uri: time for uri, time in walk.expected.items() if uri not in items},
    )


def arrived(walk: Walk, times: Iterable[datetime]) -> bool:
    """Whether the page just read, with items of these times, was the last that is needed.

    Most of it must be older than the floor: one old item that lies too high ends no walk. An empty
    page with a cursor may be a filtered one or, on some servers, the end: a few of them are the end.
    The first walk of all reads one page.
    """
    if walk.next is None:
        return True
    times = list(times)
    if not times:
        return walk.idle >= MOST_IDLE
    if walk.floor is None:
        return True
    return sum(time < walk.floor for time in times) * 2 > len(times)


def rest(walk: Walk, now: datetime) -> Walk:
    """The walk after it arrived: the mark moves, never past our own clock."""
    reached = max([time for time in (walk.high, walk.mark) if time], default=now)
    return Walk(mark=min(reached, now), recent=walk.recent)


def late(walk: Walk, now: datetime) -> bool:
    """Whether an arrived walk took so long that the top should be looked at again at once."""
    return walk.began is not None and now - walk.began > STALE


def missing(walk: Walk) -> tuple[str, ...]:
    """What the walk before saw within the time that this one read completely, and this one did not."""
    reached = walk.low if walk.next is not None else None
    return tuple(uri for uri, time in walk.expected.items() if reached is None or time > reached)


def write(walk: Walk) -> str:
    return msgspec.json.encode(walk).decode()


def _read(cursor: str | None) -> Walk:
    if not cursor:
        return Walk()
    try:
        return msgspec.json.decode(cursor, type=Walk)
    except msgspec.MsgspecError:
        return Walk()  # of another version: a first look again, and the unique key drops what is known


def _newest(items: Mapping[str, datetime]) -> dict[str, datetime]:
    ranked = sorted(items.items(), key=lambda item: item[1], reverse=True)
    return dict(ranked[:MOST_REMEMBERED])
