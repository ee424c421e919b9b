"""What every kind of file is turned into: named columns, rows in order, and the limits of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from prospector.importing.guard import unguarded

MOST_BYTES = 50 * 2**20
MOST_ROWS = 200_000
MOST_COLUMNS = 300
LONGEST_CELL = 10_000
LONGEST_HEADING = 200
MOST_UNREADABLE = 1_000


class FormatError(Exception):
    """The file cannot be read as people; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: `number` as a spreadsheet counts it, with the row of the headings; the cells that hold
    something, by column; `problem` says why the row cannot be read."""

    number: int
    cells: dict[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as it is read: `kind` is csv, xlsx, linkedin, sales-navigator, phantombuster or vcard;
    `encoding` and `delimiter` are None where there is none. `rows` can be gone through once."""

    kind: str
    columns: tuple[str, ...]
    rows: Iterator[Record]
    encoding: str | None = None
    delimiter: str | None = None


def capped(sheet: Sheet) -> Sheet:
    """The same, ending with `FormatError` where there are too many rows, or too many unreadable ones."""
    return replace(sheet, rows=_within(sheet.rows))


def _within(rows: Iterator[Record]) -> Iterator[Record]:
    unreadable = 0
    for count, row in enumerate(rows, 1):
        if count > MOST_ROWS:
            raise FormatError(f"There are more than {MOST_ROWS:,} rows; split the file.")
        unreadable += bool(row.problem)
        if unreadable > MOST_UNREADABLE:
            raise FormatError(
                f"More than {MOST_UNREADABLE:,} rows cannot be read (row {row.number}: {row.problem}). "
                "Say the delimiter and the encoding, or save the file anew as CSV in UTF-8."
            )
        yield row


def headings(cells: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns: one that stands there twice gets a number, one without a name its
    place. Raises `FormatError`."""
    if len(cells) > MOST_COLUMNS:
        raise FormatError(f"There are {len(cells):,} columns; at most {MOST_COLUMNS} can be imported.")
    names: list[str] = []
    taken: set[str] = set()
    for place, cell in enumerate(cells, 1):
        name = " ".join(tidy(cell).split())[:LONGEST_HEADING] or f"Column {place}"
        again = 2
        only = name
        while only in taken:
            only, again = f"{name} ({again})", again + 1
        taken.add(only)
        names.append(only)
    if not names:
        raise FormatError("The file is empty; its first row names the columns.")
    return tuple(names)


def record(number: int, columns: Sequence[str], values: Sequence[str]) -> Record | None:
    """A row of these values; None where all are empty."""
    cells = {}
    for name, value in zip(columns, values, strict=False):
        if text := tidy(value):
            cells[name] = text
    if any(value.strip() for value in values[len(columns) :]):
        return Record(number, cells, "the row has more cells than there are columns")
    return checked(number, cells) if cells else None


def checked(number: int, cells: dict[str, str]) -> Record:
    """A row of these cells, with what is wrong with one of them."""
    for name, text in cells.items():
        if len(text) > LONGEST_CELL:
            problem = f'"{name}" has {len(text):,} characters; at most {LONGEST_CELL:,} can be imported'
            return Record(number, {key: value[:100] for key, value in cells.items()}, problem)
        if "\ufffd" in text:
            return Record(number, cells, f'"{name}" has letters that are not of the encoding of the file')
    return Record(number, cells)


def tidy(text: str) -> str:
    """Text that both databases take, without what spreadsheets put around it."""
    plain = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip(" \t\r\n\xa0\ufeff")
    return unguarded(plain)
