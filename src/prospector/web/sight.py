"""What our accounts see and cannot see, for pages; the big counts are made once a minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from sqlalchemy import func, select
from sqlmodel import Session

from prospector.installation import Installation
from prospector.models import Profile, table_of
from prospector.polling import health
from prospector.polling.health import Condition, Heartbeat, Sight, Standing
from prospector.prospects.platforms import PLATFORMS
from prospector.web.kept import Kept, kept_of
from prospector.web.viewer import installation_of

MINUTE = 60.0
MOST_UNSEEN = 10_000
# Platforms that have no domain of their own.
BESIDE = ("mastodon", "feed")

_PROFILE = table_of(Profile)


@dataclass(frozen=True, slots=True)
class Look:
    """One account: its row, how it fares, and how many people it sees."""

    account: Standing
    condition: Condition
    sight: Sight
    channel: str


@dataclass(frozen=True, slots=True)
class Health:
    """All accounts, whether anybody works, and the people whom no account looks at, by platform."""

    looks: tuple[Look, ...]
    heartbeat: Heartbeat
    by_hand: Mapping[str, int]

    @property
    def blind(self) -> tuple[Look, ...]:
        return tuple(look for look in self.looks if look.condition.blind)


def read(request: Request, session: Session, now: datetime) -> Health:
    """How things stand now."""
    installation, kept = installation_of(request), kept_of(request)
    accounts = health.standings(session, list(installation.account_ids.values()))
    looks = tuple(
        Look(
            account,
            health.condition_of(account, now),
            _sight(kept, session, account.id),
            channel_of(installation, account.name),
        )
        for account in accounts
    )
    unseen = kept.get("by-hand", MINUTE, lambda: unseen_of(session, installation))
    return Health(looks, health.heartbeat(session, accounts, now), unseen)


def channel_of(installation: Installation, name: str) -> str:
    """The channel whose sign an account bears: the platform that its connector is for."""
    connector = installation.settings.accounts[name].connector
    platforms = connector.platforms
    return connector.name if connector.name in platforms else min(platforms, default=connector.name)


def unseen_of(session: Session, installation: Installation) -> Mapping[str, int]:
    """How many profiles there are on each platform that no account of ours looks at, counted no
    further than 10,000."""
    served = set(installation.looking)
    names = [*(platform.name for platform in PLATFORMS), *BESIDE]
    found = {name: _unseen(session, name) for name in names if name not in served}
    return {name: count for name, count in found.items() if count}


def _unseen(session: Session, platform: str) -> int:
    some = select(_PROFILE.c.id).where(_PROFILE.c.platform == platform, _PROFILE.c.gone_at.is_(None))
    limited = select(func.count()).select_from(some.limit(MOST_UNSEEN).subquery())
    return int(session.connection().execute(limited).scalar_one())


def _sight(kept: Kept, session: Session, account_id: int) -> Sight:
    return kept.get(("sight", account_id), MINUTE, lambda: health.sight(session, account_id))
