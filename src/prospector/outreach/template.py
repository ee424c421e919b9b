"""Message templates: a file with headers, a blank line and the body, and where such files lie.

`intro.txt` may have other languages beside it: `intro.de.txt` is the same letter in German. A file in
the workspace wins over a shipped one of the same name. What a template may say is `grammar`'s affair,
and how it looks to its author docs/templates.md's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prospector.outreach import headers, sandbox
from prospector.outreach.fault import TemplateError, column_of
from prospector.outreach.grammar import Refused
from prospector.outreach.headers import ACTIONS, ANSWERABLE, HEADERS, Header
from prospector.outreach.snippet import Line, WrongPaste, paste
from prospector.outreach.wording import LANGUAGES

SUFFIX = ".txt"
FILE_LIMIT = 64_000

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


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
    """All templates on a search path, by name, and what is wrong with those that are not here.
    `variants` are the other languages of each, by language."""

    templates: dict[str, Template]
    errors: tuple[TemplateError, ...]
    variants: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)

    def by_language(self, name: str) -> dict[str, Template]:
        """The template of this name in each of its languages, the default first; {} if there is none."""
        default = self.templates.get(name)
        return {**({default.language: default} if default else {}), **self.variants.get(name, {})}

    def answer_to(self, kind: str, language: str = "en") -> Template | None:
        """The default answer to this kind of engagement, in this language if there is one.
        Where two files claim the same kind, the workspace's is first, then the one first by name."""
        claims = [name for name, template in self.templates.items() if kind in template.on]
        every = [template for name in claims for template in self.by_language(name).values()]
        return next((each for each in every if each.language == language), every[0] if every else None)


def load(search_path: Sequence[Path], name: str, language: str | None = None) -> Template:
    """The template of this name (`intro`: templates/intro.txt), in this language where it is there in
    it (templates/intro.de.txt). Raises `TemplateError`."""
    path = _find(search_path, name, language)
    return parse(_read(path), name, _shown(path), search_path, language=_language_of(path))


def load_all(search_path: Sequence[Path]) -> Library:
    """Every template on the path. One that is broken is an error in the list, not a failure."""
    templates: dict[str, Template] = {}
    variants: dict[str, dict[str, Template]] = {}
    errors: list[TemplateError] = []
    for name in names(search_path):
        for language in (None, *LANGUAGES):
            try:
                if language is None:
                    templates[name] = load(search_path, name)
                elif _language_of(_find(search_path, name, language)) == language:
                    variants.setdefault(name, {})[language] = load(search_path, name, language)
            except TemplateError as error:
                errors.append(error)
                if not _NAME.fullmatch(name):
                    break
    return Library(templates, tuple(errors), variants)


def names(search_path: Iterable[Path]) -> list[str]:
    """The names of all templates, each once: the workspace's first, each folder by name."""
    found = (
        path.stem.removesuffix(f".{_language_of(path)}")
        for folder in search_path
        for path in sorted(folder.glob(f"*{SUFFIX}"))
    )
    return list(dict.fromkeys(found))


def parse(
    text: str, name: str, path: str, search_path: Sequence[Path] = (), *, language: str | None = None
) -> Template:
    """Read a template and hold it against the grammar. `language` is that of the file's name, where it
    has one: its text and the snippets that are pasted are in it. Raises `TemplateError`, the first of
    `problems`."""
    template, rows = _parsed(text, name, path, search_path, language)
    for error in _refusals(template, rows):
        raise error
    return template


def problems(
    text: str, name: str, path: str, search_path: Sequence[Path] = (), *, language: str | None = None
) -> tuple[TemplateError, ...]:
    """All that is wrong with a template, each with its line and column; none where it can be used. A
    header that is wrong, or a snippet that is not there, hides what comes after it."""
    try:
        return tuple(_refusals(*_parsed(text, name, path, search_path, language)))
    except TemplateError as error:
        return (error,)


def _parsed(
    text: str, name: str, path: str, search_path: Sequence[Path], language: str | None
) -> tuple[Template, list[str]]:
    """The template, unchecked, and the lines of its file."""
    rows = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    for number, row in enumerate(rows, start=1):
        if control := _CONTROL.search(row):
            message = "there is a control character here; type the line anew"
            raise TemplateError(path, number, message, control.start() + 1)
    end = next((index for index, row in enumerate(rows) if not row.strip()), len(rows))
    known = headers.read(rows[:end], path)
    body = [Line(row, path, number) for number, row in enumerate(rows[end + 1 :], start=end + 2)]
    written_in = headers.language(known, language)
    pasted = _pasted(body, search_path, written_in)
    subject = known.get("Subject", Header("", path))
    template = Template(
        name=name,
        path=path,
        subject=subject.value,
        body="\n".join(line.text for line in pasted).rstrip(),
        action=headers.action(known),
        on=headers.kinds(known),
        language=written_in,
        subject_line=subject.line,
        lines=tuple((line.path, line.number) for line in pasted),
    )
    return template, rows


def _refusals(template: Template, rows: Sequence[str]) -> Iterator[TemplateError]:
    """What the grammar has against subject and body, at its place in the file that it stands in."""
    for error in sandbox.refusals(template.subject, template.language):
        column = column_of(rows[template.subject_line - 1], error.words)
        yield TemplateError(template.path, template.subject_line, f"Subject: {error}", column)
    written = template.body.split("\n")
    for error in sandbox.refusals(template.body, template.language):
        path, line = template.place(error.line)
        # A line of ours may have a snippet pasted into it; its columns are those of the file.
        ours = path == template.path and 0 < line <= len(rows)
        row = rows[line - 1] if ours else written[min(error.line, len(written)) - 1]
        yield TemplateError(path, line, str(error), column_of(row, error.words))


def _pasted(body: list[Line], search_path: Sequence[Path], language: str) -> list[Line]:
    def read(name: str, asked: Line) -> tuple[str, str]:
        try:
            file = _find([folder / "snippets" for folder in search_path], name, language)
            return _shown(file), _read(file)
        except TemplateError as error:
            raise Refused(asked.number, error.message) from error

    try:
        return paste(body, read)
    except WrongPaste as error:
        column = column_of(error.asked.text, "snippet")
        raise TemplateError(error.path, error.line, str(error), column) from error


def _find(search_path: Sequence[Path], name: str, language: str | None = None) -> Path:
    """The file of this name: in the first folder that has it in this language or without one, else
    whatever language there is."""
    if not _NAME.fullmatch(name):
        raise TemplateError(name[:80] or "?", 0, "a name has only lower-case letters, digits, - and _")
    wanted = [f".{language}", ""] if language in LANGUAGES else [""]
    for endings in (wanted, [f".{other}" for other in LANGUAGES]):
        for folder in search_path:
            for ending in endings:
                if (path := folder / f"{name}{ending}{SUFFIX}").is_file():
                    return path
    places = ", ".join(_shown(folder) for folder in search_path) or "templates"
    raise TemplateError(name, 0, f"there is no {name}{SUFFIX} in {places}; make it, or choose another name")


def _language_of(path: Path) -> str | None:
    """The language in a file's name: `de` of `intro.de.txt`."""
    ending = path.stem.rpartition(".")[2]
    return ending if ending in LANGUAGES and ending != path.stem else None


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


__all__ = [
    "ACTIONS",
    "ANSWERABLE",
    "HEADERS",
    "Library",
    "Template",
    "TemplateError",
    "load",
    "load_all",
    "names",
    "parse",
    "problems",
]
