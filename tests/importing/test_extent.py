"""What a workbook takes in memory is known before it is read, however its XML is written."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest
from tests.importing.files import archive, xlsx

from prospector.importing import extent, formats
from prospector.importing.sheet import FormatError

_SHEET = "xl/worksheets/sheet1.xml"
_HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>Email</t></is></c></row>'


def workbook(sheet: str, changes: Mapping[str, bytes | str] | None = None) -> bytes:
    with zipfile.ZipFile(io.BytesIO(xlsx([["Email"], ["a@x.example"]]))) as packed:
        members: dict[str, bytes | str] = {name: packed.read(name) for name in packed.namelist()}
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    members[_SHEET] = f'<worksheet xmlns="{space}"><sheetData>{sheet}</sheetData></worksheet>'
    return archive({**members, **(changes or {})})


def read(data: bytes) -> int:
    with formats.opened(io.BytesIO(data)) as sheet:
        return sum(1 for _ in sheet.rows)


def test_the_far_corner_is_that_of_cells_with_and_without_a_place() -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx([["a", "b", "c"], ["d"]], at=(3, 2)))) as packed:
        assert extent.of(packed, packed.getinfo(_SHEET)) == (5, 5)
    with zipfile.ZipFile(
        io.BytesIO(workbook("<row/><row><c/><c/><c/></row><row r='7'><c/></row>"))
    ) as packed:
        assert extent.of(packed, packed.getinfo(_SHEET)) == (3, 7)


@pytest.mark.parametrize(
    "far",
    [
        "<row r='1048576'><c r='A1048576'><v>1</v></c></row>",
        '<row r = "1048576"><c r = "A1048576"><v>1</v></c></row>',
        '<row r="2"><c s=">" r="A1048576"><v>1</v></c></row>',
        '<!-- <c s=" --><row r="2"><c r="A1048576"><v>1</v></c></row><!-- "> -->',
        '<row r="2"><c r="XFD2"><v>1</v></c></row>',
        "<row>" + "<c><v>1</v></c>" * 400 + "</row>",
    ],
)
def test_a_far_corner_is_seen_however_it_is_written(far: str) -> None:
    with pytest.raises(FormatError, match="at most"):
        read(workbook(_HEAD + far))


def test_a_sheet_under_any_name_is_looked_at() -> None:
    far = '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    with zipfile.ZipFile(io.BytesIO(workbook(_HEAD + far))) as packed:
        members: dict[str, bytes | str] = {name: packed.read(name) for name in packed.namelist()}
    relations = str(members["xl/_rels/workbook.xml.rels"], "utf-8")  # type: ignore[arg-type]
    for name, why in (("other/Sheet.XML", "at most"), ("media/sheet.png", "save it as")):
        moved = {key: content for key, content in members.items() if key != _SHEET}
        moved["xl/_rels/workbook.xml.rels"] = relations.replace("worksheets/sheet1.xml", name)
        with pytest.raises(FormatError, match=why):
            read(archive({**moved, f"xl/{name}": members[_SHEET]}))


def test_one_long_text_in_many_cells_is_counted_in_each() -> None:
    rows = "".join(f'<row r="{at}"><c r="A{at}" t="s"><v>0</v></c></row>' for at in range(2, 800))
    text = "".join(f"{number:x} " for number in range(60_000))
    shared = {"xl/sharedStrings.xml": f"<sst><si><t>{text}</t></si></sst>"}
    assert len(text) * 798 > extent.MOST_LETTERS > len(text) * 2
    with pytest.raises(FormatError, match="too much text"):
        read(workbook(_HEAD + rows, shared))


def test_a_broken_workbook_and_one_with_entities_are_refused() -> None:
    with pytest.raises(FormatError, match="damaged"):
        read(workbook("<row></sheetData>"))
    with pytest.raises(FormatError, match="document type"):
        read(workbook(_HEAD, {_SHEET: '<!DOCTYPE a [<!ENTITY b "c">]><worksheet>&b;</worksheet>'}))


def test_places_that_are_none_are_no_error() -> None:
    with (
        zipfile.ZipFile(io.BytesIO(workbook(f'<row r="{"9" * 5000}"/>'))) as packed,
        pytest.raises(FormatError),
    ):
        extent.of(packed, packed.getinfo(_SHEET))
    with zipfile.ZipFile(io.BytesIO(workbook('<row r="x"><c r="7"/><c r="-"/></row>'))) as packed:
        assert extent.of(packed, packed.getinfo(_SHEET))[1] == 1
