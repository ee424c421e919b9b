"""Taking an import back, page by page: who was added goes, who was changed is as before.

Who has had something to do with us since stays, and of a person's values each that somebody changed
since; the answer names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from prospector.consequences import Consequences
from prospector.importing import removal, since, staging
from prospector.importing.plan import ADD
from prospector.importing.register import values_of
from prospector.importing.writing import mark
from prospector.models import Company, Engagement, ImportRow, Message, Profile, Prospect, Run
from prospector.store import Store
from prospector.team import assignment

PAGE = 300


@dataclass(frozen=True, slots=True)
class Undoing:
    """What taking an import back does: how many people go, how many are as before, and who stays or
    keeps something, with the reason."""

    removed: int
    restored: int
    left: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Back:
    """What a changed person gets back: values, company, tags that go, profiles that go. Who was `merged`
    into another row gets nothing back here: what the import gave them is that row's now."""

    values: dict[str, Any]
    company_id: tuple[int | None] | None
    tags: tuple[str, ...]
    profiles: tuple[int, ...]
    left: tuple[str, ...]
    merged: bool = False

    def __bool__(self) -> bool:
        return bool(self.values or self.company_id or self.tags or self.profiles)

    @property
    def why(self) -> str:
        if self.merged:
            return "they were merged with somebody; take that back first"
        return " and ".join(self.left) + " changed since" if self.left else ""


def undoing(session: Session, run_id: int) -> Undoing:
    """What taking an import back would do now. Raises `ImportingError`."""
    _undoable(session, run_id)
    removed, restored, left, after = 0, 0, list[tuple[str, str]](), 0
    while page := _page(session, run_id, after):
        people = _people(session, page, lock=False)
        stay = since.reasons(session, run_id, [row for row in page if row.plan == ADD])
        for row in page:
            one = people.get(row.prospect_id or 0)
            if one is None:
                continue
            if row.plan == ADD:
                why = " and ".join(stay.get(one.id, ()))
                removed += not why
            else:
                back = _back(session, row, one)
                restored, why = restored + bool(back), back.why
            left += [(one.name, why)] if why else []
        after = page[-1].number
        session.expunge_all()
    return Undoing(removed, restored, tuple(left))


def take_back(store: Store, consequences: Consequences, run_id: int, now: Callable[[], datetime]) -> int:
    """Take an import back, or what is left of taking it back; how many rows that were. Raises
    `ImportingError`."""
    store.write(lambda session: begin(session, run_id, now()))
    return go_on(store, consequences, run_id, now)


def begin(session: Session, run_id: int, now: datetime) -> None:
    """Note that an import is taken back: from here on `work.resume` goes on with it. Raises
    `ImportingError`."""
    run = _undoable(session, run_id)
    if run.undone_at is None:
        run.undone_at = now
        state = {"state": staging.UNDOING, "undone_to": 0, "done": 0, "finished": False}
        run.note(**state, worked_at=now.isoformat())


def go_on(store: Store, consequences: Consequences, run_id: int, now: Callable[[], datetime]) -> int:
    """Take the pages back that are left; how many rows they had."""
    whole = 0
    while done := store.write(lambda session: undo_page(session, consequences, run_id, now())):
        whole += done
    return whole


def undo_page(session: Session, consequences: Consequences, run_id: int, now: datetime) -> int:
    """Take back what the next rows did; how many it looked at, 0 at the end."""
    run = session.get_one(Run, run_id, with_for_update=True, populate_existing=True)
    if run.detail["state"] != staging.UNDOING:
        return 0
    page = _page(session, run_id, run.detail["undone_to"])
    people = _people(session, page, lock=True)
    companies = {one.company_id for one in people.values() if one.company_id is not None}
    for row in page:
        row.undone_at = now
    changed = _restore(session, run_id, [row for row in page if row.plan != ADD], people)
    gone = _remove(session, run_id, [row for row in page if row.plan == ADD])
    session.expire_all()
    oldest = run.detail.get("company_from", 0)
    removal.remove_companies(session, [id_ for id_ in companies if id_ > oldest])
    consequences.follow(session, [], changed - gone, (), now)
    _advance(run, page, now)
    return len(page)


def _advance(run: Run, page: Sequence[ImportRow], now: datetime) -> None:
    if page:
        done = run.detail["done"] + len(page)
        run.note(undone_to=page[-1].number, done=done, worked_at=now.isoformat())
    else:
        run.note(state=staging.UNDONE, finished=True, worked_at=now.isoformat())


def _undoable(session: Session, run_id: int) -> Run:
    return staging.find(session, run_id, staging.APPLYING, staging.DONE, staging.UNDOING)


def _page(session: Session, run_id: int, after: int) -> Sequence[ImportRow]:
    """The next rows that did something and were not taken back."""
    statement = select(ImportRow).where(
        ImportRow.run_id == run_id,
        col(ImportRow.number) > after,
        col(ImportRow.done_at).is_not(None),
        col(ImportRow.undone_at).is_(None),
    )
    return session.exec(statement.order_by(col(ImportRow.number)).limit(PAGE)).all()


