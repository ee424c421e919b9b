"""Text as the AT Protocol wants it: length in graphemes, facets by UTF-8 bytes, keys by time.

Sources: atproto.com/specs/tid, docs.bsky.app/docs/advanced-guides/post-richtext (facets),
Unicode UAX #29 (grapheme clusters; what a person sees as one character).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import regex

MOST_GRAPHEMES = 300
MOST_BYTES = 3000

_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_CLUSTER = regex.compile(r"\X")
_MENTION = re.compile(r"(?:^|(?<=[\s(]))@((?:[a-zA-Z0-9-]{1,63}\.){1,8}[a-zA-Z][a-zA-Z0-9-]{0,62})")
_LINK = re.compile(r"https?://[^\s<>\"]{1,2000}")


def record_key(message_id: str, approved_at: datetime) -> str:
    """A TID that is the same for every try of one message.

    The time is the minute before the approval, and the hash of the message fills the microseconds
    and the clock id: 36 bits, so that a whole campaign approved at once gets different keys.
    """
    minute = int((approved_at - timedelta(minutes=1)).timestamp()) // 60 * 60
    digest = int.from_bytes(hashlib.blake2b(message_id.encode(), digest_size=8).digest(), "big")
    micros = minute * 1_000_000 + digest % 60_000_000
    number = micros << 10 | (digest // 60_000_000) % 1024
    return "".join(_SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))


def handles(text: str) -> tuple[str, ...]:
    """The handles that a text mentions, in lower case, each once."""
    return tuple(dict.fromkeys(match[1].lower() for match in _MENTION.finditer(text)))


def facets(text: str, dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """Links, and mentions whose handle is in `dids`, with the byte offsets that Bluesky wants."""
    found = [
        _facet(
            text, match.start(), match.end(), {"$type": _FEATURE + "mention", "did": dids[match[1].lower()]}
        )
        for match in _MENTION.finditer(text)
        if match[1].lower() in dids
    ]
    for match in _LINK.finditer(text):
        link = _without_punctuation(match[0])
        end = match.start() + len(link)
        found.append(_facet(text, match.start(), end, {"$type": _FEATURE + "link", "uri": link}))
    return sorted(found, key=lambda facet: facet["index"]["byteStart"])


_FEATURE = "app.bsky.richtext.facet#"


def _facet(text: str, start: int, end: int, feature: Mapping[str, str]) -> dict[str, Any]:
    before = len(text[:start].encode())
    index = {"byteStart": before, "byteEnd": before + len(text[start:end].encode())}
    return {"index": index, "features": [dict(feature)]}


def _without_punctuation(link: str) -> str:
    """A full stop or a bracket after a link belongs to the sentence."""
    link = link.rstrip(".,;:!?'")
    return link[:-1] if link.endswith(")") and "(" not in link else link


def graphemes(text: str) -> int:
    """How many characters a person sees."""
    return len(_CLUSTER.findall(text))
