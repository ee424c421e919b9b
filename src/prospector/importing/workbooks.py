"""Excel's XLSX: the first sheet that holds something, its cells as text.

calamine keeps a sheet in memory whole: `extent` tells before whether it fits.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from prospector.importing import extent
from prospector.importing.sheet import FormatError, Record, headings, record

MOST_SHEETS = 50
_WORKBOOK = "xl/workbook.xml"


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether the archive is an XLSX."""
    return _WORKBOOK in archive.namelist()


def opened(stream: BinaryIO, archive: zipfile.ZipFile) -> tuple[tuple[str, ...], Iterator[Record]]:
    """The headings and rows of the first visible sheet with any. Raises `FormatError`."""
    extent.refuse_vast(archive)
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
