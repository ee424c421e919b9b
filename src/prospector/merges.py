"""Merging: one person who was entered twice becomes one, with both histories, and can be parted again.

The row that lives on gets profiles, engagements, messages, cards and all else; the other stays, empty
and archived, and its address leads to the person from now on. What the rules asked for of either is not
asked for again: the joined history is folded without acting on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, exists, or_
from sqlmodel import Session, SQLModel, col, delete, func, select, update

from prospector import effects
from prospector.consequences import Consequences
from prospector.engagements import Entry, log
from prospector.enrolment import stages_of
from prospector.models import (
    Campaign,
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
from prospector.outreach import ledger, outbox, suppression
from prospector.prospects import merging, people, profiles
from prospector.prospects.merging import ELSEWHERE, MERGED, Joined, plain
from prospector.queue import day
from prospector.sdk import Seen

KIND = "merge"
SAID = (*ledger.COUNTED, "refused")
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
_BY_NAME = {str(table_of(model).name): model for model in WATCHED}
_NOT_THEIRS = "field_set"


class MergeError(Exception):
    """Two people cannot be merged, or parted again; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a merge does. `moving` counts rows by what they are, `differ` names the values of the kept
    row before those of the other, `withdrawn` the messages that are taken back since they were not
    said yet, `campaigns` what becomes of the other's place in each, `stopped` why neither is written to."""

    kept: int
    other: int
    names: tuple[str, str]
    moving: Mapping[str, int]
    joined: Joined = field(repr=False)
    filled: Mapping[str, Any]
    differ: Mapping[str, tuple[Any, Any]]
    withdrawn: tuple[int, ...]
    campaigns: tuple[tuple[str, str], ...]
    cards: str
    stopped: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            "keep": self.kept,
            "merge": self.other,
            "names": list(self.names),
            "moving": dict(self.moving),
            "filled": {name: plain(value) for name, value in self.filled.items()},
            "differ": {name: [plain(one) for one in pair] for name, pair in self.differ.items()},
            "second_address": self.joined.address,
            "taken_back": list(self.withdrawn),
            "campaigns": [{"campaign": name, "what": what} for name, what in self.campaigns],
            "cards": self.cards,
            "suppressed": self.stopped,
        }


@dataclass(frozen=True, slots=True)
class Parting:
    """What taking a merge back does: how many cells are as they were, and in words what is not."""

    kept: int
    other: int
    names: tuple[str, str]
    restored: int
    left: tuple[str, ...]


# --- the plan -----------------------------------------------------------------------------------


def plan(session: Session, kept_id: int, other_id: int) -> Plan:
    """What merging the other into the kept one would do; nothing is changed. Raises `MergeError`."""
    kept, other = _pair(session, kept_id, other_id)
    joined = merging.joined(kept.model_dump(), other.model_dump(), stages_of(session))
    withdrawn = _unsaid_that_go(session, kept, other, joined)
    return Plan(
        kept.id,
        other.id,
        (kept.name, other.name),
        {name: _count(session, model, other.id) for name, model in _COUNTED},
        joined,
        _filled(session, joined),
        _said_differences(session, joined),
        tuple(sorted(withdrawn)),
        tuple(_campaigns(session, kept, other)),
        _cards(session, kept.id, other.id),
        suppression.suppressed(session, kept) or suppression.suppressed(session, other),
    )


_COUNTED: tuple[tuple[str, type[SQLModel]], ...] = (
    ("profiles", Profile),
    ("engagements", Engagement),
    ("messages", Message),
    ("cards", Card),
    ("effects", Effect),
    ("consents", Consent),
    ("campaigns", Recipient),
)


def _pair(session: Session, kept_id: int, other_id: int) -> tuple[Prospect, Prospect]:
    """The two, locked in one order for all; raises `MergeError` where they cannot be merged."""
    if kept_id == other_id:
        raise MergeError("That is one and the same row; give two.")
    found = {row.id: row for row in _locked(session, (kept_id, other_id))}
    if len(found) != 2:
        missing = min({kept_id, other_id} - found.keys())
        raise MergeError(f"There is no prospect {missing}. `prospector prospects` lists them.")
    for row in found.values():
        if row.merged_into_id is not None:
            raise MergeError(f"Prospect {row.id} was merged into {row.merged_into_id} already.")
    if found[kept_id].archived_at is not None:
        raise MergeError(f"{found[kept_id].name} is archived; bring them back first, or merge the other way.")
    leaving = select(Message.id).where(
        col(Message.prospect_id).in_((kept_id, other_id)), Message.state == "sending"
    )
    if session.exec(leaving).first() is not None:
        raise MergeError("A message to them is leaving this very moment. Try again in a minute.")
    return found[kept_id], found[other_id]


