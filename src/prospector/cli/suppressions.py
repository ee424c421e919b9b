"""Who is never written to: `suppress` adds, `suppressions` lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from sqlmodel import Session, col, select

from prospector.cli.output import AsJson, fail, installation, show
from prospector.installation import utc_now
from prospector.models import Suppression
from prospector.outreach import suppression
from prospector.prospects.people import normalised_address


def register(app: typer.Typer) -> None:
    app.command()(suppress)
    app.command()(suppressions)


def suppress(
    addresses: Annotated[list[str], typer.Argument(help="E-mail addresses or domains.")],
    why: Annotated[str, typer.Option()] = "by hand",
    undo: Annotated[bool, typer.Option("--undo", help="Take back what was added by hand.")] = False,
) -> None:
    """Never write to these again."""
    for address in addresses:
        if "@" in address.lstrip("@") and normalised_address(address) is None:
            fail(f'"{address}" is no e-mail address.', 2)
    with installation() as opened, opened.store.transaction() as session:
        keys = [suppression.key_of(address) for address in addresses]
        if undo:
            _undo(session, keys)
            return
        added = suppression.suppress(session, keys, why, "by hand", utc_now())
    typer.echo(f"{added} added, {len(keys) - added} were there already.")


def _undo(session: Session, keys: Sequence[str]) -> None:
    """What people said themselves stays; only our own hand is taken back."""
    theirs = select(Suppression).where(col(Suppression.key).in_(keys), Suppression.by != "by hand")
    if (row := session.exec(theirs).first()) is not None:
        fail(f"{row.key} stays: {row.why}. Only what was added by hand can be taken back.", 2)
    typer.echo(f"{suppression.lift(session, keys)} taken back.")


def suppressions(as_json: AsJson = False) -> None:
    """Who is never written to, and why."""
    with installation() as opened, opened.store.reading() as session:
        found = session.exec(select(Suppression).order_by(col(Suppression.at).desc()).limit(10_000))
        rows = [row.model_dump() for row in found]
    show(rows, as_json, "Nobody.")
