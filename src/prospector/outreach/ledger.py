"""What bounds an account's sending, counted from the messages themselves and never from memory."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from prospector.config import Settings
from prospector.models import Message

COUNTED = ("sending", "sent", "unknown")
DAY = timedelta(hours=24)
# As many as there are mail threads: what is claimed and only waits would be taken for stuck.
BURST = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds one account's sending: `cap` in any 24 hours (None: no bound), `gap` between two."""

    cap: int | None = None
    gap: timedelta = timedelta()


def limits_of(settings: Settings, account_ids: Mapping[str, int]) -> dict[int, Limits]:
    """The limits of every account in config.toml, by its row; the gap is for mailboxes."""
    outreach = settings.file.outreach
    limits = {}
    for name, account in settings.accounts.items():
        mails = account.connector.can.email.itself
        cap = outreach.daily_cap if mails and account.table.daily_cap is None else account.table.daily_cap
        limits[account_ids[name]] = Limits(cap, outreach.gap if mails else timedelta())
    return limits


def free_at(
    session: Session, message: Message, limits: Limits, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """When the cap and the gap of its account let a message go, as the ledger says; None: now."""
    claimed = (
        select(Message.claimed_at)
        .where(Message.account_id == message.account_id, col(Message.state).in_(COUNTED))
        .where(col(Message.claimed_at).is_not(None))
        .order_by(col(Message.claimed_at).desc())
    )
    cap_ends = gap_ends = None
    if limits.cap:
        filling = session.exec(claimed.offset(limits.cap - 1).limit(1)).first()
        cap_ends = filling + DAY if filling is not None and filling + DAY > now else None
    if limits.gap and (last := session.exec(claimed.limit(1)).first()) is not None:
        ends = last + jittered(limits.gap, message.message_id or "")
        gap_ends = ends if ends > now else None
    return cap_ends, gap_ends


def counted(account_id: int | None) -> SelectOfScalar[int]:
    """How many messages of an account count towards its limits; add when they were claimed."""
    return select(func.count()).where(col(Message.account_id) == account_id, col(Message.state).in_(COUNTED))


def left(session: Session, account_id: int, cap: int | None, now: datetime) -> int:
    """How many messages an account may begin at a time."""
    if cap is None:
        return BURST
    today = counted(account_id).where(col(Message.claimed_at) > now - DAY)
    return max(0, min(BURST, cap - session.exec(today).one()))


def jittered(gap: timedelta, message_id: str) -> timedelta:
    """The gap before this message: up to 60 % longer, the same after a restart."""
    return gap * (1 + random.Random(message_id).uniform(0, 0.6))
