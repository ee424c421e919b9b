"""ZIP files from strangers: looked at before anything is unpacked, and unpacked no further than a limit.

A small archive can unfold to terabytes, and its directory may lie about that: what is declared is
checked first, what comes out is counted.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

from prospector.importing.sheet import MOST_BYTES, FormatError

MOST_MEMBERS = 2_000
MOST_UNPACKED = 300 * 2**20
MOST_RATIO = 200
"""A member above a megabyte may unfold to so many times its size; text comes to about 20."""
_PIECE = 2**16


def opened(stream: BinaryIO) -> zipfile.ZipFile:
    """The archive, when nothing that it declares is too much. Raises `FormatError`."""
    stream.seek(0)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise FormatError("The archive is damaged; make or download it anew.") from None
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise FormatError(f"The archive has {len(members):,} files; at most {MOST_MEMBERS:,} are read.")
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        raise FormatError(f"The archive unfolds to over {MOST_UNPACKED // 2**20} MB; that is not read.")
    if any(member.flag_bits & 1 for member in members):
        raise FormatError("The archive is locked by a password; save it without one.")
    for member in members:
        if member.file_size > max(2**20, MOST_RATIO * member.compress_size):
            raise FormatError(f'"{member.filename[-80:]}" unfolds beyond measure; that is not read.')
    return archive


@contextmanager
def unpacked(archive: zipfile.ZipFile, name: str, most: int = MOST_BYTES) -> Iterator[BinaryIO]:
    """A member as a stream that can be gone back in, kept on the disk meanwhile. Raises `FormatError`."""
    with tempfile.TemporaryFile() as whole:
        with member(archive, name) as packed:
            copied(packed, whole, most, f'"{name[-80:]}"')
        yield whole


def member(archive: zipfile.ZipFile, member: str | zipfile.ZipInfo) -> IO[bytes]:
    """A member, unpacked while it is read. Raises `FormatError`."""
    try:
        return archive.open(member)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, KeyError, OSError):
        name = member if isinstance(member, str) else member.filename
        raise FormatError(f'"{name[-80:]}" in the archive cannot be read.') from None


def copied(source: IO[bytes], target: IO[bytes], most: int, name: str) -> None:
    """All of a stream, as long as it is not more than that. Raises `FormatError`."""
    size = 0
    try:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > most:
                raise FormatError(f"{name} is larger than {most // 2**20} MB; split it.")
            target.write(piece)
    except (zipfile.BadZipFile, zipfile.zlib.error, EOFError):  # type: ignore[attr-defined]
        raise FormatError(f"{name} in the archive is damaged; download it anew.") from None
    target.seek(0, io.SEEK_SET)
