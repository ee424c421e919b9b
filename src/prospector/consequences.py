"""What follows from what happened, in the same transaction: stops, moves, effects, cards, drafts.

The order matters. A wish not to be written to is obeyed first, whatever the rules say; then the
history is folded anew and the difference written; then firings and engagements put causes on the
person's card, and the strongest gets a draft.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from prospector import effects
from prospector.campaigns import endings, resumption, series
from prospector.effects import Effects, Person
from prospector.engagements import log
from prospector.installation import Installation
from prospector.models import Account, Engagement, Message, Profile, Prospect, Suppression, table_of
from prospector.outreach import acts, doubt, holds, pauses, suppression
from prospector.outreach.drafts import Desk, desk_of
from prospector.outreach.template import Library, load_all
from prospector.polling.coverage import Coverage, horizon
from prospector.queue import day, withdrawal
from prospector.queue.rank import Cause, Standing
from prospector.rules import live
from prospector.rules.event import Event
from prospector.rules.history import Version
from prospector.rules.live import Parsed, Refolded
from prospector.sdk import BY_HAND_KINDS
from prospector.store import read_rows
from prospector.team.sealing import Seal

TIMER_PAGE = 500
Place = tuple[datetime, int]
NOTHING: Mapping[str, str] = {}

_PROFILE = table_of(Profile)
_SUPPRESSION = table_of(Suppression)
# Made once, since to make a statement costs more than to run it.
_LOOKED_AT = (
    _PROFILE.select()
    .with_only_columns(*_PROFILE.c["account_id", "covered_until", "failing_since"])
    .where(
        _PROFILE.c.prospect_id == bindparam("prospect"),
        _PROFILE.c.account_id.is_not(None),
        _PROFILE.c.gone_at.is_(None),
    )
)
_OBJECTED = _SUPPRESSION.select().where(_SUPPRESSION.c.key == bindparam("key"))
_LOCKED = (
    select(Prospect)
    .where(col(Prospect.id).in_(bindparam("ids", expanding=True)))
    .order_by(col(Prospect.id))
    .with_for_update()
    .execution_options(populate_existing=True)
)


class Consequences:
    """What one process keeps between transactions to work them out: parsed rules and templates."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        settings = installation.settings
        self._queue = settings.file.queue
        self._desk = desk_of(settings, installation.account_ids)
        self._effects = Effects(self._desk, self._queue, self.library)
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
        held = holds.after_news(session, new, now)
        proved, lines = _proved(session, new, now)
        lines += held
        new = [*new, *proved]
        stopped: dict[str, str] = {}
        for engagement in new:
            if (why := suppression.obey(session, engagement, now)) is not None:
                stopped[engagement.key] = why
                self._stop_series(session, engagement, why, now)
                lines.append(f"stop {engagement.actor}: never written to again, {why}")
            elif (why := suppression.suspected(session, engagement)) is not None:
                stopped[engagement.key] = why
            if (pause := pauses.keep(session, engagement)) is not None:
                lines.append(f"pause {engagement.actor}: until {pause.end}, {pause.why}")
            lines += self._series(session, engagement, now)
        owners = {engagement.prospect_id for engagement in new if engagement.prospect_id is not None}
        owners |= set(changed)
        affected = owners | self._timers_due(session, set(touched) - owners, now)
        if not affected:
            return lines
        versions = self._parsed.versions(session)
        theirs: dict[int | None, list[Engagement]] = defaultdict(list)
        for engagement in new:
            theirs[engagement.prospect_id].append(engagement)
        for prospect in _locked(session, affected):
            lines += self._one(session, prospect, theirs[prospect.id], versions, now, stopped)
        return lines

    def fire_timers(
        self, session: Session, now: datetime, after: Place | None = None
    ) -> tuple[list[str], Place | None]:
        """Re-fold one page of those whose timer is due and has been covered: log lines, and the
        place to go on from, in a transaction of its own; None at the end."""
        lines: list[str] = []
        versions = self._parsed.versions(session)
        page = _timer_page(session, now, after)
        due = [(at, id_) for id_, at in page if at is not None]
        for prospect in _locked(session, {id_ for _, id_ in due}):
            ahead, timer = self._horizon(session, prospect, now), prospect.next_timer_at
            if ahead is not None and timer is not None and ahead >= timer:
                lines += self._one(session, prospect, [], versions, now)
        return lines, due[-1] if len(page) == TIMER_PAGE else None

    def rejoin(self, session: Session, prospect: Prospect, why: str, now: datetime) -> Refolded:
        """Fold a person anew whose history was joined with another's, or parted from it. Nothing new
        happened: what the rules ask for now is noted as passed over, with `why`."""
        versions, horizon = self._parsed.versions(session), self._horizon(session, prospect, now)
        refolded = live.refold(session, prospect, versions, horizon, now)
        effects.take_back(session, prospect, refolded.superseded)
        effects.pass_over(session, prospect, refolded.new, why, now)
        return refolded

    def trouble(self, session: Session, message: Message, kind: str, now: datetime) -> None:
        """A message failed, is uncertain or out of date: a person should look."""
        prospect = session.get_one(Prospect, message.prospect_id)
        cause = Cause(kind, message.approved_at or now, detail=f"message {message.id}: {message.error or ''}")
        day.offer(session, prospect, [cause], self.standing_of(session, prospect, now), now)

    def standing_of(self, session: Session, prospect: Prospect, now: datetime) -> Standing:
        """Where a person stands for the queue, apart from the causes."""
        known = live.events_of(session, prospect.id)
        return self._standing(prospect, known, self._parsed.versions(session), now)

    def _standing(
        self, prospect: Prospect, known: Sequence[Event], versions: Sequence[Version], now: datetime
    ) -> Standing:
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

    @property
    def looking(self) -> Mapping[str, int]:
        """By platform, the row of the account that looks at its profiles."""
        return self._installation.looking

    @property
    def currency(self) -> str:
        """What a value is in that is given without one."""
        return self._queue.currency

    @property
    def secret(self) -> bytes | None:
        """The workspace's key, under which erased people are known again; None where there is none."""
        path = Seal.of(self._installation.workspace.root).path
        return path.read_bytes().strip() if path.is_file() else None

    # --- campaigns ------------------------------------------------------------------------------

    def _series(self, session: Session, engagement: Engagement, now: datetime) -> list[str]:
        """What it means for a series: our mail lets the next one follow, what they do may end it."""
        message = _of_series(session, engagement)
        if message is not None:
            series.after_sent(session, self._installation.settings, message, engagement)
        why = endings.obey(session, engagement, now)
        return [f"stop {engagement.actor}: their series ends, {why}"] if why is not None else []

    def _stop_series(self, session: Session, engagement: Engagement, why: str, now: datetime) -> None:
        if engagement.prospect_id is not None:
            endings.stop(session, engagement.prospect_id, why, now)

    def reread(self, session: Session, engagement: Engagement, before: str, now: datetime) -> None:
        """An answer was read as `before` by mistake: the series that it had ended go on, where nothing
        else ends them."""
        resumption.after_correction(session, self._installation.settings, engagement, before, now)

    # --- one prospect ---------------------------------------------------------------------------

    def _one(
        self,
        session: Session,
        prospect: Prospect,
        new: Sequence[Engagement],
        versions: Sequence[Version],
        now: datetime,
        stopped: Mapping[str, str] = NOTHING,
    ) -> list[str]:
        refolded = live.refold(session, prospect, versions, self._horizon(session, prospect, now), now)
        lines = _move_lines(refolded)
        forbidden = read_rows(session, _OBJECTED, key=f"person:{prospect.id}")
        objected = bool(forbidden)
        standing = self._standing(prospect, refolded.history.events, versions, now)
        person = Person(session, prospect, standing, objected, now)
        said = effects.take_back(session, prospect, refolded.superseded)
        if objected:
            withdrawal.leave_alone(session, prospect.id, forbidden[0].why, now)
        if _is_terminal(versions, prospect.stage):
            endings.stop(session, prospect.id, f"they are in {prospect.stage}", now)
        rules = {version.number: version.ruleset for version in versions}
        for firing in refolded.new:
            stale_after = rules[firing.version].engine.stale_after
            lines += self._effects.carry_out(person, firing, stale_after, firing.rule in said)
        return lines + self._effects.answer(person, new, stopped)

    def _horizon(self, session: Session, prospect: Prospect, now: datetime) -> datetime | None:
        ours = set(self._desk.account_ids.values())
        found = read_rows(session, _LOOKED_AT, prospect=prospect.id)
        profiles = [profile for profile in found if profile.account_id in ours]
        sources = [Coverage(profile.covered_until, profile.failing_since) for profile in profiles]
        accounts = {profile.account_id for profile in profiles}
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


