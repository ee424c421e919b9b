"""How long a rep takes to decide, learned from when they opened their cards and when they decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlmodel import Session

from prospector.models import Card, Message, table_of
from prospector.queue.plan import Pace, act_of, pace
from prospector.queue.rank import Section
from prospector.store import read_rows

LONGEST = timedelta(seconds=600)
"""Who takes longer was called away."""
SHORTEST = timedelta(seconds=2)
"""Who takes less decided without reading, or several at once."""
LAST = 300

_CARD, _MESSAGE = table_of(Card), table_of(Message)
_OWN = (
    select(*_CARD.c["id", "section", "opened_at", "decided_at"])
    .where(
        _CARD.c.decided_at < bindparam("before"),
        _CARD.c.decided_by == bindparam("user"),
        _CARD.c.state.in_(("done", "dismissed")),
        _CARD.c.opened_at.is_not(None),
        _CARD.c.section != "",
    )
    .order_by(_CARD.c.decided_at.desc())
    .limit(LAST)
)
_ACTIONS = (
    select(*_MESSAGE.c["card_id", "action"])
    .where(_MESSAGE.c.card_id.in_(bindparam("ids", expanding=True)))
    .order_by(_MESSAGE.c.id)
)


_LEARNED: dict[tuple[str, int, datetime], Mapping[str, Pace]] = {}
"""By database, user and the start of a day: what was learned before it does not change in its course."""
MOST_KEPT = 1000


def learned(session: Session, user_id: int, before: datetime) -> Mapping[str, Pace]:
    """The paces of a rep by act, from their last decisions before that moment."""
    key = (str(session.get_bind().engine.url), user_id, before)
    if key not in _LEARNED:
        if len(_LEARNED) >= MOST_KEPT:
            _LEARNED.clear()
        _LEARNED[key] = _learn(session, user_id, before)
    return _LEARNED[key]


def _learn(session: Session, user_id: int, before: datetime) -> Mapping[str, Pace]:
    cards = read_rows(session, _OWN, user=user_id, before=before)
    if not cards:
        return {}
    actions = dict(read_rows(session, _ACTIONS, ids=[card.id for card in cards]))
    return paces(
        (act_of(actions.get(card.id), Section[card.section.upper()]), card.decided_at - card.opened_at)
        for card in cards
    )


def paces(decisions: Iterable[tuple[str, timedelta]]) -> Mapping[str, Pace]:
    """The pace of each act; a decision counts for ten minutes at most, and not at all under two seconds."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for act, took in decisions:
        if took >= SHORTEST:
            seconds[act].append(min(took, LONGEST).total_seconds())
    return {act: pace(times) for act, times in seconds.items()}
