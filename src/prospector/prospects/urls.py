"""Whose profile a URL is: one address for each profile, whatever form it was pasted in.

Pure, and safe for text from anywhere: `canonical` never raises, looks at no more than
`LONGEST` characters, and does work linear in their number. What is not surely a profile is none.
The forms that each platform has are a table in `prospects.platforms`; docs/profile-urls.md says
the policy in words.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote

import idna

from prospector.prospects import reserved_words
from prospector.prospects.platforms import (
    BLUESKY,
    BY_DOMAIN,
    FEDIVERSE,
    TRACKING,
    Platform,
    Route,
)
from prospector.sdk import ProfileRef

# Browsers and servers refuse longer ones anyway; no profile comes near it.
LONGEST = 2048

_AROUND = " \t\r\n\f\v\u00a0\ufeff\u200b"
_UNSAFE = re.compile(r"""[\x00-\x20\x7f-\x9f\\<>"\ud800-\udfff]""")
_PARTS = re.compile(
    r"(?P<feed>feed:)?(?:(?P<scheme>https?):(?=//))?(?://)?"
    r"(?P<authority>[^/?#]+)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.IGNORECASE,
)
_AT = re.compile(r"at://(?P<actor>[^/?#]+)(?:/app\.bsky\.actor\.profile/self)?/?", re.IGNORECASE)
_BAD_ESCAPE = re.compile(r"%(?![0-9a-f]{2})|%(?:2f|5c|[01][0-9a-f]|7f)", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_LAST_LABEL = re.compile(r"(?!0x[0-9a-f]*$)[a-z0-9-]*[a-z][a-z0-9-]*", re.ASCII)
_FEED_ENDINGS = (".xml", ".rss", ".atom", ".json")
_FEED_SEGMENTS = {"feed", "rss", "atom"}
_PATH_SAFE = "!$&'()*+,;=:@~"
_QUERY_SAFE = _PATH_SAFE + "/?%[]|"
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class _Address:
    """A URL taken apart: the host in ASCII, the path's segments decoded, in NFC."""

    scheme: str
    host: str
    port: str
    segments: tuple[str, ...]
    query: str
    fragment: str
    says_feed: bool

    @property
    def path(self) -> str:
        """Decoded, without empty segments and trailing slash."""
        return "".join(f"/{segment}" for segment in self.segments if segment)


def canonical(text: str) -> ProfileRef | None:
    """The profile that this URL shows, or None where it shows none.

    `text` may lack the scheme, and may be an `at:` or `feed:` URI. For every answer
    `canonical(answer.url) == answer`. Whether somebody is there, only the platform knows.
    """
    text = text.strip(_AROUND)
    if not text or len(text) > LONGEST or _UNSAFE.search(text):
        return None
    if record := _AT.fullmatch(text):
        actor = _decoded(record["actor"])
        return _match(BLUESKY, BLUESKY.routes[0], f"bsky.app/profile/{actor}")
    address = _take_apart(text)
    if address is None:
        return None
    platform = _platform(address.host)
    if platform is None:
        return _on_fediverse(address) or _as_feed(address, _says_feed(address.segments))
    if address.port:
        return None
    return _account(platform, address) or _feed_of_platform(platform, address)


def _take_apart(text: str) -> _Address | None:
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return None
    scheme = (parts["scheme"] or "https").lower()
    name, colon, digits = parts["authority"].partition(":")
    host, port = _host(name), _port(digits, scheme)
    # `word://…` would otherwise read as a host with an empty port.
    if host is None or port is None or (colon and not digits and not parts["scheme"]):
        return None
    path = _decoded(parts["path"] or "")
    if path is None:
        return None
    segments = tuple(path.split("/")[1:])
    if "." in segments or ".." in segments:
        return None
    query, fragment = parts["query"] or "", parts["fragment"] or ""
    return _Address(scheme, host, port, segments, query, fragment, bool(parts["feed"]))


def _host(name: str) -> str | None:
    """The host in ASCII (IDNA 2008 with the mapping of UTS 46); None for IP literals and nonsense."""
    if not name or len(name) > 253:
        return None
    if name.isascii():
        name = name.lower()
    if not name.isascii() or "xn--" in name:
        try:
            name = idna.encode(name, uts46=True, std3_rules=True).decode("ascii")
        except UnicodeError:
            return None
    labels = name.removesuffix(".").split(".")
    # A last label that is a number makes the whole host an IPv4 address (WHATWG URL, 3.5).
    if len(labels) < 2 or not _LAST_LABEL.fullmatch(labels[-1]):
        return None
    return ".".join(labels) if all(map(_LABEL.fullmatch, labels)) else None


def _port(digits: str, scheme: str) -> str | None:
    """The port as text, empty where it is the default; None where it is none."""
    if not digits:
        return ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5 and 0 < int(digits) < 65536):
        return None
    return "" if int(digits) == _DEFAULT_PORTS[scheme] else str(int(digits))


