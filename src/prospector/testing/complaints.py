"""What of a connector's answers the core could not store or would misunderstand."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from prospector import sdk
from prospector.sdk import Page


def complaints(page: Page) -> list[str]:
    """What of a page the core could not store or would misunderstand."""
    wrong = [f"{seen.object!r}: {it}" for seen in page.seen for it in _seen_complaints(seen)]
    if page.cursor and not _storable(page.cursor):
        wrong.append("the cursor is nothing that a database takes")
    if page.covered_until is not None and page.covered_until.tzinfo is None:
        wrong.append("covered_until has no time zone")
    if not math.isfinite(page.wait) or page.wait < 0:
        wrong.append("wait is no number of seconds")
    if not all(_storable(uri) for uri in page.retracted):
        wrong.append("something retracted is no URI")
    return wrong


def _seen_complaints(seen: sdk.Seen) -> Iterator[str]:
    if seen.kind not in sdk.KINDS:
        yield f"{seen.kind!r} is no kind"
    if not _storable(seen.actor) or not _storable(seen.object):
        yield "actor or object is empty or no text"
    if seen.at is not None and seen.at.tzinfo is None:
        yield "at has no time zone"
    if seen.text and not _storable(seen.text):
        yield "the text holds what a database refuses"
    try:
        msgspec.json.encode({"attributes": dict(seen.attributes), "raw": dict(seen.raw)})
    except (TypeError, ValueError, msgspec.MsgspecError):
        yield "attributes or raw cannot be written as JSON"


def _storable(text: object) -> bool:
    """Non-empty text that both databases take: no NUL (PostgreSQL), no lone surrogate (UTF-8)."""
    if not isinstance(text, str) or not text or "\0" in text:
        return False
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)
