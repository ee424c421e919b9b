"""Bringing people from files: upload or paste, say what the columns mean, look at the plan, apply it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping
from typing import IO, Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse, StreamingResponse
from sqlmodel import Session
from starlette.background import BackgroundTask

from prospector import uploads
from prospector.consequences import Consequences
from prospector.http import Network
from prospector.importing import applying, links, listing, mapping, planning, staging, undoing
from prospector.importing.plan import PLANS
from prospector.importing.sheet import FormatError
from prospector.importing.staging import ImportingError
from prospector.installation import Installation, utc_now
from prospector.models import HIGHEST_ID
from prospector.prospects.details import storable
from prospector.web.problems import InvalidError, NotNowError, NotThereError
from prospector.web.rendering import page
from prospector.web.viewer import Aftermath, Opened, Signed, Viewer

SIZE = 50
AT_ONCE = 500
"""Files of so many rows are planned and applied before the answer; of longer ones the page shows how far."""
BASES: Mapping[str, str] = {
    "legitimate interest": "Legitimate interest, noted below",
    "express consent": "They agreed",
    "existing customer": "They are or were customers",
    "inquiry": "They asked us",
    "published address": "They publish the address for this",
}
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "cp1252",
    "cp1250",
    "cp1251",
    "iso-8859-15",
    "mac-roman",
    "cp850",
)
DELIMITERS: Mapping[str, str] = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
router = APIRouter(include_in_schema=False)
Short = Annotated[str, Form(max_length=500)]
Pasted = Annotated[str, Form(max_length=900_000)]
Id = Annotated[int, Query(ge=0, le=HIGHEST_ID)]


@router.get("/imports")
def imports(
    request: Request,
    viewer: Signed,
    installation: Opened,
    before: Annotated[int | None, Query(ge=1, le=HIGHEST_ID)] = None,
) -> Response:
    """What was brought, the newest first."""
    with installation.store.reading() as session:
        rows = listing.imports(session, None, SIZE + 1, before)
    return page(request, viewer, "imports.html", rows=rows[:SIZE], more=len(rows) > SIZE, before=before)


@router.get("/imports/new")
def new(request: Request, viewer: Signed) -> Response:
    """The form: the file, or text, with where the people are from and why they may be written to."""
    return _form(request, viewer, {}, {}, 200)


@router.post("/imports")
def bring(
    request: Request,
    viewer: Signed,
    installation: Opened,
    file: Annotated[UploadFile | None, File()] = None,
    text: Pasted = "",
    source: Short = "",
    basis: Short = "",
    note: Short = "",
) -> Response:
    """Read a file; nothing is imported yet."""
    given = {"text": text, "source": source, "basis": basis, "note": note}
    try:
        about = said(source, basis, note)
        stream, filename = brought(installation, file, text)
        run_id = read(installation, viewer, stream, filename, **about)
    except InvalidError as error:
        return _form(request, viewer, given, error.fields, 422)
    return RedirectResponse(f"/imports/{run_id}", 303)


def brought(installation: Installation, file: UploadFile | None, text: str) -> tuple[IO[bytes], str]:
    """The one thing that was brought; what is behind a link is fetched, which takes seconds. Raises
    `InvalidError`."""
    chosen, words = file is not None and bool(file.filename), text.strip()
    if chosen and words:
        raise InvalidError("Two things.", {"file": "Choose a file or paste text, not both."})
    if file is not None and chosen:
        return file.file, file.filename or ""
    if links.is_link(words) and len(words.split()) == 1:
        try:
            found = asyncio.run(_fetched(installation, words))
        except FormatError as error:
            raise InvalidError(str(error), {"text": str(error)}) from None
        return found.stream, found.filename
    if words:
        return io.BytesIO(text.encode("utf-8", "replace")), "pasted text"
    raise InvalidError("Nothing.", {"file": "Choose a file, or paste rows below."})


async def _fetched(installation: Installation, url: str) -> links.Fetched:
    async with Network(contact=installation.settings.file.contact) as network:
        return await links.fetch(network, url)


def said(source: str, basis: str, note: str) -> dict[str, str]:
    """Where the people are from, and why they may be written to. Raises `InvalidError`."""
    wrong: dict[str, str] = {}
    whence, words = storable(source), storable(note)
    if not whence:
        wrong["source"] = "Say where the people are from: they may ask, and the first mail has to tell."
    if basis not in BASES:
        wrong["basis"] = "Choose why they may be written to."
    elif basis == "legitimate interest" and not words:
        wrong["note"] = "Say in a few words what the interest is."
    if wrong:
        raise InvalidError("Something is missing.", wrong)
    return {"source": whence, "basis": f"{basis}: {words}" if words else basis}


def read(installation: Installation, viewer: Viewer, stream: IO[bytes], filename: str, **about: Any) -> int:
    """Keep a file in the workspace and stage it; the number of the run. Raises `InvalidError`."""
    root = installation.workspace.root
    token = None
    try:
        token = uploads.keep(root, stream)
        run_id = _stage(installation, viewer, token, filename, **about)
    except FormatError as error:
        uploads.drop(root, token)
        raise InvalidError(str(error), {"file": str(error)}) from None
    uploads.sweep(root, utc_now())
    return run_id


def _stage(installation: Installation, viewer: Viewer, token: str, filename: str, **about: Any) -> int:
    path = uploads.path_of(installation.workspace.root, token)
    if path is None:
        raise FormatError("The file is not kept any more; bring it again.")
    store, now = installation.store, utc_now()
    run_id = staging.stage(store, path, storable(filename)[:200], user_id=viewer.id, now=now, **about)
    staging.keep(store, run_id, upload=token)
    return run_id


def _form(
    request: Request, viewer: Viewer, given: Mapping[str, str], errors: Mapping[str, str], status: int
) -> Response:
    blank = {"text": "", "source": "", "basis": "", "note": ""}
    values: dict[str, Any] = {"given": blank | dict(given), "errors": errors, "bases": BASES}
    return page(request, viewer, "import-new.html", status=status, **values)


# --- one import ---------------------------------------------------------------------------------


@router.get("/imports/{import_id}")
def one(
    request: Request,
    viewer: Signed,
    installation: Opened,
    import_id: int,
    plan: Annotated[str, Query(max_length=20)] = "",
    after: Id = 0,
    map: bool = False,
) -> Response:
    """One import where it is: the columns, the plan, how far it is, or what came of it."""
    return _one(request, viewer, installation, import_id, plan=plan, after=after, columns=map)


def _one(
    request: Request,
    viewer: Viewer,
    installation: Installation,
    import_id: int,
    *,
    plan: str = "",
    after: int = 0,
    columns: bool = False,
    wrong: str = "",
    chosen: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    with installation.store.reading() as session:
        values = _values(session, installation, import_id, plan, after)
    values["mapping"] = columns or bool(wrong) or values["state"] == staging.STAGED
    if chosen is not None:
        values["chosen"] = dict(chosen)
    return page(
        request, viewer, "import.html", block="state", status=status, page="imports", wrong=wrong, **values
    )


def _values(
    session: Session, installation: Installation, import_id: int, plan: str, after: int
) -> dict[str, Any]:
    try:
        preview = staging.preview(session, import_id)
        far = listing.progress(session, import_id)
    except ImportingError as error:
        raise NotThereError(str(error)) from None
    counts = listing.counts(session, import_id)
    shown = plan if plan in PLANS else next((name for name in PLANS if counts[name]), PLANS[0])
    detail = staging.find(session, import_id).detail
    rows = listing.rows(session, import_id, shown, after, SIZE + 1) if far.state not in _UNPLANNED else []
    back = undoing.undoing(session, import_id) if far.state == staging.DONE else None
    return {
        "import_id": import_id,
        "preview": preview,
        "state": far.state,
        "far": far,
        "counts": counts,
        "plan": shown,
        "after": after,
        "rows": rows[:SIZE],
        "more": len(rows) > SIZE,
        "undoing": back,
        "detail": detail,
        "chosen": dict(preview.mapping),
        "options": {column: _options(column, preview.mapping.get(column)) for column in preview.columns},
        "encodings": ENCODINGS,
        "delimiters": DELIMITERS,
        "kept": uploads.path_of(installation.workspace.root, detail.get("upload")) is not None,
    }


_UNPLANNED = (staging.STAGING, staging.STAGED, staging.PLANNING)


def _options(column: str, chosen: str | None) -> list[tuple[str, str]]:
    """What a column can mean, its own field last."""
    known = [("", "Leave it out"), *mapping.SINGLE.items(), *mapping.SEVERAL.items()]
    own = chosen if chosen and chosen.startswith(mapping.OWN_FIELD) else f"{mapping.OWN_FIELD}{_own(column)}"
    return [*known, (own, f"Own field: {own.removeprefix(mapping.OWN_FIELD)}")]


def _own(column: str) -> str:
    return (mapping.slug(column) or "column").lstrip("_0123456789")[: mapping.LONGEST_FIELD] or "column"


@router.post("/imports/{import_id}/reading")
def reread(
    request: Request,
    viewer: Signed,
    installation: Opened,
    import_id: int,
    encoding: Short = "",
    delimiter: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Read the file again as somebody says that it is written."""
    with installation.store.reading() as session:
        detail = detail_of(session, import_id, staging.STAGED, staging.PLANNED)
    about = {"source": detail["source"], "basis": detail["basis"]}
    try:
        token = str(detail.get("upload"))
        chosen = {"encoding": encoding or None, "delimiter": delimiter or None}
        run_id = _stage(installation, viewer, token, detail["filename"], **about, **chosen)
    except FormatError as error:
        return _one(request, viewer, installation, import_id, wrong=str(error), status=422)
    installation.store.write(lambda session: staging.discard(session, import_id))
    return RedirectResponse(f"/imports/{run_id}", 303)


