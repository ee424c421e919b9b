"""The rows of the review: to whom, what they read first or what is wrong, and when it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from prospector.campaigns.standing import Person
from prospector.models import Campaign, Message, Prospect, table_of
from prospector.outreach import listing, window
from prospector.outreach.listing import Reader, Wait
from prospector.store import read_rows

BEGINNING = 200
GOING = ("approved", "sending", "unknown", "refused", "sent")

_MESSAGE, _PROSPECT = table_of(Message), table_of(Prospect)
_FIRST = (
    select(
        *_MESSAGE.c["recipient_id", "step", "subject"],
        func.substr(_MESSAGE.c.body, 1, BEGINNING).label("beginning"),
        *_PROSPECT.c["timezone", "country"],
    )
    .join(_PROSPECT, _PROSPECT.c.id == _MESSAGE.c.prospect_id)
    .where(
        _MESSAGE.c.recipient_id.in_(bindparam("recipients", expanding=True)),
        _MESSAGE.c.state != "discarded",
        _MESSAGE.c.step == 1,
    )
)


@dataclass(frozen=True, slots=True)
class Line:
    """One row. `wait` tells of an approved message why it has not gone and one time; `opens` of a draft
    the first moment at which it may go, None where nothing ever lets it."""

    person: Person
    subject: str
    beginning: str
    wait: Wait | None
    opens: datetime | None


def lines(session: Session, reader: Reader, campaign: Campaign, people: Sequence[Person]) -> list[Line]:
    """The rows of these people, in their order."""
    firsts = {
        row.recipient_id: row
        for row in read_rows(session, _FIRST, recipients=[person.recipient_id for person in people])
    }
    waits = _waits(session, reader, [one for one in people if one.status in ("approved", "blocked")])
    opens = _openings(reader, campaign)
    found = []
    for person in people:
        first = firsts.get(person.recipient_id)
        words = greeting_aside(first.beginning) if first is not None else ""
        wait = waits.get(person.recipient_id)
        goes = opens(first) if wait is None and first is not None else None
        found.append(Line(person, first.subject if first is not None else "", words, wait, goes))
    return found


def greeting_aside(text: str) -> str:
    """How a text begins, on one line."""
    return " ".join(text.split())


def _waits(session: Session, reader: Reader, people: Sequence[Person]) -> Mapping[int, Wait]:
    """By recipient, the state of the next message of theirs that has not gone, or of the last that has."""
    ids = {one.recipient_id: _next_of(one) for one in people}
    wanted = [id_ for id_ in ids.values() if id_ is not None]
    if not wanted:
        return {}
    statement = pick(Message, Prospect).join(Prospect, col(Prospect.id) == Message.prospect_id)
    found = session.exec(statement.where(col(Message.id).in_(wanted))).all()
    waits = {row.id: row.wait for row in listing.rows_of(session, reader, found)}
    return {recipient: waits[id_] for recipient, id_ in ids.items() if id_ in waits}


def _next_of(person: Person) -> int | None:
    said_yes = [part for part in person.parts if part.state in GOING]
    unsaid = [part for part in said_yes if part.state != "sent"]
    return unsaid[0].message_id if unsaid else said_yes[-1].message_id if said_yes else None


def _openings(reader: Reader, campaign: Campaign) -> Any:
    """By a row with zone and country, when mail to there may leave; looked up once for each place."""
    hours = window.window_of(reader.settings.file.outreach.window, campaign.schedule)
    soonest = reader.now + reader.settings.file.outreach.hold
    known: dict[tuple[str | None, str | None], datetime | None] = {}

    def opens(row: Any) -> datetime | None:
        place = row.timezone, row.country
        if place not in known:
            zone = window.zone_for(*place, reader.desk.timezone)
            days = window.calendar_for(hours, zone.country)
            known[place] = window.opening(hours, zone.info, soonest, days)
        return known[place]

    return opens
