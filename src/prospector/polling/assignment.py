"""Which of our accounts looks at which profile, after config.toml has gained or lost an account."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session, col, update

from prospector.models import Profile


def assign(session: Session, serving: Mapping[str, int], accounts: Collection[int], now: datetime) -> int:
    """Give profiles that nobody looks at to the account that serves their platform; how many.

    `serving` tells by platform which account that is, `accounts` are the rows of all in config.toml.
    Of a platform that no account serves, each profile stays as it is.
    """
    nobody = col(Profile.account_id).is_(None) | col(Profile.account_id).not_in(list(accounts))
    return sum(
        session.exec(
            update(Profile)
            .where(col(Profile.platform) == platform, col(Profile.gone_at).is_(None), nobody)
            .values(account_id=account_id, next_poll_at=now)
            .execution_options(synchronize_session=False)
        ).rowcount
        for platform, account_id in sorted(serving.items())
    )
