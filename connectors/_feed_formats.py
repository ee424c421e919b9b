"""What a feed's bytes say: RSS, Atom and RDF by two parsers, JSON Feed by a struct of its own.

fastfeedparser reads almost everything and is 60 times as fast; feedparser is asked where it fails,
finds no entry, or an entry has neither id nor link. Bytes are hostile until shown otherwise: what
declares entities, is cut off, or is no feed is refused before any parser sees it.
Sources: RSS 2.0 (rssboard.org/rss-specification), RFC 4287 (Atom), jsonfeed.org/version/1.1.
"""

from __future__ import annotations

import html
import re
from calendar import timegm
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import fastfeedparser
import feedparser
import msgspec

from prospector.sdk import Broken

from ._feed_entries import DAY, MOST_TITLE, Document, Raw, made, moment, newest, plain
from ._feed_repair import repaired

# feedparser is quadratic on some hostile input, and needs half a second for so much of it; what it
# would have to read is malformed anyway.
MOST_FOR_THE_SLOW_PARSER = 131_072
MOST_ITEMS = 10_000
MOST_ATTRIBUTES = 2_000
_ROOT = re.compile(rb"<(?:[a-z0-9]{1,20}:)?(?:rss|feed|rdf)[\s>]|<channel[\s>]")
_END = re.compile(rb"</(?:[a-z0-9]{1,20}:)?(?:rss|feed|rdf|channel)\s*>")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"'>]{1,40})["']""")
# In all of these a `<` is the byte 0x3C (in UTF-16 with a NUL beside it), so nothing can hide from
# the look at the bytes. UTF-7 and EBCDIC are others.
_PLAIN_ENCODING = re.compile(
    rb"utf-?8|utf-?16(?:le|be)?|(?:us-)?ascii|iso-?8859-\d{1,2}|latin-?1|(?:windows|cp)-?125\d|koi8-[ru]"
    rb"|shift[_-]jis|x-sjis|euc-(?:jp|kr|cn)|gb2312|gbk|gb18030|big5|iso-2022-jp|macintosh"
)
# libxml2 is quadratic in the attributes of one tag, which can hold no `<`.
_LONG_RUN = re.compile(rb"<[^<]{16384,}")
_ATTRIBUTE = re.compile(rb"=\s{0,9}[\"']")
_ITEM = re.compile(rb"<(?:[a-z0-9]{1,20}:)?(?:item|entry)[\s/>]")
_DATE = re.compile(rb"<(?:[a-z0-9]{1,20}:)?(?:pubdate|date|published|updated|issued|modified|created)[\s>]")
_TTL = re.compile(rb"<ttl>\s{0,20}(\d{1,6})\s{0,20}</ttl>")
_PERIOD = re.compile(rb"<sy:updateperiod>\s{0,20}(hourly|daily|weekly|monthly|yearly)\b")
_FREQUENCY = re.compile(rb"<sy:updatefrequency>\s{0,20}(\d{1,4})\b")
_PERIODS = {
    b"hourly": 3600,
    b"daily": DAY,
    b"weekly": 7 * DAY,
    b"monthly": 30 * DAY,
    b"yearly": 365 * DAY,
}


def read(body: bytes, address: str) -> Document:
    """Raises `Broken` for what is no whole feed; the message says what it is instead."""
    body = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not body:
        raise Broken(f"{address} gave an empty answer instead of a feed.")
    try:
        return _json(body, address) if body.startswith(b"{") else _xml(body, address)
    except RecursionError:
        raise Broken(f"{address} gave something nested too deep to be a feed.") from None


def looks_like_feed(body: bytes) -> bool:
    """Whether it is worth reading as a feed, rather than as a web page with links to feeds."""
    start = body[:65536].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"{") or _ROOT.search(_flat(start)) is not None


# --- XML ----------------------------------------------------------------------------------------


def _flat(body: bytes) -> bytes:
    """In lower case and without the NULs of UTF-16, for looks at what is ASCII."""
    return (body.replace(b"\0", b"") if b"\0" in body[:64] else body).lower()


def _xml(body: bytes, address: str) -> Document:
    flat = _flat(body)
    encoding = _ENCODING.match(flat)
    _refuse_what_is_no_feed(flat, encoding[1] if encoding else b"utf-8", address)
    if b"\0" not in body[:64]:
        body = repaired(body, encoding[1].decode() if encoding else "")
    document = _fast(body)
    if document is not None and _dates_are_invented(document, flat):
        document = _undated(document) if len(body) > MOST_FOR_THE_SLOW_PARSER else None
    if document is None:
        document = _slow(body, address)
    return Document(document.title, document.entries, _asked_wait(flat[:8192]))


def _undated(document: Document) -> Document:
    return replace(document, entries=tuple(replace(entry, at=None) for entry in document.entries))


def _dates_are_invented(document: Document, flat: bytes) -> bool:
    """Whether more entries have a date than the feed has dates: fastfeedparser reads a missing one
    from the guid, so that the guid 7 becomes the seventh of this month."""
    dated = sum(entry.at is not None for entry in document.entries)
    first = _ITEM.search(flat)
    return dated > len(_DATE.findall(flat, first.start() if first else 0))


