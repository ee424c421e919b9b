"""The command line: one module a noun; docs/cli.md is its contract."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from prospector import __version__
from prospector.cli.output import chosen_workspace, complain

COMMANDS = {
    "init": "workspace",
    "doctor": "workspace",
    "demo": "demo",
    "run": "processes",
    "web": "processes",
    "worker": "processes",
    "users": "users",
    "poll": "processes",
    "url": "url",
    "add": "prospects",
    "prospects": "prospects",
    "import": "imports",
    "export": "imports",
    "profiles": "prospects",
    "accounts": "prospects",
    "strangers": "prospects",
    "assign": "team",
    "away": "team",
    "runs": "team",
    "undo": "team",
    "engagements": "history",
    "moves": "history",
    "move": "history",
    "why": "history",
    "why-not": "history",
    "person": "person",
    "duplicates": "merging",
    "merge": "merging",
    "queue": "queue",
    "done": "queue",
    "dismiss": "queue",
    "snooze": "queue",
    "reopen": "queue",
    "draft": "drafting",
    "drafts": "outreach",
    "campaigns": "campaigns",
    "campaign": "campaigns",
    "approve": "outreach",
    "discard": "outreach",
    "outbox": "outbox",
    "send": "outbox",
    "sent": "outbox",
    "suppress": "suppressions",
    "suppressions": "suppressions",
    "classify": "classify",
    "rules": "rules",
}
"""Each command and its module, in the order of the help."""


def application(modules: Iterable[str]) -> typer.Typer:
    """The commands of these modules: importing all of them would cost each call a second."""
    app = typer.Typer(
        name="prospector",
        help="Social selling: be present where your prospects are already active.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(root)
    for module in dict.fromkeys(modules):
        importlib.import_module(f"prospector.cli.{module}").register(app)
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"prospector {__version__}")
        raise typer.Exit


def root(
    workspace: Annotated[
        Path | None, typer.Option(help="The workspace folder; else $PROSPECTOR_WORKSPACE, else upwards.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    chosen_workspace.set(workspace)


def needed(arguments: Sequence[str]) -> list[str]:
    """The modules that a call can need: its command's, or all where that is unknown or is asked for."""
    values = iter(arguments)
    for argument in values:
        if argument == "--workspace":
            next(values, None)
        elif argument in COMMANDS:
            return [COMMANDS[argument]]
        elif not argument.startswith("--workspace="):
            break
    return list(COMMANDS.values())


def invoke(arguments: Sequence[str]) -> int:
    """Run one call and give its exit code: what a person can mend is one sentence, never a traceback."""
    try:
        answer = application(needed(arguments))(list(arguments), "prospector", standalone_mode=False)
    except BrokenPipeError:
        # Whoever read has read enough; the interpreter must not try to write the rest at its end.
        sys.stdout = None
        return 0
    except Exception as error:
        from prospector.cli.errors import told

        sentence, code = told(error)
        if sentence:
            complain(sentence)
        return code
    return answer if isinstance(answer, int) else 0


def main() -> None:
    """The command `prospector`."""
    sys.exit(invoke(sys.argv[1:] or ["--help"]))