@router.post("/imports/{import_id}/mapping")
def remap(
    request: Request,
    viewer: Signed,
    installation: Opened,
    aftermath: Aftermath,
    import_id: int,
    column: Annotated[list[str], Form(default_factory=list, max_length=400)],
    field: Annotated[list[str], Form(default_factory=list, max_length=400)],
    overwrite: bool = False,
) -> Response:
    """Say what the columns mean, and make the plan."""
    chosen = {name: meaning for name, meaning in zip(column, field, strict=False) if meaning}
    with installation.store.reading() as session:
        rows = detail_of(session, import_id, staging.STAGED, staging.PLANNED)["rows"]
    try:
        staging.remap(installation.store, import_id, chosen, utc_now())
    except FormatError as error:
        return _one(request, viewer, installation, import_id, wrong=str(error), chosen=chosen, status=422)

    def make() -> None:
        planning.plan(installation.store, aftermath, import_id, utc_now, overwrite=overwrite)

    return _in_the_end(import_id, rows, make)


@router.post("/imports/{import_id}/apply")
def apply(viewer: Signed, installation: Opened, aftermath: Aftermath, import_id: int) -> Response:
    """Do what the plan says."""
    return _in_the_end(import_id, *applied(installation, aftermath, import_id))


def applied(
    installation: Installation, aftermath: Consequences, import_id: int
) -> tuple[int, Callable[[], None]]:
    """Begin to apply an import: how many rows it has, and what goes on with it."""
    store, now = installation.store, utc_now()

    def begin(session: Session) -> tuple[int, str | None]:
        detail = detail_of(session, import_id, staging.PLANNED)
        applying.begin(session, import_id, now)
        return detail["rows"], detail.get("upload")

    rows, token = store.write(begin)
    uploads.drop(installation.workspace.root, token)

    def go_on() -> None:
        applying.go_on(store, aftermath, import_id, utc_now)

    return rows, go_on


