"""Where a person stands now, read from the store: score, stages with their proof, last touches, owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from prospector.models import Company, Engagement, Prospect, User
from prospector.prospects import points, steps
from prospector.prospects.points import Score
from prospector.prospects.steps import Step
from prospector.rules import explain, live
from prospector.rules.event import Event
from prospector.rules.explain import WhyNot
from prospector.rules.history import History
from prospector.rules.live import Parsed
from prospector.rules.ruleset import Ruleset
from prospector.sdk import BY_HAND_KINDS

WEEK = 7 * 86400
NO_RULES = Ruleset(stages=())


class NoRuleError(Exception):
    """The live rules have no rule of that name; the message lists those that there are."""


@dataclass(frozen=True, slots=True)
class Touch:
    """The last thing that one side did."""

    kind: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A person under the live rules at `now` (UTC seconds); `risen` is the score's change in a week."""

    history: History
    rules: Ruleset
    events: tuple[Event, ...]
    score: Score
    risen: int
    steps: tuple[Step, ...]
    now: int

    @property
    def probability(self) -> float | None:
        """How likely the deal is from here, as the stage says it."""
        return next((one.probability for one in self.rules.stages if one.name == self.history.stage), None)

    @property
    def rule_names(self) -> list[str]:
        return [rule.name for rule in self.rules.rules]

    def proof(self) -> list[dict[str, Any]]:
        return steps.proof_of(self.history)

    def proof_of(self, stage: str) -> dict[str, Any] | None:
        return steps.proof_of_stage(self.history, stage)

    def ways_to(self, stage: str) -> Sequence[WhyNot]:
        return steps.ways_to(self.history, self.rules, stage, self.now)

    def why_not(self, rule: str) -> WhyNot:
        """Raises `NoRuleError`."""
        if rule not in self.rule_names:
            raise NoRuleError(f'There is no rule "{rule}"; there are: {", ".join(self.rule_names)}.')
        return explain.why_not(self.history, rule, max(self.now, self.history.situation.time))


def of(session: Session, prospect: Prospect, parsed: Parsed, now: datetime) -> Standing:
    """Fold a person anew and say where they stand; nothing is written."""
    versions, events = parsed.versions(session), live.events_of(session, prospect.id)
    history = live.history_of(prospect, events, versions, prospect.horizon)
    rules, at = versions[-1].ruleset if versions else NO_RULES, live.seconds(now)
    score = points.score_of(rules, events, at)
    risen = score.total - points.score_of(rules, events, at - WEEK).total
    way = steps.steps_of(rules, history, live.seconds(prospect.tracked_from))
    return Standing(history, rules, tuple(events), score, risen, way, at)


def last_touch(session: Session, prospect_id: int, by: str) -> Touch | None:
    """The newest thing that they (`them`) or we (`us`) did, notes and changes apart."""
    statement = (
        select(Engagement.kind, Engagement.channel, Engagement.at)
        .where(
            Engagement.prospect_id == prospect_id,
            Engagement.by == by,
            col(Engagement.kind).not_in(BY_HAND_KINDS | {"note"}),
        )
        .order_by(col(Engagement.at).desc(), col(Engagement.id).desc())
        .limit(1)
    )
    found = session.exec(statement).first()
    return Touch(*found) if found is not None else None


def as_json(session: Session, prospect: Prospect, score: Score) -> dict[str, Any]:
    """A person as the API shows one; the names are those of `prospector prospects --json`, and more."""
    company = session.get(Company, prospect.company_id) if prospect.company_id is not None else None
    owner = session.get(User, prospect.owner_id) if prospect.owner_id is not None else None
    return {
        "id": prospect.id,
        "name": prospect.name,
        "company": company.name if company is not None else None,
        "email": prospect.email,
        "stage": prospect.stage,
        "since": prospect.stage_at,
        "score": score.total,
        "fit": score.fit,
        "engagement": score.engagement,
        "title": prospect.title,
        "country": prospect.country,
        "timezone": prospect.timezone,
        "value": prospect.value / 100 if prospect.value is not None else None,
        "currency": prospect.currency,
        "expected_close_on": prospect.expected_close_on,
        "tags": list(prospect.tags),
        "owner": owner.email if owner is not None else None,
        "legal_basis": prospect.legal_basis,
        "source": prospect.source,
        "source_at": prospect.source_at,
    }
