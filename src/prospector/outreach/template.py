"""Message templates: a file with headers, a blank line and the body, and where such files lie.

A file in the workspace wins over a shipped one of the same name. What a template may say is
`grammar`'s affair, and how it looks to its author docs/templates.md's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prospector.outreach import sandbox
from prospector.outreach.grammar import Refused
from prospector.outreach.snippet import Line, paste
from prospector.outreach.wording import LANGUAGES
from prospector.sdk import THEIR_ACTS, THEIR_CONTENT, THEIR_EVENTS

ACTIONS = ("email", "reply", "dm", "like", "follow", "invite", "call")
ANSWERABLE = THEIR_CONTENT | THEIR_ACTS | THEIR_EVENTS
HEADERS = ("Subject", "Action", "On", "Language")
SUFFIX = ".txt"
FILE_LIMIT = 64_000

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class TemplateError(Exception):
    """A template cannot be used; the message names the file, the line and what to change."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")
        self.path, self.line, self.message = path, line, message


@dataclass(frozen=True, slots=True)
class Template:
    """One message template, its snippets already pasted in.

    `subject` and `body` are still templates. `on` names the kinds of engagement that it answers
    by default. `lines` says for each line of the body from which file and line it came.
    """

    name: str
    path: str
    subject: str
    body: str
    action: str = "email"
    on: tuple[str, ...] = ()
    language: str = "en"
    subject_line: int = 1
    lines: tuple[tuple[str, int], ...] = ()

    def place(self, line: int) -> tuple[str, int]:
        """The file and line behind a line (from 1) of the body."""
        return self.lines[line - 1] if 0 < line <= len(self.lines) else (self.path, line)


@dataclass(frozen=True, slots=True)
class Library:
    """All templates on a search path, by name, and what is wrong with those that are not here."""

    templates: dict[str, Template]
    errors: tuple[TemplateError, ...]

    def answer_to(self, kind: str, language: str = "en") -> Template | None:
        """The default answer to this kind of engagement, in this language if there is one.
        Where two files claim the same kind, the workspace's is first, then the one first by name."""
        claims = [template for template in self.templates.values() if kind in template.on]
        return next((each for each in claims if each.language == language), claims[0] if claims else None)


def load(search_path: Sequence[Path], name: str) -> Template:
    """The template of this name (`intro`: templates/intro.txt). Raises `TemplateError`."""
    path = _find(search_path, name, SUFFIX)
    return parse(_read(path), name, _shown(path), search_path)


def load_all(search_path: Sequence[Path]) -> Library:
    """Every template on the path. One that is broken is an error in the list, not a failure."""
    templates: dict[str, Template] = {}
    errors: list[TemplateError] = []
    for name in names(search_path):
        try:
            templates[name] = load(search_path, name)
        except TemplateError as error:
            errors.append(error)
    return Library(templates, tuple(errors))


def names(search_path: Iterable[Path]) -> list[str]:
    """The names of all templates, each once: the workspace's first, each folder by name."""
    found = (path.stem for folder in search_path for path in sorted(folder.glob(f"*{SUFFIX}")))
    return list(dict.fromkeys(found))


def parse(text: str, name: str, path: str, search_path: Sequence[Path] = ()) -> Template:
    """Read a template and hold it against the grammar. Raises `TemplateError`."""
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        raise TemplateError(path, line, "there is a control character here; type the line anew")
    rows = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    end = next((index for index, row in enumerate(rows) if not row.strip()), len(rows))
    headers = _headers(rows[:end], path)
    body = [Line(row, path, number) for number, row in enumerate(rows[end + 1 :], start=end + 2)]
    pasted = _pasted(body, path, search_path)
    subject, subject_line = headers.get("Subject", ("", 1))
    template = Template(
        name=name,
        path=path,
        subject=subject,
        body="\n".join(line.text for line in pasted).rstrip(),
        action=_action(headers, path),
        on=_kinds(headers, path),
        language=_language(headers, path),
        subject_line=subject_line,
        lines=tuple((line.path, line.number) for line in pasted),
    )
    check(template)
    return template


