"""Domains of addresses: whose they are, and which belong together for those who receive our mail."""

from __future__ import annotations

SHORT = 3
"""The longest name that stands between a country's letters and the registered name: co.uk, com.br."""


def domain_of(address: str | None) -> str:
    """What stands behind the @, in lower case; empty where there is no address."""
    return (address or "").rpartition("@")[2].strip().rstrip(".").lower()


def registered(domain: str) -> str:
    """The domain that somebody registered, of which the rest are sub-domains.

    Without the list of public suffixes this is a guess: the last two labels, or three below a
    country's second level. Where it is wrong it puts too much together, which only makes us slower.
    """
    labels = domain.strip(".").lower().split(".")
    second_level = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= SHORT
    return ".".join(labels[-3:] if second_level else labels[-2:])