def _refuse_what_is_no_feed(flat: bytes, encoding: bytes, address: str) -> None:
    if not _ROOT.search(flat, 0, 65536):
        raise Broken(f"{address} gave no feed, perhaps a web page: look whether the feed has moved.")
    if not _END.search(flat[-4096:]):
        raise Broken(f"{address} gave a feed that is cut off in the middle.")
    if len(_ITEM.findall(flat)) > MOST_ITEMS or any(
        len(_ATTRIBUTE.findall(run)) > MOST_ATTRIBUTES for run in _LONG_RUN.findall(flat)
    ):
        raise Broken(f"{address} gave a feed that is too large to be read.")
    if not _PLAIN_ENCODING.fullmatch(encoding):
        raise Broken(f"{address} gave a feed in an encoding that feeds do not use.")
    # Attributes are expanded whatever a parser is told, and a kilobyte can become gigabytes.
    if b"<!doctype" in flat and b"<!entity" in flat:
        raise Broken(f"{address} gave a feed that declares entities, which is how readers are attacked.")


def _fast(body: bytes) -> Document | None:
    """None where the slow parser should try."""
    try:
        parsed = fastfeedparser.parse(body, include_tags=False, include_media=False, include_enclosures=False)
        entries = [_from_fast(entry) for entry in parsed["entries"]]
    except Exception:
        # Whatever it stumbled over, the other parser is there for it.
        return None
    if not entries or any(entry.object.startswith("hash:") for entry in entries):
        return None
    return Document(plain(_text(parsed["feed"], "title"))[:MOST_TITLE], newest(entries), 0)


def _from_fast(entry: Mapping[str, Any]) -> Raw:
    when = _text(entry, "published") or _text(entry, "updated")
    return made(
        _text(entry, "id"),
        _text(entry, "link"),
        _text(entry, "title"),
        _value(entry.get("content")) or _text(entry, "description"),
        moment(when),
    )


def _slow(body: bytes, address: str) -> Document:
    if len(body) > MOST_FOR_THE_SLOW_PARSER:
        raise Broken(f"{address} gave a feed of {len(body):,} bytes that is malformed.")
    try:
        # In a stream: feedparser takes bytes for the name of a file and would open it.
        parsed = feedparser.parse(BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        entries = [_from_slow(entry) for entry in parsed.entries]
    except Exception as error:
        raise Broken(f"{address} gave a feed that cannot be read: {type(error).__name__}.") from error
    if not entries and not parsed.version:
        raise Broken(f"{address} gave a feed that cannot be read.")
    return Document(plain(_text(parsed.feed, "title"))[:MOST_TITLE], newest(entries), 0)


def _from_slow(entry: Mapping[str, Any]) -> Raw:
    when = entry.get("published_parsed") or entry.get("updated_parsed")
    return made(
        _text(entry, "id"),
        _text(entry, "link"),
        _text(entry, "title"),
        _value(entry.get("content")) or _text(entry, "summary"),
        datetime.fromtimestamp(timegm(when), UTC) if when else None,
    )


def _text(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _value(content: object) -> str:
    """The longest of the forms in which an entry gives its content."""
    forms = content if isinstance(content, list) else []
    return max((_text(form, "value") for form in forms), key=len, default="")


def _asked_wait(head: bytes) -> int:
    """`ttl` (minutes, RSS 2.0) and `sy:updatePeriod` (RSS 1.0's syndication module), in seconds."""
    waits = [0]
    if ttl := _TTL.search(head):
        waits.append(int(ttl[1]) * 60)
    if period := _PERIOD.search(head):
        frequency = _FREQUENCY.search(head)
        waits.append(_PERIODS[period[1]] // max(1, int(frequency[1]) if frequency else 1))
    return min(DAY, max(waits))


# --- JSON Feed ----------------------------------------------------------------------------------


class _Item(msgspec.Struct):
    id: str | int | float | None = None
    url: str | None = None
    title: str | None = None
    content_html: str | None = None
    content_text: str | None = None
    summary: str | None = None
    date_published: str | None = None
    date_modified: str | None = None


class _JsonFeed(msgspec.Struct):
    version: str
    items: list[_Item]
    title: str | None = None


_JSON = msgspec.json.Decoder(_JsonFeed)


def _json(body: bytes, address: str) -> Document:
    try:
        feed = _JSON.decode(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Broken(f"{address} gave JSON that is no JSON Feed: {error}.") from error
    if not feed.version.startswith(("https://jsonfeed.org/version/", "http://jsonfeed.org/version/")):
        raise Broken(f"{address} gave JSON that is no JSON Feed.")
    entries = [_from_json(item) for item in feed.items]
    return Document(plain(feed.title or "")[:MOST_TITLE], newest(entries), 0)


def _from_json(item: _Item) -> Raw:
    markup = item.content_html or html.escape(item.content_text or item.summary or "", quote=False)
    when = moment(item.date_published or "") or moment(item.date_modified or "")
    title = html.escape(item.title or "", quote=False)
    return made("" if item.id is None else str(item.id), item.url or "", title, markup, when)
