"""What somebody brings, whatever its name says: told by its content, opened, and held to the limits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path, PurePath
from typing import IO, BinaryIO

from prospector.importing import archives, delimited, linkedin, vcards, workbooks
from prospector.importing.sheet import MOST_BYTES, FormatError, Sheet, capped

_ZIP, _OLD_OFFICE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
_CARD = b"BEGIN:VCARD"


@contextmanager
def opened(
    source: Path | IO[bytes], encoding: str | None = None, delimiter: str | None = None
) -> Iterator[Sheet]:
    """A file or a stream as a table, for as long as it is read. `encoding` and `delimiter` correct what
    is guessed of a CSV. Raises `FormatError`, `OSError`."""
    with ExitStack() as held:
        stream = held.enter_context(_brought(source))
        yield capped(_recognised(stream, encoding, delimiter, held))


@contextmanager
def _brought(source: Path | IO[bytes]) -> Iterator[BinaryIO]:
    """A file, or a stream that is kept on the disk meanwhile; neither larger than the limit."""
    if isinstance(source, Path):
        if source.stat().st_size > MOST_BYTES:
            raise FormatError(f"The file is larger than {MOST_BYTES // 2**20} MB; split it.")
        with source.open("rb") as stream:
            yield stream
        return
    with tempfile.TemporaryFile() as kept:
        archives.copied(source, kept, MOST_BYTES, "The file")
        yield kept


def _recognised(stream: BinaryIO, encoding: str | None, delimiter: str | None, held: ExitStack) -> Sheet:
    start = stream.read(1024)
    if not start.strip(b"\x00 \t\r\n"):
        raise FormatError("The file is empty; its first row names the columns.")
    if start.startswith(_ZIP):
        return _archive(stream, encoding, delimiter, held)
    if start.startswith(_OLD_OFFICE):
        raise FormatError("This is a file of an old Office, or one with a password. Save it as .xlsx or CSV.")
    if start.startswith(_PDF) or _binary(start):
        raise FormatError("This is no table. Bring CSV, XLSX, vCard or a LinkedIn export (ZIP).")
    if _CARD in start.replace(b"\x00", b"").upper():
        written, rows = vcards.opened(stream, encoding)
        return Sheet("vcard", vcards.COLUMNS, rows, written)
    return _csv(stream, encoding, delimiter)


def plain_name(filename: str) -> str:
    """A file's name without the folders that whoever uploads may say (also Windows'), printable."""
    name = PurePath(filename.replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:120] or "file"


def _archive(stream: BinaryIO, encoding: str | None, delimiter: str | None, held: ExitStack) -> Sheet:
    archive = held.enter_context(archives.opened(stream))
    if workbooks.is_workbook(archive):
        columns, rows = workbooks.opened(stream, archive)
        return Sheet(_kind(columns, "xlsx"), columns, rows)
    name = linkedin.connections(archive)
    if name is None:
        tables = [one for one in archive.namelist() if one.lower().endswith(".csv")]
        if len(tables) != 1:
            raise FormatError("The archive is no LinkedIn export and no workbook; bring the file in it.")
        (name,) = tables
    return _csv(held.enter_context(archives.unpacked(archive, name)), encoding, delimiter)


def _csv(stream: BinaryIO, encoding: str | None, delimiter: str | None) -> Sheet:
    first = delimited.opened(stream, encoding, delimiter)
    above = linkedin.preamble([cells for _, cells in islice(first.rows, linkedin.LONGEST_PREAMBLE)])
    read = delimited.opened(stream, first.encoding, first.delimiter)
    columns, rows = delimited.table(read, above)
    return Sheet(_kind(columns, "csv"), columns, rows, read.encoding, read.delimiter)


def _kind(columns: tuple[str, ...], other: str) -> str:
    found = linkedin.kind_of(columns)
    return other if found == "csv" else found


def _binary(start: bytes) -> bool:
    """Whether this is no text in any encoding: control characters that no text has."""
    odd = sum(byte < 9 or 13 < byte < 27 for byte in start if byte)
    return odd * 20 > len(start)
