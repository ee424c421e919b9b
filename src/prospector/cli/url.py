"""`prospector url`: whose profile each URL is, without a workspace or the network.

From standard input it streams: a row is written as soon as its line is read, and a line may be
anything (not UTF-8, without an end) without more than `LONGEST_LINE` bytes of it being kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, BinaryIO, TextIO

import typer

from prospector.cli.output import AsJson, fail
from prospector.prospects.urls import canonical

LONGEST_LINE = 2_097_152
NOT_A_PROFILE = "-"

Urls = Annotated[list[str] | None, typer.Argument(help="URLs; - reads them from the input, one a line.")]


def register(app: typer.Typer) -> None:
    app.command()(url)


def url(urls: Urls = None, as_json: AsJson = False) -> None:
    """Whose profile each URL is: its platform, its one address and its handle."""
    if not urls:
        fail("Say which: `prospector url https://x.com/jane`, or `-` to read one a line.", code=2)
    rows = (row(text) for text in texts(urls, sys.stdin.buffer))
    for piece in as_array(rows) if as_json else as_lines(rows):
        write(piece, sys.stdout)


def texts(urls: Iterable[str], source: BinaryIO) -> Iterator[str]:
    """What to look at; `-` stands for the lines of the input."""
    for text in urls:
        if text == "-":
            yield from lines(source)
        else:
            yield text


def lines(source: BinaryIO) -> Iterator[str]:
    """Each line once, however long. Bytes that are not UTF-8 become lone surrogates, which no URL holds."""
    while line := source.readline(LONGEST_LINE):
        whole = line.endswith(b"\n") or len(line) < LONGEST_LINE
        while not whole:
            rest = source.readline(LONGEST_LINE)
            whole = rest.endswith(b"\n") or len(rest) < LONGEST_LINE
        yield line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")


def row(text: str) -> dict[str, Any]:
    """One line of the answer; the names are a contract. `platform` is null where it is no profile."""
    ref = canonical(text)
    shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if ref is None:
        return {"input": shown, "platform": None, "url": None, "handle": None}
    return {"input": shown, "platform": ref.platform, "url": ref.url, "handle": ref.handle}


def as_array(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One JSON array, a row a line."""
    before = "["
    for one in rows:
        yield before + json.dumps(one)
        before = ",\n"
    yield "]\n" if before != "[" else "[]\n"


def as_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Platform, URL and what was given, between tabs."""
    for one in rows:
        cells = (one["platform"] or NOT_A_PROFILE, one["url"] or NOT_A_PROFILE, printable(one["input"]))
        yield "\t".join(cells) + "\n"


def printable(text: str) -> str:
    """As a terminal may be given it: no escape sequences, and not a megabyte of it."""
    short = text if len(text) <= 200 else text[:200] + "…"
    return "".join(character if character.isprintable() else "\ufffd" for character in short)


def write(piece: str, out: TextIO) -> None:
    """At once, so that a program at the other end can answer line by line."""
    out.write(piece)
    out.flush()
