"""Who is never written to: `suppress` adds, `suppressions` lists."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlmodel import col, select

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
) -> None:
    """Never write to these again."""
    for address in addresses:
        if "@" in address.lstrip("@") and normalised_address(address) is None:
            fail(f'"{address}" is no e-mail address.', 2)
    with installation() as opened, opened.store.transaction() as session:
        keys = [suppression.key_of(address) for address in addresses]
        added = suppression.suppress(session, keys, why, "by hand", utc_now())
    typer.echo(f"{added} added, {len(keys) - added} were there already.")


def suppressions(as_json: AsJson = False) -> None:
    """Who is never written to, and why."""
    with installation() as opened, opened.store.reading() as session:
        found = session.exec(select(Suppression).order_by(col(Suppression.at).desc()).limit(10_000))
        rows = [row.model_dump() for row in found]
    show(rows, as_json, "Nobody.")
