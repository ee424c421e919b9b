"""A walk forward through a Mastodon timeline by `min_id`: where it stands, when it has arrived.

Pages after `min_id` are contiguous, so a walk may stop after any page and go on from there. Ids are
opaque: the newest of a page is its first. A status that federates late gets an id of the past, so
each walk begins a little behind where the last one ended, and the unique key drops what is known.

Everything here is pure. A walk survives as the connector's cursor, a short JSON text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from prospector.sdk import Broken

OVERLAP = timedelta(hours=1)
STALE = timedelta(minutes=15)
MOST_PAGES = 60
MOST_REMEMBERED = 25
# No server is known to give fewer a page, so a shorter one that ends where we stood is the last.
SHORT = 20
START = "0"


@dataclass(frozen=True, slots=True)
class Item:
    """What a walk must know of a status or notification; `uri` where it is a status."""

    id: str
    at: datetime
    uri: str = ""


class Stand(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a walk stands. Between walks `step` and `began` are unset.

    `at`: the newest id seen. `back`: the newest id older than the overlap, where the next walk
    begins. `step`: the newest id of the page before. `recent`: id to URI of the statuses after
    `back`; `expected`: those of the walk before that have not come again yet.
    """

    at: str | None = None
    back: str | None = None
    step: str | None = None
    began: datetime | None = None
    pages: int = 0
    recent: dict[str, str] = {}
    expected: dict[str, str] = {}

    @property
    def min_id(self) -> str | None:
        """What to ask for; None only for the first look of all, which reads the newest page."""
        return self.step or self.back or self.at


def begin(cursor: str | None, now: datetime) -> Stand:
    """The walk to go on with. Raises `Broken` when the server's pages led nowhere."""
    stand = _read(cursor)
    if stand.began is None:
        return Stand(at=stand.at, back=stand.back, began=now, expected=stand.recent)
    if now - stand.began > STALE:
        return msgspec.structs.replace(stand, began=now, pages=0)
    if stand.pages >= MOST_PAGES:
        raise Broken(
            f"The server gave {stand.pages} pages without an end. What they held is stored; the walk"
            f" goes on {STALE.seconds // 60} minutes after it began."
        )
    return stand


def advance(stand: Stand, items: Sequence[Item], now: datetime) -> tuple[Stand, bool]:
    """The walk after a page (newest first), and whether it has arrived."""
    settled = [item for item in items if item.at < now - OVERLAP]
    young = {item.id: item.uri for item in items if item.at >= now - OVERLAP and item.uri}
    back = settled[0].id if settled else stand.back
    met = {item.id for item in items}
    after = msgspec.structs.replace(
        stand,
        back=back or (items[-1].id if items else None),
        step=items[0].id if items else stand.step,
        pages=stand.pages + 1,
        recent=dict([*young.items(), *stand.recent.items()][:MOST_REMEMBERED]),
        expected={id: uri for id, uri in stand.expected.items() if id not in met},
    )
    return after, _arrived(stand, items)


def rest(stand: Stand) -> Stand:
    """The walk after it arrived. Where nothing was found ever, the next one begins at the start."""
    at = stand.step or stand.at or START
    return Stand(at=at, back=stand.back or at, recent=stand.recent)


def write(stand: Stand) -> str:
    return msgspec.json.encode(stand).decode()


def _arrived(before: Stand, items: Sequence[Item]) -> bool:
    if not items or before.min_id is None or items[0].id == before.step:
        return True
    return items[0].id == before.at and len(items) < SHORT


def _read(cursor: str | None) -> Stand:
    if not cursor:
        return Stand()
    try:
        return msgspec.json.decode(cursor, type=Stand)
    except msgspec.MsgspecError:
        return Stand()  # of another version: a first look again, and the unique key drops what is known
