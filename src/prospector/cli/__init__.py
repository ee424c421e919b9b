"""The command line: one module a noun; docs/cli.md is its contract."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from prospector import __version__
from prospector.cli.output import chosen_workspace

app = typer.Typer(
    name="prospector",
    help="Social selling: be present where your prospects are already active.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def root(
    workspace: Annotated[
        Path | None, typer.Option(help="The workspace folder; else $PROSPECTOR_WORKSPACE, else upwards.")
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    chosen_workspace.set(workspace)
    if version:
        typer.echo(f"prospector {__version__}")
        raise typer.Exit


def _mount() -> None:
    from prospector.cli import (
        classify,
        demo,
        history,
        outreach,
        processes,
        prospects,
        queue,
        rules,
        url,
        workspace,
    )

    for noun in (workspace, demo, processes, prospects, history, queue, outreach):
        noun.register(app)
    app.command()(classify.classify)
    app.command()(url.url)
    app.add_typer(rules.app, name="rules", help="Check and try the rules.")


def main() -> None:
    """The command `prospector`: what a person can mend is one sentence, never a traceback."""
    from prospector.config import ConfigError
    from prospector.outreach.suppression import UnknownFormError
    from prospector.outreach.template import TemplateError
    from prospector.prospects.people import NotFoundError, TakenError
    from prospector.secrets import SecretError
    from prospector.store import StoreError, say
    from prospector.telemetry import configure
    from prospector.workspace import BrokenConnectorError, WorkspaceError

    wrong_use = (ConfigError, NotFoundError, TakenError, WorkspaceError, UnknownFormError, TemplateError)
    # Before anything can be logged: on standard output it would spoil the JSON.
    configure("warning")
    try:
        _mount()
        app()
    except (*wrong_use, SecretError, StoreError, BrokenConnectorError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2 if isinstance(error, wrong_use) else 1)
    except SQLAlchemyError as error:
        sys.stderr.write(f"{say(error)}\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
