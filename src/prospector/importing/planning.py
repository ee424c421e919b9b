"""Making the plan of an import: every row judged against what is known, page by page.

Nothing but the rows of the run is written. What was erased is not kept even there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from prospector.consequences import Consequences
from prospector.importing import plan as planned
from prospector.importing import register, rows, staging
from prospector.importing.plan import Decision
from prospector.importing.register import Register
from prospector.importing.rows import House, RefusedError, Said
from prospector.importing.staging import UNREADABLE
from prospector.models import ImportRow, Run
from prospector.store import Store

PAGE = 300


@dataclass
class Earlier:
    """Which row of the file first named an address, a profile or a prospect."""

    first: dict[str, int] = field(default_factory=dict)

    def note(self, said: Said, ids: Sequence[int], number: int) -> int | None:
        """The number of an earlier row of the same person; None for the first."""
        keys = [*said.keys, *(f"prospect {id_}" for id_ in ids)]
        found = [before for key in keys if (before := self.first.get(key, number)) < number]
        for key in keys:
            self.first.setdefault(key, number)
        return min(found, default=None)


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with what it says and what it does."""

    row: ImportRow
    said: Said | None
    decision: Decision


def plan(
    store: Store,
    consequences: Consequences,
    run_id: int,
    now: Callable[[], datetime],
    *,
    overwrite: bool = False,
) -> None:
    """Make the plan of a staged import, or make it anew. Raises `ImportingError`."""
    store.write(lambda session: _begin(session, run_id, overwrite))
    with store.reading() as session:
        house = register.house(session, consequences.currency)
    earlier = Earlier()
    while store.write(lambda session: plan_page(session, consequences, run_id, earlier, house, now())):
        continue


def _begin(session: Session, run_id: int, overwrite: bool) -> None:
    states = (staging.STAGED, staging.PLANNING, staging.PLANNED)
    run = staging.find(session, run_id, *states)
    state: dict[str, Any] = {"state": staging.PLANNING, "planned_to": 0, "done": 0}
    run.note(**state, overwrite=overwrite)


def plan_page(
    session: Session, consequences: Consequences, run_id: int, earlier: Earlier, house: House, now: datetime
) -> int:
    """Judge the next rows of an import; how many, 0 at the end."""
    run = session.get_one(Run, run_id, with_for_update=True, populate_existing=True)
    page = page_of(session, run_id, run.detail["planned_to"])
    for judged in judge(session, run, page, house, consequences.secret, earlier):
        _write(judged)
    values = {"planned_to": page[-1].number, "done": run.detail["done"] + len(page)} if page else {}
    state = staging.PLANNING if page else staging.PLANNED
    run.note(**values, state=state, worked_at=now.isoformat())
    return len(page)


def page_of(session: Session, run_id: int, after: int, limit: int = PAGE) -> Sequence[ImportRow]:
    """The next rows of a run, in their order."""
    statement = select(ImportRow).where(ImportRow.run_id == run_id, col(ImportRow.number) > after)
    return session.exec(statement.order_by(col(ImportRow.number)).limit(limit)).all()


def judge(
    session: Session,
    run: Run,
    page: Sequence[ImportRow],
    house: House,
    secret: bytes | None,
    earlier: Earlier,
    found: Register | None = None,
) -> Iterator[Judged]:
    """What each of these rows does, by what is known now. A row that cannot be read, or of which an
    erasure left nothing, stays as it is."""
    said = {row.number: heard(run, row, house) for row in page if _is_open(row)}
    known = found or register.read(session, (one for one in said.values() if isinstance(one, Said)), secret)
    for row in page:
        one = said.get(row.number)
        if isinstance(one, Decision):
            yield Judged(row, None, one)
        elif one is not None:
            people = known.known(one)
            first = earlier.note(one, [person.id for person in people], row.number)
            obstacle = known.obstacle(one, people, first)
            decision = planned.decide(one, people, obstacle, bool(run.detail.get("overwrite")))
            yield Judged(row, one, decision)


def heard(run: Run, row: ImportRow, house: House) -> Said | Decision:
    """What a row says with what is said of the whole file, or why it is refused."""
    try:
        said = rows.read(row.cells, run.detail["mapping"], house)
    except RefusedError as error:
        return planned.refused(str(error))
    values = dict(said.values)
    if run.detail["source"]:
        values.setdefault("source", run.detail["source"])
    if run.detail["basis"]:
        values["legal_basis"] = run.detail["basis"]
    return replace(said, values=values)


def _is_open(row: ImportRow) -> bool:
    return bool(row.cells) and UNREADABLE not in row.cells


def _write(judged: Judged) -> None:
    row, decision = judged.row, judged.decision
    row.plan, row.why, row.prospect_id = decision.plan, decision.why or None, decision.prospect_id
    row.before, row.after = before_of(decision), after_of(decision)
    if decision.erased:
        row.cells = {}


def before_of(decision: Decision) -> dict[str, Any]:
    """What a row keeps of the values before, as JSON."""
    return {"values": dict(decision.before)} if decision.before else {}


def after_of(decision: Decision) -> dict[str, Any]:
    """What a row keeps of what it does, as JSON."""
    after = {
        "values": dict(decision.after),
        "profiles": list(decision.profiles),
        "tags": list(decision.tags),
        "conflicts": {name: list(pair) for name, pair in decision.conflicts.items()},
    }
    return {name: value for name, value in after.items() if value}
