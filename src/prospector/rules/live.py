"""The fold at work on the store: re-fold one prospect and write the difference.

Stored moves are what the fold says, always: what is new is inserted, what vanished is superseded
and kept for audit, what is the same is left alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, case
from sqlmodel import Session, col, func, select, update

from prospector.models import Engagement, Move, Prospect, Ruleset, table_of
from prospector.rules import explain, fit, format, score
from prospector.rules.event import Event
from prospector.rules.evidence import LATEST
from prospector.rules.fold import fold
from prospector.rules.history import Firing, History, Version
from prospector.rules.ruleset import Ruleset as Rules
from prospector.sdk import BY_HAND_KINDS
from prospector.store import insert_new, read_rows

Key = tuple[str, int | None]

_ENGAGEMENT = table_of(Engagement)
_MOVE = table_of(Move)
_RULESET = table_of(Ruleset)
_HAPPENED = _ENGAGEMENT.c["key", "kind", "by", "channel", "at", "seen_at", "post", "retracted_at"]
_BY_HAND = case((_ENGAGEMENT.c.kind.in_(BY_HAND_KINDS), _ENGAGEMENT.c.attributes), else_=None)
_EVENTS = (
    _ENGAGEMENT.select()
    .with_only_columns(*_HAPPENED, _BY_HAND)
    .where(_ENGAGEMENT.c.prospect_id == bindparam("prospect"))
)
_VERSIONS = (
    _RULESET.select()
    .with_only_columns(*_RULESET.c["id", "live_from", "source"])
    .where(_RULESET.c.live_from.is_not(None), _RULESET.c.voided_at.is_(None))
    .order_by(_RULESET.c.live_from, _RULESET.c.id)
)
_MOVES = (
    _MOVE.select()
    .with_only_columns(*_MOVE.c["id", "key", "ruleset_id", "rule", "before", "after", "effective_at"])
    .where(_MOVE.c.prospect_id == bindparam("prospect"), _MOVE.c.superseded_at.is_(None))
)


@dataclass(frozen=True)
class Refolded:
    """What one re-fold changed: firings that are new, and keys that are superseded."""

    prospect: Prospect
    history: History
    new: tuple[Firing, ...]
    superseded: tuple[str, ...]
    before: str

    @property
    def moved(self) -> bool:
        return self.before != self.history.stage


@dataclass
class Parsed:
    """Rulesets parsed once for each text. Their channels were checked when they went live; that a
    connector is gone since must not stop the fold."""

    known: dict[str, Rules] = field(default_factory=dict)

    def rules(self, text: str) -> Rules:
        if text not in self.known:
            self.known[text] = format.parse(text, channels=None)
        return self.known[text]

    def versions(self, session: Session) -> tuple[Version, ...]:
        """The rulesets that the fold takes, the one in force last: live once, and not voided."""
        return tuple(
            Version(id_, seconds(live_from), self.rules(source))
            for id_, live_from, source in read_rows(session, _VERSIONS)
        )


def seconds(time: datetime) -> int:
    return int(time.timestamp())


def moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def go_live(session: Session, text: str, note: str, user_id: int | None, now: datetime) -> Ruleset | None:
    """Make this text the live ruleset from this second on; None where it is live already."""
    live = session.exec(select(Ruleset).where(Ruleset.state == "live")).first()
    if live is not None and live.source == text:
        return None
    second = now.replace(microsecond=0)
    if live is not None:
        live.state, live.live_until = "retired", second
        session.flush()
    row: dict[str, Any] = {
        "source": text,
        "note": note,
        "user_id": user_id,
        "state": "live",
        "live_from": second,
        "created_at": now,
    }
    # Two workers that start at once both find no live rules: the second insert changes nothing.
    new = insert_new(session, Ruleset, [row])
    return session.get_one(Ruleset, new[0][0]) if new else None


def stored_history(session: Session, now: datetime) -> int | None:
    """How many seconds back engagements are stored; None while that is less than a month, when
    every window would look too long."""
    first = session.exec(select(func.min(Engagement.at))).one()
    age = now - first if first is not None else timedelta()
    return int(age.total_seconds()) if age >= timedelta(days=30) else None


def events_of(session: Session, prospect_id: int) -> list[Event]:
    """Everything that happened with a prospect, as the fold sees it."""
    return [
        Event(
            id=key,
            kind=kind,
            by=by,
            channel=channel,
            at=seconds(at),
            seen_at=seconds(seen_at),
            post=post,
            retracted_at=seconds(retracted_at) if retracted_at is not None else None,
            attributes=attributes or {},
        )
        for key, kind, by, channel, at, seen_at, post, retracted_at, attributes in read_rows(
            session, _EVENTS, prospect=prospect_id
        )
    ]


def history_of(
    prospect: Prospect, events: Sequence[Event], versions: Sequence[Version], horizon: datetime | None
) -> History:
    """F for one prospect (docs/rules.md): its stage history, from its events and the rules alone."""
    return fold(
        versions,
        events,
        horizon=seconds(horizon) if horizon is not None else seconds(prospect.tracked_from),
        start_stage=prospect.start_stage,
        tracked_from=seconds(prospect.tracked_from),
    )


def refold(
    session: Session,
    prospect: Prospect,
    versions: Sequence[Version],
    horizon: datetime | None,
    now: datetime,
) -> Refolded:
    """Fold a prospect, locked by the caller, and write the difference."""
    history = history_of(prospect, events_of(session, prospect.id), versions, horizon)
    wanted = {row_key(row): row for row in rows_of(prospect, history, now)}
    moves = read_rows(session, _MOVES, prospect=prospect.id)
    stored: dict[Key, Row[Any]] = {(move.key, move.ruleset_id): move for move in moves}
    gone = [move for key, move in stored.items() if not _same(wanted.get(key), move)]
    _supersede(session, gone, now)
    kept = stored.keys() - {(move.key, move.ruleset_id) for move in gone}
    firings: dict[Key, Firing] = {(firing.key, firing.version): firing for firing in history.firings}
    missing = [row for key, row in wanted.items() if key not in kept]
    for row in missing:
        firing = firings.get(row_key(row))
        row["why"] = explain.why(firing).as_json() if firing is not None else {}
    if missing:
        insert_new(session, Move, missing)
    before = prospect.stage
    _update(prospect, history, versions, horizon)
    new = tuple(firings[row_key(row)] for row in missing if row_key(row) in firings)
    vanished = tuple(move.key for move in gone if (move.key, move.ruleset_id) not in wanted)
    return Refolded(prospect, history, new, vanished, before)


def rows_of(prospect: Prospect, history: History, now: datetime) -> list[dict[str, Any]]:
    """The rows of `move` that a history stands for: all firings, and the moves by hand."""
    fired = [
        {
            "key": firing.key,
            "prospect_id": prospect.id,
            "ruleset_id": firing.version,
            "rule": firing.rule,
            "before": firing.before,
            "after": firing.after,
            "effective_at": moment(firing.effective_at),
            "decided_at": now,
        }
        for firing in history.firings
    ]
    by_hand = [
        {
            "key": move.key,
            "prospect_id": prospect.id,
            "ruleset_id": None,
            "rule": None,
            "before": move.before,
            "after": move.after,
            "effective_at": moment(move.effective_at),
            "decided_at": now,
        }
        for move in history.moves
        if move.rule is None
    ]
    return fired + by_hand


def row_key(row: dict[str, Any]) -> Key:
    return row["key"], row["ruleset_id"]


def differences(stored: Sequence[Move], prospect: Prospect, history: History, now: datetime) -> list[str]:
    """Where stored moves are not the fold's: empty, or there is a bug (invariant I3)."""
    wanted = {row_key(row): row for row in rows_of(prospect, history, now)}
    found = {(move.key, move.ruleset_id): move for move in stored}
    problems = [f"{key[0][:12]} is missing" for key in wanted.keys() - found.keys()]
    problems += [f"{key[0][:12]} should not be there" for key in found.keys() - wanted.keys()]
    problems += [
        f"{key[0][:12]} differs" for key in wanted.keys() & found.keys() if not _same(wanted[key], found[key])
    ]
    if prospect.stage != history.stage:
        problems.append(f"the stage is {prospect.stage}, the fold says {history.stage}")
    return problems


