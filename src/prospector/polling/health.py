"""How our accounts fare: which of them see, which are blind and why, and whether anybody works at all.

No process leaves a heartbeat of its own: what it looks at does. Where something has been due for some
time and nobody has looked at anything since, nobody works.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from prospector.models import Account, Message, Poll, Profile, table_of
from prospector.sdk import Capabilities
from prospector.store import read_rows

PATIENCE = timedelta(minutes=2)
"""How long what is due may wait before it means that nobody works."""
BUSY_FOR = timedelta(hours=1)
"""How long a platform may put us off before that is more than its rate limit."""
FOREVER = 2999
ACTS = ("like", "reply", "dm", "follow", "email")

State = Literal["good", "warn", "bad", "man"]

_ACCOUNT, _POLL, _PROFILE, _MESSAGE = (table_of(model) for model in (Account, Poll, Profile, Message))
_NAMES = "id name connector handle every_ms next_poll_at polled_at covered_until failures failing_since error"
_ACCOUNTS = (
    select(*_ACCOUNT.c[(*_NAMES.split(), "paused_until", "paused_why")])
    .where(_ACCOUNT.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_ACCOUNT.c.name)
)
_NEWEST_LOOK = select(_POLL.c.started_at, _POLL.c.took_ms).order_by(_POLL.c.id.desc()).limit(1)
_LAST_OUTCOME = (
    select(_POLL.c.outcome)
    .where(_POLL.c.account_id == bindparam("account"))
    .order_by(_POLL.c.id.desc())
    .limit(1)
)
_NEXT_PROFILE = select(func.min(_PROFILE.c.next_poll_at)).where(
    _PROFILE.c.account_id == bindparam("account"),
    _PROFILE.c.gone_at.is_(None),
    _PROFILE.c.next_poll_at.is_not(None),
)
_CLAIMED = select(func.max(_MESSAGE.c.claimed_at)).where(_MESSAGE.c.account_id == bindparam("account"))
_WATCHED = select(func.count()).where(
    _PROFILE.c.account_id == bindparam("account"),
    _PROFILE.c.gone_at.is_(None),
    _PROFILE.c.next_poll_at.is_not(None),
)
_FAILING: Any = select(func.count(), func.min(_PROFILE.c.failing_since)).where(
    _PROFILE.c.account_id == bindparam("account"),
    _PROFILE.c.failing_since.is_not(None),
    _PROFILE.c.gone_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One of our accounts as its row has it. `busy`: the last time the platform put us off. `error`
    and `paused_why` are the provider's words, and may be anything."""

    id: int
    name: str
    connector: str
    handle: str | None = None
    every_ms: int = 0
    next_poll_at: datetime | None = None
    polled_at: datetime | None = None
    covered_until: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    error: str | None = None
    paused_until: datetime | None = None
    paused_why: str | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """How an account fares, in a state and in words. `blind`: nothing new of its people is seen, and
    nobody of us wanted that."""

    state: State
    words: str
    since: datetime | None = None
    blind: bool = False
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When something last worked, and whether what is due is left undone."""

    last: datetime | None
    stopped: bool
    overdue_since: datetime | None = None

    @property
    def since(self) -> datetime | None:
        """Since when nobody works."""
        return (self.last or self.overdue_since) if self.stopped else None


@dataclass(frozen=True, slots=True)
class Sight:
    """How many profiles an account looks at, and how many of these it cannot see, since when."""

    watched: int = 0
    failing: int = 0
    since: datetime | None = None


def condition_of(account: Standing, now: datetime) -> Condition:
    """How this account fares now."""
    if account.paused_why is not None and (account.paused_until is None or account.paused_until > now):
        return _paused(account)
    if account.failing_since is not None:
        put_off = account.busy and now - account.failing_since < BUSY_FOR
        if put_off:
            return Condition("good", "busy: the platform asks us to wait", account.failing_since)
        words = f"could not look: {account.error or 'no answer'}"
        return Condition("warn", words, account.failing_since, blind=True)
    if account.polled_at is None and account.next_poll_at is not None:
        return Condition("man", "not looked yet")
    return Condition("good", "working", account.polled_at)


def heartbeat_of(last: datetime | None, due_since: datetime | None, now: datetime) -> Heartbeat:
    """Whether anybody works: `last` is the newest sign of life, `due_since` when the oldest of what
    is due became so."""
    if due_since is None or now - due_since <= PATIENCE:
        return Heartbeat(last, False)
    return Heartbeat(last, last is None or now - last > PATIENCE, due_since)


def paused_by_us(account: Standing) -> bool:
    """Whether a person paused it, rather than a refusal."""
    return account.paused_until is not None and account.paused_until.year >= FOREVER


def standings(session: Session, ids: Collection[int]) -> list[Standing]:
    """Our accounts by name; `ids` are the rows of those in config.toml."""
    if not ids:
        return []
    return [_standing(session, row) for row in read_rows(session, _ACCOUNTS, ids=sorted(ids))]


def heartbeat(session: Session, accounts: Sequence[Standing], now: datetime) -> Heartbeat:
    """The newest sign of life, and the oldest of what is due of accounts that are not paused."""
    running = [one for one in accounts if not condition_of(one, now).paused]
    due = [one.next_poll_at for one in running]
    due += [read_rows(session, _NEXT_PROFILE, account=one.id)[0][0] for one in running]
    oldest = min((at for at in due if at is not None and at <= now), default=None)
    return heartbeat_of(_last_sign(session, accounts), oldest, now)


def sight(session: Session, account_id: int) -> Sight:
    """How many profiles an account sees. It counts them all: keep the answer for a while."""
    watched = read_rows(session, _WATCHED, account=account_id)[0][0]
    failing, since = read_rows(session, _FAILING, account=account_id)[0]
    return Sight(watched, failing, since)


def _paused(account: Standing) -> Condition:
    if paused_by_us(account):
        return Condition("man", str(account.paused_why), account.failing_since, paused=True)
    since = account.failing_since or account.polled_at
    return Condition("bad", f"paused: {account.paused_why}", since, blind=True, paused=True)


def _standing(session: Session, row: Any) -> Standing:
    outcome = read_rows(session, _LAST_OUTCOME, account=row.id) if row.failing_since is not None else ()
    return Standing(**row._mapping, busy=bool(outcome) and outcome[0].outcome == "later")


def _last_sign(session: Session, accounts: Sequence[Standing]) -> datetime | None:
    signs = [one.polled_at for one in accounts]
    signs += [read_rows(session, _CLAIMED, account=one.id)[0][0] for one in accounts]
    signs += [
        look.started_at + timedelta(milliseconds=look.took_ms) for look in read_rows(session, _NEWEST_LOOK)
    ]
    return max((sign for sign in signs if sign is not None), default=None)


def as_json(account: Standing, can: Capabilities) -> dict[str, Any]:
    """An account under the names of `prospector accounts --json` (docs/cli.md)."""
    return {
        "account": account.name,
        "connector": account.connector,
        "acts": [act for act in ACTS if can.act(act).itself],
        "looked": account.polled_at,
        "next": account.next_poll_at,
        "failures": account.failures,
        "error": account.error,
        "paused": account.paused_why,
    }
