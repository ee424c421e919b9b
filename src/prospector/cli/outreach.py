"""Drafts, the outbox, sending, and who is never written to."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session, col, select

from prospector import config, workspace
from prospector.cli.output import HIGHEST_ID, AsJson, chosen_workspace, fail, installation, show
from prospector.cli.prospects import require_stage
from prospector.installation import Installation, utc_now
from prospector.models import Message, Prospect
from prospector.outreach import approval, drafts, outbox, pending, render, spreadsheet, suppression, template
from prospector.outreach.approval import Wording
from prospector.outreach.drafts import Desk
from prospector.outreach.facts import Facts
from prospector.prospects import people

IDS = "The ids that `prospector drafts` shows."
MessageIds = Annotated[list[int], typer.Argument(metavar="ID...", max=HIGHEST_ID, help=IDS)]
SomeIds = Annotated[list[int] | None, typer.Argument(metavar="[ID...]", max=HIGHEST_ID, help=IDS)]

LARGEST_FILE = 50 * 2**20
TOGETHER = 50


def register(app: typer.Typer) -> None:
    for command in (draft, approve, discard):
        app.command()(command)
    app.command("drafts")(show_drafts)


def draft(
    name: Annotated[str, typer.Option("--template", help="A file of templates/, without .txt.")],
    prospect: Annotated[list[str] | None, typer.Option(help="An id, an e-mail or a profile URL.")] = None,
    stage: Annotated[str | None, typer.Option(help="Everybody in this stage.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Everybody in this file; nothing is stored.")] = None,
    campaign: Annotated[
        str | None, typer.Option(help="The same campaign never gives a person a second message.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Render drafts in bulk; they wait for approval."""
    if [bool(prospect) or stage is not None, csv is not None].count(True) != 1:
        fail("Say for whom: --prospect P (as often as you like), --stage S or --csv FILE.", 2)
    if csv is not None:
        show(_of_file(csv, name), as_json, "The file has no rows.")
        return
    with installation() as opened:
        chosen = template.load(opened.template_path(), name)
        desk = drafts.desk_of(opened.settings, opened.account_ids)
        occasion = f"hand:{campaign or uuid.uuid4().hex[:8]}"
        with opened.store.reading() as session:
            ids = _people(session, prospect or [], stage)
        rows: list[dict[str, Any]] = []
        for some in _in_turns(ids):
            with opened.store.transaction() as session:
                rows += [
                    pending.as_json(*made)
                    for id_ in some
                    if (made := _drafted(session, desk, chosen, id_, occasion))
                ]
    show(rows, as_json, "Nobody was left to write to.")


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


def _of_file(path: Path, name: str) -> list[dict[str, Any]]:
    """Drafts of the rows of a CSV file, without the database."""
    place = workspace.locate(chosen_workspace.get())
    settings = config.load(place.config, workspace.load_connectors(place.search_path("connectors")))
    chosen = template.load(place.search_path("templates"), name)
    sender = settings.file.sender.model_dump()
    try:
        if path.stat().st_size > LARGEST_FILE:
            fail(f"{path} is larger than {LARGEST_FILE // 2**20} MB; split it.", 2)
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return [_rendered(chosen, facts) for facts in spreadsheet.rows(lines, sender)]
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.", 2)
    except UnicodeDecodeError:
        fail(f"{path} is not UTF-8; save it as UTF-8 and try again.", 2)
    except spreadsheet.SpreadsheetError as error:
        fail(f"{path}: {error}", 2)


def _rendered(chosen: template.Template, facts: Facts) -> dict[str, Any]:
    draft, person = render.render(chosen, facts), facts["prospect"] or {}
    return {
        "id": None,
        "to": person.get("email" if chosen.action == "email" else "name"),
        "action": chosen.action,
        "subject": draft.subject,
        "body": draft.body,
        "problems": [{"code": problem.code, "message": problem.message} for problem in draft.problems],
    }


def _people(session: Session, who: Sequence[str], stage: str | None) -> list[int]:
    chosen = [people.find(session, one).id for one in who]
    if stage is not None:
        require_stage(session, stage)
        chosen += session.exec(select(Prospect.id).where(Prospect.stage == stage).order_by(col(Prospect.id)))
    return list(dict.fromkeys(chosen))


def _drafted(
    session: Session, desk: Desk, chosen: template.Template, prospect_id: int, occasion: str
) -> tuple[Message, Prospect] | None:
    """A draft to this person; None where they are never written to, or this occasion went further."""
    person = session.get_one(Prospect, prospect_id)
    if suppression.suppressed(session, person) is not None:
        return None
    message = drafts.compose(session, desk, chosen, person, occasion=occasion, now=utc_now())
    return (message, person) if message is not None else None


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