def _locked(session: Session, ids: Iterable[int]) -> Sequence[Prospect]:
    rows = select(Prospect).where(col(Prospect.id).in_(sorted(ids))).order_by(col(Prospect.id))
    return session.exec(rows.with_for_update().execution_options(populate_existing=True)).all()


def _count(session: Session, model: type[SQLModel], prospect_id: int) -> int:
    table = table_of(model)
    theirs = [table.c.prospect_id == prospect_id]
    if model is Engagement:
        theirs.append(table.c.kind != _NOT_THEIRS)
    return int(session.execute(select(func.count()).select_from(table).where(*theirs)).scalar_one())


def _filled(session: Session, joined: Joined) -> dict[str, Any]:
    hidden = ("tracked_from", "created_at", "start_stage", "source_at")
    values = {name: value for name, value in joined.values.items() if name not in hidden}
    return {_label(name): _named(session, name, value) for name, value in values.items()}


def _said_differences(session: Session, joined: Joined) -> dict[str, tuple[Any, Any]]:
    return {
        _label(name): (_named(session, name, one), _named(session, name, two))
        for name, (one, two) in joined.differ.items()
    }


def _label(name: str) -> str:
    return {"company_id": "company", "owner_id": "owner"}.get(name, name)


def _named(session: Session, name: str, value: Any) -> Any:
    """A key as the name that people know."""
    if name == "company_id" and value is not None:
        return session.get_one(Company, value).name
    if name == "owner_id" and value is not None:
        return session.get_one(User, value).name
    return value


def _cards(session: Session, kept_id: int, other_id: int) -> str:
    has = set(session.exec(select(Card.prospect_id).where(*_open(kept_id, other_id))))
    if has == {kept_id, other_id}:
        return "both have an open card; it becomes one, with the causes of both"
    return "the open card goes along" if other_id in has else "no open card goes along"


def _open(*prospect_ids: int) -> tuple[ColumnElement[bool], ...]:
    return col(Card.prospect_id).in_(prospect_ids), col(Card.state).in_(day.OPEN)


# --- messages and campaigns ---------------------------------------------------------------------


def _unsaid_that_go(session: Session, kept: Prospect, other: Prospect, joined: Joined) -> set[int]:
    """The messages that were not said and are taken back: mails that were written for the other's
    address, and of two for one occasion the one that was not said, or else the other's."""
    rows = _messages(session, kept.id, other.id)
    of_kept = {(row.occasion, row.action): row for row in rows if row.prospect_id == kept.id}
    gone: set[int] = set()
    for row in (row for row in rows if row.prospect_id == other.id):
        twin = of_kept.get((row.occasion, row.action))
        unsaid = row.state in outbox.UNSAID
        if unsaid and (twin is not None or (row.action == "email" and joined.address is not None)):
            gone.add(row.id)
        elif twin is not None and twin.state in outbox.UNSAID:
            gone.add(twin.id)
    doubled, _ = _places(session, kept.id, other.id)
    said = _campaigns_said(rows, other.id)
    gone |= {
        row.id
        for row in rows
        if row.state in outbox.UNSAID and row.campaign_id in doubled and row.campaign_id in said
    }
    begun = said - doubled
    return gone | {
        row.id
        for row in rows
        if row.prospect_id == other.id and row.state in outbox.UNSAID and row.campaign_id in begun
    }


def _messages(session: Session, *prospect_ids: int) -> Sequence[Message]:
    found = select(Message).where(col(Message.prospect_id).in_(prospect_ids), Message.state != "discarded")
    return session.exec(found.order_by(col(Message.id))).all()


def _campaigns_said(rows: Iterable[Message], prospect_id: int) -> set[int]:
    """The campaigns of which a mail to this row has been said."""
    return {
        row.campaign_id
        for row in rows
        if row.prospect_id == prospect_id and row.campaign_id is not None and row.state in SAID
    }


def _places(session: Session, kept_id: int, other_id: int) -> tuple[set[int], list[Recipient]]:
    """The campaigns in which both are, and the other's places in all of theirs."""
    rows = session.exec(select(Recipient).where(col(Recipient.prospect_id).in_((kept_id, other_id)))).all()
    mine = {row.campaign_id for row in rows if row.prospect_id == kept_id}
    theirs = [row for row in rows if row.prospect_id == other_id]
    return mine & {row.campaign_id for row in theirs}, theirs


