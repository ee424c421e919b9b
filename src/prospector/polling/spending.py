"""What looking costs: how often each account has looked in 24 hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from prospector.models import Poll, Profile, table_of
from prospector.store import read_rows

DAY = timedelta(hours=24)
MOST = 100_000
"""Looks that are counted; of more, the newest so many tell how many there must be."""

_POLL, _PROFILE = table_of(Poll), table_of(Profile)
_BOUNDS: Any = select(func.min(_POLL.c.id), func.max(_POLL.c.id))
_FROM = (
    select(_POLL.c.id, _POLL.c.started_at)
    .where(_POLL.c.id >= bindparam("first"))
    .order_by(_POLL.c.id)
    .limit(1)
)
_WHO = func.coalesce(_POLL.c.account_id, _PROFILE.c.account_id)
_BY_ACCOUNT: Any = (
    select(_WHO, func.count())
    .join_from(_POLL, _PROFILE, _PROFILE.c.id == _POLL.c.profile_id, isouter=True)
    .where(_POLL.c.id >= bindparam("first"))
    .group_by(_WHO)
)


@dataclass(frozen=True, slots=True)
class Looks:
    """How many looks there were in 24 hours, by account; `about`: reckoned from the newest of them."""

    by_account: Mapping[int, int]
    about: bool = False


def looks(session: Session, now: datetime) -> Looks:
    """How often each account looked in the last 24 hours. It counts up to 100,000 rows: keep the
    answer for a while."""
    first = first_since(session, now - DAY)
    if first is None:
        return Looks({})
    last = read_rows(session, _BOUNDS)[0][1]
    begun = max(first, last - MOST + 1)
    counted = {account: count for account, count in read_rows(session, _BY_ACCOUNT, first=begun) if account}
    if begun == first:
        return Looks(counted)
    covered = now - read_rows(session, _FROM, first=begun)[0].started_at
    return Looks({account: scaled(count, covered) for account, count in counted.items()}, about=True)


def scaled(count: int, covered: timedelta) -> int:
    """So many in this time are so many in a day."""
    return round(count * (DAY / max(covered, timedelta(seconds=1))))


def first_since(session: Session, since: datetime) -> int | None:
    """The id of the first look since then; None where there is none. Ids and times rise together, so
    that twenty reads by the key find it, and no index on the time is needed."""
    low, high = read_rows(session, _BOUNDS)[0]
    if low is None:
        return None
    high += 1
    while low < high:
        middle = (low + high) // 2
        row = read_rows(session, _FROM, first=middle)[0]
        if row.started_at < since:
            low = row.id + 1
        else:
            high = middle
    found = read_rows(session, _FROM, first=low)
    return int(found[0].id) if found else None
