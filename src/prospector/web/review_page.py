"""The review as a page and as the parts of it that a decision changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Response
from sqlmodel import Session
from starlette.background import BackgroundTask

from prospector.campaigns import batches, editing, lines, opened, outlook, standing
from prospector.campaigns.review import Review
from prospector.campaigns.standing import STATUSES, Chosen, Person
from prospector.models import HIGHEST_ID, Campaign, Message, Recipient
from prospector.outreach import drafts, outbox
from prospector.outreach.listing import Reader
from prospector.web import review_acts
from prospector.web.campaign_asked import Asked, head_of
from prospector.web.problems import NotThereError
from prospector.web.rendering import fragment, page
from prospector.web.review_acts import Done

PAGE = 50
LABELS = {
    "all": "All",
    "fix": "To fix",
    "warning": "Warnings",
    "ready": "Ready",
    "approved": "Approved",
    "blocked": "Blocked",
}


@dataclass(frozen=True, slots=True)
class View:
    """What of the review is looked at: a filter, a group, an order, a place, and who is open."""

    show: str = ""
    cause: str = ""
    step: int = 0
    shape: str = ""
    sort: str = ""
    after: int = 0
    open: int = 0

    @property
    def chosen(self) -> Chosen:
        return Chosen(self.show, self.cause, self.step, self.shape)

    def query(self, **other: Any) -> dict[str, str]:
        """As it stands in an address, with some of it otherwise."""
        names = ("show", "cause", "step", "shape", "sort", "after", "open")
        given = {name: getattr(self, name) for name in names} | other
        return {name: str(value) for name, value in given.items() if value}

    def link(self, **other: Any) -> str:
        """The query of a link from here; what is chosen anew begins at the top."""
        asked = self.query(**{"after": "", "open": ""} | other)
        return f"?{urlencode(asked)}" if asked else "?"


def view_of(
    show: Annotated[str, Query(max_length=20)] = "",
    cause: Annotated[str, Query(max_length=300)] = "",
    step: Annotated[int, Query(ge=0, le=9)] = 0,
    shape: Annotated[str, Query(max_length=80)] = "",
    sort: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[int, Query(ge=0, le=HIGHEST_ID)] = 0,
    open: Annotated[int, Query(ge=0, le=HIGHEST_ID)] = 0,
) -> View:
    known = show if show in STATUSES else ""
    return View(known, cause, step, shape, "unusual" if sort == "unusual" else "", after, open)


def whole(about: Asked, view: View, run: int) -> Response:
    """The page. Nobody open: the first to fix, else the first of the list."""
    with about.installation.store.reading() as session:
        campaign = about.campaign(session)
        found = review_acts.read(session, about)
        values = _parts(session, about, view, campaign, found)
        shown = found.person(view.open) or _first(values["rows"])
        values |= _person(session, about, found, shown)
        return _whole(session, about, campaign, values | {"wrong": ""}, Done(run), 200)


def _whole(
    session: Session, about: Asked, campaign: Campaign, values: Mapping[str, Any], done: Done, status: int
) -> Response:
    values = {**values, **_told(session, about, done)}
    values |= {"head": head_of(session, about, campaign), "at": "review", "section": "campaigns"}
    return page(about.request, about.viewer, "review.html", now=about.now, status=status, **values)


def person(about: Asked, view: View, recipient_id: int, *, wrong: str = "", status: int = 200) -> Response:
    """One person: a part for the script, else the page with them open."""
    if "hx-request" not in about.request.headers and not wrong:
        return about.back("/review", **view.query(open=recipient_id))
    with about.installation.store.reading() as session:
        campaign = about.campaign(session)
        found = review_acts.read(session, about)
        shown = found.person(recipient_id)
        if shown is None:
            raise NotThereError("They are not in this review any more. Reload the page.")
        values = _person(session, about, found, shown) | {"wrong": wrong, "campaign": campaign, "view": view}
        values |= {"keys_of": keys_of}
        if "hx-request" not in about.request.headers:
            view = replace(view, open=recipient_id)
            values |= _parts(session, about, view, campaign, found)
            values |= {"head": head_of(session, about, campaign), "at": "review"} | _told(
                session, about, Done()
            )
            return page(
                about.request,
                about.viewer,
                "review.html",
                now=about.now,
                section="campaigns",
                status=status,
                **values,
            )
    return fragment(about.request, about.viewer, "review-item.html", page="review", status=status, **values)


def after(
    about: Asked, view: View, done: Done, recipient_id: int = 0, *, whole: bool = False, carry: bool = False
) -> Response:
    """The parts of the page that something has changed, for the script to put in their places."""
    with about.installation.store.reading() as session:
        campaign = about.campaign(session)
        found = review_acts.read(session, about)
        values = _parts(session, about, view, campaign, found, None if whole else recipient_id)
        shown = found.person(recipient_id) if recipient_id else None
        values |= {**_person(session, about, found, shown), **_told(session, about, done)}
        values |= {"whole": whole, "gone": recipient_id if shown is None else 0, "wrong": ""}
    answer = fragment(about.request, about.viewer, "review-after.html", page="review", **values)
    return carrying(about, done, answer) if carry else answer


def progress(about: Asked, view: View, run_id: int) -> Response:
    """How far a run is: only that while it goes on, since the page asks often; then all it changed."""
    with about.installation.store.reading() as session:
        campaign = about.campaign(session)
        told = _told(session, about, Done(run_id))
    if told["run"].finished:
        return after(about, view, Done(run_id), view.open, whole=True)
    values = {**told, "campaign": campaign, "view": view}
    return fragment(about.request, about.viewer, "review-progress.html", page="review", **values)


def carrying(about: Asked, done: Done, answer: Response) -> Response:
    """The answer; what is left of the run is done behind it."""
    if done.run_id:
        answer.background = BackgroundTask(review_acts.carry_out, about, done.run_id)
    return answer


def next_problem(about: Asked, place: int) -> int:
    found = about.read(lambda session, _: review_acts.read(session, about))
    next_one = standing.next_problem(found.people, place)
    return next_one.recipient_id if next_one is not None else 0


def prospect_of(about: Asked, recipient_id: int) -> int:
    """The person behind a place in this campaign. Raises `NotThereError`."""

    def work(session: Session, _: Campaign) -> int:
        found = session.get(Recipient, recipient_id)
        if found is None or found.campaign_id != about.campaign_id:
            raise NotThereError("They are not in this campaign.")
        return found.prospect_id

    return about.read(work)


def asks_why(about: Asked, recipient_id: int) -> bool:
    """Whether one of us has just written to this person, so that going on needs a reason."""
    found = about.read(lambda session, _: review_acts.read(session, about)).person(recipient_id)
    return found is not None and "touched" in keys_of(found)


def rewrite(about: Asked, recipient_id: int, message_id: int, subject: str, body: str) -> None:
    """One's own words as the draft. Raises `NotThereError`, `NotPossibleError`."""

    def work(session: Session, _: Campaign) -> None:
        message = session.get(Message, message_id, with_for_update=True)
        if (
            message is None
            or message.campaign_id != about.campaign_id
            or message.recipient_id != recipient_id
        ):
            raise NotThereError("There is no such draft in this campaign.")
        if not body.strip():
            raise outbox.NotPossibleError("The text is empty; write one, or skip the person.")
        drafts.rewrite(session, about.means.desk, message, " ".join(subject.split()), body.strip())
        message.facts = {**message.facts, "rewritten": True}

    about.write(work)


