"""Files that people bring: kept in the workspace until they are imported, under names of our own.

The name that a browser gives is shown and nothing else: no path is made of it. The file is needed again
only where its encoding or delimiter was guessed wrong.
"""

from __future__ import annotations

import os
import re
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from prospector.importing.sheet import MOST_BYTES, FormatError

FOLDER = "imports"
KEPT = timedelta(days=7)
_TOKEN = re.compile(r"[0-9a-f]{32}")
_PIECE = 2**16


def keep(root: Path, stream: IO[bytes]) -> str:
    """Copy a file into the workspace; the token under which it is found again. Raises `FormatError`
    for one that is too large."""
    folder = root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    token, size = secrets.token_hex(16), 0
    path = folder / token
    with open(path, "xb", opener=_private) as kept:
        while piece := stream.read(_PIECE):
            size += len(piece)
            if size > MOST_BYTES:
                break
            kept.write(piece)
    if size > MOST_BYTES:
        path.unlink()
        raise FormatError(f"The file is larger than {MOST_BYTES // 2**20} MB; split it.")
    return token


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def path_of(root: Path, token: str | None) -> Path | None:
    """Where a file is kept; None once it is gone."""
    if token is None or _TOKEN.fullmatch(token) is None:
        return None
    path = root / FOLDER / token
    return path if path.is_file() else None


def drop(root: Path, token: str | None) -> None:
    """The file is needed no more."""
    if (path := path_of(root, token)) is not None:
        path.unlink(missing_ok=True)


def sweep(root: Path, now: datetime) -> int:
    """Drop what was brought long ago and never imported; how many files."""
    old = [path for path in _all(root) if path.stat().st_mtime < (now - KEPT).timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def forget(root: Path) -> int:
    """Drop every kept file, since somebody was erased: whom a file names cannot be told without
    reading it, and whoever needs it brings it again."""
    files = _all(root)
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)


def _all(root: Path) -> list[Path]:
    folder = root / FOLDER
    return [path for path in folder.iterdir() if _TOKEN.fullmatch(path.name)] if folder.is_dir() else []
