"""What may stand for a fact that is missing: read from the address, and never taken without a person.

A guess is offered only where the address itself spells a name; `j.novak@` leaves open which J.
"""

from __future__ import annotations

import re
import unicodedata

from prospector.outreach import naming, wording

_PARTS = re.compile(r"[._]+")
_VOWELS = frozenset("aeiouy")


def first_name_of(address: str | None) -> str | None:
    """The first name that an address spells (`jan.novak@` is Jan); None where it does not."""
    local = (address or "").partition("@")[0].partition("+")[0]
    parts = [part for part in _PARTS.split(local) if part]
    if len(parts) < 2 or any(part.casefold() in wording.ROLES for part in parts):
        return None
    first = parts[0]
    if not _is_word(first) or not _is_word(parts[-1]):
        return None
    return naming.cased(first)


def is_role(address: str | None) -> bool:
    """Whether an address is read by whoever is on duty (`info@`, `hello@`), not by one person."""
    local = (address or "").partition("@")[0].partition("+")[0].casefold()
    return local in wording.ROLES


def _is_word(part: str) -> bool:
    """A pronounceable word of at least two letters; a hyphen may join two."""
    letters = [letter for letter in part if letter.isalpha()]
    plain = unicodedata.normalize("NFKD", part.casefold())
    spoken = not plain.isascii() or any(letter in _VOWELS for letter in plain)
    return len(letters) >= 2 and spoken and all(piece.isalpha() for piece in part.split("-"))
