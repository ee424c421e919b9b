"""Runs: changes to many people, done page by page and taken back page by page.

A run is noted with everybody it is for before anybody is changed. Each page of `PAGE` people is one
short transaction that marks whom it has done, so that a process that dies half-way loses nothing:
whoever goes on with the run begins where it stopped, and of two who do it at once one waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, or_, select

from prospector.consequences import Consequences
from prospector.edits import Writes
from prospector.importing import applying, staging
from prospector.importing import undoing as imported
from prospector.models import Edit, Prospect, Run, User
from prospector.outreach import suppression
from prospector.prospects import bulk
from prospector.prospects.bulk import Change, Person, change_of
from prospector.store import Store, insert_new
from prospector.team import assignment

PAGE = 500
MOST = 10_000
"""How many people one run changes at most."""
STOPPED = timedelta(minutes=1)
"""A run that nobody has worked on for so long is gone on with."""
EDIT, IMPORT = "edit", staging.IMPORT
KINDS = (EDIT, IMPORT)
"""What is listed and taken back here; of imports, those that have begun to write."""
_WRITTEN = (staging.APPLYING, staging.DONE, staging.UNDOING, staging.UNDONE)


class RunError(Exception):
    """A run cannot be done or taken back; the message says why."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """What taking a run back does: how many people are as before, how many of them by being gone
    again, and whose changes since are left alone."""

    restored: int
    left: tuple[tuple[str, str], ...]
    removed: int = 0


def people(session: Session, ids: Sequence[int]) -> list[Person]:
    """These prospects as a change sees them, a page at a time."""
    found: list[Person] = []
    for at in range(0, len(ids), PAGE):
        page = select(Prospect).where(col(Prospect.id).in_(ids[at : at + PAGE])).order_by(col(Prospect.id))
        found += [_person(prospect) for prospect in session.exec(page)]
        session.expunge_all()
    return found


def start(store: Store, change: Change, ids: Sequence[int], user_id: int | None, now: datetime) -> int:
    """Note a run and everybody it is for; its number. Raises `RunError`."""
    if not 0 < len(set(ids)) <= MOST:
        raise RunError(f"A run changes 1 to {MOST:,} people; choose fewer.")
    several = sorted(set(ids))

    def begin(session: Session) -> int:
        detail = {"change": change.as_json(), "ready": False}
        run = Run(kind=EDIT, at=now, user_id=user_id, detail=detail)
        session.add(run)
        session.flush()
        return run.id

    run_id = store.write(begin)
    for at in range(0, len(several), PAGE):
        rows = [
            {"run_id": run_id, "prospect_id": id_, "before": {}, "after": {}}
            for id_ in several[at : at + PAGE]
        ]
        store.write(lambda session, rows=rows: insert_new(session, Edit, rows, ("prospect_id",)))  # type: ignore[misc]
    store.write(lambda session: _detail(session, run_id, ready=True, worked_at=now.isoformat()))
    return run_id


def carry_out(store: Store, consequences: Consequences, run_id: int, now: Callable[[], datetime]) -> int:
    """Do what is left of a run; how many people that were."""
    return _pages(lambda: store.write(lambda session: do_page(session, consequences, run_id, now())))


def take_back(store: Store, consequences: Consequences, run_id: int, now: Callable[[], datetime]) -> int:
    """Undo a run, or what is left of undoing it; how many people that were. Raises `RunError`."""
    store.write(lambda session: _mark_undone(session, run_id, now()))
    return _pages(lambda: store.write(lambda session: next_page(session, consequences, run_id, True, now())))


def next_page(session: Session, consequences: Consequences, run_id: int, back: bool, now: datetime) -> int:
    """Go on with a run of any kind, or with taking it `back`; how many were looked at, 0 at the end."""
    if session.get_one(Run, run_id).kind == IMPORT:
        page = imported.undo_page if back else applying.apply_page
    else:
        page = undo_page if back else do_page
    return page(session, consequences, run_id, now)


def unfinished(session: Session, now: datetime) -> list[tuple[int, bool]]:
    """The runs that stopped half-way, and whether they were being taken back."""
    waiting = select(Run).where(col(Run.kind).in_(KINDS)).order_by(col(Run.id).desc()).limit(50)
    found = []
    for run in session.exec(waiting):
        worked_at = run.detail.get("worked_at")
        idle = worked_at is not None and now - datetime.fromisoformat(worked_at) > STOPPED
        if run.detail.get("ready") and not run.detail.get("finished") and idle:
            found.append((run.id, run.undone_at is not None))
    return found


def find(session: Session, run_id: int, only: int | None = None) -> Run:
    """A run; with `only`, one of this user's. Raises `RunError`."""
    run = session.get(Run, run_id)
    if run is None or not _is_listed(run) or (only is not None and run.user_id != only):
        raise RunError(f"There is no run {run_id}. `prospector runs` lists them.")
    return run


