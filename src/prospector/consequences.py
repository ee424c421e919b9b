"""What follows from what happened, in the same transaction: stops, moves, effects, cards, drafts.

The order matters. A wish not to be written to is obeyed first, whatever the rules say; then the
history is folded anew and the difference written; then firings and engagements put causes on the
person's card, and the strongest gets a draft.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from prospector.installation import Installation
from prospector.models import Account, Card, Effect, Engagement, Message, Profile, Prospect, Suppression
from prospector.outreach import drafts, outbox, suppression
from prospector.outreach.drafts import Desk
from prospector.outreach.template import Library, Template, load_all
from prospector.polling.coverage import Coverage, horizon
from prospector.queue import day, rank
from prospector.queue.rank import Cause, Standing
from prospector.queue.workday import later
from prospector.rules import live
from prospector.rules.event import Event
from prospector.rules.history import Firing, Version
from prospector.rules.live import Parsed, Refolded
from prospector.sdk import BY_HAND_KINDS
from prospector.store import insert_new

TIMER_PAGE = 500


class Consequences:
    """What one process keeps between transactions to work them out: parsed rules and templates."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        settings = installation.settings
        self._queue = settings.file.queue
        self._desk = Desk(settings.file.sender, settings.accounts, installation.account_ids)
        self._parsed = Parsed()
        self._library: Library | None = None
        self._library_age: tuple[Any, ...] = ()

    def follow(
        self,
        session: Session,
        new: Sequence[Engagement],
        changed: Iterable[int],
        touched: Collection[int],
        now: datetime,
    ) -> list[str]:
        """All that follows from new engagements, prospects whose events changed, and prospects
        that were looked at. Log lines, the kind first."""
        lines = []
        for engagement in new:
            if (why := suppression.obey(session, engagement, now)) is not None:
                lines.append(f"stop {engagement.actor}: never written to again, {why}")
            quoted = engagement.attributes.get("refers_to") or ()
            for message_id in outbox.prove_sent(session, list(quoted), "quoted by an answer", now):
                lines.append(f"sent message {message_id} was in doubt: an answer quotes it")
        owners = {engagement.prospect_id for engagement in new if engagement.prospect_id is not None}
        owners |= set(changed)
        waiting = self._timers_due(session, set(touched) - owners, now)
        versions = self._parsed.versions(session)
        for prospect in _locked(session, owners | waiting):
            own = [engagement for engagement in new if engagement.prospect_id == prospect.id]
            lines += self._one(session, prospect, own, versions, now)
        return lines

    def fire_timers(self, session: Session, now: datetime) -> list[str]:
        """Re-fold everybody whose timer is due and has been covered."""
        lines: list[str] = []
        versions = self._parsed.versions(session)
        last: tuple[datetime, int] | None = None
        while True:
            page = _timer_page(session, now, last)
            due = [(at, id_) for id_, at in page if at is not None]
            for prospect in _locked(session, {id_ for _, id_ in due}):
                ahead = self._horizon(session, prospect, now)
                if (
                    ahead is not None
                    and prospect.next_timer_at is not None
                    and ahead >= prospect.next_timer_at
                ):
                    lines += self._one(session, prospect, [], versions, now)
            if len(page) < TIMER_PAGE:
                return lines
            last = due[-1]

    def trouble(self, session: Session, message: Message, kind: str, now: datetime) -> None:
        """A message failed, is uncertain or out of date: a person should look."""
        prospect = session.get_one(Prospect, message.prospect_id)
        cause = Cause(kind, message.approved_at or now, detail=f"message {message.id}: {message.error or ''}")
        day.offer(session, prospect, [cause], self.standing_of(session, prospect, now), now)

    def standing_of(
        self, session: Session, prospect: Prospect, now: datetime, events: Sequence[Event] | None = None
    ) -> Standing:
        """Where a person stands for the queue, apart from the causes."""
        versions = self._parsed.versions(session)
        known = events if events is not None else live.events_of(session, prospect.id)
        ours = [event.at for event in known if event.by == "us" and event.kind not in BY_HAND_KINDS]
        same_currency = prospect.currency in (None, self._queue.currency)
        stages = versions[-1].ruleset.stages if versions else ()
        return Standing(
            fit=prospect.fit,
            score=live.score_of(known, versions[-1].ruleset, now) if versions else 0,
            value_main_minor=prospect.value if same_currency else None,
            urgency=next((stage.urgency for stage in stages if stage.name == prospect.stage), 0),
            answered_at=live.moment(max(ours)) if ours else None,
            zone=self._queue.timezone,
        )

    def library(self) -> Library:
        """All templates; read again when a file has changed."""
        path = self._installation.template_path()
        files = sorted(file for folder in path for file in folder.rglob("*.txt"))
        age = tuple((str(file), file.stat().st_mtime_ns) for file in files)
        if self._library is None or age != self._library_age:
            self._library, self._library_age = load_all(path), age
        return self._library

    @property
    def desk(self) -> Desk:
        return self._desk

    # --- one prospect ---------------------------------------------------------------------------

    def _one(
        self,
        session: Session,
        prospect: Prospect,
        new: Sequence[Engagement],
        versions: Sequence[Version],
        now: datetime,
    ) -> list[str]:
        refolded = live.refold(session, prospect, versions, self._horizon(session, prospect, now), now)
        lines = _move_lines(refolded)
        objected = session.get(Suppression, f"person:{prospect.id}") is not None
        standing = self.standing_of(session, prospect, now, refolded.history.events)
        for firing in refolded.new:
            lines += self._effects(session, prospect, firing, versions, standing, objected, now)
        if not objected:
            lines += self._answer(session, prospect, new, standing, now)
        return lines

    def _answer(
        self,
        session: Session,
        prospect: Prospect,
        new: Sequence[Engagement],
        standing: Standing,
        now: datetime,
    ) -> list[str]:
        """Put what they did on their card; the strongest cause gets a draft."""
        theirs = [one for one in new if one.by == "them" and rank.is_cause(one.kind)]
        causes = {_cause(engagement): engagement for engagement in theirs}
        if not causes:
            return []
        card = day.offer(session, prospect, list(causes), standing, now)
        if card is None or not card.causes:
            return []
        strongest = causes.get(day.cause_of(card.causes[0]))
        lines = [f"card {prospect.name}: {_reasons(card)}"]
        if strongest is not None and (template := self.library().answer_to(strongest.kind)) is not None:
            lines += self._draft(
                session, prospect, template, f"engagement:{strongest.id}", strongest, card, now
            )
        return lines

    def _effects(
        self,
        session: Session,
        prospect: Prospect,
        firing: Firing,
        versions: Sequence[Version],
        standing: Standing,
        objected: bool,
        now: datetime,
    ) -> list[str]:
        """Do what a firing asks for, each action at most once for its key, ever."""
        rules = next(version.ruleset for version in versions if version.number == firing.version)
        late = now - live.moment(firing.effective_at) > timedelta(seconds=rules.engine.stale_after)
        skipped = "the person must not be written to" if objected else "too late to act on" if late else ""
        asked = firing.actions
        lines: list[str] = []
        if asked.tag and self._once(session, prospect, firing, "tag", {"tag": list(asked.tag)}, "", now):
            prospect.tags = list(dict.fromkeys([*prospect.tags, *asked.tag]))
        card: Card | None = None
        if (asked.queue is not None or firing.suggested) and self._once(
            session, prospect, firing, "card", {"queue": asked.queue or 0}, skipped, now
        ):
            card = self._rule_card(session, prospect, firing, standing, now)
        if asked.draft and self._once(
            session, prospect, firing, "draft", {"template": asked.draft}, skipped, now
        ):
            template = self.library().templates.get(asked.draft)
            if template is None:
                lines.append(
                    f"warning rule '{firing.rule}' asks for the template {asked.draft}, which is not there"
                )
            else:
                lines += self._draft(session, prospect, template, f"firing:{firing.key}", None, card, now)
        if asked.notify and self._once(
            session, prospect, firing, "notice", {"to": list(asked.notify)}, skipped, now
        ):
            lines.append(f"notice {prospect.name}: '{firing.rule}' for {', '.join(asked.notify)}")
        return lines

    def _once(
        self,
        session: Session,
        prospect: Prospect,
        firing: Firing,
        kind: str,
        detail: dict[str, Any],
        skipped: str,
        now: datetime,
    ) -> bool:
        """Note the action; True when it is to be done now and never was before."""
        row = {
            "key": firing.key,
            "prospect_id": prospect.id,
            "kind": kind,
            "detail": detail,
            "state": "skipped" if skipped else "done",
            "why": skipped,
            "at": now,
        }
        return bool(insert_new(session, Effect, [row])) and not skipped

    def _rule_card(
        self, session: Session, prospect: Prospect, firing: Firing, standing: Standing, now: datetime
    ) -> Card | None:
        kind = "suggested_move" if firing.suggested else "rule"
        detail = f"move to {firing.suggested}? ({firing.rule})" if firing.suggested else firing.rule
        at, days = live.moment(firing.effective_at), firing.actions.queue or 0
        due_on = later(now, days, ZoneInfo(self._queue.timezone)) if days else None
        return day.offer(session, prospect, [Cause(kind, at, detail=detail)], standing, now, due_on)

    def _draft(
        self,
        session: Session,
        prospect: Prospect,
        template: Template,
        occasion: str,
        engagement: Engagement | None,
        card: Card | None,
        now: datetime,
    ) -> list[str]:
        message = drafts.compose(
            session,
            self._desk,
            template,
            prospect,
            occasion=occasion,
            now=now,
            engagement=engagement,
            card_id=card.id if card else None,
        )
        if message is None:
            return []
        state = "ready" if drafts.is_approvable(message) else f"{len(message.problems)} problems"
        return [f"draft {message.id}: {message.action} to {prospect.name} from '{template.name}', {state}"]

    def _horizon(self, session: Session, prospect: Prospect, now: datetime) -> datetime | None:
        profiles = session.exec(select(Profile).where(Profile.prospect_id == prospect.id)).all()
        live_ones = [p for p in profiles if p.account_id is not None and p.gone_at is None]
        sources = [Coverage(profile.covered_until, profile.failing_since) for profile in live_ones]
        accounts = {profile.account_id for profile in live_ones}
        for name, account in self._desk.accounts.items():
            row = self._desk.account_ids[name]
            mails = account.connector.can.email.itself and prospect.email is not None
            if account.connector.can.interactions.itself and (row in accounts or mails):
                inbox = session.get_one(Account, row)
                sources.append(Coverage(inbox.covered_until, inbox.failing_since))
        return horizon(prospect.horizon, sources, now.replace(microsecond=0))

    def _timers_due(self, session: Session, ids: set[int], now: datetime) -> set[int]:
        if not ids:
            return set()
        waiting = select(Prospect).where(col(Prospect.id).in_(ids), col(Prospect.next_timer_at) <= now)
        due = set()
        for prospect in session.exec(waiting):
            ahead = self._horizon(session, prospect, now)
            if ahead is not None and prospect.next_timer_at is not None and prospect.next_timer_at <= ahead:
                due.add(prospect.id)
        return due


