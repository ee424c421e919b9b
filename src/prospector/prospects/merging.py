"""Two rows of one person become one: what the one that lives on gets, and what of that goes back.

A merge is kept cell by cell, as each was before and after, so that taking it back restores exactly
what is still as the merge left it, and names what somebody has changed since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MERGED = "they were entered twice and are one person now"
ELSEWHERE = "they were written to already, as the other row of theirs"
ALONE: tuple[tuple[str, ...], ...] = (
    ("email",),
    ("title",),
    ("company_id",),
    ("country",),
    ("timezone",),
    ("owner_id",),
    ("value", "currency"),
    ("expected_close_on",),
    ("lost_reason",),
    ("legal_basis",),
    ("source", "source_at"),
)
"""Fields that are filled where there is nothing; those of one group only together."""
SHOWN = frozenset({"name", "email", "title", "company_id", "country", "timezone", "owner_id", "value"})
"""The fields of which the page shows that the two differ."""

Snapshot = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Cells by table, key and column."""
Cell = tuple[str, str, str]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Joined:
    """What the row that lives on gets: `values` by field, and where the two `differ` the kept value
    before the other's. `address` is the other's address where it becomes a second one."""

    values: Mapping[str, Any]
    differ: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    address: str | None = None


def joined(kept: Row, other: Row, stages: Sequence[str]) -> Joined:
    """What the kept row gets of the other, both by field. Its own values stand and the other's fill the
    gaps; tags are put together; a pause of either holds; the history begins where the earlier one did,
    from the further of the two stages (in the order of `stages`)."""
    values: dict[str, Any] = {}
    for group in ALONE:
        if kept[group[0]] in (None, "") and other[group[0]] not in (None, ""):
            values |= {name: other[name] for name in group}
    if tags := [tag for tag in other["tags"] if tag not in kept["tags"]]:
        values["tags"] = [*kept["tags"], *tags]
    if own := _gaps(kept["fields"], other["fields"]):
        values["fields"] = {**kept["fields"], **own}
    values |= _pause(kept, other) | _beginning(kept, other, stages)
    address = other["email"] if other["email"] is not None and "email" not in values else None
    return Joined(values, _differences(kept, other), address)


def _gaps(kept: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in other.items()
        if value not in (None, "") and kept.get(name) in (None, "")
    }


def _pause(kept: Row, other: Row) -> dict[str, Any]:
    """The later of two pauses, with its reason."""
    if other["paused_until"] is None or (
        kept["paused_until"] and kept["paused_until"] >= other["paused_until"]
    ):
        return {}
    return {"paused_until": other["paused_until"], "paused_why": other["paused_why"]}


def _beginning(kept: Row, other: Row, stages: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if other["tracked_from"] < kept["tracked_from"]:
        values["tracked_from"] = other["tracked_from"]
    if other["created_at"] < kept["created_at"]:
        values["created_at"] = other["created_at"]
    rank = {stage: number for number, stage in enumerate(stages)}
    if rank.get(other["start_stage"], -1) > rank.get(kept["start_stage"], -1):
        values["start_stage"] = other["start_stage"]
    return values


def _differences(kept: Row, other: Row) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (kept[name], other[name]) for name in sorted(SHOWN)}
    own = kept["fields"].keys() & other["fields"].keys()
    pairs |= {name: (kept["fields"][name], other["fields"][name]) for name in sorted(own - SHOWN)}
    return {
        name: pair
        for name, pair in pairs.items()
        if pair[0] not in (None, "") and pair[1] not in (None, "") and pair[0] != pair[1]
    }


# --- Cells --------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A value as JSON keeps it, by which two moments can be compared."""
    return value.isoformat() if isinstance(value, datetime) else value


def changed(before: Snapshot, after: Snapshot) -> dict[str, dict[str, dict[str, list[Any]]]]:
    """The cells that differ, each as it was and as it is; of rows that are in both."""
    found: dict[str, dict[str, dict[str, list[Any]]]] = {}
    for table, rows in after.items():
        for key, cells in rows.items():
            was = before.get(table, {}).get(key)
            differ = {
                column: [was[column], value]
                for column, value in cells.items()
                if was is not None and was[column] != value
            }
            if differ:
                found.setdefault(table, {})[key] = differ
    return found


def made(before: Snapshot, after: Snapshot) -> dict[str, list[str]]:
    """The keys of the rows that are only in the second, by table."""
    new = {table: [key for key in rows if key not in before.get(table, {})] for table, rows in after.items()}
    return {table: keys for table, keys in new.items() if keys}


def back(
    changes: Mapping[str, Mapping[str, Mapping[str, Sequence[Any]]]], now: Snapshot
) -> tuple[dict[str, dict[str, dict[str, Any]]], list[Cell]]:
    """What to write to take the changes back, and the cells that somebody changed since."""
    values: dict[str, dict[str, dict[str, Any]]] = {}
    left: list[Cell] = []
    for table, rows in changes.items():
        for key, cells in rows.items():
            known = now.get(table, {}).get(key)
            for column, (was, then) in cells.items():
                if known is not None and known[column] == then:
                    values.setdefault(table, {}).setdefault(key, {})[column] = was
                else:
                    left.append((table, key, column))
    return values, left
