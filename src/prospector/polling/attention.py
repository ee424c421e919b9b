"""A person's word to an account: look now, pause, go on."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session, col, select, update

from prospector.models import Account, Profile

UNTIL_SOMEBODY_ACTS = datetime(2999, 1, 1, tzinfo=UTC)
"""A pause by a person has this end, so that no restart takes it for a refusal that is to be forgiven."""
AT_ONCE = 1000
"""Profiles that one word makes due: those that would be due next. The rest keeps its turn."""


def look_now(session: Session, account: Account, now: datetime) -> int:
    """Let the account's inbox and its next profiles be due now; how many profiles. Who asks has seen
    to the access: a refusal is forgotten, a pause of ours is not."""
    if account.next_poll_at is not None:
        account.next_poll_at = now
    if account.paused_until is None:
        account.paused_why = None
    soonest = (
        select(Profile.id)
        .where(
            Profile.account_id == account.id,
            col(Profile.gone_at).is_(None),
            col(Profile.next_poll_at).is_not(None),
        )
        .order_by(col(Profile.next_poll_at))
        .limit(AT_ONCE)
    )
    ids = list(session.exec(soonest))
    session.exec(
        update(Profile)
        .where(col(Profile.id).in_(ids), col(Profile.next_poll_at) > now)
        .values(next_poll_at=now)
        .execution_options(synchronize_session=False)
    )
    return len(ids)


def pause(account: Account, by: str) -> None:
    """Nothing is looked at and nothing is sent by this account until somebody lets it go on."""
    account.paused_why, account.paused_until = f"paused by {by}", UNTIL_SOMEBODY_ACTS


def resume(account: Account, now: datetime) -> None:
    """Go on, whoever or whatever paused it; its inbox is looked at at once."""
    account.paused_why, account.paused_until, account.failures = None, None, 0
    if account.next_poll_at is not None:
        account.next_poll_at = now
