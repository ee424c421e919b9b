"""Files of people over the API: bring one, look at its plan, apply it, take it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, BackgroundTasks, File, Form, Path, Query, UploadFile
from pydantic import BaseModel
from sqlmodel import Session

from prospector.importing import listing, mapping, planning, staging
from prospector.importing.plan import PLANS
from prospector.importing.sheet import FormatError
from prospector.importing.staging import ImportingError
from prospector.installation import Installation, utc_now
from prospector.web import imports as pages
from prospector.web.api import ANSWERS
from prospector.web.problems import InvalidError, NotThereError
from prospector.web.viewer import Aftermath, Opened, Signed

router = APIRouter(prefix="/api/imports", tags=["imports"], responses=ANSWERS)
Id = Annotated[int, Path(ge=1, lt=2**31)]
Short = Annotated[str, Form(max_length=500)]
Plan = Literal["add", "change", "same", "conflict", "refuse"]


class Import(BaseModel):
    """An import. `state` is staging, staged, planning, planned, applying, done, undoing or undone; `done`
    of `rows` is how far that is; `counts` tell by plan what it does, or did."""

    run: int
    filename: str
    kind: str
    encoding: str | None
    delimiter: str | None
    columns: list[str]
    mapping: dict[str, str]
    source: str
    basis: str
    state: str
    rows: int
    done: int
    errors: int
    counts: dict[str, int]


class Listed(BaseModel):
    """An import in the list."""

    run: int
    filename: str
    kind: str
    at: datetime
    by: str | None
    state: str
    rows: int


class Change(BaseModel):
    """One field: what it is, and what the file says."""

    field: str
    before: str
    after: str


class Row(BaseModel):
    """A row of the plan; `conflicts` are not done, `why` says what stands in the way."""

    number: int
    plan: Plan | Literal["read"]
    why: str
    name: str
    prospect: int | None
    changes: list[Change]
    conflicts: list[Change]


class Meaning(BaseModel):
    """What the columns mean, by column: a field, or `fields.NAME`; what is left out is not imported."""

    mapping: dict[str, str]
    overwrite: bool = False


@router.get("")
def listed(
    viewer: Signed,
    installation: Opened,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> list[Listed]:
    """What was brought, the newest first; `before`: those under this number."""
    with installation.store.reading() as session:
        return [Listed(**row) for row in listing.imports(session, None, limit, before)]


@router.post("", status_code=201)
def bring(
    viewer: Signed,
    installation: Opened,
    aftermath: Aftermath,
    later: BackgroundTasks,
    file: Annotated[UploadFile | None, File()] = None,
    text: pages.Pasted = "",
    source: Short = "",
    basis: Short = "",
    note: Short = "",
) -> Import:
    """Bring a file (multipart/form-data) with where the people are from and why they may be written to;
    the plan is made by itself where the columns can be guessed. Nothing is written yet."""
    about = pages.said(source, basis, note)
    stream, filename = pages.brought(installation, file, text)
    run_id = pages.read(installation, viewer, stream, filename, **about)
    found = _import(installation, run_id)

    def make() -> None:
        planning.plan(installation.store, aftermath, run_id, utc_now)

    if mapping.problems(found.mapping, found.columns):
        return found
    return _in_the_end(installation, later, run_id, found.rows, make)


@router.get("/{import_id}")
def one(viewer: Signed, installation: Opened, import_id: Id) -> Import:
    """One import where it is."""
    return _import(installation, import_id)


@router.get("/{import_id}/rows")
def rows(
    viewer: Signed,
    installation: Opened,
    import_id: Id,
    plan: Plan | None = None,
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[Row]:
    """Rows of the plan in their order, those with a number above `after`."""
    _import(installation, import_id)
    with installation.store.reading() as session:
        return [_row(row) for row in listing.rows(session, import_id, plan, after, limit)]


@router.post("/{import_id}/mapping")
def remap(
    viewer: Signed,
    installation: Opened,
    aftermath: Aftermath,
    later: BackgroundTasks,
    import_id: Id,
    body: Meaning,
) -> Import:
    """Say what the columns mean; the plan is made anew."""
    with installation.store.reading() as session:
        number = pages.detail_of(session, import_id, staging.STAGED, staging.PLANNED)["rows"]
    try:
        staging.remap(installation.store, import_id, body.mapping, utc_now())
    except FormatError as error:
        raise InvalidError(str(error), {"mapping": str(error)}) from None

    def make() -> None:
        planning.plan(installation.store, aftermath, import_id, utc_now, overwrite=body.overwrite)

    return _in_the_end(installation, later, import_id, number, make)


@router.post("/{import_id}/apply")
def apply(
    viewer: Signed, installation: Opened, aftermath: Aftermath, later: BackgroundTasks, import_id: Id
) -> Import:
    """Do what the plan says; of a long file the answer is `applying`, to be asked for again."""
    number, go_on = pages.applied(installation, aftermath, import_id)
    return _in_the_end(installation, later, import_id, number, go_on)


@router.post("/{import_id}/undo")
def undo(
    viewer: Signed, installation: Opened, aftermath: Aftermath, later: BackgroundTasks, import_id: Id
) -> Import:
    """Take an import back, also one that is under way."""
    number, go_on = pages.taken_back(installation, aftermath, import_id)
    return _in_the_end(installation, later, import_id, number, go_on)


def _in_the_end(
    installation: Installation, later: BackgroundTasks, run_id: int, number: int, work: Callable[[], None]
) -> Import:
    if number > pages.AT_ONCE:
        later.add_task(work)
    else:
        work()
    return _import(installation, run_id)


def _import(installation: Installation, run_id: int) -> Import:
    def read(session: Session) -> Import:
        try:
            detail = staging.find(session, run_id).detail
        except ImportingError as error:
            raise NotThereError(str(error)) from None
        return _said(run_id, detail, listing.counts(session, run_id))

    with installation.store.reading() as session:
        return read(session)


def _said(run_id: int, detail: Mapping[str, Any], counts: Mapping[str, int]) -> Import:
    names = set(Import.model_fields) - {"run", "counts"}
    known = {name: detail[name] for name in names}
    return Import(run=run_id, counts={name: counts[name] for name in PLANS}, **known)


def _row(row: listing.Row) -> Row:
    return Row(
        number=row.number,
        plan=row.plan,
        why=row.why,
        name=row.name,
        prospect=row.prospect_id,
        changes=[Change(field=one.field, before=one.before, after=one.after) for one in row.changes],
        conflicts=[Change(field=one.field, before=one.before, after=one.after) for one in row.conflicts],
    )
