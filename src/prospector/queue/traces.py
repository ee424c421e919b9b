"""What a decision leaves, so that it can be taken back: the rows that it changed, as they were.

Each decision is a run (table `run`) that the card points to; taken back, the card points to the one
before it again. So many steps back are possible as there were forward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, select, update
from sqlmodel import Session

from prospector.models import Card, Message, Prospect, Run, Suppression, table_of
from prospector.store import read_rows

KIND = "card"
CARD = ("state", "until", "wake_on", "held_by", "held_until", "opened_at")
CARD_DECIDED = ("decided_by", "decided_at", "decided_why", "run_id")
MESSAGE = ("state", "approved_by", "approved_at", "approved_hash", "message_id", "send_at", "copied_at")
MESSAGE_WORDS = ("despite", "error")
PROSPECT = ("paused_until", "paused_why")
SAID = ("sending", "sent", "unknown", "refused")

Columns = Mapping[str, Any]
_MESSAGE, _RUN = table_of(Message), table_of(Run)
_UNSAID = select(*_MESSAGE.c["id", *MESSAGE, *MESSAGE_WORDS]).where(
    _MESSAGE.c.prospect_id == bindparam("prospect"),
    _MESSAGE.c.state.not_in((*SAID, "discarded")),
)
_AFTER = select(*_MESSAGE.c["id", *MESSAGE, *MESSAGE_WORDS]).where(
    _MESSAGE.c.id.in_(bindparam("ids", expanding=True))
)
_MADE = {"state": "discarded", "error": "taken back"}


class SaidError(Exception):
    """A message that the decision let go has left: there is no way back."""


@dataclass(frozen=True, slots=True)
class Before:
    """A card, what may still be changed of its person's messages, and the person's break."""

    card: Columns
    messages: Mapping[int, Columns]
    prospect: Columns


def before(session: Session, card: Card) -> Before:
    """How things stand; to be called before a decision changes them."""
    found = read_rows(session, _UNSAID, prospect=card.prospect_id)
    person = session.get_one(Prospect, card.prospect_id)
    return Before(
        _columns(card, (*CARD, *CARD_DECIDED)),
        {message.id: _columns(message, (*MESSAGE, *MESSAGE_WORDS)) for message in found},
        _columns(person, PROSPECT),
    )


def keep(
    session: Session,
    card: Card,
    was: Before,
    user_id: int | None,
    now: datetime,
    made: Sequence[int] = (),
) -> Run:
    """Note what a decision has changed, and the messages that it `made`; the card points to it."""
    changed = _changed(session, was)
    changed += [{"id": id_, "was": _MADE, "state": "approved", "error": None} for id_ in made]
    person = _columns(session.get_one(Prospect, card.prospect_id), PROSPECT)
    detail: dict[str, Any] = {"card_id": card.id, "card": was.card, "messages": changed}
    if person != was.prospect:
        detail["prospect"] = dict(was.prospect)
    run = Run(kind=KIND, at=now, user_id=user_id, detail=detail)
    session.add(run)
    session.flush()
    card.run_id = run.id
    return run


def take_back(session: Session, card: Card, run: Run, now: datetime) -> None:
    """Put everything back as the run found it. Raises `SaidError`."""
    for change in run.detail["messages"]:
        _restore_message(session, change)
    _set(card, run.detail["card"])
    if (person := run.detail.get("prospect")) is not None:
        _set(session.get_one(Prospect, card.prospect_id), person)
    for row in session.execute(_suppressed_by(card)).scalars():
        session.delete(row)
    # What it was needed for is done; of an erased person no words may stay that no card leads to.
    run.undone_at, run.detail = now, {"card_id": card.id}
    session.flush()


def forget(session: Session, card: Card) -> None:
    """There is no way back from here: what the card's decisions have kept goes."""
    runs, at = list[int](), card.run_id
    while at is not None:
        runs.append(at)
        run = session.get(Run, at)
        at = run.detail["card"]["run_id"] if run is not None else None
    card.run_id = None
    if runs:
        session.flush()
        session.execute(delete(Run).where(_RUN.c.id.in_(runs)))


def _suppressed_by(card: Card) -> Any:
    return select(Suppression).where(table_of(Suppression).c.by == f"card:{card.id}")


def _changed(session: Session, was: Before) -> list[dict[str, Any]]:
    """Each message that the decision changed: as it was, and the state that it was left in."""
    if not was.messages:
        return []
    changed = []
    for now in read_rows(session, _AFTER, ids=list(was.messages)):
        earlier, later = was.messages[now.id], _columns(now, (*MESSAGE, *MESSAGE_WORDS))
        if later != earlier:
            changed.append({"id": now.id, "was": earlier, "state": now.state, "error": now.error})
    return changed


def _restore_message(session: Session, change: Mapping[str, Any]) -> None:
    """Compare and set: a message that a worker has claimed meanwhile is not touched."""
    if change["state"] in SAID:
        raise SaidError
    mine: list[ColumnElement[bool]] = [
        _MESSAGE.c.id == change["id"],
        _MESSAGE.c.state == change["state"],
    ]
    if change["state"] == "discarded":
        mine += [_MESSAGE.c.error == change["error"], ~_taken()]
    values = {name: _value(name, value) for name, value in change["was"].items()}
    if session.connection().execute(update(_MESSAGE).where(*mine).values(**values)).rowcount == 1:
        return
    state = session.connection().execute(select(_MESSAGE.c.state).where(_MESSAGE.c.id == change["id"]))
    if state.scalar_one() in SAID:
        raise SaidError


def _taken() -> ColumnElement[bool]:
    """Whether another message has the occasion by now."""
    other = _MESSAGE.alias("other")
    same = and_(*(other.c[name] == _MESSAGE.c[name] for name in ("prospect_id", "occasion", "action")))
    return exists().where(same, other.c.id != _MESSAGE.c.id, other.c.state != "discarded")


def _columns(row: Any, names: Sequence[str]) -> dict[str, Any]:
    """Columns as JSON has them."""
    values = ((name, getattr(row, name)) for name in names)
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values}


def _set(row: Any, columns: Columns) -> None:
    for name, value in columns.items():
        setattr(row, name, _value(name, value))


def _value(name: str, value: Any) -> Any:
    moment = name in ("until", "held_until", "paused_until") or name.endswith("_at")
    return datetime.fromisoformat(value) if moment and value is not None else value
