"""What an answer says about how often we may ask: one reading of every platform's own headers.

Sources: RFC 9110 section 10.2.3 (Retry-After) and the vendors' pages on rate limits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

DAY = 86_400.0
DEFAULT_WAIT = 60.0
"""Seconds to wait where a platform says that we ask too often, but not for how long."""

_PREFIXES = ("ratelimit-", "x-ratelimit-", "x-rate-limit-")
_LIMITS = (
    *(f"{prefix}limit" for prefix in _PREFIXES),
    *("x-hubspot-ratelimit-max", "x-hubspot-ratelimit-secondly", "x-hubspot-ratelimit-daily"),
    "x-burstlimit-limit",
)
_REMAINING = (
    *(f"{prefix}remaining" for prefix in _PREFIXES),
    *(f"x-hubspot-ratelimit-{window}remaining" for window in ("", "secondly-", "daily-")),
    "x-burstlimit-remaining",
)
_RESETS = tuple(f"{prefix}reset" for prefix in _PREFIXES)
# Words in the bodies of Gmail (403) and DocuSign (400) that mean "too often", not "no".
_TOO_OFTEN = (
    b"ateLimitExceeded",
    b"HOURLY_APIINVOCATION_LIMIT_EXCEEDED",
    b"BURST_APIINVOCATION_LIMIT_EXCEEDED",
)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests a window allows, how many are left, when it ends, and how many seconds
    to wait where the platform says so (0 to one day). What it did not say is None."""

    limit: float | None = None
    remaining: float | None = None
    reset_at: datetime | None = None
    retry_after: float | None = None

    @property
    def spent(self) -> bool:
        return self.remaining is not None and self.remaining < 1

    def wait(self, now: datetime) -> float:
        """Seconds until it makes sense to ask again after "too often": 1 to a day."""
        seconds = DEFAULT_WAIT
        if self.retry_after is not None:
            seconds = self.retry_after
        elif self.reset_at is not None and (self.remaining is None or self.spent):
            seconds = (self.reset_at - now).total_seconds()
        return min(max(seconds, 1.0), DAY)


def read(headers: Mapping[str, str], now: datetime, body: bytes = b"") -> RateLimit:
    """What an answer's headers say, and Telegram's body. `headers` by lower-case name.

    Where several windows overlap (HubSpot, DocuSign) the scarcest is given.
    """
    resets = (_reset(headers[name], now) for name in _RESETS if name in headers)
    retry_after = _retry_after(headers.get("retry-after", ""), now)
    return RateLimit(
        limit=_least(headers, _LIMITS),
        remaining=_least(headers, _REMAINING),
        reset_at=next((at for at in resets if at is not None), None),
        retry_after=retry_after if retry_after is not None else _hidden_wait(headers, body),
    )


def too_often(status: int, limit: RateLimit, body: bytes = b"") -> bool:
    """Whether a refusal means "not so often". GitHub says it as 403 with the headers, Gmail as
    403 and DocuSign as 400 with a word in the body."""
    if status == 429:
        return True
    if status not in (400, 403):
        return False
    said = any(word in body[:4096] for word in _TOO_OFTEN)
    return said or (status == 403 and (limit.spent or limit.retry_after is not None))


def _least(headers: Mapping[str, str], names: Iterable[str]) -> float | None:
    numbers = [_number(headers[name]) for name in names if name in headers]
    return min((number for number in numbers if number is not None and number >= 0), default=None)


def _number(text: str) -> float | None:
    """The first of the numbers in a header (`100, 100;w=60` is 100)."""
    try:
        number = float(re.split("[,;]", text[:64], maxsplit=1)[0])
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _reset(text: str, now: datetime) -> datetime | None:
    """ISO 8601 (Mastodon), seconds or milliseconds since 1970, or seconds left (Reddit, Calendly)."""
    number = _number(text)
    if number is None:
        return _iso(text)
    if number < 0:
        return None
    if number < 1e9:
        return now + timedelta(seconds=min(number, DAY))
    try:
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _iso(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.strip()[:40])
    except ValueError:
        return None
    # A time next to the ends of the calendar overflows when zones are taken into account.
    if not 1970 < at.year < 9999:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _retry_after(text: str, now: datetime) -> float | None:
    """Seconds or a date. Beyond a day is a day; a negative number and other text say nothing."""
    number = _number(text)
    if number is not None:
        return min(number, DAY) if number >= 0 else None
    try:
        at = parsedate_to_datetime(text.strip()[:64])
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        seconds = (at - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0.0), DAY)


class _Parameters(msgspec.Struct):
    retry_after: float


class _Telegram(msgspec.Struct):
    parameters: _Parameters


def _hidden_wait(headers: Mapping[str, str], body: bytes) -> float | None:
    """Seconds that are not in Retry-After: HubSpot's spent interval, Telegram's body."""
    if _number(headers.get("x-hubspot-ratelimit-remaining", "")) == 0:
        interval = _number(headers.get("x-hubspot-ratelimit-interval-milliseconds", ""))
        if interval is not None and interval >= 0:
            return min(interval / 1000, DAY)
    if b'"retry_after"' not in body[:4096]:
        return None
    try:
        seconds = msgspec.json.decode(body[:4096], type=_Telegram).parameters.retry_after
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return min(seconds, DAY) if seconds >= 0 else None
