"""Entries of feeds as values: named once and for all, and cleaned to plain text.

Nothing here trusts its input: markup, links and ids come from anybody.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from urllib.parse import urljoin

import nh3

MOST_ENTRIES = 1000
MOST_MARKUP = 20_000
MOST_TEXT = 5_000
MOST_TITLE = 300
MOST_ID = 500
DAY = 86_400

_BREAKS = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6]|/blockquote|/pre)\b", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, in plain text. `object` is its id within the feed; `url` is absolute or None."""

    object: str
    url: str | None
    title: str
    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Raw:
    """An entry as written, before it is worth cleaning: most have been seen before."""

    object: str
    link: str
    title: str
    markup: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Document:
    """A feed. `wait` is the number of seconds that it asks its readers to wait."""

    title: str
    entries: tuple[Raw, ...]
    wait: int


def cleaned(raw: Raw, address: str) -> Entry:
    """The entry as it is shown and stored: plain text, capped, with an absolute link."""
    title = plain(raw.title)[:MOST_TITLE]
    text = plain(raw.markup)
    if title and not text.startswith(title):
        text = f"{title}\n\n{text}".strip()
    return Entry(raw.object, _absolute(raw.link, address), title, text[:MOST_TEXT], raw.at)


def plain(markup: str) -> str:
    """Markup as plain text: no tags, no scripts, entities resolved, lines where blocks ended."""
    spaced = _BREAKS.sub(lambda found: "\n" + found[0], markup[:MOST_MARKUP])
    text = html.unescape(nh3.clean(spaced, tags=set())) if "<" in spaced or "&" in spaced else spaced
    lines = (" ".join(line.split()) for line in _CONTROL.sub(" ", text).splitlines())
    return "\n".join(line for line in lines if line)


def made(id: str, link: str, title: str, markup: str, at: datetime | None) -> Raw:
    """Named by its id, else by its link, else by what it says.

    The link as it is written, since one parser gives it for a missing id and the other does not.
    """
    link = link.strip()
    id = _CONTROL.sub("", id).strip() or _CONTROL.sub("", link)
    if not id:
        id = "hash:" + _digest(f"{title.strip()}\x1f{at.isoformat() if at else markup}")
    elif len(id) > MOST_ID:
        id = "long:" + _digest(id)
    return Raw(id, link, title, markup, at)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _absolute(link: str, address: str) -> str | None:
    """The link in full, if it leads to a web page and nowhere else (`javascript:`, `data:`)."""
    try:
        url = urljoin(address, link) if link else ""
    except ValueError:
        return None
    good = url.startswith(("http://", "https://")) and len(url) <= 2048 and not _CONTROL.search(url)
    return url if good else None


def moment(text: str) -> datetime | None:
    """RFC 3339, or None; fastfeedparser has already turned all other forms into it."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def newest(entries: Iterable[Raw]) -> tuple[Raw, ...]:
    """Each entry once, and no more of them than anybody reads."""
    once = {entry.object: entry for entry in entries}
    if len(once) <= MOST_ENTRIES:
        return tuple(once.values())
    long_ago = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(once.values(), key=lambda e: e.at or long_ago, reverse=True)[:MOST_ENTRIES])
