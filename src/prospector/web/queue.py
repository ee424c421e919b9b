"""The rep's daily queue: the list, the open card, the ones after it, and what has changed since.

The page carries the open card; the script asks for the next ones at once, then for the rest, so that a
decision shows the next card without asking. A link to one card brings the two after it along. The
decisions themselves are in decisions.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import AfterValidator, AwareDatetime
from sqlmodel import Session

from prospector.installation import Installation, utc_now
from prospector.queue import pipeline, views
from prospector.queue import session as days
from prospector.queue.day import NoCardError
from prospector.queue.item import Item, item_of, items_of
from prospector.queue.means import Means
from prospector.queue.session import Agenda
from prospector.queue.snoozing import CHOICES, Choice, snooze_of
from prospector.web import finish, phrases
from prospector.web.problems import NotThereError
from prospector.web.rendering import fragment, page
from prospector.web.viewer import Equipped, Opened, Signed, Viewer

AHEAD = 2
MOST_AT_ONCE = 60
TABS = (
    ("All", "", "all"),
    ("Replies", "is:reply", "reply"),
    ("Posts", "is:post", "post"),
    ("You post", "is:hand", "hand"),
    ("Other", "is:rest", "rest"),
)
VIEWS = ("", "snoozed", "done")

router = APIRouter(include_in_schema=False)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time is beyond the calendar") from None


Words = Annotated[str, Query(max_length=200)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


@router.get("/queue")
def queue(
    request: Request,
    viewer: Signed,
    installation: Opened,
    means: Equipped,
    q: Words = "",
    view: str = "",
    before: Moment | None = None,
    decided: int | None = None,
    more: bool = False,
) -> Response:
    """The day with its first card open; only the list where the script asks for it. With `more` it has
    the first of what is over, too."""
    now, view = utc_now(), view if view in VIEWS else ""
    with installation.store.reading() as session:
        values = _listed(session, viewer, now, q, view, before, decided, more)
        if by_script(request):
            return fragment(request, viewer, "queue-list.html", now=now, **values, open=None)
        ids = [row.id for row in values["agenda"].rows] if view == "" else []
        values |= _opened(session, viewer, means, ids[:1], now)
        values |= _finished(session, viewer, installation, now)
    return page(request, viewer, "queue.html", now=now, pane="list", problem=None, **values)


@router.get("/queue/rest")
def rest(request: Request, viewer: Signed, installation: Opened, means: Equipped, ids: str = "") -> Response:
    """The cards that the page does not carry yet, by their ids."""
    if not by_script(request):
        return RedirectResponse("/queue", 303)
    now, wanted = utc_now(), _ids(ids)
    with installation.store.reading() as session:
        items = _items(session, viewer, means, wanted, now)
        values = _words(session)
    return fragment(request, viewer, "queue-rest.html", now=now, items=items, problem=None, **values)


@router.get("/queue/end")
def end(request: Request, viewer: Signed, installation: Opened) -> Response:
    """What the day came to."""
    if not by_script(request):
        return RedirectResponse("/queue", 303)
    now = utc_now()
    with installation.store.reading() as session:
        values: dict[str, Any] = {"agenda": days.session_of(session, viewer, now)}
        values |= _finished(session, viewer, installation, now)
    return fragment(request, viewer, "queue-end.html", now=now, **values)


@router.get("/queue/news")
def news(
    request: Request,
    viewer: Signed,
    installation: Opened,
    means: Equipped,
    since: Moment | None = None,
    open: int | None = None,
    truth: str = "",
) -> Response:
    """How many cards came since the list was made, and whether the open one is what it was."""
    if not by_script(request) or since is None:
        return RedirectResponse("/queue", 303)
    now = utc_now()
    with installation.store.reading() as session:
        found = days.news(session, viewer, since, now)
        item = _item(session, viewer, means, open, now) if open is not None else None
    changed = open is not None and (item is None or phrases.truth(item) != truth)
    return JSONResponse({"count": found.count, "ids": list(found.ids)[:100], "changed": changed})


@router.get("/queue/{card_id}")
def card(
    request: Request,
    viewer: Signed,
    installation: Opened,
    means: Equipped,
    card_id: int,
    q: Words = "",
    view: str = "",
    decided: int | None = None,
) -> Response:
    """The day with this card open; only the card where the script asks for it."""
    return shown(request, viewer, installation, means, card_id, q=q, view=view, decided=decided)


def shown(
    request: Request,
    viewer: Viewer,
    installation: Installation,
    means: Means,
    card_id: int,
    *,
    q: str = "",
    view: str = "",
    decided: int | None = None,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    """The page with a card open, or its template; `problem` says what could not be done with it."""
    now, view = utc_now(), view if view in VIEWS else ""
    with installation.store.reading() as session:
        if by_script(request):
            items = _items(session, viewer, means, [card_id], now)
            if not items:
                raise NotThereError("There is no such card.")
            given = {"items": items, "problem": problem, **_words(session)}
            return fragment(request, viewer, "queue-rest.html", now=now, status=status, **given)
        values = _listed(session, viewer, now, q, view, None, decided)
        ids = [row.id for row in values["agenda"].rows]
        after = ids[ids.index(card_id) + 1 :] if card_id in ids else ids
        values |= _opened(session, viewer, means, [card_id, *after[:AHEAD]], now)
        if values["open"] is None or values["open"].row.id != card_id:
            raise NotThereError("There is no such card. Somebody may have decided it; see the queue.")
        values |= _finished(session, viewer, installation, now)
    given = {"pane": "item", "problem": problem, **values}
    return page(request, viewer, "queue.html", now=now, status=status, **given)


def by_script(request: Request) -> bool:
    """Whether the page's script asks, which wants a part; a person gets the page."""
    return "hx-request" in request.headers


