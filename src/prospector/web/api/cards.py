"""The queue over the API: the day, one card with all that it shows, and every decision about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, StringConstraints, model_validator
from sqlmodel import Session

from prospector.installation import Installation, utc_now
from prospector.queue import decisions, holds, listing
from prospector.queue.item import Item, item_of
from prospector.queue.listing import Row
from prospector.queue.means import Decided, Means
from prospector.queue.session import session_of, snoozed
from prospector.queue.snoozing import Snooze
from prospector.web.api import ANSWERS
from prospector.web.decisions import told
from prospector.web.viewer import Equipped, Opened, Signed, Viewer

router = APIRouter(prefix="/api", tags=["queue"], responses=ANSWERS)
CardId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]


class Person(BaseModel):
    """Whom a card is about."""

    id: int
    name: str
    stage: str


class Points(BaseModel):
    """One reason; the points of all of them sum to the priority."""

    reason: str
    points: int


class Engagement(BaseModel):
    """What they did. The text is theirs: it may be anything."""

    kind: str
    at: datetime
    channel: str
    url: str | None
    text: str


class Problem(BaseModel):
    """What stands between a draft and its approval, or should be looked at."""

    code: str
    message: str


class Draft(BaseModel):
    """The card's text; `stale` where something has changed since it was made."""

    id: int
    action: str
    by_hand: bool
    state: str
    subject: str
    body: str
    stale: bool
    problems: list[Problem]


class Card(BaseModel):
    """A card, as in `prospector queue --json`."""

    id: int
    prospect: Person
    section: str
    why: list[Points]
    priority: int
    detail: str
    engagement: Engagement | None
    draft: Draft | None


class Filters(BaseModel):
    """How many cards of the day each filter has; all but `all` sum to it."""

    all: int
    reply: int
    post: int
    hand: int
    rest: int


class Day(BaseModel):
    """The finite day. `more` waits beyond it (counted up to 200: then `more_is_least`), `seconds` is
    what the rest is expected to take, `at` when this was true."""

    at: datetime
    cards: list[Card]
    done: int
    total: int
    more: int
    more_is_least: bool
    seconds: int
    snoozed: int
    counts: Filters


class Cause(BaseModel):
    """One cause of a card, with the post or mail that it answers, where we know it."""

    kind: str
    words: str
    at: datetime
    channel: str
    url: str | None
    text: str
    parent_text: str | None
    parent_by_us: bool
    gone: bool


class Held(BaseModel):
    """Who has a card open, and until when; `mine` where it is the viewer."""

    name: str
    until: datetime
    mine: bool


class CardInFull(Card):
    """One card with all that decides it: `changed` says why its text is out of date, `asks` what a
    reason (`despite`) is needed for, `leaves` when its text would go out and `held_by_why` what holds
    it until then."""

    state: str
    causes: list[Cause]
    changed: list[str]
    asks: str | None
    leaves: datetime | None
    held_by_why: str
    hold: Held | None
    next_step: str
    stages: list[str]


class Told(BaseModel):
    """What came of a decision."""

    card: int | None
    words: str
    message: int | None
    state: str | None
    send_at: datetime | None


class Reason(BaseModel):
    """Why a card is dismissed: a few words, or none."""

    why: Words | None = None


class Away(BaseModel):
    """For how long a card is put away: one of the page's choices, a moment, or what they do."""

    choice: Literal["later", "tomorrow", "week", "month", "post", "reply"] | None = None
    until: AwareDatetime | None = None
    on: Literal["post", "reply"] | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if [self.choice, self.until, self.on].count(None) != 2:
            raise ValueError("say one of choice, until and on")
        return self


class Note(BaseModel):
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class Stage(BaseModel):
    """The stage to move the person to."""

    to: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Opening(BaseModel):
    """`take_over` takes the card also from a colleague who has it open."""

    take_over: bool = False


class Step(BaseModel):
    """0: the same template with the facts of now; 1 and -1: the next one, and the one before."""

    step: Literal[-1, 0, 1] = 0


@router.get("/queue")
def queue(
    viewer: Signed,
    installation: Opened,
    means: Equipped,
    q: Annotated[str, Query(max_length=200)] = "",
    view: Literal["today", "snoozed"] = "today",
) -> Day:
    """The viewer's day, or what is put away; `q` is a search as above the list."""
    now = utc_now()
    with installation.store.reading() as session:
        agenda = session_of(session, viewer, now, q)
        rows = agenda.rows if view == "today" else snoozed(session, viewer, q)
        cards = [Card(**_listed(session, means, viewer, row)) for row in rows]
    return Day(
        at=agenda.at,
        cards=cards,
        done=agenda.done,
        total=agenda.total,
        more=agenda.more,
        more_is_least=agenda.more_is_least,
        seconds=agenda.seconds,
        snoozed=agenda.snoozed,
        counts=Filters(**{name: getattr(agenda.counts, name) for name in Filters.model_fields}),
    )


