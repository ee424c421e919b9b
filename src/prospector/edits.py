"""What a page of a run writes: the people's fields, and all that has to go with them.

Moves and tags are logged, since rules read them (docs/rules.md); open cards go along with an owner;
who is archived asks for nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, func, select, update

from prospector.consequences import Consequences
from prospector.engagements import Entry, log
from prospector.models import Card, Engagement, Profile, Prospect, Run
from prospector.sdk import Seen, engagement_key
from prospector.team import assignment

PAUSED_WHY = "paused by hand"
ARCHIVED_WHY = "archived"


class Writes:
    """What one page writes besides the people themselves, gathered to be written together."""

    def __init__(self, run: Run, now: datetime) -> None:
        self._run, self._now = run, now
        self._entries: list[Entry] = []
        self._stages: list[str] = []
        self._owners: dict[int, int | None] = {}
        self._archived: list[int] = []
        self._restored: list[int] = []
        self._changed: set[int] = set()

    def note(self, prospect: Prospect, values: Mapping[str, Any], mark: str) -> None:
        """Give a person these values, with what has to follow from them. `mark` tells the taking
        back from the doing."""
        if "owner_id" in values:
            prospect.owner_id = self._owners[prospect.id] = values["owner_id"]
        if "tags" in values:
            prospect.tags = list(values["tags"])
            self._log(prospect, "field_set", f"tags{mark}", {"field": "tags", "value": values["tags"]})
        if "paused_until" in values:
            until = values["paused_until"]
            prospect.paused_until = datetime.fromisoformat(until) if until else None
            prospect.paused_why = (values.get("paused_why") or PAUSED_WHY) if until else None
        if "archived_at" in values:
            at = values["archived_at"]
            prospect.archived_at = datetime.fromisoformat(at) if at else None
            (self._archived if at else self._restored).append(prospect.id)
        if "stage" in values:
            self._stage(prospect, values["stage"], mark)

    def _stage(self, prospect: Prospect, stage: str, mark: str) -> None:
        """A move by hand is logged; taken back, it is as if it had never been."""
        self._changed.add(prospect.id)
        if mark:
            self._stages.append(engagement_key("ui", self._seen(prospect, "stage_set", "stage", {})))
        else:
            self._log(prospect, "stage_set", "stage", {"to": stage})

    def _seen(self, prospect: Prospect, kind: str, what: str, attributes: Mapping[str, Any]) -> Seen:
        name = f"run:{self._run.id}:{prospect.id}:{what}"
        return Seen(kind, "us", name, self._now, by="us", attributes=attributes)

    def _log(self, prospect: Prospect, kind: str, what: str, attributes: Mapping[str, Any]) -> None:
        seen = self._seen(prospect, kind, what, attributes)
        self._entries.append(Entry("ui", seen, self._now, prospect.id, user_id=self._run.user_id))
        self._changed.add(prospect.id)

    def write(self, session: Session, consequences: Consequences) -> None:
        session.flush()
        log(session, self._entries)
        if self._stages:
            session.exec(delete(Engagement).where(col(Engagement.key).in_(self._stages)))
        assignment.move_cards(session, self._owners)
        self._put_away(session)
        self._bring_back(session)
        consequences.follow(session, [], self._changed, (), self._now)

    def _put_away(self, session: Session) -> None:
        """An archived person asks for nothing: their card is closed, and nobody looks any more."""
        of_theirs = col(Card.prospect_id).in_(self._archived), col(Card.state).in_(assignment.LIVING)
        closed = {"state": "dismissed", "decided_by": self._run.user_id, "decided_at": self._now}
        session.exec(update(Card).where(*of_theirs).values(**closed, decided_why=ARCHIVED_WHY))
        unseen = update(Profile).where(col(Profile.prospect_id).in_(self._archived))
        session.exec(unseen.values(next_poll_at=None))

    def _bring_back(self, session: Session) -> None:
        """The cards that the archive closed are open again, and their profiles are looked at."""
        if not self._restored:
            return
        newest = (
            select(func.max(Card.id))
            .where(col(Card.prospect_id).in_(self._restored))
            .group_by(col(Card.prospect_id))
        )
        closed = col(Card.state) == "dismissed", col(Card.decided_why) == ARCHIVED_WHY
        opened = {"state": "open", "decided_by": None, "decided_at": None, "decided_why": None}
        session.exec(update(Card).where(col(Card.id).in_(newest), *closed).values(**opened))
        looked_at = col(Profile.account_id).is_not(None), col(Profile.gone_at).is_(None)
        of_theirs = update(Profile).where(col(Profile.prospect_id).in_(self._restored), *looked_at)
        session.exec(of_theirs.values(next_poll_at=self._now))
