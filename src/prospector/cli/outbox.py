"""The outbox: what waits and why, sending it, and what a person did by hand."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from prospector.cli.output import AsJson, fail, installation, show
from prospector.cli.outreach import MessageIds, message_of
from prospector.installation import Installation, utc_now
from prospector.outreach import drafts, listing, outbox
from prospector.outreach.ledger import limits_of
from prospector.outreach.listing import Reader

MOST = 200


def register(app: typer.Typer) -> None:
    app.command("outbox")(show_outbox)
    app.command()(send)
    app.command("sent")(sent_by_hand)


def show_outbox(as_json: AsJson = False) -> None:
    """What waits, why, and what came of the rest."""
    with installation() as opened, opened.store.reading() as session:
        found = listing.all_of_it(session, _reader(opened), MOST)
        rows = [listing.as_json(row) for row in found]
    show(rows, as_json, "The outbox is empty.")


def send(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send what is due now."""
    from prospector import work
    from prospector.runtime import Runtime

    with installation() as opened:
        with opened.store.reading() as session:
            due = outbox.due(session, utc_now(), limits_of(opened.settings, opened.account_ids))
            found = [listing.one(session, _reader(opened), id_) for id_ in due]
            rows = [listing.as_json(row) for row in found if row is not None]
        if not dry_run:

            async def deliver() -> list[dict[str, Any]]:
                runtime = Runtime(opened)
                try:
                    delivered = [await work.send(runtime, message_id) for message_id in due]
                finally:
                    await runtime.aclose()
                return [{"id": d.message_id, "state": d.state, "why": d.why} for d in delivered if d]

            rows = asyncio.run(deliver())
    show(rows, as_json, "Nothing is due.")
    if any(row["state"] in ("refused", "unknown") for row in rows):
        raise typer.Exit(1)


def sent_by_hand(ids: MessageIds) -> None:
    """Say that you did it yourself (messages that software may not send)."""
    from prospector.outreach.deliver import settle_by_hand
    from prospector.runtime import Runtime

    with installation() as opened, opened.store.transaction() as session:
        runtime = Runtime(opened)
        for message_id in ids:
            try:
                settle_by_hand(session, runtime, message_of(session, message_id))
            except outbox.NotPossibleError as error:
                fail(str(error), 2)
    typer.echo(f"{len(ids)} noted as sent.")


def _reader(opened: Installation) -> Reader:
    return Reader(opened.settings, drafts.desk_of(opened.settings, opened.account_ids), utc_now())