def check(template: Template) -> None:
    """Hold subject and body against the grammar. Raises `TemplateError` with the file and line."""
    try:
        sandbox.compiled(template.subject, template.language)
    except Refused as error:
        raise TemplateError(template.path, template.subject_line, f"Subject: {error}") from error
    try:
        sandbox.compiled(template.body, template.language)
    except Refused as error:
        raise TemplateError(*template.place(error.line), str(error)) from error


def _headers(rows: list[str], path: str) -> dict[str, tuple[str, int]]:
    headers: dict[str, tuple[str, int]] = {}
    for number, row in enumerate(rows, start=1):
        name, colon, value = row.partition(":")
        known = next((header for header in HEADERS if header.lower() == name.strip().lower()), None)
        if not colon or known is None:
            allowed = ", ".join(HEADERS)
            raise TemplateError(
                path,
                number,
                f"`{name[:40]}` is no header. There are {allowed}; then comes a blank line and the body",
            )
        if known in headers:
            raise TemplateError(path, number, f"{known} stands here a second time; keep one")
        headers[known] = (value.strip(), number)
    return headers


def _action(headers: dict[str, tuple[str, int]], path: str) -> str:
    value, number = headers.get("Action", ("email", 1))
    # A comment is what some platforms call an answer to a post; the act is the same.
    action = "reply" if value.lower() == "comment" else value.lower()
    if action not in ACTIONS:
        raise TemplateError(
            path, number, f"Action is one of {', '.join(ACTIONS)}, comment; not `{value[:40]}`"
        )
    return action


def _kinds(headers: dict[str, tuple[str, int]], path: str) -> tuple[str, ...]:
    value, number = headers.get("On", ("", 1))
    kinds = tuple(value.replace(",", " ").lower().split())
    if wrong := [kind for kind in kinds if kind not in ANSWERABLE]:
        known = ", ".join(sorted(ANSWERABLE))
        raise TemplateError(path, number, f"On names what they did; `{wrong[0][:40]}` is none of {known}")
    return kinds


def _language(headers: dict[str, tuple[str, int]], path: str) -> str:
    value, number = headers.get("Language", ("en", 1))
    language = value.lower()[:2]
    if language not in LANGUAGES or not re.fullmatch(r"[a-z]{2}(-[a-zA-Z]{2})?", value):
        raise TemplateError(path, number, f"Language is one of {', '.join(LANGUAGES)}; not `{value[:40]}`")
    return language


def _pasted(body: list[Line], path: str, search_path: Sequence[Path]) -> list[Line]:
    def read(name: str, asked: Line) -> tuple[str, str]:
        try:
            file = _find([folder / "snippets" for folder in search_path], name, SUFFIX)
            return _shown(file), _read(file)
        except TemplateError as error:
            raise Refused(asked.number, error.message) from error

    try:
        return paste(body, read)
    except Refused as error:
        raise TemplateError(getattr(error, "path", path), error.line, str(error)) from error


def _find(search_path: Sequence[Path], name: str, suffix: str) -> Path:
    if not _NAME.fullmatch(name):
        raise TemplateError(name[:80] or "?", 0, "a name has only lower-case letters, digits, - and _")
    for folder in search_path:
        if (path := folder / f"{name}{suffix}").is_file():
            return path
    places = ", ".join(_shown(folder) for folder in search_path) or "templates"
    raise TemplateError(name, 0, f"there is no {name}{suffix} in {places}; make it, or choose another name")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
        if len(data) > FILE_LIMIT:
            raise TemplateError(_shown(path), 0, f"is larger than {FILE_LIMIT:,} bytes; shorten it")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TemplateError(_shown(path), line, "is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise TemplateError(_shown(path), 0, f"cannot be read: {error.strerror}") from error


def _shown(path: Path) -> str:
    """The path from its templates folder on: what a person looks for, without where it is installed."""
    parts = path.parts
    start = max((index for index, part in enumerate(parts) if part == "templates"), default=-1)
    return "/".join(parts[start:]) if start >= 0 else str(path)
