"""One table of a rules file, read key by key: every mistake is noted with its line, none is fatal."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from prospector.rules.vocabulary import duration, nearest
from prospector.toml_lines import Path, nearest_line

Level = Literal["error", "warning"]
LARGEST = 10**9


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding about a rules file."""

    line: int
    rule: str | None
    level: Level
    message: str

    def sentence(self, file: str = "rules.toml") -> str:
        """As `rules.toml:12: rule "warmed up": when[0].kind: unknown kind "liek"`."""
        rule = f'rule "{self.rule}": ' if self.rule else ""
        return f"{file}:{self.line}: {rule}{self.message}"


class Notes:
    """The problems found so far, and the lines to find them at."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self.lines = lines
        self.problems: list[Problem] = []

    def error(self, path: Path, rule: str | None, message: str) -> None:
        # Inside a rule the rule's name says where; the path starts after ("rule", number).
        shown = path[2:] if rule is not None else path
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in shown)
        text = f"{where.lstrip('.')}: {message}" if where else message
        self.problems.append(Problem(nearest_line(self.lines, path), rule, "error", text))


class Table:
    """A table of the file; `rule` is the name of the rule around it."""

    def __init__(self, content: object, path: Path, notes: Notes, rule: str | None = None) -> None:
        self.path = path
        self.notes = notes
        self.rule = rule
        self.content: dict[str, Any] = {}
        self._read: set[str] = set()
        if isinstance(content, dict):
            self.content = content
        else:
            notes.error(path, rule, f"must be a table, not {shown(content)}")

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def error(self, key: str | int | None, message: str) -> None:
        self.notes.error(self.path if key is None else (*self.path, key), self.rule, message)

    def value(self, key: str) -> Any:
        self._read.add(key)
        return self.content.get(key)

    def text(self, key: str, known: Collection[str] | None = None, what: str = "word") -> str | None:
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            self.error(key, f"must be text in quotes, not {shown(value)}")
            return None
        return self._known(key, value, known, what)

    def _known(self, key: str, value: str, known: Collection[str] | None, what: str) -> str | None:
        if known is None or value in known:
            return value
        self.error(key, f'unknown {what} "{value}"{nearest(value, known)}')
        return None

    def names(self, key: str, known: Collection[str] | None, what: str) -> tuple[str, ...] | None:
        """A list of words without doubles; None if the key is absent."""
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.error(key, f"must be a list, not {shown(value)}; write [{shown(value)}]")
            return ()
        if not value:
            self.error(key, f"must name at least one {what}")
        for number, item in enumerate(value):
            if not isinstance(item, str) or not item:
                self.error(key, f"[{number}] must be text in quotes, not {shown(item)}")
            elif known is not None and item not in known:
                self.error(key, f'unknown {what} "{item}"{nearest(item, known)}')
        return tuple(dict.fromkeys(item for item in value if isinstance(item, str)))

    def number(self, key: str, least: int = -LARGEST, most: int = LARGEST) -> int | None:
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self.error(key, f"must be a whole number, not {shown(value)}")
            return None
        if not least <= value <= most:
            bound = f"at least {least}" if value < least else f"at most {most}"
            self.error(key, f"must be {bound}, not {value}")
            return None
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.value(key)
        if value is not None and not isinstance(value, bool):
            self.error(key, f"must be true or false, not {shown(value)}")
        return value if isinstance(value, bool) else default

    def duration(self, key: str) -> int | None:
        """Seconds."""
        value = self.value(key)
        if value is None:
            return None
        seconds = duration(value) if isinstance(value, str) else None
        if seconds is None:
            self.error(key, f'must be a duration such as "90m", "12h", "14d" or "2w", not {shown(value)}')
        return seconds

    def tables(self, key: str) -> Iterator[Table]:
        """The tables of a list of tables."""
        value = self.value(key)
        if value is not None and not isinstance(value, list):
            self.error(key, f"must be a list of tables, not {shown(value)}")
            return
        for number, content in enumerate(value or []):
            yield Table(content, (*self.path, key, number), self.notes, self.rule)

    def table(self, key: str) -> Table:
        """The table under a key; an empty one if it is absent."""
        content = self.value(key)
        return Table({} if content is None else content, (*self.path, key), self.notes, self.rule)

    def finish(self, known: Collection[str] | None = None) -> None:
        """Every key that nobody asked for is a mistake."""
        expected = self._read if known is None else known
        for key in self.content:
            if key not in self._read:
                self.error(key, f'unknown key "{key}"{nearest(key, expected)}')


def shown(value: object) -> str:
    """A value of the file, short enough for one line of an error."""
    if isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, dict | list):
        text = "a table" if isinstance(value, dict) else "a list"
    else:
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
