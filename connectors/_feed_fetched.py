"""Feeds that were read to find out whose they are, kept for the first poll a moment later: so a new
profile costs its server one request instead of two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from prospector.sdk import Context, Response

from ._feed_entries import Document

MOST_KEPT = 32
KEPT_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A feed as it was at `at`, by the address that was asked."""

    address: str
    response: Response
    document: Document
    at: datetime


def keep(context: Context, fetched: Fetched) -> None:
    """Keep the newest few. What has moved is not kept: the first poll asks the new address."""
    if fetched.response.moved:
        return
    kept: dict[str, Fetched] = context.memory.setdefault("fetched", {})
    kept[fetched.address] = fetched
    if len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]


def take(context: Context, address: str) -> Fetched | None:
    """What was kept of this address, once, and only while it is fresh."""
    kept: dict[str, Fetched] = context.memory.get("fetched", {})
    fetched = kept.pop(address, None)
    return fetched if fetched is not None and context.now - fetched.at <= KEPT_FOR else None
