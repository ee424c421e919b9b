"""Excel's XLSX: the first sheet that holds something, its cells as text.

calamine keeps the whole rectangle of a sheet in memory, so that two cells in far corners would be
gigabytes: the corners are looked at in the XML before it may read the file.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from prospector.importing import archives
from prospector.importing.sheet import MOST_COLUMNS, MOST_ROWS, FormatError, Record, headings, record

MOST_CELLS = 12_000_000
"""About 400 MB while it is read; a table of 200,000 people with 60 columns."""
MOST_SHEETS = 50
_WORKBOOK = "xl/workbook.xml"
_PLACE = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="\$?([A-Z]{1,3})\$?([0-9]{1,7})"')
_ROW = re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="([0-9]{1,9})"')
_PIECE = 2**20
_OVERLAP = 4096


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether the archive is an XLSX."""
    return _WORKBOOK in archive.namelist()


def opened(stream: BinaryIO, archive: zipfile.ZipFile) -> tuple[tuple[str, ...], Iterator[Record]]:
    """The headings and rows of the first visible sheet with any. Raises `FormatError`."""
    _refuse_vast(archive)
    stream.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(stream)
        sheets = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        for name in sheets[:MOST_SHEETS]:
            sheet = workbook.get_sheet_by_name(name)
            rows = enumerate(sheet.iter_rows(), 1)
            for _, values in rows:
                cells = [_text(value) for value in values]
                if any(cell.strip() for cell in cells):
                    while cells and not cells[-1].strip():
                        cells.pop()
                    columns = headings(cells)
                    return columns, _records(rows, columns)
    except (CalamineError, OSError, ValueError) as error:
        raise FormatError(f"The workbook cannot be read ({str(error)[:120]}); save it as CSV.") from None
    raise FormatError("The workbook is empty; the first row of its first sheet names the columns.")


def _records(rows: Iterator[tuple[int, list[Any]]], columns: tuple[str, ...]) -> Iterator[Record]:
    for number, values in rows:
        if (found := record(number, columns, [_text(value) for value in values])) is not None:
            yield found


def _refuse_vast(archive: zipfile.ZipFile) -> None:
    """Raises `FormatError` where the rectangle of a sheet would not fit into memory."""
    for name in archive.namelist():
        if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
            continue
        width, height = _extent(archive, name)
        if height > MOST_ROWS + 1:
            raise FormatError(f"A sheet has {height:,} rows; at most {MOST_ROWS:,} are read. Split it.")
        if width > MOST_COLUMNS:
            raise FormatError(f"A sheet has {width:,} columns; at most {MOST_COLUMNS} are read.")
        if width * height > MOST_CELLS:
            raise FormatError("The workbook is too large to be read; save the sheet as CSV.")


def _extent(archive: zipfile.ZipFile, name: str) -> tuple[int, int]:
    """The last column and the last row with a cell, read from the sheet's XML in pieces."""
    width = height = 0
    tail = b""
    with archives.member(archive, name) as sheet:
        while piece := sheet.read(_PIECE):
            text = tail + piece
            for column, row in _PLACE.findall(text):
                width, height = max(width, _column(column)), max(height, int(row))
            height = max(height, *(int(row) for row in _ROW.findall(text)), 0)
            tail = text[-_OVERLAP:]
    return width, height


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _text(value: object) -> str:
    """A cell as a person reads it: whole numbers without a point, dates in ISO 8601."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
