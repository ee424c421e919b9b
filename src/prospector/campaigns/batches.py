"""What a reviewer decides about many people at once: a run that goes page by page and can be taken back.

A run is noted with everybody it is for before anything is done. Each page is one short transaction
that marks whom it has done, so a process that dies half-way loses nothing and nobody is done twice:
`unfinished` finds what stopped, and whoever goes on begins where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlmodel import Session, col, func, select

from prospector.campaigns import drafting
from prospector.campaigns.editing import CampaignError
from prospector.config import Settings
from prospector.models import Edit, Prospect, Recipient, Run
from prospector.outreach.drafts import Desk
from prospector.store import Store, by_id, insert_new

KIND = "review"
PAGE = 50
"""People of one transaction: at most about half a second of the write lock on SQLite."""
MOST_NAMED = 20
STOPPED = timedelta(minutes=1)
"""A run that nobody has worked on for so long is gone on with."""


class BatchError(Exception):
    """A run cannot be begun or taken back; the message says why."""


@dataclass(frozen=True, slots=True)
class Means:
    """What decisions need and the database does not hold: settings, our accounts, where snippets lie."""

    settings: Settings
    desk: Desk
    search_path: Sequence[Path] = ()

    @property
    def drafting(self) -> drafting.Means:
        return drafting.Means(self.desk, self.search_path)


@dataclass(frozen=True, slots=True)
class Case:
    """One person of a page: what the run keeps of them, and their place in the campaign."""

    edit: Edit
    prospect: Prospect
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class Page:
    """What an act works with: the run, the next people, and what carries it out."""

    session: Session
    means: Means
    run: Run
    cases: Sequence[Case]
    now: datetime

    @property
    def given(self) -> Mapping[str, Any]:
        """What was asked of the run, such as which fact to fill."""
        return self.run.detail["given"]  # type: ignore[no-any-return]

    @property
    def campaign_id(self) -> int:
        return int(self.run.detail["campaign"])


class Act(Protocol):
    """One kind of decision. Both tell by prospect why somebody was left as they were; nobody else was."""

    def do(self, page: Page) -> Mapping[int, str]: ...
    def undo(self, page: Page) -> Mapping[int, str]: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: of `people` it has looked at `done` and changed `changed`; `left` names some
    of those whom it left, each with the reason, and `left_number` says how many there are."""

    run_id: int
    act: str
    campaign_id: int
    people: int
    done: int
    changed: int
    left_number: int
    left: tuple[tuple[str, str], ...]
    finished: bool
    undone: bool
    user_id: int | None


def start(
    store: Store,
    act: str,
    campaign_id: int,
    given: Mapping[str, Any],
    wanted: Mapping[int, Mapping[str, Any]],
    user_id: int | None,
    now: datetime,
) -> int:
    """Note a run and everybody it is for; its number. `wanted` keeps by prospect what each is to get.
    Raises `BatchError`."""
    if not wanted:
        raise BatchError("Nobody is left to do that for. Reload the page to see who is where.")

    def begin(session: Session) -> int:
        detail = {"act": act, "campaign": campaign_id, "given": dict(given), "worked_at": now.isoformat()}
        run = Run(kind=KIND, at=now, user_id=user_id, detail=detail)
        session.add(run)
        session.flush()
        rows = [
            {"run_id": run.id, "prospect_id": id_, "before": {}, "after": dict(value)}
            for id_, value in sorted(wanted.items())
        ]
        insert_new(session, Edit, rows, ("prospect_id",))
        return run.id

    return store.write(begin)


def carry_out(
    store: Store,
    acts: Mapping[str, Act],
    means: Means,
    run_id: int,
    now: Callable[[], datetime],
    until: Callable[[], bool] = lambda: False,
) -> bool:
    """Do what is left of a run, or of taking it back, page by page, until `until` says that it is
    enough for now; whether all is done."""
    while store.write(lambda session: step(session, acts, means, run_id, now())):
        if until():
            return False
    return True


def step(session: Session, acts: Mapping[str, Act], means: Means, run_id: int, now: datetime) -> int:
    """The next page; how many people it looked at, 0 at the end."""
    run = session.get_one(Run, run_id, with_for_update=True, populate_existing=True)
    back = run.undone_at is not None
    cases = _cases(session, run, back)
    page = Page(session, means, run, cases, now)
    left = _carried_out(_act(acts, run, back), page) if cases else {}
    for case in cases:
        case.edit.left = left.get(case.prospect.id) or (case.edit.left if back else None)
        if back:
            case.edit.undone_at = now
        else:
            case.edit.done_at = now
    run.note(worked_at=now.isoformat(), finished=not cases)
    session.flush()
    return len(cases)


