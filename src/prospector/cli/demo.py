"""`demo`: the sandbox, with the product run against it."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from prospector.cli.output import chosen_workspace, fail
from prospector.cli.workspace import PRESETS, make
from prospector.terminal import ERASE

FOLDER = Path("sandbox")
USUAL_PORT = 8787


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="The status page's; 8787 if it is free.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the workspace of the last time.")] = False,
) -> None:
    """The sandbox: platforms and mail servers on loopback with 400 fictitious prospects, and
    `run` against them. Its workspace is ./sandbox (or --workspace), made anew at each start."""
    from prospector.sandbox import demo as sandbox
    from prospector.sandbox.workspace import SandboxError

    rules = PRESETS["social-selling"].read_text(encoding="utf-8")
    folder = (chosen_workspace.get() or FOLDER).resolve()
    running = sandbox.run(folder, port=port or _free_port(), keep=keep, rules=rules, make=make, say=_say)
    try:
        status = asyncio.run(running)
    except SandboxError as error:
        fail(str(error))
    raise typer.Exit(status)


def _free_port() -> int:
    """The usual port, or any where somebody else has it."""
    for wanted in (USUAL_PORT, 0):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            port: int = tried.getsockname()[1]
            return port
    fail("No port is free on this machine.")


def _say(line: str) -> None:
    # The product shares the terminal, and its status line may lie below the cursor.
    erase = ERASE if sys.stderr.isatty() else ""
    typer.echo(f"{erase}{typer.style(f'demo: {line}', fg='cyan', bold=True)}", err=True)
