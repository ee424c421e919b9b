"""Merging: one person who was entered twice becomes one, with both histories.

The row that lives on gets profiles, engagements, messages, cards and all else; the other stays, empty
and archived, and its address leads to the person from now on. What the rules asked for of either is not
asked for again: the joined history is folded without acting on it. `parting` takes a merge back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, SQLModel, col, select, update

from prospector import effects
from prospector.consequences import Consequences
from prospector.engagements import Entry, log
from prospector.merge_plan import (
    NOT_THEIRS,
    MergeError,
    campaigns_said,
    messages_of,
    open_cards,
    pair,
    places,
    plan,
)
from prospector.models import (
    Card,
    Company,
    Consent,
    Effect,
    Engagement,
    Message,
    Move,
    Profile,
    Prospect,
    Recipient,
    Run,
    Suppression,
    User,
    table_of,
)
from prospector.outreach import outbox, suppression
from prospector.prospects import merging, people
from prospector.prospects.merging import ELSEWHERE, MERGED, Joined, plain
from prospector.queue import day
from prospector.sdk import Seen
from prospector.store import by_id

KIND = "merge"
# What the fold writes of a person is not kept: the fold says it again.
FOLDED = ("stage", "stage_at", "horizon", "next_timer_at", "heat", "fit", "fit_verdict", "fit_reasons")
WATCHED: Mapping[type[SQLModel], tuple[str, ...]] = {
    Prospect: tuple(name for name in Prospect.model_fields if name not in (*FOLDED, "id")),
    Profile: ("prospect_id",),
    Engagement: ("prospect_id",),
    Message: ("prospect_id", "occasion", "state", "error"),
    Card: tuple(name for name in Card.model_fields if name not in ("id", "created_at")),
    Effect: ("prospect_id",),
    Consent: ("prospect_id",),
    Recipient: ("prospect_id", "state", "why"),
    Move: ("superseded_at",),
}
"""The columns that a merge may change, by table, in the order in which they can be restored."""


def find(session: Session, run_id: int) -> Run:
    """A merge. Raises `MergeError`."""
    run = by_id(session, Run, run_id)
    if run is None or run.kind != KIND:
        raise MergeError(f"There is no merge with the number {run_id}.")
    return run


def listed(session: Session, limit: int) -> list[dict[str, Any]]:
    """The newest merges, as lists show them."""
    statement = select(Run, User.name).join(User, col(User.id) == col(Run.user_id), isouter=True)
    newest = statement.where(Run.kind == KIND).order_by(col(Run.id).desc()).limit(limit)
    return [
        {
            "run": run.id,
            "at": run.at,
            "by": name,
            "keep": run.detail["kept"],
            "merge": run.detail["other"],
            "names": run.detail["names"],
            "undone": run.undone_at,
        }
        for run, name in session.exec(newest)
        if "kept" in run.detail
    ]


def merge(
    session: Session,
    consequences: Consequences,
    kept_id: int,
    other_id: int,
    user_id: int | None,
    now: datetime,
) -> int:
    """Merge the other into the kept one, in one transaction; the number of the run.

    Raises `MergeError`.
    """
    planned = plan(session, kept_id, other_id)
    kept, other = pair(session, kept_id, other_id)
    before = snapshot(session, (kept_id, other_id))
    run = Run(kind=KIND, at=now, user_id=user_id, detail={})
    session.add(run)
    session.flush()
    _stop_both(session, kept, other, run.id, now)
    _join_campaigns(session, kept, other)
    _join_messages(session, kept, other, planned.withdrawn)
    _join_cards(session, consequences, kept, other, user_id, now)
    _join_rows(session, kept_id, other_id)
    _join_values(session, kept, other, planned.joined, run, now)
    _fold_both(session, consequences, kept, other, MERGED, now)
    other.next_timer_at = None
    session.flush()
    session.expire_all()
    known = {table: list(rows) for table, rows in before.items()}
    after = snapshot(session, (kept_id, other_id), known)
    run.detail = {
        "kept": kept_id,
        "other": other_id,
        "names": list(planned.names),
        "changes": merging.changed(before, after),
        "made": merging.made(before, after),
    }
    session.flush()
    return run.id


def _stop_both(session: Session, kept: Prospect, other: Prospect, run_id: int, now: datetime) -> None:
    """Who is not written to under one row is not written to under the other."""
    found = session.exec(select(Suppression).where(Suppression.key == f"person:{other.id}")).first()
    if found is not None:
        suppression.suppress(session, [f"person:{kept.id}"], found.why, f"{KIND}:{run_id}", now)
    if found is not None or session.get(Suppression, f"person:{kept.id}") is not None:
        for id_ in (kept.id, other.id):
            outbox.withdraw(session, id_, "they are not to be written to")
        session.expire_all()


def _join_rows(session: Session, kept_id: int, other_id: int) -> None:
    for model in (Profile, Consent):
        table = table_of(model)
        moving = table.update().where(table.c.prospect_id == other_id)
        session.execute(moving.values(prospect_id=kept_id))
    # What the other's fields were stays told of the other: the kept row's values stand.
    theirs = update(Engagement).where(
        col(Engagement.prospect_id) == other_id, col(Engagement.kind) != NOT_THEIRS
    )
    session.exec(theirs.values(prospect_id=kept_id).execution_options(synchronize_session=False))
    twin = table_of(Effect).alias("twin")
    same = (twin.c.key == col(Effect.key)) & (twin.c.kind == col(Effect.kind))
    done = update(Effect).where(
        col(Effect.prospect_id) == other_id, ~exists().where(twin.c.prospect_id == kept_id, same)
    )
    session.exec(done.values(prospect_id=kept_id).execution_options(synchronize_session=False))
    session.expire_all()


def _join_cards(
    session: Session,
    consequences: Consequences,
    kept: Prospect,
    other: Prospect,
    user_id: int | None,
    now: datetime,
) -> None:
    """Every card goes along; of two that are open the kept one's gets the causes of both."""
    cards = {
        card.prospect_id: card for card in session.exec(select(Card).where(*open_cards(kept.id, other.id)))
    }
    theirs = cards.get(other.id)
    if theirs is not None and kept.id in cards:
        causes = [day.cause_of(stored) for stored in theirs.causes]
        theirs.state, theirs.decided_by, theirs.decided_at = "dismissed", user_id, now
        theirs.decided_why = MERGED
        day.release(theirs)
        day.offer(session, kept, causes, consequences.standing_of(session, kept, now), now)
    elif theirs is not None:
        theirs.owner_id = kept.owner_id if kept.owner_id is not None else theirs.owner_id
        day.release(theirs)
    session.flush()
    moving = update(Card).where(col(Card.prospect_id) == other.id)
    session.exec(moving.values(prospect_id=kept.id).execution_options(synchronize_session=False))
    session.expire_all()


