"""What a terminal may be given, and a status line below the lines of a log."""

from __future__ import annotations

import shutil
import threading
from typing import TextIO

ERASE = "\r\x1b[2K"


def printable(text: str) -> str:
    """The text without escape sequences, reversed writing and half characters."""
    return "".join(c if c.isprintable() or c in "\n\t\u200d" else "\ufffd" for c in text)


class Terminal:
    """Standard error with a status line below the log, which every line of the log pushes down.

    The cursor waits at the beginning of the status line, so that what another process prints there
    begins a line of its own.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._status = self._begun = ""
        self._turn = threading.Lock()

    def write(self, text: str) -> int:
        """Write whole lines; the beginning of one waits for its end."""
        with self._turn:
            lines, newline, self._begun = (self._begun + text).rpartition("\n")
            if newline:
                self._file.write(f"{ERASE if self._status else ''}{lines}\n{self._shown()}")
        return len(text)

    def flush(self) -> None:
        self._file.flush()

    def status(self, text: str) -> None:
        with self._turn:
            self._status = text
            self._file.write(ERASE + self._shown())
            self._file.flush()

    def _shown(self) -> str:
        if not self._status:
            return ""
        width = shutil.get_terminal_size().columns - 1
        return f"\x1b[2m{self._status[:width]}\x1b[0m\r"