@router.post("/imports/{import_id}/undo")
def undo(viewer: Signed, installation: Opened, aftermath: Aftermath, import_id: int) -> Response:
    """Take an import back, also one that is still under way: what is done so far goes back."""
    return _in_the_end(import_id, *taken_back(installation, aftermath, import_id))


def taken_back(
    installation: Installation, aftermath: Consequences, import_id: int
) -> tuple[int, Callable[[], None]]:
    """Begin to take an import back: how many rows it has, and what goes on with it."""
    store, now = installation.store, utc_now()

    def begin(session: Session) -> int:
        rows: int = detail_of(session, import_id, staging.APPLYING, staging.DONE)["rows"]
        undoing.begin(session, import_id, now)
        return rows

    rows = store.write(begin)

    def go_on() -> None:
        undoing.go_on(store, aftermath, import_id, utc_now)

    return rows, go_on


@router.post("/imports/{import_id}/forget")
def forget(viewer: Signed, installation: Opened, import_id: int) -> Response:
    """Forget a file that was read and is not imported."""
    states = (staging.STAGED, staging.PLANNING, staging.PLANNED)

    def work(session: Session) -> str | None:
        token: str | None = detail_of(session, import_id, *states).get("upload")
        staging.discard(session, import_id)
        return token

    uploads.drop(installation.workspace.root, installation.store.write(work))
    return RedirectResponse("/imports", 303)


@router.get("/imports/{import_id}/errors.csv")
def errors(viewer: Signed, installation: Opened, import_id: int) -> Response:
    """The rows that were not imported, each with the reason, to be mended and brought again."""
    with installation.store.reading() as session:
        detail_of(session, import_id)
        lines = list(listing.errors_csv(session, import_id))
    disposition = {"Content-Disposition": f'attachment; filename="not-imported-{import_id}.csv"'}
    return StreamingResponse(iter(lines), headers=disposition, media_type="text/csv; charset=utf-8")


def detail_of(session: Session, import_id: int, *states: str) -> dict[str, Any]:
    """What is noted of an import. Raises `NotThereError`, and `NotNowError` in another state."""
    try:
        staging.find(session, import_id)
    except ImportingError as error:
        raise NotThereError(str(error)) from None
    try:
        return staging.find(session, import_id, *states).detail
    except ImportingError as error:
        raise NotNowError(str(error)) from None


def _in_the_end(import_id: int, rows: int, work: Callable[[], None]) -> Response:
    """To the import's page: when it is done, or at once where it takes long."""
    later = BackgroundTask(work) if rows > AT_ONCE else None
    if later is None:
        work()
    return RedirectResponse(f"/imports/{import_id}", 303, background=later)