def _decoded(text: str) -> str | None:
    """Percent-decoded, in NFC; None for encoded slashes, control characters and bytes not UTF-8."""
    if _BAD_ESCAPE.search(text):
        return None
    try:
        plain = unicodedata.normalize("NFC", unquote(text, errors="strict"))
    except UnicodeDecodeError:
        return None
    return None if "\\" in plain or any("\x7f" <= c <= "\x9f" for c in plain) else plain


def _platform(host: str) -> Platform | None:
    return BY_DOMAIN.get(host) or BY_DOMAIN.get(".".join(host.split(".")[-2:]))


def _account(platform: Platform, address: _Address) -> ProfileRef | None:
    path = address.path
    if not path and address.fragment.startswith("!/"):
        path = address.fragment[1:]  # twitter.com/#!/name, as links of before 2012 are
    for route in platform.routes:
        subject = address.host + path
        if route.param is not None:
            subject += f"?{route.param}={_parameter(address.query, route.param)}"
        if found := _match(platform, route, subject):
            return found
    return None


def _parameter(query: str, name: str) -> str:
    """The value of a parameter that is given once, else nothing: one given twice is a riddle."""
    pairs = (pair.partition("=") for pair in query.split("&"))
    values = [value for key, _, value in pairs if key.lower() == name]
    return _decoded(values[0].replace("+", " ")) or "" if len(values) == 1 else ""


def _match(platform: Platform, route: Route, subject: str) -> ProfileRef | None:
    found = route.pattern.fullmatch(subject)
    if found is None:
        return None
    parts = found.groupdict()
    name = parts["id"] if route.exact else _folded(parts["id"])
    if name is None or name.lower() in platform.reserved or not _readable(name):
        return None
    parts = {key: value.lower() for key, value in parts.items()}
    return ProfileRef(
        platform.name,
        route.url.format(**parts | {"id": quote(name, safe=":")}),
        route.handle.format(**parts | {"id": name}),
    )


def _folded(name: str) -> str | None:
    """In lower case and NFC; None for the rare text that does not stay as it is when done twice."""
    once = unicodedata.normalize("NFC", name.lower())
    return once if unicodedata.normalize("NFC", once.lower()) == once else None


def _readable(name: str) -> bool:
    """Whether a person can see all of a name: no blanks, marks of direction, private characters."""
    return name.isascii() or not any(
        unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zs", "Zl", "Zp") for c in name
    )


def _on_fediverse(address: _Address) -> ProfileRef | None:
    """An account of a server that speaks ActivityPub; only WebFinger can tell whether it is one."""
    found = FEDIVERSE.fullmatch(address.path)
    if found is None or address.port:
        return None
    name = (found["at"] or found["user"]).lower()
    stem, _, ending = name.rpartition(".")
    if stem and not found["home"] and ending in ("rss", "atom", "json"):
        name = stem
    if name.endswith((*_FEED_ENDINGS, ".", "-")) or (
        found["user"] and (name.isdigit() or name in reserved_words.FEDIVERSE)
    ):
        return None
    home = _host(found["home"]) if found["home"] else address.host
    if home is None:
        return None
    if platform := _platform(home):
        # Threads is the one platform of the table that federates under its own name.
        return canonical(f"https://{home}/@{name}") if platform.name == "threads" else None
    return ProfileRef("mastodon", f"https://{home}/@{name}", f"{name}@{home}")


def _feed_of_platform(platform: Platform, address: _Address) -> ProfileRef | None:
    if platform.feeds is None or not platform.feeds.fullmatch(address.path):
        return None
    return _as_feed(address, _says_feed(address.segments))


def _says_feed(segments: tuple[str, ...]) -> bool:
    words = [segment.lower() for segment in segments if segment]
    return bool(words) and (words[-1].endswith(_FEED_ENDINGS) or not _FEED_SEGMENTS.isdisjoint(words))


def _as_feed(address: _Address, by_path: bool) -> ProfileRef | None:
    """The feed at this address. Where only the scheme `feed:` says that it is one, it stays."""
    if not (by_path or address.says_feed):
        return None
    path = "/".join(quote(segment, safe=_PATH_SAFE) for segment in address.segments)
    query = _without_tracking(address.query)
    port = f":{address.port}" if address.port else ""
    url = f"{address.scheme}://{address.host}{port}/{path}" + (f"?{query}" if query else "")
    return ProfileRef("feed", url if by_path else f"feed:{url}", address.host)


def _without_tracking(query: str) -> str:
    kept = [pair for pair in query.split("&") if pair and not TRACKING.fullmatch(pair.partition("=")[0])]
    return quote(unicodedata.normalize("NFC", "&".join(kept)), safe=_QUERY_SAFE)