def _carried_out(act: Callable[[Page], Mapping[int, str]], page: Page) -> Mapping[int, str]:
    """What an act left of a page: all of it, where the campaign lets it be done no more. Such a page
    must come to its end too, else the run would be tried for ever."""
    together = page.session.begin_nested()
    try:
        left = act(page)
    except CampaignError as error:
        together.rollback()
        return dict.fromkeys([case.prospect.id for case in page.cases], str(error))
    together.commit()
    return left


def _act(acts: Mapping[str, Act], run: Run, back: bool) -> Callable[[Page], Mapping[int, str]]:
    act = acts[run.detail["act"]]
    return act.undo if back else act.do


def take_back(session: Session, run_id: int, now: datetime) -> None:
    """Mark a run to be taken back; `carry_out` then does so. What it had not done yet, it never does.
    Raises `BatchError`."""
    run = find(session, run_id)
    session.refresh(run, with_for_update=True)
    if run.undone_at is not None:
        raise BatchError("That was taken back already.")
    run.undone_at = now
    run.note(worked_at=now.isoformat(), finished=False)


def find(session: Session, run_id: int, campaign_id: int | None = None) -> Run:
    """A run of a review, of this campaign. Raises `BatchError`."""
    run = by_id(session, Run, run_id)
    if run is None or run.kind != KIND or campaign_id not in (None, run.detail["campaign"]):
        raise BatchError("There is no such run of this campaign.")
    return run


def last(session: Session, campaign_id: int, user_id: int | None, since: datetime) -> Run | None:
    """The last thing that this user decided in this campaign and can take back."""
    mine = select(Run).where(Run.kind == KIND, Run.user_id == user_id, col(Run.undone_at).is_(None))
    newest = session.exec(mine.where(Run.at > since).order_by(col(Run.id).desc()).limit(50))
    return next((run for run in newest if run.detail["campaign"] == campaign_id), None)


def progress(session: Session, run_id: int) -> Progress:
    """How far a run is. Raises `BatchError`."""
    run = find(session, run_id)
    back = run.undone_at is not None
    worked = col(Edit.undone_at if back else Edit.done_at).is_not(None)
    left = worked & col(Edit.left).is_not(None)
    counted = select(func.count(), func.count().filter(worked), func.count().filter(left))
    people, done, left_number = session.exec(counted.where(Edit.run_id == run_id)).one()
    named = select(Prospect.name, Edit.left).join(Edit, col(Edit.prospect_id) == Prospect.id)
    some = session.exec(named.where(Edit.run_id == run_id, left).order_by(col(Prospect.id)).limit(MOST_NAMED))
    return Progress(
        run_id,
        run.detail["act"],
        run.detail["campaign"],
        people,
        done,
        done - left_number,
        left_number,
        tuple((name, why or "") for name, why in some),
        bool(run.detail.get("finished")),
        back,
        run.user_id,
    )


def unfinished(session: Session, now: datetime) -> list[int]:
    """The runs that stopped half-way and wait for somebody to go on with them."""
    newest = select(Run).where(Run.kind == KIND).order_by(col(Run.id).desc()).limit(50)
    return [
        run.id
        for run in session.exec(newest)
        if not run.detail.get("finished") and now - datetime.fromisoformat(run.detail["worked_at"]) > STOPPED
    ]


def _cases(session: Session, run: Run, back: bool) -> list[Case]:
    """The next people of a run; when it is taken back, of those whom it changed."""
    changed = (
        col(Edit.done_at).is_not(None) & col(Edit.undone_at).is_(None) & col(Edit.left).is_(None)
        if back
        else col(Edit.done_at).is_(None)
    )
    statement = (
        select(Edit, Prospect, Recipient)
        .join(Prospect, col(Prospect.id) == Edit.prospect_id)
        .join(Recipient, col(Recipient.prospect_id) == Edit.prospect_id)
        .where(Edit.run_id == run.id, Recipient.campaign_id == run.detail["campaign"], changed)
        .order_by(col(Edit.prospect_id))
        .limit(PAGE)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [Case(*row) for row in session.exec(statement)]
