"""People from a file or a link, and all people as a file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from prospector import exporting
from prospector.cli.output import AsJson, complain, echo, fail, installation, show_one
from prospector.cli.prospects import rules_of
from prospector.consequences import Consequences
from prospector.http import Network
from prospector.importing import applying, links, listing, planning, staging
from prospector.importing.sheet import FormatError
from prospector.importing.staging import ImportingError
from prospector.installation import Installation, utc_now

SHOWN = 20
PAGE = 500
_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}


def register(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command()(export)


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE|URL", help="A file, or the link of a Google sheet.")],
    mapped: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="What a column means; =COLUMN leaves it out."),
    ] = None,
    source: Annotated[str, typer.Option(help="Where these people are from; kept with each.")] = "",
    basis: Annotated[str, typer.Option(help="Why we may write to them; kept with each.")] = "",
    encoding: Annotated[str | None, typer.Option(help="Of a CSV, where the guess is wrong.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Of a CSV: one character, or tab.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Where the file says otherwise, it is right.")
    ] = False,
    errors: Annotated[Path | None, typer.Option(help="Write the refused rows into this CSV.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only make the plan.")] = False,
    as_json: AsJson = False,
) -> None:
    """People from a file: CSV, XLSX, vCard, LinkedIn export, Google sheet. A run: `undo` takes it back."""
    mark = _DELIMITERS.get(delimiter or "", delimiter)
    with _opened() as place, _brought(place, file) as (stream, name):
        run_id = staging.stage(
            place.store,
            stream,
            name,
            source=source,
            basis=basis,
            now=utc_now(),
            said=mapped or (),
            encoding=encoding,
            delimiter=mark,
        )
        consequences = Consequences(place)
        planning.plan(place.store, consequences, run_id, utc_now, overwrite=overwrite)
        if not dry_run:
            applying.apply(place.store, consequences, run_id, utc_now)
        answer = _answer(place, run_id, dry_run)
        if errors is not None:
            _write_errors(place, run_id, errors)
        if dry_run:
            place.store.write(partial(staging.discard, run_id=run_id))
    if as_json:
        show_one(answer, as_json)
    else:
        _tell(answer, dry_run)


@contextmanager
def _opened() -> Iterator[Installation]:
    """The workspace; what cannot be imported ends the command with a sentence."""
    try:
        with installation() as place:
            yield place
    except (FormatError, ImportingError) as error:
        fail(str(error), 2)


@contextmanager
def _brought(place: Installation, file: str) -> Iterator[tuple[Path | IO[bytes], str]]:
    """The file, or what is behind the link, and what it is called."""
    if not links.is_link(file):
        yield Path(file), file
        return
    fetched = asyncio.run(_fetched(place, file))
    yield fetched.stream, fetched.filename


async def _fetched(place: Installation, url: str) -> links.Fetched:
    async with Network(contact=place.settings.file.contact) as network:
        return await links.fetch(network, url)


def _answer(place: Installation, run_id: int, dry_run: bool) -> dict[str, Any]:
    with place.store.reading() as session:
        counts, file = listing.counts(session, run_id), staging.preview(session, run_id)
        rows = {plan: list(_reasons(session, run_id, plan)) for plan in ("conflict", "refuse")}
    return {
        "added": counts["add"],
        "changed": counts["change"],
        "unchanged": counts["same"],
        "conflicts": rows["conflict"],
        "refused": rows["refuse"],
        "run": None if dry_run else run_id,
        "kind": file.kind,
        "encoding": file.encoding,
        "delimiter": file.delimiter,
        "mapping": dict(file.mapping),
    }


def _reasons(session: Any, run_id: int, plan: str) -> Iterator[dict[str, Any]]:
    after = 0
    while page := listing.rows(session, run_id, plan, after, PAGE):
        yield from ({"row": row.number, "why": row.why} for row in page)
        after = page[-1].number


def _write_errors(place: Installation, run_id: int, path: Path) -> None:
    with place.store.reading() as session, path.open("w", encoding="utf-8-sig", newline="") as lines:
        lines.writelines(listing.errors_csv(session, run_id))


def _tell(answer: dict[str, Any], dry_run: bool) -> None:
    written = f", {answer['encoding']}" if answer["encoding"] else ""
    delimiter = {"\t": "tab", None: ""}.get(answer["delimiter"], answer["delimiter"])
    echo(f"Read as {answer['kind']}{written}{f', cells parted by {delimiter}' if delimiter else ''}.")
    echo("  " + ", ".join(f"{column} → {field}" for column, field in answer["mapping"].items()))
    would = "would be " if dry_run else ""
    echo(
        f"{answer['added']} {would}added, {answer['changed']} {would}changed, {answer['unchanged']} known "
        f"and the same, {len(answer['conflicts'])} in conflict, {len(answer['refused'])} refused."
    )
    for name in ("conflicts", "refused"):
        for row in answer[name][:SHOWN]:
            echo(f"  row {row['row']}: {row['why']}")
        if (more := len(answer[name]) - SHOWN) > 0:
            echo(f"  and {more} more; --errors FILE writes all of them.")
    if answer["run"] is not None:
        echo(f"Run {answer['run']}: `prospector undo {answer['run']}` takes it back.")


def export(
    format_: Annotated[str, typer.Option("--format", help="csv, xlsx or jsonl.")] = "csv",
    output: Annotated[Path | None, typer.Option(help="Write into this file, not to standard output.")] = None,
) -> None:
    """All people with stage, score and last touch."""
    if format_ not in exporting.FORMATS:
        fail(f'There is no format "{format_}"; there are {", ".join(exporting.FORMATS)}.', 2)
    if format_ == "xlsx" and output is None and sys.stdout.isatty():
        fail("A workbook is nothing to read here; say --output FILE.", 2)
    with installation() as place, place.store.reading() as session:
        if output is None:
            _export(session, format_, sys.stdout.buffer)
        else:
            with output.open("wb") as stream:
                _export(session, format_, stream)
    if output is not None:
        complain(f"Written to {output}.")


def _export(session: Any, format_: str, stream: IO[bytes]) -> None:
    people = exporting.rows(session, rules_of(session), utc_now())
    if format_ == "jsonl":
        lines = exporting.as_jsonl(people)
    elif format_ == "xlsx":
        exporting.write_xlsx(stream, exporting.columns(session), people)
        return
    else:
        lines = exporting.as_csv(exporting.columns(session), people)
    for line in lines:
        stream.write(line.encode())
    stream.flush()
