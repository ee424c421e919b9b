"""CSV of any origin: its encoding and delimiter found out, a broken row reported and passed over.

Pure but for reading the stream. The standard library's reader parses single records; which lines make
up one is decided here, so that a quote that is never closed costs one row and not the rest.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from prospector.importing.sheet import FormatError, Record, headings, record

DELIMITERS = ",;\t|"
SAMPLE = 256 * 2**10
LONGEST_LINE = 2**20
MOST_LINES = 500
MOST_LETTERS = 2**17
"""So many lines and letters at most are one record: a longer one has a quote that is not closed, and
looking for its end from every line on would take hours."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FOREIGN, _PAIR = re.compile(rb"[\x80-\xff]"), re.compile(rb"[\x80-\xff]{2}")
_LATIN = ["cp1252", "cp1250", "cp1254", "cp1257", "mac_roman", "cp850"]


def encoding_of(stream: BinaryIO) -> str:
    """How a file is encoded: as its mark says, else UTF-8 where that fits, else what is likely."""
    stream.seek(0)
    sample = stream.read(SAMPLE)
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    if sample.count(0) * 4 > len(sample):
        # Latin letters in UTF-16 leave every second byte empty.
        return "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"
    stream.seek(0)
    foreign, fitting = _not_utf8(stream)
    # One broken line among many good ones was pasted in; the file is UTF-8 all the same.
    if not foreign or sum(fitting.values()) > 4 * len(foreign):
        return "utf-8"
    return _likely(b"".join(foreign))


def _likely(text: bytes) -> str:
    """The encoding of lines that are not UTF-8. Only these lines are looked at, since many without any
    foreign letter would drown them."""
    import charset_normalizer  # seldom needed, and slow to load

    # Letters with marks stand alone among plain ones; Cyrillic, Greek or Chinese stand together.
    together = len(_PAIR.findall(text))
    alone = len(_FOREIGN.findall(text)) - 2 * together
    latin = _LATIN if alone > 2 * together else None
    best = charset_normalizer.from_bytes(text, cp_isolation=latin, enable_fallback=False).best()
    return best.encoding.replace("_", "-") if best is not None else "cp1252"


def _not_utf8(stream: BinaryIO) -> tuple[list[bytes], Counter[bool]]:
    foreign: list[bytes] = []
    fitting: Counter[bool] = Counter()
    while line := stream.readline(LONGEST_LINE):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            fitting[True] += 1
        except UnicodeDecodeError:
            if len(foreign) < 1000:
                foreign.append(line)
    return foreign, fitting


def known_encoding(name: str) -> str:
    """The name of an encoding that somebody gave. Raises `FormatError`."""
    try:
        found = codecs.lookup(name)
    except (LookupError, UnicodeError, ValueError):
        found = None
    # Some codecs turn bytes into bytes, and some unfold a little into a lot.
    if found is None or not found._is_text_encoding:
        raise FormatError(f'There is no encoding "{name}"; write one such as utf-8, cp1252 or utf-16.')
    return found.name


def delimiter_of(lines: Sequence[str]) -> str:
    """What stands between the cells: the mark that cuts most lines into the same number of cells."""
    best, most = ",", 0.0
    for mark in DELIMITERS:
        counts = Counter(len(cells) for cells in _read(lines, mark) if cells)
        width, times = max(counts.items(), key=lambda one: (one[1] * (one[0] > 1), one[0]), default=(1, 0))
        score = times / max(1, sum(counts.values())) + min(width, 50) / 1000 if width > 1 else 0.0
        if score > most:
            best, most = mark, score
    return best


def _read(lines: Sequence[str], mark: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=mark)
    except csv.Error:
        return


@dataclass(frozen=True, slots=True)
class Delimited:
    """An opened CSV: what it is written in, and its rows of plain cells, headings first. A row that
    cannot be read has a sentence about that in place of cells."""

    encoding: str
    delimiter: str
    rows: Iterator[tuple[int, list[str] | str]]


