"""How much memory the sheets of a workbook will take, told before anything reads them whole.

calamine keeps the whole rectangle of a sheet, and a copy of a shared text for every cell that shows it
(ECMA-376 part 1, 18.3.1.4 and 18.4.8): two cells in far corners, or one long text shown a million times,
are gigabytes, and its process ends where it gets none. The XML is gone through by a parser that keeps
nothing; what that cannot read, or what has a document type, is refused.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from xml.parsers import expat

from prospector.importing import archives
from prospector.importing.sheet import MOST_COLUMNS, MOST_ROWS, FormatError

MOST_CELLS = 12_000_000
"""About 400 MB while it is read; a table of 200,000 people with 60 columns."""
MOST_LETTERS = 200 * 2**20
"""Of all cells that show a shared text, each counted with all of it."""
_SHARED, _RELATIONS = "xl/sharedstrings.xml", "xl/_rels/workbook.xml.rels"
_PIECE = 2**20


def refuse_vast(archive: zipfile.ZipFile) -> None:
    """Raises `FormatError` where a sheet of this workbook would not fit into memory."""
    members = {_plain(info.filename): info for info in archive.infolist()}
    if len(members) != len(archive.infolist()):
        raise FormatError("The workbook has a part twice; save it anew.")
    shared = _Texts()
    if _SHARED in members:
        _walk(archive, members[_SHARED], shared.begun, shared.said)
    if _RELATIONS in members:
        _walk(archive, members[_RELATIONS], _require_xml)
    for name, info in members.items():
        if name.endswith(".xml"):  # whatever it is called, a sheet may be it
            of(archive, info, shared.lengths)


def _plain(name: str) -> str:
    """A member's name as calamine compares it."""
    return name.replace("\\", "/").lower().lstrip("/")


def of(archive: zipfile.ZipFile, info: zipfile.ZipInfo, shared: Sequence[int] = ()) -> tuple[int, int]:
    """The last column and the last row of a sheet. Raises `FormatError` where it is too large."""
    corner = _Corner()
    _walk(archive, info, corner.begun)
    if corner.showing * max(shared, default=0) > MOST_LETTERS:
        shown = _Shown(shared)
        _walk(archive, info, shown.begun, shown.said, shown.ended)
    return corner.width, corner.height


def _walk(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    begun: Callable[[str, dict[str, str]], None],
    said: Callable[[str], None] | None = None,
    ended: Callable[[str], None] | None = None,
) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.CharacterDataHandler = begun, said
    parser.EndElementHandler, parser.StartDoctypeDeclHandler = ended, _refuse_type
    parser.buffer_text = True
    try:
        with archives.member(archive, info) as content:
            while piece := content.read(_PIECE):
                parser.Parse(piece)
            parser.Parse(b"", True)
    except (expat.ExpatError, zipfile.BadZipFile, zipfile.zlib.error, EOFError):  # type: ignore[attr-defined]
        raise FormatError(f'"{info.filename[-80:]}" in the workbook is damaged; save it anew.') from None


def _require_xml(_: str, attributes: dict[str, str]) -> None:
    """A sheet is read from wherever the workbook says, and only XML can be looked at before."""
    if not attributes.get("Target", ".xml").lower().endswith(".xml"):
        raise FormatError("The workbook has more than sheets in it, such as macros; save it as .xlsx or CSV.")


def _refuse_type(*_: object) -> None:
    raise FormatError("The workbook has a document type, which none needs; save it anew.")


class _Texts:
    """The lengths of the shared texts, in their order."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def begun(self, name: str, _: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "si":
            self.lengths.append(0)

    def said(self, text: str) -> None:
        if self.lengths:
            self.lengths[-1] += len(text)


class _Corner:
    """The far corner of a sheet, and how many of its cells show a shared text.

    A row or a cell need not say where it is: then it follows the one before (18.3.1.73, 18.3.1.4).
    """

    def __init__(self) -> None:
        self.width = self.height = self.showing = 0
        self._row = self._column = 0
        self._numbers: dict[str, int] = {}

    def begun(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c" or name.endswith(":c"):
            self._cell(attributes)
        elif name == "row" or name.endswith(":row"):
            said = attributes.get("r", "").strip()
            self._row, self._column = int(said[:9]) if said.isdecimal() else self._row + 1, 0
            self._reach(0, self._row)

    def _cell(self, attributes: dict[str, str]) -> None:
        self.showing += attributes.get("t") == "s"
        place = attributes.get("r", "").strip().replace("$", "")
        letters = place.rstrip("0123456789")
        row = self._row
        if letters:
            row = int(place[len(letters) :][:9] or 0)
            self._column = self._numbers.get(letters) or self._numbered(letters)
        else:
            self._column += 1
        if self._column > self.width or row > self.height:
            self._reach(self._column, row)

    def _numbered(self, letters: str) -> int:
        """Which column this is: A is 1, Z 26, AA 27."""
        number = 0
        for letter in letters.upper()[:4]:
            number = number * 26 + ord(letter) - 64
        self._numbers[letters] = number
        return number

    def _reach(self, column: int, row: int) -> None:
        self.width, self.height = max(self.width, column), max(self.height, row)
        if self.height > MOST_ROWS + 1:
            raise FormatError(f"A sheet has {self.height:,} rows; at most {MOST_ROWS:,} are read. Split it.")
        if self.width > MOST_COLUMNS:
            raise FormatError(f"A sheet has {self.width:,} columns; at most {MOST_COLUMNS} are read.")
        if self.width * self.height > MOST_CELLS:
            raise FormatError("The workbook is too large to be read; save the sheet as CSV.")


class _Shown:
    """How many letters of shared texts the cells of a sheet show. Raises `FormatError` for too many."""

    def __init__(self, shared: Sequence[int]) -> None:
        self._shared, self._letters = shared, 0
        self._shows, self._text = False, ""

    def begun(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c" or name.endswith(":c"):
            self._shows = attributes.get("t") == "s"
        self._text = ""

    def said(self, text: str) -> None:
        self._text = (self._text + text)[:20]

    def ended(self, name: str) -> None:
        if self._shows and (name == "v" or name.endswith(":v")):
            number = self._text.strip()
            index = int(number) if number.isdecimal() else len(self._shared)
            self._letters += self._shared[index] if index < len(self._shared) else 0
            if self._letters > MOST_LETTERS:
                raise FormatError("The cells show too much text to be read; save the sheet as CSV.")