def _people(session: Session, rows: Iterable[ImportRow], *, lock: bool) -> dict[int, Prospect]:
    ids = [row.prospect_id for row in rows if row.prospect_id is not None]
    statement = select(Prospect).where(col(Prospect.id).in_(ids)).order_by(col(Prospect.id))
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return {one.id: one for one in session.exec(statement)}


def _remove(session: Session, run_id: int, rows: Sequence[ImportRow]) -> set[int]:
    """Take out whom these rows added, but for those who have a reason to stay."""
    stay = since.reasons(session, run_id, rows)
    gone, adopted = [], []
    for row in rows:
        if row.prospect_id is None:
            continue
        if why := stay.get(row.prospect_id):
            row.left = " and ".join(why)
        else:
            gone.append(row.prospect_id)
            adopted += row.after.get("adopted", [])
    removal.remove(session, gone, adopted)
    return set(gone)


def _restore(
    session: Session, run_id: int, rows: Sequence[ImportRow], people: dict[int, Prospect]
) -> set[int]:
    """Give those whom these rows changed back what they had; whose history changes by that."""
    changed, owners, entries = set(), dict[int, int | None](), list[str]()
    for row in rows:
        one = people.get(row.prospect_id or 0)
        if one is None:
            continue
        back = _back(session, row, one)
        row.left = back.why or None
        if back:
            _give(session, row, one, back)
            changed.add(one.id)
            names = [
                *back.values,
                *(["tags"] if back.tags else []),
                *(["company"] if back.company_id else []),
            ]
            entries += [f"{mark(run_id)}{one.id}:{name}" for name in names]
        if "owner_id" in back.values:
            owners[one.id] = back.values["owner_id"]
    session.flush()
    session.execute(delete(Engagement).where(col(Engagement.object).in_(entries)))
    assignment.move_cards(session, owners)
    return changed


def _give(session: Session, row: ImportRow, one: Prospect, back: Back) -> None:
    fields = dict(one.fields)
    for name, value in back.values.items():
        own = name.removeprefix("fields.")
        if own == name:
            if name != "stage":  # a move by hand goes with its entry in the history
                setattr(one, name, value)
        elif value is None:
            fields.pop(own, None)
        else:
            fields[own] = value
    one.fields = fields
    if "source" in back.values:
        one.source_at = None
    if back.company_id is not None:
        (one.company_id,) = back.company_id
    if back.tags:
        one.tags = [tag for tag in one.tags if tag not in back.tags]
    if "email" in back.values:
        removal.give_back(session, row.after.get("adopted", []))
    _remove_profiles(session, back.profiles)


def _remove_profiles(session: Session, ids: Sequence[int]) -> None:
    if ids:
        session.flush()
        posts = col(Engagement.profile_id).in_(ids), col(Engagement.kind).in_(since.SEEN_BY_LOOKING)
        session.execute(delete(Engagement).where(*posts).execution_options(synchronize_session=False))
        removal.remove_profiles(session, ids)


def _back(session: Session, row: ImportRow, one: Prospect) -> Back:
    """What a person gets back as they are now. What somebody changed since is left alone."""
    if one.merged_into_id is not None:
        return Back({}, None, (), (), (), merged=True)
    company = session.get(Company, one.company_id) if one.company_id is not None else None
    now, before = values_of(one, company), row.before.get("values", {})
    values, left = dict[str, Any](), list[str]()
    for name, then in row.after.get("values", {}).items():
        if name in ("company", "domain"):
            continue
        if now.get(name) == then:
            values[name] = before.get(name)
        else:
            left.append(f"the {name.removeprefix('fields.').removesuffix('_id').replace('_', ' ')}")
    company_id = None
    if "company_id" in row.after:
        if one.company_id == row.after["company_id"]:
            company_id = (row.before.get("company_id"),)
        else:
            left.append("the company")
    tags = tuple(tag for tag in row.after.get("tags", ()) if tag in one.tags)
    profiles, used = _profiles(session, row, one)
    return Back(values, company_id, tags, profiles, (*left, *used))


def _profiles(session: Session, row: ImportRow, one: Prospect) -> tuple[tuple[int, ...], list[str]]:
    """The profiles that go, and those that something came of."""
    urls = row.after.get("profiles", ())
    if not urls:
        return (), []
    theirs = select(Profile).where(Profile.prospect_id == one.id, col(Profile.url).in_(urls))
    go, used = [], []
    for profile in session.exec(theirs):
        deeds = select(Engagement.id).where(
            Engagement.profile_id == profile.id, col(Engagement.kind).not_in(since.SEEN_BY_LOOKING)
        )
        said = select(Message.id).where(
            Message.profile_id == profile.id, col(Message.state).not_in(since.UNSAID)
        )
        if session.exec(deeds.limit(1)).first() or session.exec(said.limit(1)).first():
            used.append(f"what came of {profile.handle}")
        else:
            go.append(profile.id)
    return tuple(go), used
