"""Snippets: texts that are pasted into templates before these are parsed.

`{{ snippet("signature") }}` looks like a call and is none: it is replaced by the text of
templates/snippets/signature.txt. So a snippet can say exactly what a template can, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prospector.outreach.grammar import Refused

DEEPEST = 4
MOST_TEXT = 64_000
MOST_PASTES = 100

_CALL = re.compile(r"""\{\{-?[ \t]*snippet\([ \t]*["']([^"'{}()\n]{1,80})["'][ \t]*\)[ \t]*-?\}\}""")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text and where it stands."""

    text: str
    path: str
    number: int


Read = Callable[[str, Line], tuple[str, str]]
"""Gives the path and the text of the snippet of this name, asked for by this line."""


class WrongPaste(Refused):
    """A snippet cannot be pasted here; `path` and `line` say where it is `asked` for."""

    def __init__(self, line: Line, message: str) -> None:
        super().__init__(line.number, message)
        self.path, self.asked = line.path, line


class _Budget:
    def __init__(self) -> None:
        self.text, self.pastes = 0, 0

    def take(self, line: Line, text: str) -> None:
        self.text, self.pastes = self.text + len(text), self.pastes + 1
        if self.text > MOST_TEXT or self.pastes > MOST_PASTES:
            raise WrongPaste(line, "too much is pasted into this template; use fewer and shorter snippets")


def paste(lines: Iterable[Line], read: Read) -> list[Line]:
    """The lines with every snippet in its place. Raises `WrongPaste` for a missing file, a cycle,
    more than four levels, or too much text."""
    return _paste(lines, read, (), _Budget())


def _paste(lines: Iterable[Line], read: Read, within: tuple[str, ...], budget: _Budget) -> list[Line]:
    done: list[Line] = []
    for line in lines:
        parts = _CALL.split(line.text)
        if len(parts) == 1:
            done.append(line)
            continue
        pieces = [[Line(parts[0], line.path, line.number)]]
        for name, after in zip(parts[1::2], parts[2::2], strict=True):
            pieces += [_snippet(name, line, read, within, budget), [Line(after, line.path, line.number)]]
        done += _joined(pieces)
    return done


def _snippet(name: str, asked: Line, read: Read, within: tuple[str, ...], budget: _Budget) -> list[Line]:
    if name in within:
        raise WrongPaste(asked, f"the snippets {' → '.join([*within, name])} paste each other; take one out")
    if len(within) >= DEEPEST:
        raise WrongPaste(asked, f"snippets are nested more than {DEEPEST} deep")
    try:
        path, text = read(name, asked)
    except Refused as error:
        raise WrongPaste(asked, str(error)) from error
    budget.take(asked, text)
    rows = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    return _paste([Line(row, path, n) for n, row in enumerate(rows, start=1)], read, (*within, name), budget)


def _joined(pieces: list[list[Line]]) -> list[Line]:
    """Put pieces behind each other, the last line of one and the first of the next being one line."""
    lines = [pieces[0][0]]
    for first, *rest in pieces[1:]:
        last = lines[-1]
        # A line belongs to whoever wrote its words: to the snippet where it stands alone.
        origin = last if last.text.strip() or not first.text.strip() else first
        lines[-1] = Line(last.text + first.text, origin.path, origin.number)
        lines += rest
    return lines