def _campaigns(session: Session, kept: Prospect, other: Prospect) -> Iterable[tuple[str, str]]:
    """What becomes of the other's place in each campaign, in words."""
    doubled, places = _places(session, kept.id, other.id)
    said = _campaigns_said(_messages(session, kept.id, other.id), other.id)
    for place in sorted(places, key=lambda one: one.campaign_id):
        name = session.get_one(Campaign, place.campaign_id).name
        if place.campaign_id in doubled:
            rest = "; theirs ends, they were written to" if place.campaign_id in said else ""
            yield name, f"both are in it: this place is skipped{rest}"
        elif place.campaign_id in said and place.state == "active":
            yield name, "the place goes along and is stopped: the series was written to the other row"
        else:
            yield name, "the place goes along"


def _join_campaigns(session: Session, kept: Prospect, other: Prospect) -> None:
    doubled, places = _places(session, kept.id, other.id)
    said = _campaigns_said(_messages(session, kept.id, other.id), other.id)
    for place in places:
        if place.campaign_id in doubled:
            place.state, place.why = "skipped", MERGED
            continue
        place.prospect_id = kept.id
        if place.campaign_id in said and place.state == "active":
            place.state, place.why = "stopped", MERGED
        elif place.state in ("drafted", "active") and other.email != kept.email:
            place.state = "added"
    mine = select(Recipient).where(
        Recipient.prospect_id == kept.id, col(Recipient.campaign_id).in_(doubled & said)
    )
    own = _campaigns_said(_messages(session, kept.id), kept.id)
    for place in session.exec(mine):
        if place.campaign_id not in own and place.state in ("added", "drafted", "active"):
            place.state, place.why = "skipped", ELSEWHERE
    session.flush()


def _join_messages(session: Session, kept: Prospect, other: Prospect, gone: Iterable[int]) -> None:
    discarded = update(Message).where(col(Message.id).in_(list(gone)))
    session.exec(discarded.values(state="discarded", error=MERGED))
    taken = {(row.occasion, row.action) for row in _messages(session, kept.id)}
    session.expire_all()
    for row in _messages(session, other.id):
        if (row.occasion, row.action) in taken:
            row.occasion = f"{row.occasion}/merged:{other.id}"
    session.flush()
    theirs = update(Message).where(col(Message.prospect_id) == other.id)
    session.exec(theirs.values(prospect_id=kept.id))
    session.expire_all()


# --- doing it -----------------------------------------------------------------------------------


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
    kept, other = _pair(session, kept_id, other_id)
    before = _snapshot(session, (kept_id, other_id))
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
    after = _snapshot(session, (kept_id, other_id), known)
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
        col(Engagement.prospect_id) == other_id, col(Engagement.kind) != _NOT_THEIRS
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
    cards = {card.prospect_id: card for card in session.exec(select(Card).where(*_open(kept.id, other.id)))}
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


def _snapshot(
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


# --- taking it back -----------------------------------------------------------------------------


def find(session: Session, run_id: int) -> Run:
    """A merge. Raises `MergeError`."""
    run = session.get(Run, run_id) if 0 < run_id < 2**31 else None
    if run is None or run.kind != KIND:
        raise MergeError(f"There is no merge with the number {run_id}.")
    return run


def undoing(session: Session, run_id: int) -> Parting:
    """What parting the two again would do now. Raises `MergeError`."""
    run = find(session, run_id)
    _require_last(session, run)
    changes = run.detail["changes"]
    now = _snapshot(session, _both(run), {table: list(rows) for table, rows in changes.items()})
    values, left = merging.back(changes, now)
    restored = sum(len(cells) for rows in values.values() for cells in rows.values())
    words = [*_since(session, run), *_changed_since(left)]
    return Parting(*_both(run), (run.detail["names"][0], run.detail["names"][1]), restored, tuple(words))


def take_back(session: Session, consequences: Consequences, run_id: int, now: datetime) -> Parting:
    """Part the two again: all is as it was but what somebody has changed since, which is named.
    What happened since stays with the one that was kept. Raises `MergeError`."""
    run = find(session, run_id)
    _locked(session, _both(run))
    session.refresh(run, with_for_update=True)
    done = undoing(session, run_id)
    changes = run.detail["changes"]
    known = {table: list(rows) for table, rows in changes.items()}
    _unmake(session, run)
    values, _ = merging.back(changes, _snapshot(session, _both(run), known))
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
