"""Which requests are not even looked at: decided from method, address and headers alone.

Hosts against DNS rebinding; Origin and Sec-Fetch-Site against requests that other sites make (no token
in forms is needed then: https://cheatsheetseries.owasp.org, "Cross-Site Request Forgery Prevention").
To unsubscribe (/u/…) may be asked from anywhere: mail providers send that POST (RFC 8058, 3.2). Under a
name that is public for its sake alone nothing else is served.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from prospector.config import Web
from prospector.outreach import one_click

LOOPBACK = ("localhost", "127.0.0.1", "::1")
SAFE = ("GET", "HEAD", "OPTIONS")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
UPLOADS = frozenset({"/imports", "/api/imports"})
"""Where files of people come in: as large as they may be, and never whole in memory."""
OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override")
_HOST = re.compile(r"(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?", re.ASCII)
_CHARSET = re.compile(r"charset[^=;]*=\s*\"?([^\";]*)")
ELSEWHERE = (
    "This was asked from another site, so nothing was done. Open prospector itself and try again; behind a "
    "proxy, set `url` under [web] in config.toml to where people open it."
)

FOR_EVERYBODY = (one_click.PATH, "/static/")
NOT_HERE = (
    "There is nothing here. If people open prospector at this address, set `url` under [web] in config.toml "
    "to it."
)


@dataclass(frozen=True)
class Served:
    """Under which names the pages are served: None is any; `home` is the origin of `[web] url`, `public`
    the name under which everybody may unsubscribe, and under which nothing else is served."""

    names: frozenset[str] | None
    home: str
    public: str = ""

    @classmethod
    def of(cls, page: Web, public_url: str = "") -> Served:
        """As config.toml says: alone on this machine, its names; with `url`, that one too."""
        named = urlsplit(page.url).hostname if page.url else None
        public = urlsplit(public_url).hostname or ""
        if page.host not in LOOPBACK and named is None:
            return cls(None, "", public)
        names = frozenset({*LOOPBACK, page.host, *([named] if named else [])})
        return cls(names, page.url.lower(), "" if public in names else public)


@dataclass(frozen=True)
class Asked:
    """What the guard looks at in a request; names of headers are in lower case."""

    method: str
    scheme: str
    path: str
    query: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Refusal:
    """Why a request goes no further."""

    status: int
    sentence: str


def refusal(asked: Asked, served: Served) -> Refusal | None:
    """Why this request is not even looked at; None where it is."""
    host = asked.headers.get("host", "").lower()
    if _is_public(host, served):
        if not asked.path.startswith(FOR_EVERYBODY):
            return Refusal(404, NOT_HERE)
    elif _HOST.fullmatch(host) is None or not _is_served(host, served):
        return Refusal(403, "This page is not served under that name. Set `url` under [web] in config.toml.")
    if any(name in asked.headers for name in OVERRIDES) or "_method" in dict(parse_qsl(asked.query)):
        return Refusal(403, "A request has one method; this one names another. Send it with that one.")
    if asked.method in SAFE or asked.path.startswith(one_click.PATH):
        return None
    if not _from_here(asked, host, served):
        return Refusal(403, ELSEWHERE)
    return _body_refusal(asked)


def is_upload(asked: Asked) -> bool:
    """Whether this brings a file, which goes to the disk as it comes."""
    kind = asked.headers.get("content-type", "").lower().partition(";")[0].strip()
    return asked.method == "POST" and asked.path in UPLOADS and kind == "multipart/form-data"


def _is_served(host: str, served: Served) -> bool:
    return served.names is None or _name(host) in served.names


def _is_public(host: str, served: Served) -> bool:
    return bool(served.public) and _name(host) == served.public


def _name(host: str) -> str | None:
    """A host without its port; None for what is no host."""
    try:
        return urlsplit(f"//{host}").hostname if _HOST.fullmatch(host) else None
    except ValueError:  # brackets around what is no address
        return None


def _from_here(asked: Asked, host: str, served: Served) -> bool:
    """Whether our own page sent this, or a program with a token, which no other site's page has."""
    origin, fetched = asked.headers.get("origin"), asked.headers.get("sec-fetch-site")
    if fetched not in (None, "same-origin", "none"):
        return False
    if origin is not None:
        return origin.lower() == _origin(asked.scheme, host, served)
    return fetched is not None or _bearer(asked)


def _origin(scheme: str, host: str, served: Served) -> str:
    """Where our own pages come from. Behind a proxy the request itself may say http."""
    return served.home if served.home and host == urlsplit(served.home).netloc else f"{scheme}://{host}"


def _bearer(asked: Asked) -> bool:
    scheme = asked.headers.get("authorization", "").partition(" ")[0].lower()
    return asked.path.startswith("/api/") and scheme == "bearer"


def _body_refusal(asked: Asked) -> Refusal | None:
    said = asked.headers.get("content-type", "").lower()
    kind = said.partition(";")[0].strip()
    # Forms are read in the charset that they name, and some write a NUL that nobody sees before.
    if any(name.strip() not in ("utf-8", "utf8") for name in _CHARSET.findall(said)):
        return Refusal(415, "Send the text as UTF-8.")
    empty = asked.headers.get("content-length", "0") == "0" and "transfer-encoding" not in asked.headers
    if empty and not kind:
        return None
    if asked.path.startswith("/api/") and not is_upload(asked):
        return None if kind == "application/json" else Refusal(415, "Send JSON, as application/json.")
    return None if kind in FORMS else Refusal(415, "Send a form, as application/x-www-form-urlencoded.")


def has_nul(asked: Asked, body: bytes) -> bool:
    """Whether somewhere stands the one character that databases refuse: raw, as a form or JSON writes it."""
    written = f"{asked.path}?{asked.query}"
    return "\x00" in written or "%00" in written or any(nul in body for nul in (b"\x00", b"%00", b"\\u0000"))
