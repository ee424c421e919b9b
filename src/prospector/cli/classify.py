"""`prospector classify`: how incoming mails are read, without a workspace or a mailbox."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from prospector.cli.output import AsJson, fail, show
from prospector.mail import LIMIT, Classified
from prospector.mail import classify as read_mail

Files = Annotated[list[Path], typer.Argument(help="Mails as they came (.eml); - reads one from the input.")]


def register(app: typer.Typer) -> None:
    app.command()(classify)


def classify(files: Files, as_json: AsJson = False) -> None:
    """How an incoming mail is read: bounce, complaint, auto-reply, opt-out, reply or other."""
    now = datetime.now(UTC)
    rows, unreadable = [], []
    for file in files:
        try:
            rows.append(row(str(file), read_mail(_beginning(file), now)))
        except OSError as error:
            unreadable.append(f"{file} cannot be read: {error.strerror or error}.")
    if rows or not unreadable:
        show(rows, as_json)
    if unreadable:
        fail("\n".join([*unreadable, "Give files that hold one mail each, as `.eml` files do."]))


def row(file: str, mail: Classified) -> dict[str, Any]:
    """One line of the answer; the names are a contract."""
    return {
        "file": file,
        "kind": mail.kind,
        "hard": mail.hard,
        "recipient": mail.recipient,
        "message_id": mail.message_id,
        "text": mail.text,
        "until": mail.until,
    }


def _beginning(file: Path) -> bytes:
    """As much of a file as is looked at, so that a huge attachment costs nothing."""
    if str(file) == "-":
        return sys.stdin.buffer.read(LIMIT)
    with file.open("rb") as opened:
        return opened.read(LIMIT)
