"""How long a text is for who reads it: in grapheme clusters, which networks limit (Unicode UAX 29)."""

from __future__ import annotations

import regex

_CLUSTER = regex.compile(r"\X")


def graphemes(text: str) -> int:
    """How many characters a reader sees: a flag, or a letter with its accents, is one."""
    return len(text) if text.isascii() and "\r" not in text else len(_CLUSTER.findall(text))
