"""A request about one person: who asks, what doing something takes, and what cannot be done as an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector import casework
from prospector.casework import CaseError, Casework
from prospector.consequences import Consequences
from prospector.installation import Installation, utc_now
from prospector.models import Prospect
from prospector.prospects.erasure import ErasureError
from prospector.prospects.hand import HandError
from prospector.prospects.people import NotFoundError, TakenError
from prospector.web.problems import NotNowError, NotThereError
from prospector.web.viewer import Aftermath, Opened, Signed, Viewer

T = TypeVar("T")
Short = Annotated[str, Form(max_length=300)]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about one person, with what doing something takes."""

    request: Request
    viewer: Viewer
    installation: Installation
    aftermath: Consequences
    prospect_id: int
    now: datetime

    @property
    def case(self) -> Casework:
        return Casework(self.aftermath, self.viewer.id or None, self.viewer.name)

    def read(self, work: Callable[[Session, Prospect], T]) -> T:
        with self.installation.store.reading() as session:
            return work(session, self.person(session))

    def write(self, work: Callable[[Session, Prospect], T]) -> T:
        """Do it with the person, whom the viewer must be allowed to see."""
        try:
            return self.installation.store.write(lambda session: work(session, self.person(session)))
        except NotFoundError as error:
            raise NotThereError(str(error)) from None
        except (CaseError, HandError, TakenError, ErasureError) as error:
            raise NotNowError(str(error)) from None

    def person(self, session: Session) -> Prospect:
        try:
            return casework.person(session, self.viewer.scope, self.prospect_id)
        except NotFoundError as error:
            raise NotThereError(str(error)) from None

    @property
    def sees(self) -> bool:
        """Whether the person is still the viewer's to see, who may have given them to a colleague."""
        try:
            self.read(lambda session, prospect: None)
        except NotThereError:
            return False
        return True

    def back(self, anchor: str = "", **query: str) -> Response:
        """To the person's page, where it was done."""
        asked = f"?{urlencode(query)}" if query else ""
        return RedirectResponse(f"/p/{self.prospect_id}{asked}{anchor}", 303)


def asked(
    request: Request, viewer: Signed, installation: Opened, aftermath: Aftermath, prospect_id: int
) -> Asked:
    return Asked(request, viewer, installation, aftermath, prospect_id, utc_now())


About = Annotated[Asked, Depends(asked)]
