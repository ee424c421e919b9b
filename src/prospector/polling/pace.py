"""The slots of an account: one row, shared by all processes, so its pace is kept by all together."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from prospector.models import Account


def reserve(session: Session, account_id: int, now: datetime) -> float:
    """Take the account's next free slot; the seconds to wait for it."""
    account = session.get_one(Account, account_id, with_for_update=True)
    slot = max(account.free_at, now)
    account.free_at = slot + timedelta(milliseconds=account.every_ms)
    return (slot - now).total_seconds()
