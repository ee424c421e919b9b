"""`init` makes a workspace, `doctor` says whether all is well."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from prospector.cli.output import AsJson, fail, installation, show
from prospector.installation import open_installation, utc_now
from prospector.rules import live
from prospector.workspace import shipped

PRESETS = {"social-selling": Path(__file__).parents[1] / "rules" / "default.toml"}


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(doctor)


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make; it must not hold a workspace yet.")],
    preset: Annotated[str, typer.Option(help="The stages and rules to begin with.")] = "social-selling",
) -> None:
    """Make a workspace: config.toml, rules.toml, templates/, the database."""
    if preset not in PRESETS:
        fail(f'There is no preset "{preset}"; known: {", ".join(PRESETS)}.', 2)
    if (folder / "config.toml").exists():
        fail(f"{folder} holds a workspace already; nothing was changed.", 2)
    try:
        config = (shipped() / "config.example.toml").read_text(encoding="utf-8")
        make(folder, config, PRESETS[preset].read_text(encoding="utf-8"), utc_now())
    except OSError as error:
        fail(f"{error.filename or folder}: {error.strerror}. Choose a folder that you may write to.")
    typer.echo(f"{folder} is ready. Put your accounts into {folder / 'config.toml'}, then:")
    typer.echo(f"  prospector --workspace {folder} add https://bsky.app/profile/somebody.example")
    typer.echo(f"  prospector --workspace {folder} run")


def make(folder: Path, config: str, rules: str, since: datetime) -> None:
    """Write the files, and begin the database with these rules, live since then."""
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    (folder / "connectors").mkdir(exist_ok=True)
    (folder / "rules.toml").write_text(rules, encoding="utf-8")
    (folder / "config.toml").write_text(config, encoding="utf-8")
    opened = open_installation(folder, migrate=True)
    try:
        opened.store.write(lambda session: live.go_live(session, rules, "made by init", None, since))
    finally:
        opened.close()


def doctor(
    mail_test: Annotated[
        bool, typer.Option("--mail-test", help="Send a mail from each mailbox to itself, and see its DKIM.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check configuration, connectors, rules, SPF, DKIM and DMARC, and the invariants of the data."""
    from prospector import doctor as checks

    with installation() as opened:
        rows = checks.examine(opened, utc_now(), mail_test=mail_test)
    show([row.as_dict() for row in rows], as_json)
    if not all(row.ok for row in rows):
        raise typer.Exit(1)
