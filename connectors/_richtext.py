"""Text as the AT Protocol wants it: length in graphemes, facets by UTF-8 bytes, keys by time.

Sources: atproto.com/specs/tid, docs.bsky.app/docs/advanced-guides/post-richtext (facets),
Unicode UAX #29 (grapheme clusters; what a person sees as one character).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

MOST_GRAPHEMES = 300
MOST_BYTES = 3000

_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_ZWJ = "\u200d"
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
    """How many characters a person sees, by the main rules of UAX #29."""
    return sum(1 for _ in _starts(unicodedata.normalize("NFC", text)))


def _starts(text: str) -> Iterator[int]:
    flags = 0
    for place, character in enumerate(text):
        before = text[place - 1] if place else ""
        flag = "\U0001f1e6" <= character <= "\U0001f1ff"
        joined = bool(before) and (
            _extends(character) or _joins(before, character) or (flag and flags % 2 == 1)
        )
        flags = flags + 1 if flag else 0
        if not joined:
            yield place


def _extends(character: str) -> bool:
    """Combining marks, joiners, skin tones and the tags of regional flags hang on what is before."""
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character in (_ZWJ, "\u200c")
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _joins(before: str, character: str) -> bool:
    if before == _ZWJ:
        return unicodedata.category(character) == "So"
    if before == "\r":
        return character == "\n"
    return _syllable(before, character)


def _syllable(before: str, character: str) -> bool:
    """Conjoining Hangul letters that NFC has not put together already."""
    vowel, final = "\u1160" <= character <= "\u11a7", "\u11a8" <= character <= "\u11ff"
    if "\u1100" <= before <= "\u115f":
        return vowel or "\u1100" <= character <= "\u115f"
    if "\u1160" <= before <= "\u11a7":
        return vowel or final
    return "\u11a8" <= before <= "\u11ff" and final
