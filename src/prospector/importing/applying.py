"""Doing what the plan of an import says, page by page, each row judged once more by what is known then.

A page is one short transaction that marks its rows, so that a process that dies loses nothing: whoever
goes on begins where it stopped, and of two who do it at once one waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, func, select

from prospector.consequences import Consequences
from prospector.enrolment import stages_of
from prospector.importing import planning, register, staging
from prospector.importing.plan import ADD, CHANGE, CONFLICT
from prospector.importing.planning import Earlier, after_of, before_of, heard
from prospector.importing.rows import Said
from prospector.importing.writing import Page
from prospector.models import Company, ImportRow, Run
from prospector.store import Store

PAGE = 300
_TRIES = 3


def apply(store: Store, consequences: Consequences, run_id: int, now: Callable[[], datetime]) -> int:
    """Do what is planned, or what is left of it; how many rows that were. Raises `ImportingError`."""
    store.write(lambda session: begin(session, run_id, now()))
    return go_on(store, consequences, run_id, now)


def begin(session: Session, run_id: int, now: datetime) -> None:
    """Note that an import is to be done: from here on `work.resume` goes on with it. Raises
    `ImportingError`."""
    run = staging.find(session, run_id, staging.PLANNED, staging.APPLYING)
    if run.detail["state"] == staging.PLANNED:
        staging.remember(session, run.detail["columns"], run.detail["mapping"], now)
        newest = session.exec(select(func.max(Company.id))).one() or 0
        state = {"state": staging.APPLYING, "applied_to": 0, "done": 0, "company_from": newest, "changed": 0}
        run.note(**state, ready=True, finished=False, worked_at=now.isoformat())


def go_on(store: Store, consequences: Consequences, run_id: int, now: Callable[[], datetime]) -> int:
    """Do the pages that are left; how many rows they had."""
    whole = 0
    while done := _tried(store, lambda session: apply_page(session, consequences, run_id, now())):
        whole += done
    return whole


def _tried(store: Store, work: Callable[[Session], int]) -> int:
    """Another process can add the very person between our look and our write: look again."""
    for _ in range(_TRIES - 1):
        try:
            return store.write(work)
        except IntegrityError:
            continue
    return store.write(work)


def apply_page(session: Session, consequences: Consequences, run_id: int, now: datetime) -> int:
    """Do the next rows of an import; how many it looked at, 0 at the end."""
    run = session.get_one(Run, run_id, with_for_update=True, populate_existing=True)
    if run.detail["state"] != staging.APPLYING:
        return 0
    rows = planning.page_of(session, run_id, run.detail["applied_to"], PAGE)
    house = register.house(session, consequences.currency)
    open_rows = [row for row in rows if row.plan in (ADD, CHANGE, CONFLICT)]
    said = [one for row in open_rows if isinstance(one := heard(run, row, house), Said)]
    known = register.read(session, said, consequences.secret, lock=True)
    page, changed = Page(run, known, stages_of(session)[0], now), 0
    for judged in planning.judge(session, run, open_rows, house, consequences.secret, Earlier(), known):
        row, decision = judged.row, judged.decision
        row.plan, row.why, row.prospect_id = decision.plan, decision.why or None, decision.prospect_id
        row.before, row.after = before_of(decision), after_of(decision)
        if decision.erased:
            row.cells = {}
        if decision.writes:
            page.note(judged)
            changed += 1
    page.write(session, consequences)
    _advance(run, rows, changed, now)
    return len(rows)


def numbers(run: Run) -> tuple[int, int]:
    """How many people an import has changed, and how many rows it still has to look at."""
    waiting = run.detail["rows"] - run.detail["done"] if run.detail["state"] == staging.APPLYING else 0
    return run.detail.get("changed", 0), waiting


def _advance(run: Run, rows: Sequence[ImportRow], changed: int, now: datetime) -> None:
    if rows:
        done, whole = run.detail["done"] + len(rows), run.detail["changed"] + changed
        run.note(applied_to=rows[-1].number, done=done, changed=whole, worked_at=now.isoformat())
    else:
        run.note(state=staging.DONE, finished=True, worked_at=now.isoformat())
