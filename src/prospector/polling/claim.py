"""Take profiles and inboxes to look at: by one UPDATE, so that of two processes one gets each.

The lease that a claim sets is also the recovery after a crash: what is not recorded by then is due again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select, update

from prospector.models import Account, Profile, Prospect, table_of
from prospector.sdk import ProfileRef

_PROFILE = table_of(Profile)
_PROSPECT = table_of(Prospect)
# Plain columns, since objects of the ORM cost several times as much, and looks are many.
_NAMES = "id account_id prospect_id platform url handle remote_id name source_url cursor rhythm failures"
_CLAIMED = [_PROFILE.c[name] for name in _NAMES.split()]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A profile (or an account's inbox, with `profile_id` None) that is ours to look at."""

    account_id: int
    profile_id: int | None = None
    prospect_id: int | None = None
    ref: ProfileRef | None = None
    remote_id: str | None = None
    name: str | None = None
    source_url: str | None = None
    cursor: str | None = None
    rhythm: Any = None
    failures: int = 0
    stage: str = ""
    timer_at: datetime | None = None
    found: int = 0

    @property
    def label(self) -> str:
        return f"{self.ref.platform} {self.ref.handle}" if self.ref else "inbox"


def claim_profiles(session: Session, ids: Sequence[int], now: datetime, lease: timedelta) -> list[Claimed]:
    """Take those that are still due; the lease is also the recovery after a crash."""
    taken = session.connection().execute(
        update(_PROFILE)
        .where(_PROFILE.c.id.in_(ids), _PROFILE.c.next_poll_at <= now, _PROFILE.c.gone_at.is_(None))
        .values(next_poll_at=now + lease)
        .returning(*_CLAIMED)
    )
    rows = taken.all()
    owners = _owners(session, {row.prospect_id for row in rows})
    return [_claimed(row, *owners[row.prospect_id]) for row in rows if row.prospect_id in owners]


def _owners(session: Session, ids: Collection[int]) -> dict[int, tuple[str, datetime | None]]:
    """The stage of each prospect, and when their next timer is due."""
    found = session.connection().execute(
        select(_PROSPECT.c.id, _PROSPECT.c.stage, _PROSPECT.c.next_timer_at).where(_PROSPECT.c.id.in_(ids))
    )
    return {id_: (stage, timer_at) for id_, stage, timer_at in found}


def claim_inbox(session: Session, account_id: int, now: datetime, lease: timedelta) -> Claimed | None:
    """Take an account's inbox, if it is still due."""
    taken = session.exec(
        update(Account)
        .where(col(Account.id) == account_id, col(Account.next_poll_at) <= now)
        .values(next_poll_at=now + lease)
    ).rowcount
    if taken != 1:
        return None
    account = session.get_one(Account, account_id, populate_existing=True)
    return Claimed(
        account_id=account_id,
        cursor=account.inbox_cursor,
        rhythm=account.rhythm,
        failures=account.failures,
    )


def _claimed(row: Any, stage: str, timer_at: datetime | None) -> Claimed:
    return Claimed(
        account_id=row.account_id or 0,
        profile_id=row.id,
        prospect_id=row.prospect_id,
        ref=ProfileRef(row.platform, row.url, row.handle),
        remote_id=row.remote_id,
        name=row.name,
        source_url=row.source_url,
        cursor=row.cursor,
        rhythm=row.rhythm,
        failures=row.failures,
        stage=stage,
        timer_at=timer_at,
    )
