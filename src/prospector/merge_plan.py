"""The plan of a merge: what goes where when two rows of one person become one; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, SQLModel, col, func, select

from prospector.enrolment import stages_of
from prospector.models import (
    Campaign,
    Card,
    Company,
    Consent,
    Effect,
    Engagement,
    Message,
    Profile,
    Prospect,
    Recipient,
    User,
    table_of,
)
from prospector.outreach import ledger, suppression
from prospector.outreach.states import UNSAID
from prospector.prospects import merging
from prospector.prospects.merging import Joined, plain
from prospector.queue import day

SAID = (*ledger.COUNTED, "refused")
NOT_THEIRS = "field_set"
"""What the other's fields were stays told of the other: the kept row's values stand."""


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


def plan(session: Session, kept_id: int, other_id: int) -> Plan:
    """What merging the other into the kept one would do; nothing is changed. Raises `MergeError`."""
    kept, other = pair(session, kept_id, other_id)
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


def pair(session: Session, kept_id: int, other_id: int) -> tuple[Prospect, Prospect]:
    """The two, locked in one order for all; raises `MergeError` where they cannot be merged."""
    if kept_id == other_id:
        raise MergeError("That is one and the same row; give two.")
    found = {row.id: row for row in locked(session, (kept_id, other_id))}
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


def locked(session: Session, ids: Iterable[int]) -> Sequence[Prospect]:
    rows = select(Prospect).where(col(Prospect.id).in_(sorted(ids))).order_by(col(Prospect.id))
    return session.exec(rows.with_for_update().execution_options(populate_existing=True)).all()


def _count(session: Session, model: type[SQLModel], prospect_id: int) -> int:
    table = table_of(model)
    theirs = [table.c.prospect_id == prospect_id]
    if model is Engagement:
        theirs.append(table.c.kind != NOT_THEIRS)
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
    has = set(session.exec(select(Card.prospect_id).where(*open_cards(kept_id, other_id))))
    if has == {kept_id, other_id}:
        return "both have an open card; it becomes one, with the causes of both"
    return "the open card goes along" if other_id in has else "no open card goes along"


def open_cards(*prospect_ids: int) -> tuple[ColumnElement[bool], ...]:
    return col(Card.prospect_id).in_(prospect_ids), col(Card.state).in_(day.OPEN)


# --- messages and campaigns ---------------------------------------------------------------------


def _unsaid_that_go(session: Session, kept: Prospect, other: Prospect, joined: Joined) -> set[int]:
    """The messages that were not said and are taken back: mails that were written for the other's
    address, and of two for one occasion the one that was not said, or else the other's."""
    rows = messages_of(session, kept.id, other.id)
    of_kept = {(row.occasion, row.action): row for row in rows if row.prospect_id == kept.id}
    gone: set[int] = set()
    for row in (row for row in rows if row.prospect_id == other.id):
        twin = of_kept.get((row.occasion, row.action))
        unsaid = row.state in UNSAID
        if unsaid and (twin is not None or (row.action == "email" and joined.address is not None)):
            gone.add(row.id)
        elif twin is not None and twin.state in UNSAID:
            gone.add(twin.id)
    doubled, _ = places(session, kept.id, other.id)
    said = campaigns_said(rows, other.id)
    gone |= {
        row.id
        for row in rows
        if row.state in UNSAID and row.campaign_id in doubled and row.campaign_id in said
    }
    begun = said - doubled
    return gone | {
        row.id
        for row in rows
        if row.prospect_id == other.id and row.state in UNSAID and row.campaign_id in begun
    }


def messages_of(session: Session, *prospect_ids: int) -> Sequence[Message]:
    found = select(Message).where(col(Message.prospect_id).in_(prospect_ids), Message.state != "discarded")
    return session.exec(found.order_by(col(Message.id))).all()


def campaigns_said(rows: Iterable[Message], prospect_id: int) -> set[int]:
    """The campaigns of which a mail to this row has been said."""
    return {
        row.campaign_id
        for row in rows
        if row.prospect_id == prospect_id and row.campaign_id is not None and row.state in SAID
    }


def places(session: Session, kept_id: int, other_id: int) -> tuple[set[int], list[Recipient]]:
    """The campaigns in which both are, and the other's places in all of theirs."""
    rows = session.exec(select(Recipient).where(col(Recipient.prospect_id).in_((kept_id, other_id)))).all()
    mine = {row.campaign_id for row in rows if row.prospect_id == kept_id}
    theirs = [row for row in rows if row.prospect_id == other_id]
    return mine & {row.campaign_id for row in theirs}, theirs


def _campaigns(session: Session, kept: Prospect, other: Prospect) -> Iterable[tuple[str, str]]:
    """What becomes of the other's place in each campaign, in words."""
    doubled, theirs = places(session, kept.id, other.id)
    said = campaigns_said(messages_of(session, kept.id, other.id), other.id)
    for place in sorted(theirs, key=lambda one: one.campaign_id):
        name = session.get_one(Campaign, place.campaign_id).name
        if place.campaign_id in doubled:
            rest = "; theirs ends, they were written to" if place.campaign_id in said else ""
            yield name, f"both are in it: this place is skipped{rest}"
        elif place.campaign_id in said and place.state == "active":
            yield name, "the place goes along and is stopped: the series was written to the other row"
        else:
            yield name, "the place goes along"
