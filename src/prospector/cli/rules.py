"""`prospector rules`: check a rules file, and replay it on a file of events."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from prospector.rules.evidence import FIRST, LATEST
from prospector.rules.finding import Facts
from prospector.rules.format import RulesError
from prospector.rules.lint import lint
from prospector.rules.replay import EventsError, replay

app = typer.Typer(no_args_is_help=True, help="Rules: check, replay, back-test, versions.")

_SECONDS = re.compile(r"-?\d{1,12}", re.ASCII)


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="rules", help="Check and try the rules.")


def _time(text: str) -> int:
    """Integer UTC seconds, or ISO 8601 with an offset or Z; without one it is UTC."""
    if _SECONDS.fullmatch(text):
        seconds = int(text)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise typer.BadParameter(
                f"{text!r} is no time; write seconds (1736500000) or ISO 8601 (2025-01-10T09:06:40Z)"
            ) from None
        whole = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = int((whole - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1)
    if not FIRST <= seconds <= LATEST:
        raise typer.BadParameter(f"{text!r} lies outside the years 1 to 9999; are these milliseconds?")
    return seconds


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        _fail(f"{path} cannot be read: {error.strerror}", code=2)
    except UnicodeDecodeError as error:
        _fail(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8 and try again")


def _fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


def _known_here() -> Facts | None:
    """What the workspace around us tells the linter; None outside of one, or where it is broken:
    checking a file must not need a database."""
    from prospector.cli.output import installation
    from prospector.config_errors import ConfigError
    from prospector.installation import utc_now
    from prospector.rules import live
    from prospector.secrets import SecretError
    from prospector.store import StoreError
    from prospector.workspace import BrokenConnectorError, WorkspaceError

    try:
        with installation() as opened, opened.store.reading() as session:
            return Facts(channels=opened.served, history=live.stored_history(session, utc_now()))
    except (ConfigError, SecretError, StoreError, BrokenConnectorError, WorkspaceError):
        return None


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The rules file (TOML).")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """Lint a rules file; exit 1 if it has an error."""
    problems = lint(_read(file), _known_here())
    if as_json:
        typer.echo(json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=1))
    else:
        for problem in problems:
            typer.echo(f"{problem.level}: {problem.sentence(file.name)}")
        if not problems:
            typer.echo(f"{file.name}: nothing to complain about")
    if any(problem.level == "error" for problem in problems):
        raise typer.Exit(1)


@app.command("replay")
def replay_file(
    rules: Annotated[Path, typer.Argument(help="The rules file (TOML).")],
    events: Annotated[Path, typer.Argument(help="The events, one JSON object a line.")],
    until: Annotated[str, typer.Option("--until", metavar="T", help="Timers fire up to this time.")],
    start: Annotated[
        str | None, typer.Option("--start", metavar="T0", help="When everybody begins to be tracked.")
    ] = None,
    why: Annotated[bool, typer.Option("--why", help="Add the proof of every firing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, as without it.")] = False,
) -> None:
    """Run the rules over a file of events: no database, no clock."""
    first = None if start is None else _time(start)
    try:
        # Lines end with \n alone: JSON texts may hold the other separators that splitlines knows.
        told = replay(_read(rules), _read(events).split("\n"), _time(until), first, with_why=why)
    except RulesError as error:
        _fail("\n".join(problem.sentence(rules.name) for problem in error.problems))
    except EventsError as error:
        _fail("\n".join(f"{events.name}:{line}: {message}" for line, message in error.problems))
    json.dump(told, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
