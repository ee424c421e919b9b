"""A request about one campaign: who asks, what doing something takes, and the head of all its pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Path, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from prospector.campaigns import drafting, listing
from prospector.campaigns.listing import Row
from prospector.installation import Installation, utc_now
from prospector.models import Campaign
from prospector.queue.means import Means
from prospector.web.problems import NotThereError
from prospector.web.rendering import page
from prospector.web.viewer import Equipped, Opened, Signed, Viewer

T = TypeVar("T")
CampaignId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@dataclass(frozen=True, slots=True)
class Place:
    """A step of the campaign: where it is worked on, and whether that is done."""

    name: str
    label: str
    path: str
    done: bool


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above every page of a campaign."""

    words: str
    people: int
    version: int
    steps: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about one campaign."""

    request: Request
    viewer: Viewer
    installation: Installation
    means: Means
    campaign_id: int
    now: datetime

    def campaign(self, session: Session) -> Campaign:
        found = session.get(Campaign, self.campaign_id)
        if found is None:
            raise NotThereError("There is no such campaign. The list of campaigns names all of them.")
        return found

    def read(self, work: Callable[[Session, Campaign], T]) -> T:
        with self.installation.store.reading() as session:
            return work(session, self.campaign(session))

    def write(self, work: Callable[[Session, Campaign], T]) -> T:
        return self.installation.store.write(lambda session: work(session, self.campaign(session)))

    @property
    def drafting(self) -> drafting.Means:
        """What making drafts takes."""
        return drafting.Means(self.means.desk, self.installation.template_path())

    def path(self, part: str = "") -> str:
        return f"/m/{self.campaign_id}{part}"

    def back(self, part: str = "", **query: str) -> Response:
        """To a page of the campaign, where it was done."""
        asked = f"?{urlencode(query)}" if query else ""
        return RedirectResponse(self.path(part) + asked, 303)

    def page(self, template: str, at: str, values: Mapping[str, Any], **more: Any) -> Response:
        """One of its pages; `at` is the step that it belongs to."""
        given = {"page": "campaigns", "at": at, "now": self.now, **values}
        return page(self.request, self.viewer, template, **given, **more)


def asked(
    request: Request, viewer: Signed, installation: Opened, means: Equipped, campaign_id: CampaignId
) -> Asked:
    return Asked(request, viewer, installation, means, campaign_id, utc_now())


About = Annotated[Asked, Depends(asked)]


def head_of(session: Session, about: Asked, campaign: Campaign) -> Head:
    """The head as things stand now."""
    row = listing.row(session, about.means.settings, campaign, about.now)
    return Head(row.words, row.people, row.version, places_of(about.path(), row))


def places_of(path: str, row: Row) -> tuple[Place, ...]:
    """The steps, each with what makes it done."""
    written = row.sent + row.approved
    return (
        Place("people", "People", f"{path}/people", row.people > 0),
        Place("template", "Template", f"{path}/template", row.version > 0),
        Place("review", "Review", f"{path}/review", written > 0 and row.drafts == 0),
        Place("schedule", "Schedule", path, row.state != "draft"),
        Place("results", "Results", f"{path}/results", row.state == "done"),
    )
