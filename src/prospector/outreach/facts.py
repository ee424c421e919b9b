"""The facts that a template may use, and which of them one rendering has read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from prospector.outreach.wording import words

Facts = Mapping[str, Mapping[str, object] | None]
"""Four groups of plain values: `prospect`, `company`, `engagement` and `sender`. A group that
there is none of (no engagement is answered) is left out or None."""

Fallbacks = Mapping[str, str]
"""What stands for a fact that is missing, by its path as marks show it: `first_name`,
`fields.city`, `company.short_name`."""

VOCABULARY: Mapping[str, frozenset[str]] = {
    "prospect": words("first_name last_name name email title company country timezone stage tags fields"),
    "company": words("name short_name domain fields"),
    "engagement": words("kind text excerpt at url post channel subject"),
    "sender": words("name first_name last_name email company title phone website fields"),
}

VALUE_LIMIT = 10_000
"""Characters of one value, and of what any filter makes of it."""
LIST_LIMIT = 100
"""Items of a list, and so the rounds of a loop."""

# What spreadsheets and exports write for "we do not know". Not `Nan`: that is a given name.
NOTHING = words("nan NaN NAN null NULL none None NONE n/a N/A N/a #N/A #REF! #VALUE! undefined - -- – — ? .")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Missing:
    """A fact that is not known. False in a condition; in the text what stands for it, and where
    nothing does, a mark that a person sees."""

    __slots__ = ("fallback", "path")

    def __init__(self, path: str, fallback: str | None = None) -> None:
        self.path, self.fallback = path, fallback

    def __str__(self) -> str:
        return f"⟨{short(self.path)}?⟩" if self.fallback is None else self.fallback

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __contains__(self, item: object) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return hash(self.path)

    def _never(self, other: object) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _never


class Group:
    """One group of facts in a template: `prospect`, or `prospect.fields`."""

    __slots__ = ("_path", "_reading", "_values")

    def __init__(self, reading: Reading, path: str, values: object) -> None:
        self._reading, self._path = reading, path
        # Nearly always a dict, for which the question costs a tenth.
        self._values = values if isinstance(values, dict | Mapping) else {}

    def get(self, key: str) -> object:
        path = f"{self._path}.{key}"
        value = self._values.get(key)
        if key == "fields":
            return Group(self._reading, path, value)
        return self._reading.note(path, value)

    def missing(self) -> Missing:
        return Missing(self._path)

    def __bool__(self) -> bool:
        self._reading.read[self._path] = known = any(
            plain(value) is not None for value in self._values.values()
        )
        return known


class Reading:
    """The facts of one rendering, and what became of them.

    `read` maps the path of each fact that was used to its value, `fell_back` are the paths for which
    a fallback stands in the text, and `branches` which way each condition went (in words of its own).
    """

    def __init__(self, facts: Facts, fallbacks: Fallbacks | None = None) -> None:
        self._facts = facts
        self._fallbacks = fallbacks or {}
        self._groups: dict[str, Group] = {}
        self.read: dict[str, object] = {}
        self.fell_back: set[str] = set()
        self.branches: set[tuple[str, bool]] = set()

    def groups(self) -> dict[str, Group]:
        if not self._groups:
            self._groups = {name: Group(self, name, self._facts.get(name)) for name in VOCABULARY}
        return self._groups

    def note(self, path: str, value: object) -> object:
        if path not in self.read:
            self.read[path] = plain(value)
        known = self.read[path]
        return Missing(path, self.fallback(path)) if known is None else known

    def fallback(self, path: str) -> str | None:
        """What stands for this fact where it is missing; None where nothing does."""
        text = plain(self._fallbacks.get(short(path)))
        return text if isinstance(text, str) else None


def short(path: str) -> str:
    """A path as people see it: `first_name` for `prospect.first_name`."""
    return path.removeprefix("prospect.")


def plain(value: object) -> object:
    """A value as templates see it: text, number, truth, date or tuple of these; None if unknown."""
    if isinstance(value, str):
        return _known(value)
    if value is None or isinstance(value, bool | date):
        return value
    if isinstance(value, int | float):
        return value if abs(value) < 1e15 else None  # false for what is no number, too
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        kept = (plain(item) for item in tuple(items)[:LIST_LIMIT] if not isinstance(item, list | tuple))
        return tuple(item for item in kept if item is not None) or None
    return None if isinstance(value, Mapping) else _known(str(value))


def _known(text: str) -> str | None:
    text = text[:VALUE_LIMIT]
    bare = text.strip()
    if not bare or bare in NOTHING:
        return None
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def look_up(facts: Facts, path: str) -> object:
    """The value behind a path that a rendering has read, such as `prospect.fields.city`."""
    name, _, rest = path.partition(".")
    group = facts.get(name)
    values = {} if group is None else group
    if not rest:
        return any(plain(value) is not None for value in values.values())
    if rest.startswith("fields."):
        inner = values.get("fields")
        return plain(inner.get(rest.removeprefix("fields."))) if isinstance(inner, Mapping) else None
    if rest == "fields":
        inner = values.get("fields")
        return isinstance(inner, Mapping) and any(plain(value) is not None for value in inner.values())
    return plain(values.get(rest))


def digest(facts: Facts, paths: Iterable[str]) -> str:
    """The hash (32 hex digits) of these facts and no others.

    A draft keeps the paths that it read and this hash: while it is the same, rendering again
    would give the same text, so a changed fact that the draft never used does not make it stale.
    """
    return digest_of({path: look_up(facts, path) for path in paths})


def digest_of(known: Mapping[str, object]) -> str:
    """The hash of these values, by their paths: of what a `Reading` has read, say."""
    text = _ENCODER.encode(sorted(known.items()))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


_ENCODER = json.JSONEncoder(default=_iso)
