"""The outbox as rows: what waits and why, what is in trouble, what a person must do, what was sent.

One maker of a row for page, command line and JSON. Each list is read by its index, so that a million
sent messages cost no more than a few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import text, tuple_
from sqlmodel import Session, col, func, select

from prospector.config import Settings
from prospector.models import Account, Engagement, Message, Profile, Prospect, User
from prospector.outreach import waiting
from prospector.outreach.drafts import Desk
from prospector.outreach.pauses import UNDECIDED
from prospector.outreach.place import Place
from prospector.prospects.scope import EVERYBODY, Scope

PAGE = 30
MOST_TROUBLE = 50
LAST_SENT = 50
MOST_COUNTED = 1000
FIRST_LINE = 160
NO_TIME = UNDECIDED
"""Where in the list stands what has no time yet: behind all that has one."""

Bound = Literal["until", "since", "at"]
# As the partial index has it: SQLite takes it only where the condition is no parameter.
_SENT = text("message.state = 'sent'")


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a message is where it is, in words, and one time: `until` it ends, `since` it holds, or `at`."""

    code: str
    why: str
    bound: Bound
    at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One message of the outbox. `reply` and `error` are the provider's words, and may be anything."""

    id: int
    prospect_id: int
    card_id: int | None
    name: str
    to: str | None
    channel: str
    sender: str
    action: str
    by_hand: bool
    state: str
    subject: str
    body: str
    wait: Wait
    send_at: datetime | None
    sent_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    url: str | None
    reply: str
    error: str | None
    tries: int

    @property
    def first_line(self) -> str:
        """What it says, on one line: the subject, else how the text begins."""
        return " ".join((self.subject or self.body)[: 2 * FIRST_LINE].split())[:FIRST_LINE]

    @property
    def held(self) -> bool:
        """Whether "send now" has something to skip: a hold, or the wait before another try."""
        return self.state == "approved" and self.wait.code == "hold" and self.send_at is not None

    @property
    def place(self) -> str:
        """Where the next page goes on."""
        return str(Place(self.send_at or NO_TIME, self.id))


@dataclass(frozen=True, slots=True)
class Reader:
    """What the rows are made with: the settings, our accounts, whose people are shown, the time."""

    settings: Settings
    desk: Desk
    now: datetime
    scope: Scope = EVERYBODY


def waits(session: Session, reader: Reader, after: Place | None = None) -> list[Row]:
    """A page of what leaves by itself, soonest first, and behind it what has no time yet, since the mail
    before it has not left; one row more than a page says that there are more."""
    waiting = _messages(reader).where(Message.state == "approved", col(Message.by_hand).is_(False))
    found: list[Any] = []
    if after is None or after.at < NO_TIME:
        timed = waiting.where(col(Message.send_at).is_not(None))
        if after is not None:
            place = tuple_(col(Message.send_at), col(Message.id))
            timed = timed.where(place > tuple_(after.at, after.id))
        ordered = timed.order_by(col(Message.send_at), col(Message.id)).limit(PAGE + 1)
        found += session.exec(ordered).all()
    if len(found) <= PAGE:
        behind = after.id if after is not None and after.at >= NO_TIME else 0
        untimed = waiting.where(col(Message.send_at).is_(None), col(Message.id) > behind)
        found += session.exec(untimed.order_by(col(Message.id)).limit(PAGE + 1 - len(found))).all()
    return rows_of(session, reader, found)


def under_way(session: Session, reader: Reader) -> list[Row]:
    """What is being delivered this moment."""
    statement = _messages(reader).where(Message.state == "sending")
    return rows_of(session, reader, session.exec(statement.limit(MOST_TROUBLE)).all())


def trouble(session: Session, reader: Reader) -> list[Row]:
    """What nobody knows, then what was refused, the newest first."""
    found: list[Row] = []
    for state in ("unknown", "refused"):
        newest = _messages(reader).where(Message.state == state).order_by(col(Message.send_at).desc())
        found += rows_of(session, reader, session.exec(newest.limit(MOST_TROUBLE)).all())
    return found


def by_hand(session: Session, reader: Reader) -> list[Row]:
    """Approved, and for a person to do: the one that waits longest first."""
    statement = _messages(reader).where(
        Message.state == "approved", col(Message.send_at).is_(None), col(Message.by_hand).is_(True)
    )
    return rows_of(session, reader, session.exec(statement.order_by(col(Message.id)).limit(LAST_SENT)).all())


def sent(session: Session, reader: Reader) -> list[Row]:
    """The last that were sent."""
    newest = _messages(reader).where(_SENT, col(Message.sent_at).is_not(None))
    ordered = newest.order_by(col(Message.sent_at).desc()).limit(LAST_SENT)
    return rows_of(session, reader, session.exec(ordered).all())


def one(session: Session, reader: Reader, message_id: int) -> Row | None:
    """The row of one message; None where there is none, or it is not for this reader."""
    if not 0 < message_id < 2**31:
        return None
    found = session.exec(_messages(reader).where(Message.id == message_id)).all()
    return next(iter(rows_of(session, reader, found)), None)


