"""The line of every key in a TOML text, so that an error can say where to look.

`tomllib` gives values without positions. This reads the same text once more and gives positions
without values.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_BARE = re.compile(r"[^\s=.\[\]{},#\"']+")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'  # up to two quotes may stand before the closing three (TOML 1.0)
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


def line_of(text: str) -> Mapping[Path, int]:
    """The line, from 1, of each table, key and array element, by its path.

    `("rule", 0, "when", 1, "kind")` is the key `kind` of the second table in `when` of the first
    `[[rule]]`. A table that is only implied by a longer name has the line where it is first
    implied. The text should be one that `tomllib` accepts; of any other, and of one nested too
    deep to follow, what stands before the fault is found.
    """
    reader = _Reader(text)
    with contextlib.suppress(_UnreadableError, RecursionError):
        reader.document()
    return reader.lines


def nearest_line(lines: Mapping[Path, int], path: Path) -> int:
    """The line of `path`, or of the closest thing around it: for a key that is missing."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _UnreadableError(Exception):
    """The text is no TOML from here on."""


class _Reader:
    """One pass over the text; `lines` fills as it goes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}
        self._breaks = [match.start() for match in re.finditer("\n", text)]

    def document(self) -> None:
        here: Path = ()
        while self._next():
            line = self._line()
            if self._take("[["):
                here = self._element(self._name(), line)
                self._want("]]")
            elif self._take("["):
                here = self._table(self._name(), line)
                self._want("]")
            else:
                self._pair(here)

    def _element(self, name: tuple[str, ...], line: int) -> Path:
        """Open the next table of an array of tables."""
        path = (*self._inside(name[:-1], line), name[-1])
        number = self._tables.get(path, 0)
        self._tables[path] = number + 1
        self.lines.setdefault(path, line)
        self.lines[(*path, number)] = line
        return (*path, number)

    def _table(self, name: tuple[str, ...], line: int) -> Path:
        path = (*self._inside(name[:-1], line), name[-1])
        self.lines[path] = line
        return path

    def _inside(self, name: tuple[str, ...], line: int) -> Path:
        """The path of the tables around; in an array of tables it is the last one that is meant."""
        path: Path = ()
        for part in name:
            path = (*path, part)
            self.lines.setdefault(path, line)
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        return path

    def _pair(self, here: Path) -> None:
        line = self._line()
        *around, last = self._name()
        for part in around:
            here = (*here, part)
            self.lines.setdefault(here, line)
        self._want("=")
        self.lines[(*here, last)] = line
        self._value((*here, last))

    def _value(self, path: Path) -> None:
        self._next()
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline(path)
        elif self.text[self.at : self.at + 1] in ("'", '"'):
            self._match(_STRING)
        else:
            self._match(_SCALAR)

    def _array(self, path: Path) -> None:
        number = 0
        while self._next() and not self._take("]"):
            self.lines[(*path, number)] = self._line()
            self._value((*path, number))
            number += 1
            self._next()
            self._take(",")

    def _inline(self, path: Path) -> None:
        while self._next() and not self._take("}"):
            self._pair(path)
            self._next()
            self._take(",")

    def _name(self) -> tuple[str, ...]:
        parts = [self._part()]
        while self._next() and self._take("."):
            parts.append(self._part())
        return tuple(parts)

    def _part(self) -> str:
        self._next()
        if self.text[self.at : self.at + 1] not in ("'", '"'):
            return self._match(_BARE)
        quoted = self._match(_STRING)
        try:
            return str(tomllib.loads(f"key = {quoted}")["key"])
        except tomllib.TOMLDecodeError as error:
            raise _UnreadableError from error

    def _next(self) -> bool:
        """Step over blanks, line ends and comments; false at the end of the text."""
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        return self.at < len(self.text)

    def _take(self, token: str) -> bool:
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def _want(self, token: str) -> None:
        self._next()
        if not self._take(token):
            raise _UnreadableError

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if not found:
            raise _UnreadableError
        self.at = found.end()
        return found.group()

    def _line(self) -> int:
        return bisect_right(self._breaks, self.at) + 1
