"""Parting: a merge is taken back, and two rows are two people again.

All is as it was but what somebody has changed since; what happened since stays with the one who was kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, or_
from sqlmodel import Session, SQLModel, col, delete, func, select

from prospector.consequences import Consequences
from prospector.merge_plan import MergeError, locked
from prospector.merges import KIND, WATCHED, find, snapshot
from prospector.models import Engagement, Message, Move, Prospect, Run, Suppression, table_of
from prospector.outreach import suppression
from prospector.prospects import merging, profiles

_BY_NAME = {str(table_of(model).name): model for model in WATCHED}


@dataclass(frozen=True, slots=True)
class Parting:
    """What taking a merge back does: how many cells are as they were, and in words what is not."""

    kept: int
    other: int
    names: tuple[str, str]
    restored: int
    left: tuple[str, ...]


def undoing(session: Session, run_id: int) -> Parting:
    """What parting the two again would do now. Raises `MergeError`."""
    run = find(session, run_id)
    _require_last(session, run)
    changes = run.detail["changes"]
    now = snapshot(session, _both(run), {table: list(rows) for table, rows in changes.items()})
    values, left = merging.back(changes, now)
    restored = sum(len(cells) for rows in values.values() for cells in rows.values())
    words = [*_since(session, run), *_changed_since(left)]
    return Parting(*_both(run), (run.detail["names"][0], run.detail["names"][1]), restored, tuple(words))


def take_back(session: Session, consequences: Consequences, run_id: int, now: datetime) -> Parting:
    """Part the two again: all is as it was but what somebody has changed since, which is named.
    What happened since stays with the one that was kept. Raises `MergeError`."""
    run = find(session, run_id)
    locked(session, _both(run))
    session.refresh(run, with_for_update=True)
    done = undoing(session, run_id)
    changes = run.detail["changes"]
    known = {table: list(rows) for table, rows in changes.items()}
    _unmake(session, run)
    values, _ = merging.back(changes, snapshot(session, _both(run), known))
    for name, model in _BY_NAME.items():
        for key, cells in _ordered(values.get(name, {}), run):
            _write(session, model, int(key), cells)
    session.expire_all()
    for id_ in _both(run):
        consequences.rejoin(session, session.get_one(Prospect, id_), "two people were parted again", now)
    run.undone_at = now
    session.flush()
    return done


def _both(run: Run) -> tuple[int, int]:
    return run.detail["kept"], run.detail["other"]


def _ordered(rows: Mapping[str, Mapping[str, Any]], run: Run) -> list[tuple[str, Mapping[str, Any]]]:
    """The kept one first: it gives the address back before the other takes it."""
    first = str(run.detail["kept"])
    return sorted(rows.items(), key=lambda row: (row[0] != first, int(row[0])))


def _require_last(session: Session, run: Run) -> None:
    if run.undone_at is not None:
        raise MergeError(f"Run {run.id} was taken back already, on {run.undone_at:%Y-%m-%d %H:%M} UTC.")
    kept, other = (session.get(Prospect, id_) for id_ in _both(run))
    if kept is None or other is None:
        raise MergeError("One of the two was erased since; they cannot be parted any more.")
    if kept.merged_into_id is not None:
        raise MergeError(
            f"{kept.name} was merged into prospect {kept.merged_into_id} since. Take that back first."
        )
    leaving = select(Message.id).where(Message.prospect_id == kept.id, Message.state == "sending")
    if session.exec(leaving).first() is not None:
        raise MergeError("A message to them is leaving this very moment. Try again in a minute.")


def _since(session: Session, run: Run) -> list[str]:
    """What came over the other's profiles and address since: it stays with the one that was kept."""
    kept_id, other_id = _both(run)
    changes = run.detail["changes"]
    profile_ids = [int(key) for key in [*changes.get("profile", {}), *run.detail["made"].get("profile", ())]]
    known = [int(key) for key in changes.get("engagement", {})]
    address = changes["prospect"].get(str(other_id), {}).get("email", [None])[0]
    theirs = or_(
        col(Engagement.profile_id).in_(profile_ids),
        and_(col(Engagement.channel) == "email", col(Engagement.actor) == (address or "")),
    )
    new = select(func.count()).where(
        col(Engagement.prospect_id) == kept_id, theirs, col(Engagement.id).not_in(known)
    )
    number = session.exec(new).one()
    name = run.detail["names"][0]
    things = "thing that happened" if number == 1 else "things that happened"
    return [f"{number} {things} since stays with {name}"] if number else []