def opened(stream: BinaryIO, encoding: str | None = None, delimiter: str | None = None) -> Delimited:
    """Read a CSV; what is not said is found out. Raises `FormatError`."""
    chosen = known_encoding(encoding) if encoding else encoding_of(stream)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise FormatError('The delimiter is one character, such as "," or ";" or a tab.')
    stream.seek(0)
    sample = list(islice(lines(stream, chosen), 200))
    mark = delimiter or delimiter_of([line for line in sample if line.strip()][-150:])
    stream.seek(0)
    return Delimited(chosen, mark, _records(lines(stream, chosen), mark))


def lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """The lines as they stand there, ends included; one of endless length in pieces."""
    # Not closed with the reader: the stream is the caller's.
    reader = io.TextIOWrapper(_Borrowed(stream), encoding=encoding, errors="replace", newline="")  # type: ignore[type-var]
    while line := reader.readline(LONGEST_LINE):
        yield line


class _Borrowed(io.BufferedIOBase):
    """A stream that whoever reads it cannot close."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        return self._stream.read(-1 if size is None else size)

    def read1(self, size: int = -1, /) -> bytes:
        return self._stream.read(size if size >= 0 else io.DEFAULT_BUFFER_SIZE)


def _records(lines: Iterator[str], mark: str) -> Iterator[tuple[int, list[str] | str]]:
    waiting: deque[str] = deque()
    number = line_number = 0
    while True:
        taken = _taken(waiting, lines, mark)
        if not taken:
            return
        number += 1
        first, line_number = line_number + 1, line_number + len(taken)
        try:
            (cells,) = csv.reader(taken, delimiter=mark, strict=True)
            yield number, cells
        except (csv.Error, ValueError) as error:
            waiting.extendleft(reversed(taken[1:]))
            line_number = first
            yield number, f"line {first} is no CSV: {_said(error)}"


def _taken(waiting: deque[str], lines: Iterator[str], mark: str) -> list[str]:
    """The lines of the next record: so many until no quoted cell is open any more."""
    taken: list[str] = []
    is_open, letters = False, 0
    while len(taken) < MOST_LINES and letters < MOST_LETTERS:
        line = waiting.popleft() if waiting else next(lines, "")
        if not line:
            break
        taken.append(line)
        letters += len(line)
        is_open = _open_after(line, mark, is_open)
        if not is_open:
            break
    return taken


def _open_after(line: str, mark: str, is_open: bool) -> bool:
    """Whether a quoted cell goes on in the next line (RFC 4180, 2.5 to 2.7)."""
    place = 0
    if not is_open and line.startswith('"'):
        is_open, place = True, 1
    while True:
        if not is_open:
            begin = line.find(f'{mark}"', place)
            if begin < 0:
                return False
            is_open, place = True, begin + 2
        close = line.find('"', place)
        if close < 0:
            return True
        place = close + 1
        if line[place : place + 1] == '"':
            place += 1
        else:
            is_open = False


def _said(error: Exception) -> str:
    text = str(error)
    known = {
        "unexpected end of data": "a quote is opened and never closed",
        "field larger than field limit": "a cell is far too long",
        "expected after": "a quoted cell goes on after its closing quote",
    }
    return next((words for sign, words in known.items() if sign in text), "its quotes do not fit")


def table(read: Delimited, skip: int = 0) -> tuple[tuple[str, ...], Iterator[Record]]:
    """The columns and the rows below them; `skip` rows stand above the headings. Raises `FormatError`."""
    for number, cells in read.rows:
        if number <= skip or cells == []:
            continue
        if isinstance(cells, str):
            raise FormatError(f"The headings cannot be read: {cells}.")
        columns = headings(_without_tail(cells))
        return columns, _below(read.rows, columns)
    raise FormatError("The file is empty; its first row names the columns.")


def _without_tail(cells: list[str]) -> list[str]:
    """Without the empty headings that a spreadsheet leaves at the end of every row."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _below(rows: Iterator[tuple[int, list[str] | str]], columns: Sequence[str]) -> Iterator[Record]:
    for number, cells in rows:
        if isinstance(cells, str):
            yield Record(number, {}, cells)
        elif (found := record(number, columns, cells)) is not None:
            yield found
