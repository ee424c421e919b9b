"""Whose people somebody may see: the one place where that turns into a condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, true
from sqlmodel import col


@dataclass(frozen=True, slots=True)
class Scope:
    """The owners whose people somebody may see; None where these are everybody's, also nobody's."""

    owners: frozenset[int] | None = None

    def allows(self, owner_id: int | None) -> bool:
        return self.owners is None or owner_id in self.owners

    def where(self, column: Any) -> ColumnElement[bool]:
        """The condition on a column that holds the owner's id."""
        return true() if self.owners is None else col(column).in_(sorted(self.owners))


EVERYBODY = Scope()