def _changed_since(left: Sequence[merging.Cell]) -> list[str]:
    rows = dict.fromkeys((table, key) for table, key, _ in left)
    columns: dict[tuple[str, str], list[str]] = {}
    for table, key, column in left:
        columns.setdefault((table, key), []).append(column)
    return [
        f"{table} {key}: {', '.join(columns[table, key])} changed since, and stays" for table, key in rows
    ]


def _unmake(session: Session, run: Run) -> None:
    """What the merge itself added goes: a second address, notes of fields, effects passed over, moves,
    and the suppression of the one because of the other."""
    made: Mapping[str, Sequence[str]] = run.detail["made"]
    for key in made.get("profile", ()):
        profiles.remove(session, int(key))
    for name in ("engagement", "effect", "move"):
        table = table_of(_BY_NAME[name])
        session.execute(table.delete().where(table.c.id.in_([int(key) for key in made.get(name, ())])))
    if not _said_no_since(session, run):
        session.exec(delete(Suppression).where(col(Suppression.by) == f"{KIND}:{run.id}"))
    session.expire_all()


def _said_no_since(session: Session, run: Run) -> bool:
    """Whether the kept one has asked not to be written to since: that found its key taken by ours."""
    kept = session.get_one(Prospect, run.detail["kept"])
    keys = suppression.keys_of_person(kept.id, kept.email)
    own = select(Suppression.key).where(col(Suppression.key).in_(keys), Suppression.at > run.at)
    said = select(Engagement.id).where(
        Engagement.prospect_id == kept.id,
        col(Engagement.kind).in_(suppression.HARD_STOPS),
        Engagement.seen_at > run.at,
    )
    return session.exec(own).first() is not None or session.exec(said).first() is not None


def _write(session: Session, model: type[SQLModel], key: int, cells: Mapping[str, Any]) -> None:
    """Put a row's cells back, unless something else has its place by now."""
    table = table_of(model)
    values = {name: _typed(table, name, value) for name, value in cells.items()}
    if model is Message and _occupied(session, key, values):
        return
    if model is Move and _live_twin(session, key):
        return
    session.execute(table.update().where(table.c.id == key).values(**values))


def _typed(table: Table, name: str, value: Any) -> Any:
    moment = isinstance(value, str) and table.c[name].type.python_type is datetime
    return datetime.fromisoformat(value) if moment else value


def _occupied(session: Session, message_id: int, values: Mapping[str, Any]) -> bool:
    """Whether another message has the occasion that this one would come back to."""
    row = session.get_one(Message, message_id, populate_existing=True)
    wanted = {name: values.get(name, getattr(row, name)) for name in ("prospect_id", "occasion", "state")}
    twin = select(Message.id).where(
        Message.prospect_id == wanted["prospect_id"],
        Message.occasion == wanted["occasion"],
        Message.action == row.action,
        Message.state != "discarded",
        Message.id != message_id,
    )
    return wanted["state"] != "discarded" and session.exec(twin).first() is not None


def _live_twin(session: Session, move_id: int) -> bool:
    """Whether the fold has made this move again meanwhile."""
    row = session.get_one(Move, move_id, populate_existing=True)
    twin = select(Move.id).where(
        Move.prospect_id == row.prospect_id,
        Move.key == row.key,
        col(Move.ruleset_id).is_not_distinct_from(row.ruleset_id),
        col(Move.superseded_at).is_(None),
        Move.id != move_id,
    )
    return session.exec(twin).first() is not None
