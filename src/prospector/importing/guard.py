"""Cells that somebody else wrote, made harmless for spreadsheets, and the other way round.

Pure. A cell that begins with a sign by which spreadsheets know a formula (OWASP, "CSV Injection") gets an
apostrophe before it, which they take as "this is text"; our own import takes it off again.
"""

from __future__ import annotations

FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""The full-width forms are read as the plain ones by some spreadsheets."""


def guarded(text: str) -> str:
    """Text that no spreadsheet calculates."""
    return f"'{text}" if _is_risky(text) else text


def unguarded(text: str) -> str:
    """The text before it was guarded. One that had an apostrophe of its own got a second."""
    return text[1:] if text.startswith("'") and _is_risky(text) else text


def _is_risky(text: str) -> bool:
    bare = text.lstrip("'")
    return bare.startswith(FORMULA) or bare.lstrip().startswith(FORMULA)
