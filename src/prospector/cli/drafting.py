"""`prospector draft`: drafts in bulk, for people of the store or for the rows of a file.

What only one of the two needs is imported where it is used: of a file of ten thousand rows, the store's
libraries would cost as much time as all its drafts.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prospector.cli.output import AsJson, chosen_workspace, fail, installation, show, show_each

if TYPE_CHECKING:
    from sqlmodel import Session

    from prospector.models import Message, Prospect
    from prospector.outreach.drafts import Desk
    from prospector.outreach.facts import Facts
    from prospector.outreach.template import Template

LARGEST_FILE = 50 * 2**20
TOGETHER = 50
"""Drafts of one transaction: over all of them it would keep a running process from writing."""


def register(app: typer.Typer) -> None:
    app.command()(draft)


def draft(
    name: Annotated[str, typer.Option("--template", help="A file of templates/, without .txt.")],
    prospect: Annotated[list[str] | None, typer.Option(help="An id, an e-mail or a profile URL.")] = None,
    stage: Annotated[str | None, typer.Option(help="Everybody in this stage.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Everybody in this file; nothing is stored.")] = None,
    campaign: Annotated[
        str | None, typer.Option(help="The same campaign never gives a person a second message.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="The template's text in this language, where it has one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Render drafts in bulk; they wait for approval."""
    if [bool(prospect) or stage is not None, csv is not None].count(True) != 1:
        fail("Say for whom: --prospect P (as often as you like), --stage S or --csv FILE.", 2)
    if csv is not None:
        show_each(_of_file(csv, name, language), as_json, "The file has no rows.")
    else:
        rows = _of_people(prospect or [], stage, name, language, campaign)
        show(rows, as_json, "Nobody was left to write to.")


def _of_file(path: Path, name: str, language: str | None) -> Iterator[dict[str, Any]]:
    """Drafts of the rows of a CSV file, without the database."""
    from prospector import config, workspace
    from prospector.outreach import spreadsheet, template

    place = workspace.locate(chosen_workspace.get())
    chosen = template.load(place.search_path("templates"), name, language)
    sender = config.sender_of(place.config).model_dump()
    try:
        if path.stat().st_size > LARGEST_FILE:
            fail(f"{path} is larger than {LARGEST_FILE // 2**20} MB; split it.", 2)
        with path.open(encoding=_encoding_of(path), newline="") as lines:
            yield from (_rendered(chosen, facts) for facts in spreadsheet.rows(lines, sender))
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.", 2)
    except UnicodeDecodeError as error:
        fail(f"{path} has letters that are not {error.encoding}; save it as UTF-8 and try again.", 2)
    except spreadsheet.SpreadsheetError as error:
        fail(f"{path}: {error}", 2)


def _encoding_of(path: Path) -> str:
    """How a file is encoded. Most are UTF-8: only for another one it is found out, which takes long."""
    with path.open("rb") as stream:
        try:
            stream.read().decode("utf-8")
        except UnicodeDecodeError:
            from prospector.importing import delimited

            return delimited.encoding_of(stream)
    return "utf-8-sig"


def _rendered(chosen: Template, facts: Facts) -> dict[str, Any]:
    from prospector.outreach.render import render

    draft, person = render(chosen, facts), facts["prospect"] or {}
    return {
        "id": None,
        "to": person.get("email" if chosen.action == "email" else "name"),
        "action": chosen.action,
        "subject": draft.subject,
        "body": draft.body,
        "problems": [{"code": problem.code, "message": problem.message} for problem in draft.problems],
    }


def _of_people(
    who: Sequence[str], stage: str | None, name: str, language: str | None, campaign: str | None
) -> list[dict[str, Any]]:
    """Drafts to people of the store, kept there. Mails of a campaign are the campaign's to draft."""
    from prospector.cli import campaigns
    from prospector.outreach import drafts, pending, template

    rows: list[dict[str, Any]] = []
    with installation() as opened:
        chosen = template.load(opened.template_path(), name, language)
        with opened.store.reading() as session:
            ids = _people(session, who, stage)
        if campaign is not None and chosen.action == "email":
            return campaigns.draft_for(opened, campaign, name, ids)
        desk = drafts.desk_of(opened.settings, opened.account_ids)
        occasion = f"hand:{campaign or uuid.uuid4().hex[:8]}"
        for at in range(0, len(ids), TOGETHER):
            with opened.store.transaction() as session:
                made = [_drafted(session, desk, chosen, id_, occasion) for id_ in ids[at : at + TOGETHER]]
                rows += [pending.as_json(*one) for one in made if one]
    return rows


def _people(session: Session, who: Sequence[str], stage: str | None) -> list[int]:
    from sqlmodel import col, select

    from prospector.cli.prospects import require_stage
    from prospector.models import Prospect
    from prospector.prospects import people

    chosen = [people.find(session, one).id for one in who]
    if stage is not None:
        require_stage(session, stage)
        chosen += session.exec(select(Prospect.id).where(Prospect.stage == stage).order_by(col(Prospect.id)))
    return list(dict.fromkeys(chosen))


def _drafted(
    session: Session, desk: Desk, chosen: Template, prospect_id: int, occasion: str
) -> tuple[Message, Prospect] | None:
    """A draft to this person; None where they are never written to, the law lets no cold mail go to
    them, or this occasion went further."""
    from prospector.installation import utc_now
    from prospector.models import Prospect
    from prospector.outreach import drafts, suppression

    person, now = session.get_one(Prospect, prospect_id), utc_now()
    if suppression.suppressed(session, person) is not None:
        return None
    if drafts.forbidden(session, desk, chosen.action, person, None, now) is not None:
        return None
    message = drafts.compose(session, desk, chosen, person, occasion=occasion, now=now)
    return (message, person) if message is not None else None