def _join_values(
    session: Session, kept: Prospect, other: Prospect, joined: Joined, run: Run, now: datetime
) -> None:
    """The kept row's gaps are filled, and noted in the history, from which rules read fields."""
    address = other.email
    other.email, other.archived_at, other.merged_into_id = None, other.archived_at or now, kept.id
    session.flush()
    for name, value in joined.values.items():
        setattr(kept, name, value)
    session.flush()
    if address is not None and joined.address is not None:
        session.add(people.second_address(kept.id, address))
    log(session, [_field_set(kept, name, value, run, now) for name, value in _told(session, joined)])
    session.flush()


def _told(session: Session, joined: Joined) -> Iterable[tuple[str, Any]]:
    """The fields that rules ask for, by the names under which they do."""
    for name, value in joined.values.items():
        if name == "fields":
            yield from value.items()
        elif name == "company_id":
            yield "company", session.get_one(Company, value).name
        elif name in ("email", "title", "country", "timezone", "value", "currency", "source", "tags"):
            yield name, value


def _field_set(prospect: Prospect, name: str, value: Any, run: Run, now: datetime) -> Entry:
    attributes = {"field": name, "value": value}
    seen = Seen("field_set", "us", f"run:{run.id}:{name}", now, by="us", attributes=attributes)
    return Entry("ui", seen, now, prospect.id, user_id=run.user_id)


def _fold_both(
    session: Session, consequences: Consequences, kept: Prospect, other: Prospect, why: str, now: datetime
) -> None:
    """Both histories anew, and nothing done for what that makes new."""
    standing = consequences.rejoin(session, kept, why, now)
    gone = consequences.rejoin(session, other, why, now)
    current = {firing.key for firing in standing.history.firings}
    effects.take_back(session, kept, [key for key in gone.superseded if key not in current])


def snapshot(
    session: Session, ids: Sequence[int], known: Mapping[str, Sequence[str]] | None = None
) -> dict[str, dict[str, dict[str, Any]]]:
    """The watched cells of all that belongs to these people, and of the rows that are `known`."""
    session.flush()
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for model, columns in WATCHED.items():
        table = table_of(model)
        name = str(table.name)
        owner = table.c.id if model is Prospect else table.c.prospect_id
        wanted: list[ColumnElement[bool]] = [owner.in_(ids)]
        if model is not Prospect and known is not None:
            wanted.append(table.c.id.in_([int(key) for key in known.get(name, ())]))
        rows = session.execute(select(table.c.id, *(table.c[one] for one in columns)).where(or_(*wanted)))
        found[name] = {str(row.id): {one: plain(getattr(row, one)) for one in columns} for row in rows}
    return found


def _join_campaigns(session: Session, kept: Prospect, other: Prospect) -> None:
    doubled, theirs = places(session, kept.id, other.id)
    said = campaigns_said(messages_of(session, kept.id, other.id), other.id)
    for place in theirs:
        if place.campaign_id in doubled:
            place.state, place.why = "skipped", MERGED
            continue
        place.prospect_id = kept.id
        if place.campaign_id in said and place.state == "active":
            place.state, place.why = "stopped", MERGED
        elif place.state in ("drafted", "active") and kept.email not in (None, other.email):
            place.state = "added"
    mine = select(Recipient).where(
        Recipient.prospect_id == kept.id, col(Recipient.campaign_id).in_(doubled & said)
    )
    own = campaigns_said(messages_of(session, kept.id), kept.id)
    for place in session.exec(mine):
        if place.state in ("added", "drafted", "active"):
            begun = place.campaign_id in own
            place.state, place.why = "stopped" if begun else "skipped", ELSEWHERE
    session.flush()


def _join_messages(session: Session, kept: Prospect, other: Prospect, gone: Iterable[int]) -> None:
    discarded = update(Message).where(col(Message.id).in_(list(gone)))
    session.exec(discarded.values(state="discarded", error=MERGED))
    taken = {(row.occasion, row.action) for row in messages_of(session, kept.id)}
    session.expire_all()
    for row in messages_of(session, other.id):
        if (row.occasion, row.action) in taken:
            row.occasion = f"{row.occasion}/merged:{other.id}"
    session.flush()
    theirs = update(Message).where(col(Message.prospect_id) == other.id)
    session.exec(theirs.values(prospect_id=kept.id))
    session.expire_all()
