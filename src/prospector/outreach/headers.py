"""The headers of a template file: what it is for, in which language, and the subject of a mail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prospector.outreach.fault import TemplateError
from prospector.outreach.wording import LANGUAGES
from prospector.sdk import THEIR_ACTS, THEIR_CONTENT, THEIR_EVENTS

ACTIONS = ("email", "reply", "dm", "like", "follow", "invite", "call")
ANSWERABLE = THEIR_CONTENT | THEIR_ACTS | THEIR_EVENTS
HEADERS = ("Subject", "Action", "On", "Language")


@dataclass(frozen=True, slots=True)
class Header:
    """The value of a header, and where it stands; `line` and `column` count from 1."""

    value: str
    path: str
    line: int = 1
    column: int = 1

    def wrong(self, message: str) -> TemplateError:
        return TemplateError(self.path, self.line, message, self.column)


def read(rows: Sequence[str], path: str) -> dict[str, Header]:
    """The headers in these lines by their names. Raises `TemplateError`."""
    headers: dict[str, Header] = {}
    for number, row in enumerate(rows, start=1):
        name, colon, value = row.partition(":")
        known = next((header for header in HEADERS if header.lower() == name.strip().lower()), None)
        if not colon or known is None:
            allowed = ", ".join(HEADERS)
            message = f"`{name[:40]}` is no header. There are {allowed}; then comes a blank line and the body"
            raise TemplateError(path, number, message, 1)
        if known in headers:
            raise TemplateError(path, number, f"{known} stands here a second time; keep one", 1)
        column = len(row) - len(value.lstrip()) + 1
        headers[known] = Header(value.strip(), path, number, column)
    return headers


def action(headers: Mapping[str, Header]) -> str:
    """What is done with the text. Raises `TemplateError`."""
    header = headers.get("Action", Header("email", ""))
    # A comment is what some platforms call an answer to a post; the act is the same.
    name = "reply" if header.value.lower() == "comment" else header.value.lower()
    if name not in ACTIONS:
        raise header.wrong(f"Action is one of {', '.join(ACTIONS)}, comment; not `{header.value[:40]}`")
    return name


def kinds(headers: Mapping[str, Header]) -> tuple[str, ...]:
    """The kinds of engagement that the template answers by default. Raises `TemplateError`."""
    header = headers.get("On", Header("", ""))
    found = tuple(header.value.replace(",", " ").lower().split())
    if wrong := [kind for kind in found if kind not in ANSWERABLE]:
        known = ", ".join(sorted(ANSWERABLE))
        raise header.wrong(f"On names what they did; `{wrong[0][:40]}` is none of {known}")
    return found


def language(headers: Mapping[str, Header], of_file: str | None = None) -> str:
    """The language that the text is written in: what its header says, else that of the file's name
    (`intro.de.txt`), else English. Raises `TemplateError`, also where the two disagree."""
    header = headers.get("Language", Header(of_file or "en", ""))
    name = header.value.lower()[:2]
    if name not in LANGUAGES or not re.fullmatch(r"[a-z]{2}(-[a-zA-Z]{2})?", header.value):
        raise header.wrong(f"Language is one of {', '.join(LANGUAGES)}; not `{header.value[:40]}`")
    if of_file is not None and name != of_file:
        raise header.wrong(f"this is the {of_file} text, and its header says {name}; correct one of them")
    return name
