"""How often somebody may try to sign in: counted in the database, so that all processes share it.

A try is written before the password is looked at, and counted after that is committed: whoever is the
twenty-first to commit sees twenty others, however many try at the same moment and wherever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlmodel import Session, col, delete, func, select

from prospector.models import Attempt
from prospector.store import Store

WITHIN = timedelta(hours=1)
PER_ACCOUNT, PER_ADDRESS, PER_DEVICE = 20, 100, 20


@dataclass(frozen=True)
class Allowance:
    """At most so many tries within the hour that count against this key."""

    key: str
    most: int


def allowances(email: str, address: str, device: str | None) -> tuple[Allowance, ...]:
    """What a try counts against: the account and the address; for a device that its owner signed in
    with before, the device alone, so that nobody else's guesses keep them out.

    `device` is the hash of its token. The account is known by a hash: people type passwords into the
    wrong field.
    """
    if device is not None:
        return (Allowance(f"device:{device}", PER_DEVICE),)
    account = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return (
        Allowance(f"account:{account}", PER_ACCOUNT),
        Allowance(f"address:{_network(address)}", PER_ADDRESS),
    )


def begin(store: Store, limits: Sequence[Allowance], now: datetime) -> tuple[int, ...] | None:
    """Count a try: the ids of its rows, or None where one of the limits is reached."""
    if not _within(store, limits, now, spare=1):
        return None
    ids = store.write(lambda session: _write(session, limits, now))
    if _within(store, limits, now, spare=0):
        return ids
    # A try that is refused takes nobody else's place.
    store.write(lambda session: forgive(session, ids))
    return None


def forgive(session: Session, ids: Sequence[int]) -> None:
    """Count this try no more: the sign-in was right."""
    session.exec(delete(Attempt).where(col(Attempt.id).in_(ids)))


def sweep(session: Session, now: datetime) -> int:
    """Delete what counts no more; how many rows that were."""
    return session.exec(delete(Attempt).where(col(Attempt.at) <= now - WITHIN)).rowcount


def _within(store: Store, limits: Sequence[Allowance], now: datetime, spare: int) -> bool:
    with store.reading() as session:
        return all(tries(session, limit.key, now) + spare <= limit.most for limit in limits)


def tries(session: Session, key: str, now: datetime) -> int:
    """How many tries count against a key."""
    counted = select(func.count()).where(Attempt.key == key, col(Attempt.at) > now - WITHIN)
    return session.exec(counted).one()


def _write(session: Session, limits: Sequence[Allowance], now: datetime) -> tuple[int, ...]:
    sweep(session, now)
    rows = [Attempt(key=limit.key, at=now) for limit in limits]
    session.add_all(rows)
    session.flush()
    return tuple(row.id for row in rows)


def _network(address: str) -> str:
    """An address, or of IPv6 the network of one customer: they have 2^64 addresses each (RFC 6177)."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return str(IPv6Address(int(known) >> 64 << 64)) + "/64"
    return str(known)
