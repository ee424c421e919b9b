"""What a row would do: add somebody, change somebody, nothing, or nothing because of what stands in
the way.

Pure. `decide` is what the plan shows and what a run writes: there is no second opinion. An import fills
what was empty and adds profiles and tags; what says otherwise stays as it is, unless somebody chose to
overwrite. Whoever must not be written to, and whoever was erased, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prospector.importing.rows import Said
from prospector.outreach.naming import short_name

ADD, CHANGE, SAME, CONFLICT, REFUSE = "add", "change", "same", "conflict", "refuse"
PLANS = (ADD, CHANGE, SAME, CONFLICT, REFUSE)
NEVER = "never written to"
_SILENT = frozenset({"source", "legal_basis"})
"""What is said of a person once, when they come in; a later file does not argue about it."""
_OF_COMPANY = ("company", "domain")


@dataclass(frozen=True, slots=True)
class Known:
    """A prospect as the plan sees them: their values under the names of `rows.Said` (`company` and
    `domain` are those of their company), their profiles' URLs and tags. `unnamed`: their name is only
    an address or a handle, so that any name fills it."""

    id: int
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    urls: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    unnamed: bool = False


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way of a row: since when somebody was erased, why nobody writes to them, and
    the number of an earlier row of the same person."""

    erased_on: str | None = None
    suppressed: str | None = None
    earlier: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a row would do. `before` and `after` are the values that change, `profiles` and `tags` what
    is added, `conflicts` by field what is known and what the file says."""

    plan: str
    why: str = ""
    prospect_id: int | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    conflicts: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Whether there is something to do."""
        return self.plan == ADD or bool(self.after or self.profiles or self.tags)

    @property
    def erased(self) -> bool:
        """Whether the row is of somebody who asked to be forgotten: none of it may be kept."""
        return self.plan == REFUSE and self.why.startswith(_ERASED)


_ERASED = "they asked to be forgotten"


def refused(why: str) -> Decision:
    """A row that does nothing, and why."""
    return Decision(REFUSE, why)


def decide(said: Said, known: Sequence[Known], obstacle: Obstacle, overwrite: bool = False) -> Decision:
    """What a row does; `known` are the prospects whom its address and its profiles name."""
    if obstacle.erased_on is not None:
        return refused(f"{_ERASED} on {obstacle.erased_on}; they stay out")
    if len(known) > 1:
        both = " and ".join(f"{one.name} ({one.id})" for one in known)
        return Decision(CONFLICT, f"it names {both}, who are two people here; merge them first")
    if obstacle.suppressed is not None:
        person = known[0].id if known else None
        return Decision(REFUSE, f"{NEVER}: {obstacle.suppressed}", person)
    if obstacle.earlier is not None:
        return refused(f"the same person as row {obstacle.earlier}")
    if not known:
        urls = tuple(ref.url for ref in said.refs)
        return Decision(ADD, "; ".join(said.remarks), None, {}, _named(said), urls, said.tags)
    return _of_known(said, known[0], overwrite)


def _of_known(said: Said, person: Known, overwrite: bool) -> Decision:
    after, conflicts = _compared(said, person)
    if overwrite:
        after |= {name: new for name, (_, new) in conflicts.items()}
        conflicts = {}
    before = {name: person.values.get(name) for name in after}
    profiles = tuple(ref.url for ref in said.refs if ref.url not in person.urls)
    known_tags = {tag.casefold() for tag in person.tags}
    tags = tuple(tag for tag in said.tags if tag.casefold() not in known_tags)
    writes = bool(after or profiles or tags)
    plan = CONFLICT if conflicts else CHANGE if writes else SAME
    why = "; ".join([*_disputed(conflicts), *said.remarks])
    return Decision(plan, why, person.id, before, after, profiles, tags, conflicts)


def _compared(said: Said, person: Known) -> tuple[dict[str, Any], dict[str, tuple[Any, Any]]]:
    """What the row fills, and where it says otherwise."""
    fills: dict[str, Any] = {}
    conflicts: dict[str, tuple[Any, Any]] = {}
    for name, new in said.values.items():
        old = person.values.get(name)
        if name in _OF_COMPANY:
            old = person.values.get("company") or person.values.get("domain")
        if old is None or old == "" or (name == "name" and person.unnamed):
            if not _is_equal(name, old, new, person):
                fills[name] = new
        elif name != "domain" and not _is_equal(name, old, new, person) and name not in _SILENT:
            conflicts[name] = (old, new)
    if "value" not in fills and "value" not in conflicts and person.values.get("value") is None:
        fills.pop("currency", None)
    return fills, conflicts


def _is_equal(name: str, old: Any, new: Any, person: Known) -> bool:
    if name == "company" and isinstance(old, str) and isinstance(new, str):
        return short_name(old).casefold() == short_name(new).casefold() or person.values.get("domain") == new
    if name == "email" and f"mailto:{new}" in person.urls:
        return True  # a second address of theirs
    if isinstance(old, str) and isinstance(new, str):
        return " ".join(old.split()).casefold() == " ".join(new.split()).casefold()
    return bool(old == new)


def _disputed(conflicts: Mapping[str, tuple[Any, Any]]) -> list[str]:
    return [
        f"{name.removeprefix('fields.').replace('_id', '').replace('_', ' ')} is {old}, the file says {new}"
        for name, (old, new) in conflicts.items()
    ]


def _named(said: Said) -> dict[str, Any]:
    """The values of a new person: whose name nobody knows is called by the address, which no template
    takes for a name."""
    others = [said.email, *(ref.handle for ref in said.refs)]
    return {"name": next((other for other in others if other), None), **said.values}