def all_of_it(session: Session, reader: Reader, limit: int) -> list[Row]:
    """What waits, then what was settled, the newest first: the command line's list."""
    unsettled, settled = ("approved", "sending", "unknown"), ("refused", "sent")
    newest = _messages(reader).order_by(col(Message.id).desc())
    found = list(session.exec(newest.where(col(Message.state).in_(unsettled)).limit(limit)).all())
    if len(found) < limit:
        rest = newest.where(col(Message.state).in_(settled)).limit(limit - len(found))
        found += session.exec(rest).all()
    return rows_of(session, reader, found)


def count(session: Session, scope: Scope) -> int:
    """How many approved messages have not gone, counted no further than 1,000."""
    some = select(col(Message.id)).where(Message.state == "approved")
    if scope.owners is not None:
        some = some.join(Prospect, col(Prospect.id) == col(Message.prospect_id))
        some = some.where(scope.where(Prospect.owner_id))
    limited = some.limit(MOST_COUNTED).subquery()
    return session.exec(select(func.count()).select_from(limited)).one()


def rows_of(session: Session, reader: Reader, found: Sequence[tuple[Message, Prospect]]) -> list[Row]:
    """The rows of these messages, what they need beside read once for all of them."""
    if not found:
        return []
    messages = [message for message, _ in found]
    accounts = _by_id(session, Account, [one.account_id for one in messages])
    profiles = _by_id(session, Profile, [one.profile_id for one in messages])
    answered = _by_id(session, Engagement, [one.engagement_id for one in messages])
    people = _by_id(session, User, [one.approved_by for one in messages])
    return [
        _row(session, reader, message, person, accounts, profiles, answered, people)
        for message, person in found
    ]


def as_json(row: Row) -> dict[str, Any]:
    """A row under the names of `prospector outbox --json` (docs/cli.md)."""
    return {
        "id": row.id,
        "to": row.to,
        "action": row.action,
        "state": row.state,
        "why": row.wait.why if row.state == "approved" else row.error or "",
        "send_at": (row.wait.at if row.wait.bound != "since" else None)
        if row.state == "approved"
        else row.send_at,
        "sent_at": row.sent_at,
    }


def wait_of(message: Message, waits: waiting.Waits | None, now: datetime) -> Wait:
    """One reason and one time, whatever the state."""
    match message.state:
        case "approved":
            return _approved(message, waits, now)
        case "sending":
            return Wait("sending", "on its way", "since", message.claimed_at or now)
        case "unknown":
            why = "nobody can know whether it arrived"
            return Wait("unknown", why, "since", message.data_at or message.claimed_at or now)
        case "refused":
            return Wait("refused", "it was refused", "at", message.claimed_at or message.created_at)
        case "sent":
            return Wait("sent", "sent", "at", message.sent_at or now)
    return Wait(message.state, message.error or message.state, "at", message.created_at)


def _approved(message: Message, waits: waiting.Waits | None, now: datetime) -> Wait:
    approved_at = message.approved_at or message.created_at
    if waits is None:
        return Wait("next", "leaves next", "at", message.send_at or now)
    # "Until somebody acts" is kept as a far day: nobody can tell when that is.
    if waits.until is not None and waits.until < UNDECIDED:
        return Wait(waits.code, waits.why, "until", waits.until)
    return Wait(waits.code, waits.why, "since", message.copied_at or approved_at)


def _row(
    session: Session,
    reader: Reader,
    message: Message,
    person: Prospect,
    accounts: Mapping[int, Account],
    profiles: Mapping[int, Profile],
    answered: Mapping[int, Engagement],
    people: Mapping[int, User],
) -> Row:
    profile = profiles.get(message.profile_id or 0)
    account = accounts.get(message.account_id or 0)
    engagement = answered.get(message.engagement_id or 0)
    approver = people.get(message.approved_by or 0)
    why = None
    if message.state == "approved":
        why = waiting.of(session, reader.settings, reader.desk, message, reader.now)
    return Row(
        id=message.id,
        prospect_id=message.prospect_id,
        card_id=message.card_id,
        name=person.name,
        to=person.email if message.action == "email" else person.name,
        channel="email" if message.action == "email" else profile.platform if profile else "",
        sender=reader.desk.sender_of(account) if account else "",
        action=message.action,
        by_hand=message.by_hand,
        state=message.state,
        subject=message.subject,
        body=message.body,
        wait=wait_of(message, why, reader.now),
        send_at=message.send_at,
        sent_at=message.sent_at,
        approved_by=approver.name if approver else None,
        approved_at=message.approved_at,
        url=(engagement.url if engagement else None) or (profile.url if profile else None),
        reply=message.reply,
        error=message.error,
        tries=message.tries,
    )


def _messages(reader: Reader) -> Any:
    joined = select(Message, Prospect).join(Prospect, col(Prospect.id) == col(Message.prospect_id))
    return joined.where(reader.scope.where(Prospect.owner_id))


def _by_id(session: Session, model: Any, ids: Sequence[int | None]) -> dict[int, Any]:
    wanted = {id_ for id_ in ids if id_ is not None}
    if not wanted:
        return {}
    return {row.id: row for row in session.exec(select(model).where(col(model.id).in_(wanted)))}
