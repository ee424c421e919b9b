"""Who looks: the signed-in user of a request, and what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Annotated, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Depends, Request
from sqlmodel import Session

from prospector.consequences import Consequences
from prospector.installation import Installation
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.queue.means import Means
from prospector.team.absence import scope_of
from prospector.team.sessions import Signed as SignedBy


@dataclass(frozen=True, slots=True)
class Viewer:
    """One of us at the page. `scope` is whose people they see; `keys` whether letters are shortcuts;
    `session` the hash of the token that let them in, `by` its kind: session or api."""

    id: int
    name: str
    email: str
    role: str
    zone: ZoneInfo
    day_start: time = time(7, 0)
    minutes: int = 25
    scope: Scope = EVERYBODY
    theme: str = ""
    density: str = ""
    keys: bool = True
    session: str = ""
    by: str = "session"

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name else self.email


def installation_of(request: Request) -> Installation:
    """The installation that this application serves."""
    return cast(Installation, request.app.state.installation)


def viewer_of(request: Request) -> Viewer:
    """Who is signed in; the door has made sure that somebody is."""
    return cast(Viewer, request.state.viewer)


def means_of(request: Request) -> Means:
    """What decisions are carried out with; one for the life of the application."""
    return cast(Means, request.app.state.means)


def aftermath_of(request: Request) -> Consequences:
    """What follows from what people do: the application keeps one, with parsed rules and templates."""
    return cast(Consequences, request.app.state.means.aftermath)


Aftermath = Annotated[Consequences, Depends(aftermath_of)]
Opened = Annotated[Installation, Depends(installation_of)]
Equipped = Annotated[Means, Depends(means_of)]
Signed = Annotated[Viewer, Depends(viewer_of)]


def viewer(session: Session, signed: SignedBy, now: datetime) -> Viewer:
    """The viewer whom a token lets in."""
    user, looks = signed.user, signed.user.preferences
    return Viewer(
        id=user.id,
        name=user.name,
        email=user.email,
        role=user.role,
        zone=_zone(user.timezone),
        day_start=time.fromisoformat(user.day_start),
        minutes=user.minutes,
        scope=scope_of(session, user, now),
        theme=looks.get("theme", ""),
        density=looks.get("density", ""),
        keys=looks.get("keys", True),
        session=signed.token_hash,
        by=signed.kind,
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
