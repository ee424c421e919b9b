"""Feeds that are not quite XML, made so before they are parsed: a lenient parser drops what it cannot read.

Two faults are common: HTML's entities (`&nbsp;`, a bare `&`), at which text would end, and single bytes
of Windows-1252 in what says or implies UTF-8, which would become question marks.
"""

from __future__ import annotations

import re
from html.entities import html5

MOST_MENDED = 50_000

# A CDATA section is matched whole, so that nothing in it is touched.
_UNKNOWN = rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-f]{1,6});)"
_STRAY = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|" + _UNKNOWN + rb"([a-z][a-z0-9]{1,31};)?", re.IGNORECASE | re.DOTALL
)
# Most feeds have no such fault, and looking for this alone takes a fifth of the time.
_SUSPECT = re.compile(_UNKNOWN, re.IGNORECASE)
_WINDOWS = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}


def repaired(body: bytes, encoding: str) -> bytes:
    """The body with both faults mended; what is right stays as it is. Not for UTF-16.

    `encoding` is the declared one in lower case, empty where there is none.
    """
    if encoding in ("", "utf-8", "utf8"):
        body = _as_utf_8(body)
    return _STRAY.sub(_mend, body, count=MOST_MENDED) if _SUSPECT.search(body) else body


def _as_utf_8(body: bytes) -> bytes:
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode("utf-8", "surrogateescape").translate(_WINDOWS).encode()
    return body


def _mend(found: re.Match[bytes]) -> bytes:
    if found[0].startswith(b"<"):
        return found[0]
    name = (found[1] or b"").decode()
    if name in html5:
        return "".join(f"&#{ord(character)};" for character in html5[name]).encode()
    return b"&amp;" + name.encode()
