"""What firings and engagements ask for: tags, cards, drafts and notices, each at most once, ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from prospector.config import Queue
from prospector.models import Card, Effect, Engagement, Message, Move, Prospect
from prospector.outreach import drafts, ledger, outbox, suppression
from prospector.outreach.drafts import Desk
from prospector.outreach.template import Library, Template
from prospector.queue import day, rank
from prospector.queue.rank import Cause, Standing
from prospector.queue.workday import later
from prospector.rules import live
from prospector.rules.history import Firing
from prospector.store import insert_new


@dataclass(frozen=True)
class Person:
    """One prospect while their consequences are worked out."""

    session: Session
    prospect: Prospect
    standing: Standing
    objected: bool
    now: datetime


@dataclass(frozen=True)
class Effects:
    """How a process acts on firings and engagements; `library` gives the templates of now."""

    desk: Desk
    queue: Queue
    library: Callable[[], Library]

    def answer(self, person: Person, new: Sequence[Engagement], stopped: Mapping[str, str]) -> list[str]:
        """Put what they did on their card; the strongest cause gets a draft. `stopped` tells by key
        which engagements lost us an address, or may have: a person has to look."""
        theirs = [one for one in new if one.by == "them"]
        found = {cause_of(one, stopped.get(one.key)): one for one in theirs}
        causes = {cause: engagement for cause, engagement in found.items() if cause is not None}
        if person.objected or rank.rank(causes, person.standing, person.now).expired:
            return []  # of a new person's old posts nothing is left to do, nor do they wake a card
        card = day.offer(person.session, person.prospect, list(causes), person.standing, person.now)
        if card is None or not card.causes:
            return []
        strongest = causes.get(day.cause_of(card.causes[0]))
        lines = [f"card {person.prospect.name}: {_reasons(card)}"]
        if strongest is None or strongest.kind not in rank.SORTS:
            return lines
        if (template := self.library().answer_to(strongest.kind)) is not None:
            lines += self._draft(person, template, f"engagement:{strongest.id}", strongest, card)
        return lines

    def carry_out(self, person: Person, firing: Firing, stale_after: int, said: bool) -> list[str]:
        """Do what a firing asks for, within `stale_after` seconds. `said`: its rule has written
        already, for a firing that the present history no longer has."""
        late = person.now - live.moment(firing.effective_at) > timedelta(seconds=stale_after)
        skipped = "the person must not be written to" if person.objected else ""
        skipped = skipped or ("too late to act on" if late else "")
        asked, prospect = firing.actions, person.prospect
        lines: list[str] = []
        # An objection stops profiling too (GDPR Art. 21(3)), and a tag is a piece of a profile.
        untagged = skipped if person.objected else ""
        if asked.tag and _first(person, firing, "tag", {"tag": list(asked.tag)}, untagged):
            prospect.tags = list(dict.fromkeys([*prospect.tags, *asked.tag]))
        card: Card | None = None
        wants_card = asked.queue is not None or firing.suggested
        if wants_card and _first(person, firing, "card", {"queue": asked.queue or 0}, skipped):
            card = self._rule_card(person, firing)
        undrafted = skipped or ("the rule wrote before the history was corrected" if said else "")
        if asked.draft and _first(person, firing, "draft", {"template": asked.draft}, undrafted):
            lines += self._rule_draft(person, firing, asked.draft, card)
        if asked.notify and _first(person, firing, "notice", {"to": list(asked.notify)}, skipped):
            lines.append(f"notice {prospect.name}: '{firing.rule}' for {', '.join(asked.notify)}")
        return lines

    def _rule_card(self, person: Person, firing: Firing) -> Card | None:
        kind = "suggested_move" if firing.suggested else "rule"
        detail = f"move to {firing.suggested}? ({firing.rule})" if firing.suggested else firing.rule
        at, days = live.moment(firing.effective_at), firing.actions.queue or 0
        due_on = later(person.now, days, ZoneInfo(self.queue.timezone)) if days else None
        cause = Cause(kind, at, detail=detail)
        return day.offer(person.session, person.prospect, [cause], person.standing, person.now, due_on)

    def _rule_draft(self, person: Person, firing: Firing, name: str, card: Card | None) -> list[str]:
        template = self.library().templates.get(name)
        if template is None:
            return [f"warning rule '{firing.rule}' asks for the template {name}, which is not there"]
        return self._draft(person, template, f"firing:{firing.key}", None, card)

    def _draft(
        self,
        person: Person,
        template: Template,
        occasion: str,
        engagement: Engagement | None,
        card: Card | None,
    ) -> list[str]:
        prospect = person.prospect
        why = drafts.forbidden(person.session, self.desk, template.action, prospect, engagement, person.now)
        if why is not None:
            return [f"draft none to {prospect.name} from '{template.name}': {why}"]
        message = drafts.compose(
            person.session,
            self.desk,
            template,
            prospect,
            occasion=occasion,
            now=person.now,
            engagement=engagement,
            card_id=card.id if card else None,
        )
        if message is None:
            return []
        count = len(message.problems)
        mend = "1 problem" if count == 1 else f"{count} problems"
        state = "ready" if drafts.is_approvable(message) else f"{mend} to mend"
        return [f"draft {message.id}: {message.action} to {prospect.name} from '{template.name}', {state}"]


def cause_of(engagement: Engagement, lost: str | None = None) -> Cause | None:
    """What an engagement is on a card, if anything; `lost` tells why an address is no good, or why
    a person must say whether it is."""
    if lost == suppression.IN_DOUBT:
        words = f" (“{engagement.text[:120]}”)" if engagement.text else ""
        detail = f"{lost}{words}. Done: never write to them again. Dismiss: go on writing."
        return Cause("opt_out", engagement.at, engagement.id, detail)
    if lost is not None and engagement.kind in suppression.OF_THE_ADDRESS:
        replacement = engagement.attributes.get("replacement")
        advice = f"; they name {replacement}" if replacement else ""
        detail = f"{lost}: find another address{advice}"
        return Cause("failed", engagement.at, engagement.id, detail)
    if not rank.is_cause(engagement.kind):
        return None
    text = engagement.text
    return Cause(engagement.kind, engagement.at, engagement.id, text[:200], rank.is_question(text))


def take_back(session: Session, prospect: Prospect, vanished: Sequence[str]) -> frozenset[str]:
    """Withdraw what firings wrote that the history no longer has (S7). Gives the rules of those
    whose message has gone out already, so that they do not write a second time."""
    if not vanished:
        return frozenset()
    occasions = {f"firing:{key}": key for key in vanished}
    outbox.withdraw(session, prospect.id, "the history was corrected", list(occasions))
    said = select(Message.occasion).where(
        Message.prospect_id == prospect.id,
        col(Message.occasion).in_(list(occasions)),
        col(Message.state).in_(ledger.COUNTED),
    )
    keys = [occasions[occasion] for occasion in session.exec(said)]
    rules = select(Move.rule).where(Move.prospect_id == prospect.id, col(Move.key).in_(keys))
    return frozenset(rule for rule in session.exec(rules) if rule is not None)


def pass_over(
    session: Session, prospect: Prospect, firings: Sequence[Firing], why: str, now: datetime
) -> None:
    """Note that what these firings ask for is not done, now or later."""
    for firing in firings:
        asked = firing.actions
        kinds = {
            "tag": bool(asked.tag),
            "card": asked.queue is not None or bool(firing.suggested),
            "draft": bool(asked.draft),
            "notice": bool(asked.notify),
        }
        rows = [
            {"key": firing.key, "prospect_id": prospect.id, "kind": kind, "detail": {}, "at": now}
            | {"state": "skipped", "why": why}
            for kind, wanted in kinds.items()
            if wanted
        ]
        insert_new(session, Effect, rows)


def _first(person: Person, firing: Firing, kind: str, detail: dict[str, Any], skipped: str) -> bool:
    """Note the action; True when it is to be done now and never was before."""
    row = {
        "key": firing.key,
        "prospect_id": person.prospect.id,
        "kind": kind,
        "detail": detail,
        "state": "skipped" if skipped else "done",
        "why": skipped,
        "at": person.now,
    }
    return bool(insert_new(person.session, Effect, [row])) and not skipped


def _reasons(card: Card) -> str:
    reasons = ", ".join(f"{reason['label']} {reason['points']}" for reason in card.reasons)
    return f"{card.priority} ({reasons})"
