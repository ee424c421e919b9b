"""A file becomes rows of a run that nothing has come of yet: read once, streamed, page by page.

The run's `detail` tells how far it is (`State`); the rows keep their cells until the plan is made and
applied, so that a mapping can be corrected without the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlmodel import Session, col, delete, func, select

from prospector.importing import formats, mapping
from prospector.importing.sheet import FormatError, Record, Sheet
from prospector.models import ColumnMapping, ImportRow, Run
from prospector.store import Store, by_id, insert_new

IMPORT = "import"
PAGE = 500
SAMPLES = 200
SHOWN = 5
KEPT = timedelta(days=7)
"""A file that was read and not imported is forgotten after so long: it is full of people."""
MOST_FORGOTTEN = 5
"""Of one transaction, since each may have 200,000 rows."""
UNREADABLE = ""
"""The cell of a row that could not be read: it has no column, and stays refused whatever the mapping."""

STAGING, STAGED, PLANNING, PLANNED = "staging", "staged", "planning", "planned"
APPLYING, DONE, UNDOING, UNDONE = "applying", "done", "undoing", "undone"
"""The states of an import, in their order (`Run.detail["state"]`)."""


class ImportingError(Exception):
    """This cannot be done with the import as it is; the message says why."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A file that was read: `samples` are the first rows, `rows_read` counts all, `errors` those that
    cannot be read; `remembered`: the mapping is the one of an earlier file with these headings."""

    filename: str
    kind: str
    encoding: str | None
    delimiter: str | None
    columns: tuple[str, ...]
    mapping: Mapping[str, str]
    samples: tuple[Mapping[str, str], ...]
    rows_read: int
    errors: int
    remembered: bool
    state: str


def stage(
    store: Store,
    file: Path | IO[bytes],
    filename: str,
    *,
    source: str = "",
    basis: str = "",
    user_id: int | None = None,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    said: Sequence[str] = (),
    encoding: str | None = None,
    delimiter: str | None = None,
) -> int:
    """Read a file into a new run; its number. `source` says where the people are from, `basis` why
    they may be written to; `mapping` is by column, `said` corrects the guess as field=column. Raises
    `FormatError`, `OSError`; nothing is left of a file that cannot be read."""
    with formats.opened(file, encoding, delimiter) as sheet:
        detail: dict[str, Any] = {
            "filename": formats.plain_name(filename),
            "kind": sheet.kind,
            "encoding": sheet.encoding,
            "delimiter": sheet.delimiter,
            "columns": list(sheet.columns),
            "mapping": {},
            "source": source,
            "basis": basis,
            "state": STAGING,
            "rows": 0,
            "done": 0,
            "errors": 0,
        }
        run_id = store.write(lambda session: _begin(session, detail, user_id, now))
        try:
            _fill(store, run_id, sheet, mapping, said)
        except BaseException:
            store.write(lambda session: discard(session, run_id))
            raise
    return run_id


def _begin(session: Session, detail: dict[str, Any], user_id: int | None, now: datetime) -> int:
    run = Run(kind=IMPORT, at=now, user_id=user_id, detail=detail)
    session.add(run)
    session.flush()
    return run.id


def _fill(
    store: Store, run_id: int, sheet: Sheet, chosen: Mapping[str, str] | None, said: Sequence[str]
) -> None:
    rows = iter(sheet.rows)
    page = list(islice(rows, PAGE))
    samples = [row.cells for row in page[:SAMPLES] if not row.problem]
    if not page:
        raise FormatError("There are no rows below the headings.")
    with store.reading() as session:
        known = remembered(session, sheet.columns)
    found = dict(chosen) if chosen is not None else known or mapping.guess(sheet.columns, samples)
    found = mapping.corrected(found, said, sheet.columns)
    if wrong := mapping.problems(found, sheet.columns):
        if chosen is not None or said:
            raise FormatError(wrong[0])
        found = {column: field for column, field in found.items() if mapping.is_field(field)}
    keep(store, run_id, mapping=found, remembered=known is not None and chosen is None)
    while page:
        store.write(partial(_insert, run_id=run_id, page=page))
        page = list(islice(rows, PAGE))
    keep(store, run_id, state=STAGED)


def _insert(session: Session, run_id: int, page: Sequence[Record]) -> None:
    rows = [
        {
            "run_id": run_id,
            "number": row.number,
            "cells": row.cells if not row.problem else {**row.cells, UNREADABLE: row.problem},
            "plan": "refuse" if row.problem else "read",
            "why": row.problem or None,
            "before": {},
            "after": {},
        }
        for row in page
    ]
    insert_new(session, ImportRow, rows, ("number",))
    run = session.get_one(Run, run_id)
    unreadable = sum(bool(row.problem) for row in page)
    run.note(rows=run.detail["rows"] + len(page), errors=run.detail["errors"] + unreadable)


def remembered(session: Session, columns: Sequence[str]) -> dict[str, str] | None:
    """What columns with these headings meant, the last time that somebody said; None for never."""
    row = session.get(ColumnMapping, mapping.signature(columns))
    if row is None:
        return None
    by_slug = {mapping.slug(column): field for column, field in row.mapping.items()}
    found = {column: by_slug[mapping.slug(column)] for column in columns if mapping.slug(column) in by_slug}
    return found if found and not mapping.problems(found, columns) else None


def preview(session: Session, run_id: int) -> Preview:
    """The file as it was read, for the page of its mapping. Raises `ImportingError`."""
    run = find(session, run_id)
    detail = run.detail
    first = select(ImportRow.cells).where(ImportRow.run_id == run_id).order_by(col(ImportRow.number))
    cells = [row for row in session.exec(first.limit(4 * SHOWN)) if UNREADABLE not in row]
    return Preview(
        filename=detail["filename"],
        kind=detail["kind"],
        encoding=detail["encoding"],
        delimiter=detail["delimiter"],
        columns=tuple(detail["columns"]),
        mapping=dict(detail["mapping"]),
        samples=tuple(cells[:SHOWN]),
        rows_read=detail["rows"],
        errors=detail["errors"],
        remembered=bool(detail.get("remembered")),
        state=detail["state"],
    )


def remap(store: Store, run_id: int, chosen: Mapping[str, str], now: datetime) -> None:
    """Say what the columns mean; the plan is to be made again, and the next file with these headings
    begins with it. Raises `ImportingError`, `FormatError`."""

    def work(session: Session) -> None:
        run = find(session, run_id, STAGED, PLANNING, PLANNED)
        columns = run.detail["columns"]
        if wrong := mapping.problems(chosen, columns):
            raise FormatError(" ".join(wrong))
        run.note(mapping=dict(chosen), state=STAGED, planned_to=0, done=0, remembered=False)
        remember(session, columns, chosen, now)

    store.write(work)


def remember(session: Session, columns: Sequence[str], chosen: Mapping[str, str], now: datetime) -> None:
    """Keep what these headings mean for the next file."""
    key = mapping.signature(columns)
    session.merge(ColumnMapping(signature=key, mapping=dict(chosen), at=now))


def find(session: Session, run_id: int, *states: str) -> Run:
    """An import; with `states`, in one of them. Raises `ImportingError`."""
    run = by_id(session, Run, run_id)
    if run is None or run.kind != IMPORT:
        raise ImportingError(f"There is no import {run_id}.")
    if states and run.detail["state"] not in states:
        raise ImportingError(_WORDS.get(run.detail["state"], "The import is not so far."))
    return run


_WORDS = {
    STAGING: "The file is still being read.",
    STAGED: "The plan is to be made first.",
    PLANNING: "The plan is still being made.",
    APPLYING: "The import is under way.",
    DONE: "The import is done; it can be taken back.",
    UNDOING: "The import is being taken back.",
    UNDONE: "The import was taken back.",
}


def keep(store: Store, run_id: int, **values: Any) -> None:
    """Note how far a run is."""
    store.write(lambda session: session.get_one(Run, run_id).note(**values))


def discard(session: Session, run_id: int) -> None:
    """Forget a file that nothing has come of. Raises `ImportingError`."""
    find(session, run_id, STAGING, STAGED, PLANNING, PLANNED)
    session.exec(delete(ImportRow).where(col(ImportRow.run_id) == run_id))
    session.exec(delete(Run).where(col(Run.id) == run_id))


def forget_stale(session: Session, now: datetime) -> int:
    """Forget files that were read long ago and never imported; how many."""
    waiting = col(Run.detail)["state"].as_string().in_((STAGING, STAGED, PLANNING, PLANNED))
    old = select(Run.id).where(Run.kind == IMPORT, col(Run.at) < now - KEPT, waiting).limit(MOST_FORGOTTEN)
    stale = list(session.exec(old))
    for run_id in stale:
        discard(session, run_id)
    return len(stale)


def counted(session: Session, run_id: int) -> dict[str, int]:
    """How many rows of a run have each plan, `read` among them while there is none."""
    statement = select(ImportRow.plan, func.count()).where(ImportRow.run_id == run_id)
    return dict(session.exec(statement.group_by(col(ImportRow.plan))).all())
