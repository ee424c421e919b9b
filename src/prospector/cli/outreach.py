"""Drafts, the outbox, sending, and who is never written to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session, col, select

from prospector.cli.output import AsJson, fail, installation, show
from prospector.installation import Installation, utc_now
from prospector.models import HIGHEST_ID, Message
from prospector.outreach import approval, drafts, outbox, pending
from prospector.outreach.approval import Wording

IDS = "The ids that `prospector drafts` shows."
MessageIds = Annotated[list[int], typer.Argument(metavar="ID...", max=HIGHEST_ID, help=IDS)]
SomeIds = Annotated[list[int] | None, typer.Argument(metavar="[ID...]", max=HIGHEST_ID, help=IDS)]

TOGETHER = 50


def register(app: typer.Typer) -> None:
    for command in (approve, discard):
        app.command()(command)
    app.command("drafts")(show_drafts)


def show_drafts(as_json: AsJson = False) -> None:
    """Drafts that wait for a decision, with their problems."""
    with installation() as opened, opened.store.reading() as session:
        rows = [pending.as_json(*found) for found in pending.drafts_of(session)]
    show(rows, as_json, "No drafts.")


def approve(
    ids: SomeIds = None,
    ready: Annotated[bool, typer.Option("--ready", help="All that have no problem.")] = False,
    body: Annotated[Path | None, typer.Option(help="A file with your own text (one draft only).")] = None,
    despite: Annotated[
        str | None, typer.Option(help="Why you write although one of us has just done so.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put drafts into the outbox; they leave after the hold, unless you discard them."""
    if bool(ids) == ready:
        fail("Say which: ids, or --ready for all without a problem.", 2)
    if body is not None and len(ids or []) != 1:
        fail("--body goes with one draft.", 2)
    with installation() as opened:
        if ready:
            with opened.store.reading() as session:
                ids = _ready(session)
        rows: list[dict[str, Any]] = []
        text = _text(body) if body is not None else None
        for some in _in_turns(ids or []):
            with opened.store.transaction() as session:
                rows += _approve_all(session, opened, some, text, despite)
    show(rows, as_json, "Nothing was ready.")
    if any(row["why"] for row in rows):
        raise typer.Exit(1)


def discard(ids: MessageIds) -> None:
    """Take drafts or approved messages back."""
    with installation() as opened, opened.store.transaction() as session:
        for message_id in ids:
            try:
                outbox.discard(session, message_of(session, message_id), "discarded by a person")
            except outbox.NotPossibleError as error:
                fail(str(error), 2)
    typer.echo(f"{len(ids)} discarded.")


def _in_turns(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """A few at a time: a transaction over all would keep a running process from writing."""
    return (ids[at : at + TOGETHER] for at in range(0, len(ids), TOGETHER))


def _ready(session: Session) -> list[int]:
    drafted = select(Message.id, Message.problems).where(Message.state == "draft").order_by(col(Message.id))
    return [id_ for id_, problems in session.exec(drafted) if not problems]


def _approve_all(
    session: Session, opened: Installation, ids: Sequence[int], text: str | None, despite: str | None
) -> list[dict[str, Any]]:
    """Approve each; of one that may not go, the row says why."""
    desk = drafts.desk_of(opened.settings, opened.account_ids)
    rows = []
    for message_id in ids:
        message, why = message_of(session, message_id), None
        wording = Wording(message.subject, text) if text is not None else None
        try:
            approval.approve(
                session, opened.settings, desk, message, None, utc_now(), wording=wording, despite=despite
            )
        except approval.AskFirstError as error:
            why = f"{error} (--despite TEXT)"
        except approval.NotApprovedError as error:
            why = str(error)
        rows.append({"id": message.id, "state": message.state, "send_at": message.send_at, "why": why})
    return rows


def _text(body: Path) -> str:
    try:
        return body.read_text(encoding="utf-8").strip()
    except OSError as error:
        fail(f"{body} cannot be read: {error.strerror}.", 2)
    except UnicodeDecodeError as error:
        fail(f"{body} is not UTF-8 (byte {error.start}); save it as UTF-8 and try again.", 2)


def message_of(session: Session, message_id: int) -> Message:
    """The message of an id that a person gave."""
    message = session.get(Message, message_id)
    if message is None:
        fail(f"There is no message {message_id}. `prospector drafts` lists those that wait.", 2)
    return message
