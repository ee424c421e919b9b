"""Who works in the sandbox: Robin, who runs it, and Jonas, a rep with people of his own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, update

from prospector.installation import Installation, utc_now
from prospector.models import Prospect
from prospector.team import sessions, users

NAME, ADDRESS = "Robin Tidewater", "robin@tidewater.example"
JONAS, JONAS_AT = "Jonas Falk", "jonas@tidewater.example"
OTHERS = 5
"""One of so many people is Jonas's."""


def share(session: Session, everybody: Sequence[int], now: datetime) -> None:
    """The two users, and whose each prospect is."""
    robin = users.add(session, users.checked(ADDRESS, NAME, "admin"), now)
    jonas = users.add(session, users.checked(JONAS_AT, JONAS, "rep"), now)
    session.exec(update(Prospect).where(col(Prospect.id).in_(everybody)).values(owner_id=robin.id))
    session.exec(update(Prospect).where(col(Prospect.id).in_(everybody[::OTHERS])).values(owner_id=jonas.id))


def link(opened: Installation, port: int) -> str:
    """A link that signs Robin in, once."""
    home = sessions.home(opened.settings.file.web, port)

    def make(session: Session) -> str:
        return sessions.begin(session, "link", users.find(session, ADDRESS).id, utc_now())

    return sessions.link(home, opened.store.write(make))