def after(ids: Sequence[int], card_id: int) -> int | None:
    """The card to show once this one is decided: the next of the list, at its end the one before."""
    following = dict(pairwise(ids)).get(card_id)
    before = dict(pairwise(reversed(ids))).get(card_id)
    others = [id_ for id_ in ids if id_ != card_id]
    return following or before or (others[0] if others else None)


def _listed(
    session: Session,
    viewer: Viewer,
    now: datetime,
    words: str,
    view: str,
    before: datetime | None,
    decided: int | None,
    more: bool = False,
) -> dict[str, Any]:
    agenda = days.session_of(session, viewer, now, words if view == "" else "", more)
    done = views.done(session, viewer, now, before) if view == "done" or decided is not None else ()
    return {
        "agenda": agenda,
        "query": words,
        "view": view,
        "tabs": _tabs(agenda),
        "done": done,
        "snoozed": views.snoozed(session, viewer, words) if view == "snoozed" else (),
        "undoable": next((one for one in done if one.card_id == decided), None),
    } | _words(session)


def _tabs(agenda: Agenda) -> list[tuple[str, str, int]]:
    return [(label, words, getattr(agenda.counts, name)) for label, words, name in TABS]


def _opened(
    session: Session, viewer: Viewer, means: Means, ids: Sequence[int], now: datetime
) -> dict[str, Any]:
    items = _items(session, viewer, means, ids, now)
    return {"open": items[0] if items else None, "ahead": items[1:], "snoozes": _snoozes(viewer, now)}


def _finished(session: Session, viewer: Viewer, installation: Installation, now: datetime) -> dict[str, Any]:
    return {
        "summary": finish.summary(finish.decisions_of(session, viewer, now)),
        "next_look": finish.next_look(session, installation.account_ids.values()),
    }


def _items(session: Session, viewer: Viewer, means: Means, ids: Sequence[int], now: datetime) -> list[Item]:
    return items_of(session, means, viewer, ids, now)


def _item(session: Session, viewer: Viewer, means: Means, card_id: int, now: datetime) -> Item | None:
    try:
        return item_of(session, means, viewer, card_id, now)
    except NoCardError:
        return None


def _words(session: Session) -> dict[str, Any]:
    """What every part of the page says things with."""
    return {"stage_number": _stage_number(pipeline.stages_of(session)), "phrases": phrases}


def _stage_number(stages: Sequence[str]) -> Callable[[str], int]:
    """By name, the number of a stage's colour; 0 for one that the rules do not know."""
    numbers = {name: 1 + index % 6 for index, name in enumerate(stages)}
    return lambda name: numbers.get(name, 0)


def _snoozes(viewer: Viewer, now: datetime) -> list[tuple[Choice, datetime | None]]:
    day = (now, viewer.zone, viewer.day_start)
    return [(choice, snooze_of(choice.key, *day).until) for choice in CHOICES]


def _ids(text: str) -> list[int]:
    numbers = [part for part in text.split(",")[:MOST_AT_ONCE] if part.isascii() and part.isdigit()]
    return [int(number) for number in numbers if len(number) < 19]
