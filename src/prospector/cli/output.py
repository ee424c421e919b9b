"""How commands answer: a table for people, one JSON array for programs, one sentence for errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from prospector.terminal import printable

if TYPE_CHECKING:
    from prospector.installation import Installation

AsJson = Annotated[bool, typer.Option("--json", help="One JSON array instead of a table.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="At most so many rows.")]
WIDEST = 70

chosen_workspace: ContextVar[Path | None] = ContextVar("chosen_workspace", default=None)
"""What `--workspace` says, for every command."""


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Say what is wrong and what to do, on standard error, and end."""
    complain(sentence)
    raise typer.Exit(code)


def complain(sentence: str) -> None:
    """Write to standard error, whatever characters it cannot take."""
    sys.stderr.write(printable(sentence) + "\n")


def echo(text: str, *, colour: str | None = None, bold: bool | None = None) -> None:
    """Write a line for people; what others wrote in it has no power over the terminal."""
    typer.secho(printable(text), fg=colour, bold=bold)


@contextmanager
def installation(*, migrate: bool = False) -> Iterator[Installation]:
    """The workspace that the command line means, opened and closed again."""
    from prospector.installation import open_installation
    from prospector.telemetry import configure

    # Before anything can be logged: on standard output it would spoil the JSON.
    configure("warning")
    opened = open_installation(chosen_workspace.get(), migrate=migrate)
    try:
        yield opened
    finally:
        opened.close()


def show(rows: Sequence[Mapping[str, Any]], as_json: bool, empty: str = "Nothing.") -> None:
    """Print rows: the same names in the table and in the JSON."""
    if as_json:
        sys.stdout.write(json.dumps([dict(row) for row in rows], default=_plain, ensure_ascii=False) + "\n")
        return
    if not rows:
        typer.echo(empty)
        return
    _table(rows)


def show_each(rows: Iterable[Mapping[str, Any]], as_json: bool, empty: str = "Nothing.") -> None:
    """Print rows as `show` does, in JSON one after the other as they come, each on a line of its own.
    Nothing is written before the first: what goes wrong until then is an error and no broken array."""
    if not as_json:
        show(list(rows), as_json, empty)
        return
    encode = json.JSONEncoder(default=_plain, ensure_ascii=False).encode
    before = "["
    for row in rows:
        sys.stdout.write(before + encode(row))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[" else "]\n")


def show_one(row: Mapping[str, Any], as_json: bool) -> None:
    """Print one thing: a JSON object, or its fields below each other."""
    if as_json:
        sys.stdout.write(json.dumps(dict(row), default=_plain, ensure_ascii=False) + "\n")
        return
    width = max((len(name) for name in row), default=0)
    for name, value in row.items():
        echo(f"{name:<{width}}  {_cell(value)}")


def _table(rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold", max_width=WIDEST)
    for row in rows:
        table.add_row(*(Text(printable(_cell(value))) for value in row.values()))
    Console(highlight=False).print(table)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return json.dumps(value, default=_plain, ensure_ascii=False)
    return str(value)
