"""A rendered text as pieces: which words are the template's, which are facts, which stand for some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from prospector.outreach.filters import Kind, Shown

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text. `path` says of which fact; the template's own words have none."""

    text: str
    kind: Kind = "text"
    path: str | None = None


def tidied(text: str) -> str:
    """Without the gaps that conditions leave: no blanks at line ends, one empty line at most."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines)


def pieces_of(parts: Iterable[str], *, one_line: bool = False) -> list[Piece]:
    """The pieces behind the parts that a template gave. Together they are its text, tidied as that is:
    `one_line` for a subject, which only loses the blanks around it."""
    parts = list(parts)
    text = "".join(parts)
    spans = [_stripped(text, 0, len(text), " \t")] if one_line else list(_rows(text))
    cut = [piece for span in spans for piece in (*_within(parts, span), Piece("\n"))][:-1]
    return [_one(list(same)) for _, same in groupby(cut, key=lambda piece: (piece.kind, piece.path))]


def _rows(text: str) -> Iterator[Span]:
    """Where the lines that `tidied` keeps are in the text."""
    start, end = _stripped(text, 0, len(text))
    empty = True
    for row in text[start:end].splitlines(keepends=True):
        span = _stripped(text, start, start + len(row), left=False)
        if span[0] < span[1] or not empty:
            yield span
        empty, start = span[0] == span[1], start + len(row)


def _stripped(text: str, start: int, end: int, marks: str | None = None, *, left: bool = True) -> Span:
    whole = text[start:end]
    kept = whole.rstrip(marks)
    end = start + len(kept)
    return (end - len(kept.lstrip(marks)) if left else start, end)


def _within(parts: list[str], span: Span) -> Iterator[Piece]:
    at = 0
    for part in parts:
        text = part[max(span[0] - at, 0) : max(span[1] - at, 0)]
        at += len(part)
        if text:
            yield Piece(text, part.kind, part.path) if isinstance(part, Shown) else Piece(text)


def _one(pieces: list[Piece]) -> Piece:
    return Piece("".join(piece.text for piece in pieces), pieces[0].kind, pieces[0].path)
