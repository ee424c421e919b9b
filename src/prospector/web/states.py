"""The states that a page can be in, brought about in a sandbox's own data, so that each can be looked at.

Each is a store function: it changes what is stored as the world would, and tells where that is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from prospector.consequences import Consequences
from prospector.models import Account, Card, Engagement, ImportRow, Message, Prospect, Run, User
from prospector.outreach import suppression

LATER = timedelta(minutes=95)
Work = Callable[[Session, Consequences, datetime], str]


class NothingLeftError(Exception):
    """The sandbox has nothing any more that could be brought into this state."""


@dataclass(frozen=True, slots=True)
class State:
    """One state of the interface: what is to be seen, and how it comes about."""

    name: str
    title: str
    says: str
    work: Work


def _drafted(session: Session, place: int = 0) -> tuple[Card, Message]:
    """An open card whose mail is still a draft; by its place, so that each state has its own person."""
    chosen = (
        select(Card, Message)
        .join(Message, col(Message.card_id) == Card.id)
        .where(Card.state == "open", Message.state == "draft", Message.action == "email")
        .order_by(col(Card.priority).desc(), col(Card.id))
    )
    found = session.exec(chosen.limit(place + 1)).all()
    if not found:
        raise NothingLeftError("No card has a mail any more. Start the sandbox anew: prospector demo")
    return found[-1]


def _colleague(session: Session) -> User:
    found = session.exec(select(User).where(User.role == "rep").order_by(col(User.id))).first()
    if found is None:
        raise NothingLeftError("The sandbox has no colleague. Start it anew: prospector demo")
    return found


def queue_done(session: Session, means: Consequences, now: datetime) -> str:
    admin = session.exec(select(User.id).where(User.role == "admin").order_by(col(User.id))).first()
    for card in session.exec(select(Card).where(Card.state == "open")):
        card.state, card.until = "snoozed", now + timedelta(days=1)
        card.decided_by, card.decided_at = admin, now
    return "/queue"


def filter_finds_nothing(session: Session, means: Consequences, now: datetime) -> str:
    return "/queue?q=nobody-is-called-so"


def source_failing(session: Session, means: Consequences, now: datetime) -> str:
    account = session.exec(select(Account).order_by(col(Account.id))).first()
    if account is None:
        raise NothingLeftError("There is no account. Add one to config.toml.")
    account.failures, account.failing_since = 7, now - timedelta(hours=5)
    account.error = "401: the token was refused"
    return "/sources"


def send_failed(session: Session, means: Consequences, now: datetime) -> str:
    _, message = _drafted(session)
    message.state, message.approved_at = "refused", now - timedelta(minutes=3)
    message.error = "550 5.1.1 no such mailbox"
    session.flush()
    means.trouble(session, message, "failed", now)
    return "/queue"


def held(session: Session, means: Consequences, now: datetime) -> str:
    card, message = _drafted(session)
    message.state, message.approved_at, message.send_at = "approved", now, now + LATER
    card.state, card.decided_at, card.decided_why = "done", now, "a message was approved"
    return "/outbox"


def changed_meanwhile(session: Session, means: Consequences, now: datetime) -> str:
    card, message = _drafted(session, 1)
    message.created_at = now - timedelta(hours=1)
    session.add(
        Engagement(
            key=f"state:{card.id}:{now.isoformat()}",
            prospect_id=card.prospect_id,
            actor="us",
            channel="email",
            kind="email",
            by="us",
            at=now - timedelta(minutes=1),
            seen_at=now,
            object=f"<state.{card.id}@sandbox.example>",
            text="I have just answered, by telephone.",
            user_id=_colleague(session).id,
        )
    )
    return f"/queue/{card.id}"


def blocked_person(session: Session, means: Consequences, now: datetime) -> str:
    card, _ = _drafted(session, 2)
    prospect = session.get_one(Prospect, card.prospect_id)
    keys = suppression.keys_of_person(prospect.id, prospect.email)
    suppression.suppress(session, keys, "they asked us not to write", "dev:states", now)
    return f"/queue/{card.id}"


def held_by_a_colleague(session: Session, means: Consequences, now: datetime) -> str:
    card, _ = _drafted(session, 3)
    card.held_by, card.held_until = _colleague(session).id, now + timedelta(minutes=10)
    return f"/queue/{card.id}"


def import_partly_read(session: Session, means: Consequences, now: datetime) -> str:
    """48 of 51 rows: what could not be read says why, and is a file to mend."""
    columns = ["Name", "E-mail"]
    detail = {
        **{"filename": "fair.csv", "kind": "csv", "encoding": "utf-8", "delimiter": ","},
        **{"columns": columns, "mapping": {"Name": "name", "E-mail": "email"}},
        **{"source": "visitors of the fair", "basis": "inquiry", "state": "staged"},
        **{"rows": 51, "done": 0, "errors": 3},
    }
    run = Run(kind="import", at=now, detail=detail)
    session.add(run)
    session.flush()
    for number in range(2, 53):
        broken = "a quote is opened and never closed" if number in (9, 30, 44) else None
        name = f"Visitor {number}"
        cells = {"Name": name, "E-mail": f"visitor{number}@fair.example"}
        row = ImportRow(run_id=run.id, number=number, cells={"": broken} if broken else cells)
        row.plan, row.why = ("refuse" if broken else "read"), broken
        session.add(row)
    return f"/imports/{run.id}"


STATES: tuple[State, ...] = (
    State("queue-done", "The queue is done", "what you did, and the next look at the sources", queue_done),
    State(
        "filter", "A filter finds nothing", "the filter again, and a way to clear it", filter_finds_nothing
    ),
    State("source-failing", "A source fails", "which, since when, why, and how many people", source_failing),
    State("send-failed", "A message failed", "the card is on top, with the provider's reason", send_failed),
    State(
        "import",
        "Import partly read",
        "48 of 51 rows, the reasons, and the rest as a file",
        import_partly_read,
    ),
    State("held", "Held until later", "no error: one reason and a time", held),
    State("changed", "Changed meanwhile", "the draft is kept and not sent", changed_meanwhile),
    State(
        "blocked", "Nobody may write to them", "who said so and when; it cannot be approved", blocked_person
    ),
    State(
        "colleague",
        "A colleague has it open",
        "who, until when, and how to take it over",
        held_by_a_colleague,
    ),
)
