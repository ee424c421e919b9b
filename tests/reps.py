"""Reps at a test's queue: users of an office, with people whose cards they decide."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from prospector.models import Card, Message, Prospect, User
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.queue import day
from prospector.queue.means import Means
from prospector.queue.rank import Cause, Standing
from prospector.queue.reader import Rep
from tests.office import Office

STANDING = Standing(fit=50)
HOLD = timedelta(minutes=10)
ANSWER = "Action: reply\nOn: reply\n\nIt is 35 euros a month, {{ prospect.first_name }}.\n"


def means_of(place: Office) -> Means:
    return Means(place.installation.settings, place.runtime.consequences)


def rep(place: Office, name: str = "Mira", minutes: int = 25, own: bool = False) -> Rep:
    """A user who sees everybody's people, or only their own."""

    def work(session: Session) -> int:
        user = User(email=f"{name.lower()}@us.example", name=name, role="rep", created_at=place.now)
        session.add(user)
        session.flush()
        return user.id

    id_ = place.write(work)
    scope = Scope(frozenset({id_})) if own else EVERYBODY
    return Rep(id_, name, ZoneInfo("UTC"), minutes=minutes, scope=scope)


def card(place: Office, name: str, *kinds: str, owner: int | None = None, **more: Any) -> int:
    """A new person with a card that has these causes, of now; the card's id."""
    person = place.person(name, owner_id=owner)
    causes = [Cause(kind, place.now, **more) for kind in kinds]

    def work(session: Session) -> int:
        made = day.offer(session, session.get_one(Prospect, person), causes, STANDING, place.now)
        assert made is not None
        return made.id

    return place.write(work)


def answered(place: Office, name: str = "anna", text: str = "What does it cost?") -> tuple[int, int]:
    """A person who has just replied to us: their card, and the draft on it."""
    template = place.installation.workspace.root / "templates" / "reply.txt"
    template.write_text(ANSWER, encoding="utf-8")
    person = place.person(name)
    place.follow(place.seen("reply", person, text=text, object=f"at://reply/{name}/{place.now.timestamp()}"))
    made = place.one(Card, prospect_id=person, state="open")
    return made.id, place.one(Message, card_id=made.id, state="draft").id


def columns(row: Any) -> dict[str, Any]:
    """A row as values, to compare it with itself later."""
    return dict(row.model_dump())
