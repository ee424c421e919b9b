"""Who looks: the signed-in user of a request, and what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Annotated, cast
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from prospector.installation import Installation
from prospector.prospects.scope import EVERYBODY, Scope


@dataclass(frozen=True, slots=True)
class Viewer:
    """One of us at the page. `scope` is whose people they see; `keys` whether letters are shortcuts."""

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

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name else self.email


def installation_of(request: Request) -> Installation:
    """The installation that this application serves."""
    return cast(Installation, request.app.state.installation)


def viewer_of(request: Request) -> Viewer:
    """Who is signed in; the guard has made sure that somebody is."""
    return cast(Viewer, request.state.viewer)


Opened = Annotated[Installation, Depends(installation_of)]
Signed = Annotated[Viewer, Depends(viewer_of)]
