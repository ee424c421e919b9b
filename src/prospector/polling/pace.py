"""The slots of an account: one row, shared by all processes, so its pace is kept by all together."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from prospector.models import Account


def reserve(session: Session, account_id: int, now: datetime, patience: float) -> float:
    """Take the account's next free slot; the seconds to wait for it.

    Where that is longer than `patience`, nothing is taken: the request will not be made then.
    """
    account = session.get_one(Account, account_id, with_for_update=True, populate_existing=True)
    slot = max(account.free_at, now)
    wait = (slot - now).total_seconds()
    if wait <= patience:
        account.free_at = slot + timedelta(milliseconds=account.every_ms)
    return wait