def listed(session: Session, only: int | None, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    """The newest runs, as lists show them; `only`: this user's, `before`: those under this number.
    What somebody decided about one card is a run too, but stands with the card."""
    statement = select(Run, User.name).join(User, col(User.id) == col(Run.user_id), isouter=True)
    written = col(Run.detail)["state"].as_string().in_(_WRITTEN)
    statement = statement.where(or_(Run.kind == EDIT, (col(Run.kind) == IMPORT) & written))
    if only is not None:
        statement = statement.where(Run.user_id == only)
    if before is not None:
        statement = statement.where(col(Run.id) < before)
    found = session.exec(statement.order_by(col(Run.id).desc()).limit(limit)).all()
    numbers = _numbers(session, [run.id for run, _ in found if run.kind == EDIT])
    numbers |= {run.id: applying.numbers(run) for run, _ in found if run.kind == IMPORT}
    owners = assignment.names(session)
    return [_row(run, name, numbers, owners) for run, name in found]


def _is_listed(run: Run) -> bool:
    return run.kind == EDIT or (run.kind == IMPORT and run.detail["state"] in _WRITTEN)


def _row(
    run: Run, name: str | None, numbers: Mapping[int, tuple[int, int]], owners: Mapping[int, str]
) -> dict[str, Any]:
    changed, waiting = numbers.get(run.id, (0, 0))
    return {
        "run": run.id,
        "kind": run.kind,
        "at": run.at,
        "by": name,
        "what": _sentence(run, owners),
        "changed": changed,
        "waiting": waiting,
        "undone": run.undone_at,
    }


def _sentence(run: Run, owners: Mapping[int, str]) -> str:
    if run.kind == IMPORT:
        source = run.detail["source"]
        return f"import of {run.detail['filename']}" + (f" ({source})" if source else "")
    change = run.detail.get("change")
    return bulk.sentence(change_of(change), owners) if change else run.kind


def _numbers(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """By run, how many people it changed, and how many it still has to look at."""
    # Of who was taken back, `left` tells what stayed: they were changed all the same.
    was_changed = or_(col(Edit.left).is_(None), col(Edit.undone_at).is_not(None))
    changed = func.count().filter(col(Edit.done_at).is_not(None), was_changed)
    waiting = func.count().filter(col(Edit.done_at).is_(None))
    counted = select(Edit.run_id, changed, waiting).where(col(Edit.run_id).in_(ids))
    return {id_: (one, two) for id_, one, two in session.exec(counted.group_by(col(Edit.run_id)))}


def undoing(session: Session, run_id: int) -> Undoing:
    """What taking a run back would do now."""
    run = find(session, run_id)
    _undoable(run)
    if run.kind == IMPORT:
        plan = imported.undoing(session, run_id)
        return Undoing(plan.removed + plan.restored, plan.left, plan.removed)
    restored, left, after = 0, [], 0
    while page := _changed(session, run_id, after):
        for edit, prospect in page:
            back = bulk.restored(edit.before, edit.after, _person(prospect))
            restored += bool(back.values)
            left += [(prospect.name, back.why)] if back.why else []
        after = page[-1][0].prospect_id
        session.expunge_all()
    return Undoing(restored, tuple(left))


# --- a page -------------------------------------------------------------------------------------


def do_page(session: Session, consequences: Consequences, run_id: int, now: datetime) -> int:
    """Change the next people of a run; how many it looked at, 0 at the end."""
    run = session.get_one(Run, run_id, with_for_update=True, populate_existing=True)
    if run.undone_at is not None or not run.detail.get("ready"):
        return 0
    todo = select(Edit).where(Edit.run_id == run_id, col(Edit.done_at).is_(None))
    edits = session.exec(todo.order_by(col(Edit.prospect_id)).limit(PAGE)).all()
    change, writes = change_of(run.detail["change"]), Writes(run, now)
    known = _locked(session, [edit.prospect_id for edit in edits])
    for edit in edits:
        prospect = known[edit.prospect_id]
        outcome = bulk.decide(change, _person(prospect), now)
        edit.before, edit.after = dict(outcome.before), dict(outcome.after)
        edit.left, edit.done_at = outcome.stays or None, now
        writes.note(prospect, outcome.after, "")
    writes.write(session, consequences)
    run.note(worked_at=now.isoformat(), finished=not edits)
    return len(edits)


def undo_page(session: Session, consequences: Consequences, run_id: int, now: datetime) -> int:
    """Take back what a run did to the next people; how many it looked at, 0 at the end."""
    run = session.get_one(Run, run_id, with_for_update=True, populate_existing=True)
    page = _changed(session, run_id, 0)
    known = _locked(session, [edit.prospect_id for edit, _ in page])
    writes = Writes(run, now)
    for edit, _ in page:
        prospect = known[edit.prospect_id]
        back = bulk.restored(edit.before, edit.after, _person(prospect))
        edit.undone_at, edit.left = now, back.why or None
        writes.note(prospect, back.values, ":back")
    writes.write(session, consequences)
    run.note(worked_at=now.isoformat(), finished=not page)
    return len(page)


def _pages(page: Callable[[], int]) -> int:
    whole = 0
    while done := page():
        whole += done
    return whole


def _person(prospect: Prospect) -> Person:
    return Person(
        prospect.id,
        prospect.name,
        prospect.owner_id,
        prospect.stage,
        tuple(prospect.tags),
        prospect.paused_until,
        prospect.archived_at,
        prospect.paused_why,
        prospect.paused_why == suppression.IN_DOUBT,
    )


def _locked(session: Session, ids: Sequence[int]) -> dict[int, Prospect]:
    statement = select(Prospect).where(col(Prospect.id).in_(ids)).order_by(col(Prospect.id))
    found = session.exec(statement.with_for_update().execution_options(populate_existing=True))
    return {prospect.id: prospect for prospect in found}


def _changed(session: Session, run_id: int, after: int) -> Sequence[tuple[Edit, Prospect]]:
    """The next people whom a run has changed and who are not as they were."""
    statement = (
        select(Edit, Prospect)
        .join(Prospect, col(Prospect.id) == col(Edit.prospect_id))
        .where(
            Edit.run_id == run_id,
            col(Edit.done_at).is_not(None),
            col(Edit.undone_at).is_(None),
            col(Edit.left).is_(None),
            col(Edit.prospect_id) > after,
        )
    )
    return session.exec(statement.order_by(col(Edit.prospect_id)).limit(PAGE)).all()


def _undoable(run: Run) -> None:
    if run.undone_at is not None and run.detail.get("finished"):
        raise RunError(f"Run {run.id} was taken back already, on {run.undone_at:%Y-%m-%d %H:%M} UTC.")


def _mark_undone(session: Session, run_id: int, now: datetime) -> None:
    run = find(session, run_id)
    session.refresh(run, with_for_update=True)
    _undoable(run)
    if run.kind == IMPORT:
        imported.begin(session, run_id, now)
    elif run.undone_at is None:
        run.undone_at = now
        run.note(finished=False, worked_at=now.isoformat())


def _detail(session: Session, run_id: int, **values: Any) -> None:
    session.get_one(Run, run_id).note(**values)
