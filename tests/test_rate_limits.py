"""Rate-limit headers: each platform's own, and whatever else a server may write there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.rate_limits import DAY, DEFAULT_WAIT, RateLimit, read, too_often

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
IN_FIVE = NOW + timedelta(minutes=5)
EPOCH = str(int(IN_FIVE.timestamp()))

PLATFORMS = {
    "bluesky": (
        {
            "ratelimit-limit": "30",
            "ratelimit-remaining": "0",
            "ratelimit-reset": EPOCH,
            "ratelimit-policy": "30;w=300",
        },
        RateLimit(30, 0, IN_FIVE),
    ),
    "mastodon": (
        {
            "x-ratelimit-limit": "300",
            "x-ratelimit-remaining": "299",
            "x-ratelimit-reset": "2026-11-22T12:05:00.000000Z",
        },
        RateLimit(300, 299, IN_FIVE),
    ),
    "x": (
        {"x-rate-limit-limit": "900", "x-rate-limit-remaining": "1", "x-rate-limit-reset": EPOCH},
        RateLimit(900, 1, IN_FIVE),
    ),
    "github": (
        {
            "x-ratelimit-limit": "60",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": EPOCH,
            "retry-after": "60",
        },
        RateLimit(60, 0, IN_FIVE, 60),
    ),
    "reddit": (
        {"x-ratelimit-used": "3", "x-ratelimit-remaining": "97.5", "x-ratelimit-reset": "300"},
        RateLimit(None, 97.5, IN_FIVE),
    ),
    "calendly": (
        {"x-ratelimit-limit": "50", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "300"},
        RateLimit(50, 0, IN_FIVE),
    ),
    "pipedrive": (
        {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "19", "x-ratelimit-reset": "2"},
        RateLimit(20, 19, NOW + timedelta(seconds=2)),
    ),
    "hubspot": (
        {
            "x-hubspot-ratelimit-daily": "250000",
            "x-hubspot-ratelimit-daily-remaining": "249000",
            "x-hubspot-ratelimit-max": "100",
            "x-hubspot-ratelimit-remaining": "0",
            "x-hubspot-ratelimit-interval-milliseconds": "10000",
        },
        RateLimit(100, 0, None, 10),
    ),
    "folk": (
        {
            "x-ratelimit-limit": "600",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": EPOCH,
            "retry-after": "9",
        },
        RateLimit(600, 0, IN_FIVE, 9),
    ),
    "docusign": (
        {
            "x-ratelimit-limit": "3000",
            "x-ratelimit-remaining": "2500",
            "x-ratelimit-reset": EPOCH,
            "x-burstlimit-limit": "500",
            "x-burstlimit-remaining": "0",
        },
        RateLimit(500, 0, IN_FIVE),
    ),
    "slack": ({"retry-after": "30"}, RateLimit(retry_after=30)),
    "gmail": ({}, RateLimit()),
    "graph": ({"retry-after": "120"}, RateLimit(retry_after=120)),
}


@pytest.mark.parametrize(("headers", "limit"), PLATFORMS.values(), ids=PLATFORMS.keys())
def test_every_platforms_headers_are_read(headers: dict[str, str], limit: RateLimit) -> None:
    assert read(headers, NOW) == limit


def test_telegram_says_it_in_the_body() -> None:
    body = b'{"ok":false,"error_code":429,"parameters":{"retry_after":17}}'
    assert read({}, NOW, body).retry_after == 17


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("7.5", 7.5),
        ("1000000000", DAY),
        ("9" * 5000, DAY),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90),
        ("Sunday, 22-Nov-26 12:01:30 GMT", 90),
        ("Sun, 22 Nov 2026 13:01:30 +0100", 90),
        ("Sun, 22 Nov 1996 12:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("30, 60", 30),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("Sun, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert read({"retry-after": text}, NOW).retry_after == seconds


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [
        (RateLimit(), DEFAULT_WAIT),
        (RateLimit(retry_after=0), 1),
        (RateLimit(retry_after=30, reset_at=IN_FIVE), 30),
        (RateLimit(reset_at=IN_FIVE), 300),
        (RateLimit(remaining=0, reset_at=IN_FIVE), 300),
        (RateLimit(remaining=50, reset_at=IN_FIVE), DEFAULT_WAIT),
        (RateLimit(reset_at=NOW - timedelta(hours=1)), 1),
        (RateLimit(reset_at=NOW + timedelta(days=900)), DAY),
    ],
)
def test_the_wait_after_too_often(limit: RateLimit, seconds: float) -> None:
    assert limit.wait(NOW) == seconds


@pytest.mark.parametrize(
    ("status", "limit", "body", "often"),
    [
        (429, RateLimit(), b"", True),
        (403, RateLimit(remaining=0), b"", True),
        (403, RateLimit(retry_after=60), b"", True),
        (403, RateLimit(remaining=12), b"", False),
        (403, RateLimit(), b'{"error":{"errors":[{"reason":"userRateLimitExceeded"}]}}', True),
        (403, RateLimit(), b'{"error":"insufficientPermissions"}', False),
        (400, RateLimit(), b'{"errorCode":"HOURLY_APIINVOCATION_LIMIT_EXCEEDED"}', True),
        (400, RateLimit(remaining=0), b"", False),
        (404, RateLimit(remaining=0), b"", False),
        (401, RateLimit(remaining=0), b"", False),
    ],
)
def test_which_refusals_mean_not_so_often(status: int, limit: RateLimit, body: bytes, often: bool) -> None:
    assert too_often(status, limit, body) is often


NAMES = [
    "retry-after",
    "x-ratelimit-reset",
    "ratelimit-remaining",
    "x-rate-limit-limit",
    "x-ratelimit-remaining",
]
VALUES = st.one_of(
    st.text(max_size=40),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES), st.binary(max_size=60))
def test_whatever_is_written_there_the_wait_is_between_a_second_and_a_day(
    headers: dict[str, str], body: bytes
) -> None:
    limit = read(headers, NOW, body)
    assert 1 <= limit.wait(NOW) <= DAY
    assert limit.reset_at is None or limit.reset_at.tzinfo is not None
    assert limit.retry_after is None or 0 <= limit.retry_after <= DAY


@given(st.integers(1, 86_400))
def test_a_reset_means_the_same_in_each_notation(seconds: int) -> None:
    at = NOW + timedelta(seconds=seconds)
    notations = [str(seconds), str(int(at.timestamp())), str(int(at.timestamp() * 1000)), at.isoformat()]
    assert {read({"x-ratelimit-reset": text}, NOW).reset_at for text in notations} == {at}