def _proved(session: Session, new: Sequence[Engagement], now: datetime) -> tuple[list[Engagement], list[str]]:
    """What answers and bounces quote was sent, however much it was in doubt: our acts, and lines."""
    quoted = sorted({str(id_) for one in new for id_ in one.attributes.get("refers_to") or ()})
    proved = doubt.prove_sent(session, quoted, "quoted by an answer", now)
    acts_of_ours = log(session, [acts.entry_of(session, message, now) for message in proved])
    return acts_of_ours, [f"sent message {one.id} was in doubt: an answer quotes it" for one in proved]


def _is_terminal(versions: Sequence[Version], name: str) -> bool:
    stages = versions[-1].ruleset.stages if versions else ()
    return any(stage.terminal for stage in stages if stage.name == name)


def _of_series(session: Session, engagement: Engagement) -> Message | None:
    """The mail of a campaign that this act of ours is, if it is one."""
    message_id = engagement.attributes.get("message") if engagement.by == "us" else None
    message = session.get(Message, message_id) if isinstance(message_id, int) else None
    return message if message is not None and message.recipient_id is not None else None


def _locked(session: Session, ids: set[int]) -> list[Prospect]:
    """The prospects, in one order for all processes, so that two folds of one cannot cross."""
    if not ids:
        return []
    return list(session.execute(_LOCKED, {"ids": sorted(ids)}).scalars())


def _timer_page(session: Session, now: datetime, last: Place | None) -> list[tuple[int, datetime | None]]:
    statement = select(Prospect.id, Prospect.next_timer_at).where(col(Prospect.next_timer_at) <= now)
    if last is not None:
        at, after = last
        statement = statement.where(
            (col(Prospect.next_timer_at) > at)
            | ((col(Prospect.next_timer_at) == at) & (col(Prospect.id) > after))
        )
    ordered = statement.order_by(col(Prospect.next_timer_at), col(Prospect.id)).limit(TIMER_PAGE)
    return list(session.exec(ordered))


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
