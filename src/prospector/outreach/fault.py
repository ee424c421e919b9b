"""What is wrong with a template, and where: the file, the line and the column of the words that are meant."""

from __future__ import annotations

import re

_TAG = re.compile(r"\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)")
_OPENING = re.compile(r"\{\{|\{%-?[ \t]*(if|for|endif|endfor)\b|\{%|\{#")
CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}


class TemplateError(Exception):
    """A template cannot be used; the message names the file, the line and what to change. `line` and
    `column` count from 1; 0 where the whole file is meant."""

    def __init__(self, path: str, line: int, message: str, column: int = 0) -> None:
        place = ":".join(str(part) for part in (path, line, column) if part)
        super().__init__(f"{place}: {message}")
        self.path, self.line, self.column, self.message = path, line, column, message


def column_of(row: str, words: str = "") -> int:
    """In which column of a line these words stand: those in a tag first, as whole words. The first of
    several alternatives (one a line) that is there; else the first tag, else the first word."""
    tags = list(_TAG.finditer(row))
    for word in filter(None, words.split("\n")):
        whole = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)" if word[0].isalnum() else re.escape(word))
        inside = (found.start() for tag in tags if (found := whole.search(row, tag.start(), tag.end())))
        anywhere = whole.search(row)
        if (start := next(inside, anywhere.start() if anywhere else -1)) >= 0:
            return start + 1
    return (tags[0].start() if tags else len(row) - len(row.lstrip())) + 1


def unclosed(source: str) -> tuple[int, str]:
    """The line (from 1) of what is opened last and never closed, and that line from there on; (0, "")
    where nothing is."""
    opened: list[re.Match[str]] = []
    at = 0
    while found := _OPENING.search(source, at):
        end = source.find(CLOSING[found.group()[:2]], found.end())
        if end < 0:
            opened.append(found)
            break
        at = end + 2
        if found.group(1) in ("if", "for"):
            opened.append(found)
        elif found.group(1) and opened:
            opened.pop()
    if not opened:
        return 0, ""
    start = opened[-1].start()
    return source.count("\n", 0, start) + 1, source[start:].partition("\n")[0]
