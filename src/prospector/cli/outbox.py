"""The outbox: what waits and why, sending it, and what a person did by hand."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from sqlmodel import Session, col, select

from prospector.cli.output import AsJson, fail, installation, show
from prospector.cli.outreach import MessageIds, message_of
from prospector.installation import Installation, utc_now
from prospector.models import Message, Prospect
from prospector.outreach import drafts, outbox, waiting
from prospector.outreach.ledger import limits_of


def register(app: typer.Typer) -> None:
    app.command("outbox")(show_outbox)
    app.command()(send)
    app.command("sent")(sent_by_hand)


def show_outbox(as_json: AsJson = False) -> None:
    """What waits, why, and what came of the rest."""
    with installation() as opened, opened.store.reading() as session:
        statement = select(Message, Prospect).join(Prospect, col(Prospect.id) == Message.prospect_id)
        states = ("approved", "sending", "unknown", "refused", "sent")
        settled = col(Message.state).in_(("refused", "sent"))  # last, lest they hide what waits
        recent = statement.where(col(Message.state).in_(states)).order_by(settled, col(Message.id).desc())
        rows = [
            _outbox_row(session, opened, message, person)
            for message, person in session.exec(recent.limit(200))
        ]
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
            rows = [_outbox_row(session, opened, *_with_person(session, id_)) for id_ in due]
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


def _with_person(session: Session, message_id: int) -> tuple[Message, Prospect]:
    message = session.get_one(Message, message_id)
    return message, session.get_one(Prospect, message.prospect_id)


def _outbox_row(
    session: Session, opened: Installation, message: Message, prospect: Prospect
) -> dict[str, Any]:
    why, until = message.error or "", None
    if message.state == "approved":
        desk = drafts.desk_of(opened.settings, opened.account_ids)
        waits = waiting.of(session, opened.settings, desk, message, utc_now())
        why, until = (waits.why, waits.until) if waits else ("leaves next", message.send_at)
    return {
        "id": message.id,
        "to": prospect.email if message.action == "email" else prospect.name,
        "action": message.action,
        "state": message.state,
        "why": why,
        "send_at": until if message.state == "approved" else message.send_at,
        "sent_at": message.sent_at,
    }
