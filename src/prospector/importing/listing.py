"""The plan of an import for pages and commands: counts, the rows of each kind, what came of them, and
the rows that were refused as a file to mend and bring again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from prospector.importing import plan as planned
from prospector.importing import staging
from prospector.importing.guard import guarded
from prospector.importing.staging import UNREADABLE
from prospector.models import ImportRow, Prospect, Run, User
from prospector.team import assignment

PAGE = 500


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a person: what it is now and what the import makes of it, in words."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the plan. `name` is whom it is about, `why` what stands in the way or was left out;
    `changes` are done, `conflicts` are not: there `before` stays and `after` is what the file says."""

    number: int
    plan: str
    why: str
    name: str
    prospect_id: int | None
    changes: tuple[Change, ...]
    conflicts: tuple[Change, ...]
    cells: Mapping[str, str]
    done: bool
    left: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: `done` of `rows` in its present state."""

    state: str
    rows: int
    done: int
    errors: int

    @property
    def busy(self) -> bool:
        """Whether something is under way, so that a page should ask again."""
        return self.state in (staging.STAGING, staging.PLANNING, staging.APPLYING, staging.UNDOING)


def progress(session: Session, run_id: int) -> Progress:
    """How far an import is. Raises `ImportingError`."""
    detail = staging.find(session, run_id).detail
    return Progress(detail["state"], detail["rows"], detail["done"], detail["errors"])


def counts(session: Session, run_id: int) -> dict[str, int]:
    """How many rows add, change, say the same, conflict and are refused. Once the import is done this
    tells what came of them."""
    found = staging.counted(session, run_id)
    return {name: found.get(name, 0) for name in planned.PLANS}


def rows(session: Session, run_id: int, plan: str | None, after: int, limit: int) -> list[Row]:
    """Rows in their order, of one plan or of all, those with a number above `after`."""
    statement = select(ImportRow).where(ImportRow.run_id == run_id, col(ImportRow.number) > after)
    if plan is not None:
        statement = statement.where(ImportRow.plan == plan)
    page = session.exec(statement.order_by(col(ImportRow.number)).limit(limit)).all()
    detail = staging.find(session, run_id).detail
    ids = {row.prospect_id for row in page if row.prospect_id is not None}
    people = select(Prospect.id, Prospect.name).where(col(Prospect.id).in_(ids))
    names, owners = dict(session.exec(people).all()), assignment.names(session)
    return [_row(row, detail["mapping"], names, owners) for row in page]


def _row(
    row: ImportRow, mapping: Mapping[str, str], names: Mapping[int, str], owners: Mapping[int, str]
) -> Row:
    known = names.get(row.prospect_id) if row.prospect_id is not None else None
    cells = {name: text for name, text in row.cells.items() if name != UNREADABLE}
    return Row(
        number=row.number,
        plan=row.plan,
        why=row.why or "",
        name=known or str(row.after.get("values", {}).get("name") or _name(cells, mapping)),
        prospect_id=row.prospect_id,
        changes=tuple(_changes(row, owners)),
        conflicts=tuple(
            Change(_field(name), said(name, old, owners), said(name, new, owners))
            for name, (old, new) in row.after.get("conflicts", {}).items()
        ),
        cells=cells,
        done=row.done_at is not None,
        left=row.left or "",
    )


def _changes(row: ImportRow, owners: Mapping[int, str]) -> Iterator[Change]:
    before = row.before.get("values", {})
    for name, new in row.after.get("values", {}).items():
        yield Change(_field(name), said(name, before.get(name), owners), said(name, new, owners))
    for url in row.after.get("profiles", ()):
        yield Change("profile", "", url)
    if tags := row.after.get("tags"):
        yield Change("tags", "", ", ".join(tags))


def _name(cells: Mapping[str, str], mapping: Mapping[str, str]) -> str:
    """Whom a row is about that was not read to the end: by its cells."""
    for wanted in (("name",), ("first_name", "last_name"), ("email",), ("profile",)):
        found = [cells[column] for column, field in mapping.items() if field in wanted and column in cells]
        if found:
            return " ".join(found)[:120]
    return ""


def _field(name: str) -> str:
    return name.removeprefix("fields.").removesuffix("_id").replace("_", " ")


def said(name: str, value: Any, owners: Mapping[int, str]) -> str:
    """A value of a field in words; nothing for none."""
    if value is None:
        return ""
    if name == "owner_id":
        return owners.get(value, "somebody who has left")
    return f"{value / 100:,.2f}".removesuffix(".00") if name == "value" else str(value)


def columns(session: Session, run_id: int) -> Sequence[str]:
    """The columns of the file. Raises `ImportingError`."""
    found: Sequence[str] = staging.find(session, run_id).detail["columns"]
    return found


def errors_csv(session: Session, run_id: int) -> Iterator[str]:
    """The rows that were refused or are in conflict, as the file had them, with their number and the
    reason: to be mended and imported again. Line by line; cells cannot act as formulas."""
    names = list(columns(session, run_id))
    yield _line(["row", "reason", *names])
    for plan in (planned.REFUSE, planned.CONFLICT):
        after = 0
        while page := _page(session, run_id, plan, after):
            for number, why, cells in page:
                yield _line([str(number), why or "", *(cells.get(name, "") for name in names)])
            after = page[-1][0]


def _page(session: Session, run_id: int, plan: str, after: int) -> list[tuple[int, str | None, Any]]:
    statement = select(ImportRow.number, ImportRow.why, ImportRow.cells).where(
        ImportRow.run_id == run_id, ImportRow.plan == plan, col(ImportRow.number) > after
    )
    page = session.exec(statement.order_by(col(ImportRow.number)).limit(PAGE))
    return [(number, why, cells) for number, why, cells in page]


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([guarded(cell) for cell in cells])
    return text.getvalue()


def imports(
    session: Session, only: int | None, limit: int, before: int | None = None
) -> list[dict[str, Any]]:
    """The newest imports, also those that are not applied; `only`: this user's, `before`: those under
    this number."""
    statement = select(Run, User.name).join(User, col(User.id) == col(Run.user_id), isouter=True)
    statement = statement.where(Run.kind == staging.IMPORT)
    if only is not None:
        statement = statement.where(Run.user_id == only)
    if before is not None:
        statement = statement.where(col(Run.id) < before)
    found = session.exec(statement.order_by(col(Run.id).desc()).limit(limit)).all()
    return [
        {
            "run": run.id,
            "filename": run.detail["filename"],
            "kind": run.detail["kind"],
            "at": run.at,
            "by": name,
            "state": run.detail["state"],
            "rows": run.detail["rows"],
        }
        for run, name in found
    ]