def score_of(prospect_events: Sequence[Event], rules: Rules, now: datetime) -> int:
    """The decayed score in whole points (S9)."""
    at = seconds(now)
    weighted = _weighted(
        [event for event in prospect_events if event.at <= at and event.counts_at(at)], rules
    )
    return score.score(weighted, at, rules.points.half_life) // score.UNIT


def _weighted(events: Sequence[Event], rules: Rules) -> list[tuple[int, int]]:
    weights = rules.points.weights
    pairs = ((event.at, weights.get(f"{event.by}.{event.kind}", 0)) for event in events)
    return sorted((at, weight) for at, weight in pairs if weight > 0)


def _heat(events: Sequence[Event], rules: Rules) -> float:
    """ln Σ w·e^(λt): an order by warmth that time does not change (performance.md, finding 5)."""
    rate = math.log(2) / rules.points.half_life
    terms = [rate * at + math.log(weight) for at, weight in _weighted(events, rules)]
    if not terms:
        return 0.0
    top = max(terms)
    return top + math.log(sum(math.exp(term - top) for term in terms))


def _update(
    prospect: Prospect, history: History, versions: Sequence[Version], horizon: datetime | None
) -> None:
    prospect.stage, prospect.stage_at = history.stage, moment(history.entered)
    prospect.next_timer_at = _next_timer_at(history)
    prospect.horizon = horizon
    if not versions:
        return
    rules = versions[-1].ruleset
    prospect.heat = _heat([event for event in history.events if event.retracted_at is None], rules)
    verdict = fit.fit_of(rules.fit, history.fields)
    prospect.fit, prospect.fit_verdict = verdict.points, verdict.verdict
    prospect.fit_reasons = list(verdict.reasons)


def _next_timer_at(history: History) -> datetime | None:
    # A rule may wait "999999999w": what lies beyond the calendar is never due.
    due = history.next_timer
    return moment(due) if due is not None and due <= LATEST else None


def _supersede(session: Session, moves: Sequence[Row[Any]], now: datetime) -> None:
    if moves:
        session.exec(
            update(Move)
            .where(col(Move.id).in_([move.id for move in moves]))
            .values(superseded_at=now)
            .execution_options(synchronize_session=False)
        )


def _same(row: dict[str, Any] | None, move: Move | Row[Any]) -> bool:
    return row is not None and (row["rule"], row["before"], row["after"], row["effective_at"]) == (
        move.rule,
        move.before,
        move.after,
        move.effective_at,
    )
