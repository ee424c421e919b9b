"""E-mail addresses of people: what one looks like, and whose domains say nothing about a company."""

from __future__ import annotations

import re

ADDRESS = re.compile(r"[^@\s<>\"(),;:\\\[\]]{1,64}@[^@\s<>\"(),;:\\\[\]]{1,253}\.[^@\s.<>]{2,63}")
FREE_MAIL = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com"}
    | {"me.com", "gmx.de", "gmx.net", "web.de", "proton.me", "protonmail.com", "aol.com", "mail.com"}
)


def normalised_address(text: str) -> str | None:
    """An e-mail address in lower case, or None where it is none."""
    address = text.strip().lower()
    return address if ADDRESS.fullmatch(address) else None
