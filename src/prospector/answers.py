"""What a server's answer is worth: its body as a value, its status as the error it stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import msgspec

from prospector import rate_limits
from prospector.sdk import Broken, ConnectorError, Gone, Later, Refused, Unauthorised

T = TypeVar("T")

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS"})
RETRIED = frozenset({502, 503, 504})
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
# Charsets of the web only: Python knows text codecs (punycode) whose decoding is quadratic.
_DECODABLE = re.compile(
    r"(?:utf|us-ascii|ascii|iso|latin|windows|cp|koi8|gb|big5|euc|shift|sjis|x-sjis|mac|tis)[\w.:-]{0,24}",
    re.IGNORECASE,
)
_BOM = b"\xef\xbb\xbf"
_ESCAPED_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_ANYTHING = cast(Any, object)


class Missing(Gone):
    """404 or 410. A 404 may pass (feeds are moved and come back), a 410 is meant for good."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Unknown(Broken):
    """The request went out, and what became of it nobody knows: it must not simply be sent again.

    Raised for everything but reads, where no answer came or one that does not tell (500, 502, 503, 504).
    """


@dataclass(frozen=True, slots=True)
class Answer:
    """A `sdk.Response`: an answer whose body is read, decoded and within the caps."""

    status: int
    url: str = field(repr=False)  # queries, cookies and bodies hold secrets, and reprs end in logs
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    moved: str | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """By the charset that Content-Type names, else UTF-8; what does not fit becomes U+FFFD."""
        named = _CHARSET.search(self.headers.get("content-type", ""))
        known = named is not None and _DECODABLE.fullmatch(named[1])
        body = self.content.removeprefix(_BOM)
        try:
            return body.decode(named[1] if named and known else "utf-8", "replace")
        except (LookupError, UnicodeError):
            return body.decode("utf-8", "replace")

    def json(self, type: type[T] = _ANYTHING) -> T:
        """Decode and validate (RFC 8259: UTF-8, no NaN); a BOM is let pass, as parsers may, and
        NUL characters are dropped, which no database of ours takes.

        Raises `Broken` with the place where it went wrong.
        """
        body = self.content.removeprefix(_BOM)
        if b"\\u0000" in body:
            body = _ESCAPED_NUL.sub(rb"\1", body)
        try:
            return msgspec.json.decode(body, type=type)
        except RecursionError:
            raise Broken(f"{shown(self.url)} sent JSON that is nested too deep.") from None
        except (msgspec.MsgspecError, ValueError) as error:
            raise Broken(f"{shown(self.url)} sent {_kind(self)} that cannot be used: {error}.") from error


def _kind(answer: Answer) -> str:
    start = answer.content[:64].lstrip()
    if not start:
        return "an empty answer"
    return "a web page instead of JSON" if start.startswith(b"<") else "JSON"


def shown(url: str) -> str:
    """A URL as messages and logs may show it: without user, query and what looks like a token."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "the URL"
    path = "/".join("…" if _secret(segment) else segment for segment in parts.path[:300].split("/"))
    at = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    return f"{at}{path}{'?…' if parts.query else ''}"


def _secret(segment: str) -> bool:
    """Long and of letters and digits, as a webhook's or a bot's token in a path is."""
    return len(segment) >= 20 and any(c.isdigit() for c in segment) and any(c.isalpha() for c in segment)


def verdict(
    method: str, url: str, status: int, headers: Mapping[str, str], body: bytes, now: datetime
) -> ConnectorError | None:
    """The error that a status from 400 on stands for; None below. The only such table there is.

    For a write, an answer from 500 on leaves open whether it was done: `Unknown`. Also 503, unless it
    names a time to come back, as a server does that turned us away (RFC 9110 section 15.6.4):
    gateways say it as well where the server behind them took too long.
    """
    if status < 400:
        return None
    told = f"{shown(url)} answered {status}{_phrase(status)}"
    limit = rate_limits.read(headers, now, body)
    turned_away = status == 503 and (method in IDEMPOTENT or limit.retry_after is not None)
    if turned_away or rate_limits.too_often(status, limit, body):
        return Later(f"{told}: it asks us to wait.", limit.wait(now))
    if status >= 500:
        return _fault(method, told, limit, now)
    if status in (401, 403):
        return Unauthorised(f"{told}: renew this account's access, or what it is allowed to do.")
    if status in (404, 410):
        return Missing(f"{told}: what was there is gone, or the address is mistyped.", status)
    return Refused(f"{told}: it does not accept this request{_reason(headers, body)}.")


def _fault(method: str, told: str, limit: rate_limits.RateLimit, now: datetime) -> ConnectorError:
    if method not in IDEMPOTENT:
        return Unknown(f"{told}: nobody knows whether it was done. Look there before trying again.")
    if limit.retry_after is not None:
        return Later(f"{told}: it asks us to wait.", limit.wait(now))
    return Broken(f"{told}: the trouble is on their side; it will be tried again, ever less often.")


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


class _Complaint(msgspec.Struct):
    """The field in which most APIs say why: `message` (Bluesky, GitHub), `error` (Mastodon), `detail` (X)."""

    message: str | None = None
    error: str | None = None
    detail: str | None = None


def _reason(headers: Mapping[str, str], body: bytes) -> str:
    """The server's own words, short and on one line, where it has some."""
    if "json" not in headers.get("content-type", ""):
        return ""
    try:
        complaint = msgspec.json.decode(body[:65536], type=_Complaint)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    words = complaint.message or complaint.detail or complaint.error or ""
    printable = "".join(c if c.isprintable() else " " for c in words[:200])
    return f": {printable.strip().rstrip('.')}" if printable.strip() else ""