def _locked(session: Session, ids: set[int]) -> list[Prospect]:
    """The prospects, in one order for all processes, so that two folds of one cannot cross."""
    if not ids:
        return []
    statement = select(Prospect).where(col(Prospect.id).in_(ids)).order_by(col(Prospect.id))
    return list(session.exec(statement.with_for_update().execution_options(populate_existing=True)))


def _timer_page(
    session: Session, now: datetime, last: tuple[datetime, int] | None
) -> list[tuple[int, datetime | None]]:
    statement = select(Prospect.id, Prospect.next_timer_at).where(col(Prospect.next_timer_at) <= now)
    if last is not None:
        at, after = last
        statement = statement.where(
            (col(Prospect.next_timer_at) > at)
            | ((col(Prospect.next_timer_at) == at) & (col(Prospect.id) > after))
        )
    ordered = statement.order_by(col(Prospect.next_timer_at), col(Prospect.id)).limit(TIMER_PAGE)
    return list(session.exec(ordered))


def _cause(engagement: Engagement) -> Cause:
    return Cause(
        engagement.kind,
        engagement.at,
        engagement.id,
        engagement.text[:200],
        rank.is_question(engagement.text),
    )


def _reasons(card: Card) -> str:
    reasons = ", ".join(f"{reason['label']} {reason['points']}" for reason in card.reasons)
    return f"{card.priority} ({reasons})"


def _move_lines(refolded: Refolded) -> list[str]:
    name = refolded.prospect.name
    lines = [
        f"move {name}: {firing.before} → {firing.after} by '{firing.rule}'"
        for firing in refolded.new
        if firing.after is not None
    ]
    if refolded.superseded and refolded.moved:
        lines.append(f"move {name}: history corrected, {refolded.before} → {refolded.history.stage}")
    return lines
