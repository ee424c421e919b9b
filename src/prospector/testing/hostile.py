"""Bodies that no honest platform sends, and honest ones with one thing wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import msgspec

_FEED = b'<?xml version="1.0"?><!DOCTYPE r [%s]><rss><channel><title>&x;</title></channel></rss>'
_LAUGHS = b'<!ENTITY a0 "ha">%s<!ENTITY x "&a9;">' % b"".join(
    b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
)

BODIES: dict[str, bytes] = {
    "empty": b"",
    "space": b" \r\n\t",
    "null": b"null",
    "true": b"true",
    "number": b"42",
    "string": b'"hello"',
    "empty-object": b"{}",
    "empty-list": b"[]",
    "list-of-nulls": b"[null,null]",
    "list-of-numbers": b"[1,2,3]",
    "truncated-object": b'{"data": [{"id": "1", "te',
    "truncated-string": b'{"data": "\\u00',
    "truncated-list": b"[[1,2,",
    "two-objects": b"{}{}",
    "trailing-comma": b'{"a": 1,}',
    "single-quotes": b"{'a': 1}",
    "comment": b'{"a": 1 /* one */}',
    "nan": b'{"data": NaN}',
    "infinity": b"[Infinity, -Infinity]",
    "huge-exponent": b'{"id": 1e400}',
    "huge-integer": b'{"id": ' + b"9" * 5000 + b"}",
    "deep-open": b"[" * 100_000,
    "deep-closed": b"[" * 100_000 + b"]" * 100_000,
    "deep-objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "lone-surrogate": b'{"data": "\\ud800"}',
    "low-surrogate-in-key": b'{"\\udc00": 1}',
    "raw-surrogate": b'{"data": "\xed\xa0\x80"}',
    "nul-bytes": b"\x00" * 1000,
    "nul-in-string": b'{"data": "a\x00b"}',
    "latin-1": '{"data": "café"}'.encode("latin-1"),
    "utf-16": '{"data": "café"}'.encode("utf-16"),
    "utf-32": '{"data": "café"}'.encode("utf-32"),
    "bom-only": b"\xef\xbb\xbf",
    "not-utf-8": b"\xff\xfe\xfd\x80\x81",
    "html-login": b"<!doctype html><html><title>Sign in</title><form action=/login></form></html>",
    "html-error": b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    "plain-text": b"Service temporarily unavailable",
    "script": b"<script>alert(1)</script>",
    "billion-laughs": _FEED % _LAUGHS,
    "external-entity-file": _FEED % b'<!ENTITY x SYSTEM "file:///etc/passwd">',
    "external-entity-http": _FEED % b'<!ENTITY x SYSTEM "http://127.0.0.1/">',
    "broken-xml": b"<?xml version='1.0'?><rss><channel><item><title>a</ti",
    "gzip-magic": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
}

_WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e308,
    "",
    "\x00",
    "not a time",
    "9999-12-31T23:59:59Z",
    [],
    {},
    [[]],
)


def mutations(body: bytes, most: int = 400, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """JSON bodies with one value replaced or removed: (where and by what, body). None for other bodies."""
    try:
        recorded = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return
    cases = [(path, wrong) for path in _paths(recorded) for wrong in (*_WRONG, _REMOVED)]
    if len(cases) > most:
        cases = random.Random(seed).sample(cases, most)
    for path, wrong in cases:
        by = "removed" if wrong is _REMOVED else repr(wrong)
        yield f"{'.'.join(map(str, path)) or '$'} {by}", msgspec.json.encode(_replaced(recorded, path, wrong))


_REMOVED = object()
_Path = tuple[str | int, ...]


def _paths(value: Any, path: _Path = ()) -> Iterator[_Path]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths(inner, (*path, key))


def _replaced(value: Any, path: _Path, wrong: Any) -> Any:
    """A copy of `value` in which what is at `path` is `wrong`."""
    if not path:
        return wrong
    copy = value.copy()
    inner = _replaced(value[path[0]], path[1:], wrong)
    if inner is _REMOVED:
        copy.pop(path[0])
    else:
        copy[path[0]] = inner
    return copy