@router.get("/cards/{card_id}")
def card(card_id: CardId, viewer: Signed, installation: Opened, means: Equipped) -> CardInFull:
    """One card with all that it shows."""
    with told(), installation.store.reading() as session:
        item = item_of(session, means, viewer, card_id, utc_now())
        return CardInFull(**_listed(session, means, viewer, item.row), **_in_full(item))


@router.post("/cards/{card_id}/done")
def done(card_id: CardId, viewer: Signed, installation: Opened, means: Equipped) -> Told:
    """Dealt with; of an opt-out in doubt: never write to them again."""
    now = utc_now()
    return write(installation, lambda s: decisions.done(s, means, viewer, card_id, now))


@router.post("/cards/{card_id}/dismiss")
def dismiss(card_id: CardId, reason: Reason, viewer: Signed, installation: Opened, means: Equipped) -> Told:
    """Nothing is to be done; of an opt-out in doubt: go on writing."""
    now = utc_now()
    return write(installation, lambda s: decisions.dismiss(s, means, viewer, card_id, now, reason.why))


@router.post("/cards/{card_id}/snooze")
def snooze(card_id: CardId, away: Away, viewer: Signed, installation: Opened, means: Equipped) -> Told:
    """Put it away; an answer always brings it back."""
    now = utc_now()
    if away.choice is not None:
        choice: str = away.choice
        return write(installation, lambda s: decisions.snooze(s, means, viewer, card_id, choice, now))
    chosen = Snooze(away.until, away.on)
    return write(installation, lambda s: decisions.put_away(s, viewer, card_id, chosen, now))


@router.post("/cards/{card_id}/reopen")
def reopen(card_id: CardId, viewer: Signed, installation: Opened, means: Equipped) -> Told:
    """Take the last decision back, with the message that it let go; 409 once that has left."""
    now = utc_now()
    return write(installation, lambda s: decisions.reopen(s, means, viewer, card_id, now))


@router.post("/cards/{card_id}/note")
def note(card_id: CardId, given: Note, viewer: Signed, installation: Opened, means: Equipped) -> Told:
    """Keep a note about the person."""
    now = utc_now()
    return write(installation, lambda s: decisions.note(s, means, viewer, card_id, given.text, now))


@router.post("/cards/{card_id}/stage")
def stage(card_id: CardId, given: Stage, viewer: Signed, installation: Opened, means: Equipped) -> Told:
    """Move the person by hand; rules keep their hands off for a while."""
    now = utc_now()
    return write(installation, lambda s: decisions.stage(s, means, viewer, card_id, given.to, now))


@router.post("/cards/{card_id}/hold")
def hold(card_id: CardId, given: Opening, viewer: Signed, installation: Opened) -> Held | None:
    """Say that one has it open: nobody else can decide it for a while. Null where it is decided."""
    now, length = utc_now(), installation.settings.file.queue.hold
    take = holds.take_over if given.take_over else holds.open_card
    with told():
        found = installation.store.write(lambda s: take(s, viewer, card_id, length, now))
    return Held(name=found.name, until=found.until, mine=found.mine) if found is not None else None


@router.post("/cards/{card_id}/draft")
def draft(card_id: CardId, given: Step, viewer: Signed, installation: Opened, means: Equipped) -> Told:
    """A new draft for the same cause."""
    now = utc_now()
    return write(installation, lambda s: decisions.another(s, means, viewer, card_id, now, given.step))


def write(installation: Installation, work: Callable[[Session], Decided]) -> Told:
    """Carry a decision out; what the queue refuses becomes an answer."""
    with told():
        decided = installation.store.write(work)
    return Told(
        card=decided.card_id,
        words=decided.words,
        message=decided.message_id,
        state=decided.message_state,
        send_at=decided.send_at,
    )


def _listed(session: Session, means: Means, viewer: Viewer, row: Row) -> dict[str, Any]:
    return listing.as_json(session, means.desk, row, viewer.id)


def _in_full(item: Item) -> dict[str, Any]:
    leaves = item.draft.leaves if item.draft is not None else None
    hold = item.hold
    return {
        "state": item.state,
        "causes": [{name: getattr(one, name) for name in Cause.model_fields} for one in item.causes],
        "changed": list(item.draft.stale) if item.draft is not None else [],
        "asks": item.asks.sentence if item.asks is not None else None,
        "leaves": leaves.at if leaves is not None else None,
        "held_by_why": leaves.why if leaves is not None else "",
        "hold": {"name": hold.name, "until": hold.until, "mine": hold.mine} if hold is not None else None,
        "next_step": item.context.next_step,
        "stages": list(item.stages),
    }
