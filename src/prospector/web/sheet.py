"""What the page of one person shows, read from the store: for a reader, in few statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlmodel import Session, col, select

from prospector.casework import BY_HAND, suppressions
from prospector.installation import Installation
from prospector.models import Card, Company, Prospect, User
from prospector.outreach import consents, law
from prospector.outreach.window import zone_for
from prospector.prospects import companies, profiles, standing, steps, timeline
from prospector.prospects.standing import Standing
from prospector.prospects.timeline import SHOWS, Place, Show
from prospector.queue.rank import SORTS
from prospector.queue.snoozing import CHOICES
from prospector.rules import live
from prospector.rules.live import Parsed
from prospector.web.viewer import Viewer

LABELS: dict[Show, str] = {
    "all": "Everything",
    "them": "From them",
    "us": "From us",
    "changes": "Changes",
}
MOST_PEOPLE = 8


@cache
def parsed() -> Parsed:
    """Rulesets parsed once for the life of the process, by their text."""
    return Parsed()


def of(
    session: Session, installation: Installation, viewer: Viewer, prospect: Prospect, now: datetime
) -> dict[str, Any]:
    """Everything of the page but the timeline and the opened proof."""
    company = session.get(Company, prospect.company_id) if prospect.company_id is not None else None
    owner = session.get(User, prospect.owner_id) if prospect.owner_id is not None else None
    theirs, ours = (standing.last_touch(session, prospect.id, by) for by in ("them", "us"))
    stands = standing.of(session, prospect, parsed(), now)
    others = companies.people(session, viewer.scope, company.id, prospect.id) if company else []
    forbidden = suppressions(session, prospect)
    return {
        "person": prospect,
        "company": company,
        "others": others[:MOST_PEOPLE],
        "more_others": max(0, len(others) - MOST_PEOPLE),
        "owner": owner.name if owner is not None else None,
        "there": local_time(prospect, now),
        "standing": stands,
        "card": card_of(session, prospect.id),
        "theirs": theirs,
        "ours": ours,
        "places": profiles.watched(session, prospect.id, now),
        "suppressed": forbidden,
        "lawful": consents.verdict_of(
            session, installation.settings.file.outreach, prospect, now, consents.BY_HAND
        ),
        "consents": consents.of_person(session, prospect.id),
        "kinds": law.KINDS,
        "by_our_hand": bool(forbidden) and all(_ours(row.by, row.key) for row in forbidden),
        "snoozes": CHOICES,
        "namer": lambda _: (prospect.name, None),
        "moment": live.moment,
        "sentences": steps.sentences,
    }


def _ours(by: str, key: str) -> bool:
    return by == BY_HAND and not key.startswith("domain:")


def local_time(prospect: Prospect, now: datetime) -> datetime | None:
    """The clock where they are, by their own zone or their country's; None where neither is known."""
    zone = zone_for(prospect.timezone, prospect.country, "UTC")
    return now.astimezone(zone.info) if zone.from_ != "ours" else None


def card_of(session: Session, prospect_id: int) -> dict[str, Any] | None:
    """The person's open card, with the words of its button."""
    living = select(Card).where(Card.prospect_id == prospect_id, col(Card.state).in_(("open", "snoozed")))
    card = session.exec(living).first()
    if card is None or not card.causes:
        return None
    kind = str(card.causes[0].get("kind"))
    label = SORTS[kind].label if kind in SORTS else "Look"
    return {
        "id": card.id,
        "label": label,
        "button": _button(card.section),
        "snoozed": card.state == "snoozed",
        "due_on": card.due_on,
        "until": card.until,
        "priority": card.priority,
    }


def _button(section: str) -> str:
    return {"answer": "Answer", "check": "Check", "follow_up": "Follow up"}.get(section, "Open the card")


def timeline_of(session: Session, ids: Sequence[int], show: str, before: str) -> dict[str, Any]:
    """One page of the timeline, with what each filter holds."""
    chosen: Show = next((one for one in SHOWS if one == show), "all")
    found = timeline.page(session, ids, chosen, place(before))
    return {
        "timeline": found,
        "counts": timeline.counts(session, ids),
        "show": chosen,
        "shows": LABELS,
        "before": before,
    }


def place(text: str) -> Place | None:
    """Where a page of a timeline begins; what is no place begins at the top."""
    try:
        return Place.parse(text) if text else None
    except ValueError:
        return None


def proof_of(stands: Standing, stage: str) -> dict[str, Any]:
    """The proof of an opened stage, and what the rules that lead there still need."""
    if stage not in [step.name for step in stands.steps]:
        return {"proof": None, "ways": (), "opened": None}
    return {"proof": stands.proof_of(stage), "ways": stands.ways_to(stage), "opened": stage}