def _parts(
    session: Session, about: Asked, view: View, campaign: Campaign, found: Review, only: int | None = None
) -> dict[str, Any]:
    """What the page shows apart from the open person; `only` one row of the list."""
    chosen = found.of(view.chosen)
    ordered = standing.unusual(chosen) if view.sort == "unusual" else chosen
    some, further = standing.after(ordered, view.after, PAGE)
    if only is not None:
        some = [one for one in found.people if one.recipient_id == only]
    reader = Reader(about.means.settings, about.means.desk, about.now, about.viewer.scope)
    counts = found.counts()
    newest = editing.newest(session, campaign.id)
    return {
        "campaign": campaign,
        "view": view,
        "found": found,
        "counts": counts,
        "tabs": [(label, "" if name == "all" else name, counts[name]) for name, label in LABELS.items()],
        "causes": found.causes(),
        "groups": standing.groups(found.people),
        "rows": lines.lines(session, reader, campaign, some),
        "number": len(chosen),
        "further": further,
        "version": newest.number if newest is not None else 0,
        "status_words": LABELS,
        "ready": sum(one.status == "ready" for one in (chosen if view.step else found.people)),
        "schedule": outlook.schedule_in_words(session, about.means.settings, campaign, about.now),
        "shapes": _shapes(found),
        "keys_of": keys_of,
    }


def keys_of(person: Person) -> set[str]:
    """The causes of one person's troubles."""
    return {trouble.key for trouble in person.troubles}


def _shapes(found: Review) -> dict[tuple[int, str], str]:
    """What the groups are called, the most usual of a step first."""
    names: dict[tuple[int, str], str] = {}
    for group in sorted(standing.groups(found.people), key=lambda one: (one.step, -one.people)):
        earlier = sum(step == group.step for step, _ in names)
        names[group.step, group.shape] = f"shape {chr(ord('A') + earlier % 26)}"
    return names


def _first(rows: list[lines.Line]) -> Person | None:
    wrong = next((row.person for row in rows if row.person.status == "fix"), None)
    return wrong or (rows[0].person if rows else None)


def _person(session: Session, about: Asked, found: Review, shown: Person | None) -> dict[str, Any]:
    reader = Reader(about.means.settings, about.means.desk, about.now, about.viewer.scope)
    if shown is None:
        return {"one": None}
    return {"one": opened.open_person(session, review_acts.means_of(about), reader, found, shown)}


def _told(session: Session, about: Asked, done: Done) -> dict[str, Any]:
    """What was just done, in words, and the run by which it is taken back."""
    if not done.run_id:
        return {"told": done.words, "run": None}
    try:
        batches.find(session, done.run_id, about.campaign_id)
        run = batches.progress(session, done.run_id)
    except batches.BatchError as error:
        raise NotThereError(str(error)) from None
    return {"told": review_acts.words_of(run), "run": run}
