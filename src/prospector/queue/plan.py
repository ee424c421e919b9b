"""The finite day: which open cards fit into the rep's minutes, and which wait under "more"."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from prospector.queue.rank import Section

SECONDS: Mapping[str, int] = {"answer": 90, "comment": 60, "like": 10, "mail": 75, "call": 300}
"""What deciding a card takes, by its act, until the rep's own times are known."""
LEARNED_AFTER = 50
MINUTES = 25
ALWAYS = frozenset({Section.CHECK, Section.ANSWER})
"""Sections that are on today's list however full it is."""


@dataclass(frozen=True, slots=True)
class Item:
    """A card as the plan sees it: `since` is when its strongest cause arose, `act` a key of
    `SECONDS`. It is left out before `wakes_at` (it is snoozed) and from `expires_at` on."""

    id: int
    priority: int
    section: Section
    act: str
    since: datetime
    wakes_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a rep takes for an act: their median in seconds, over so many decisions."""

    seconds: float
    decisions: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Today's cards in their order, what is over, and the seconds that today's are expected to take."""

    today: tuple[Item, ...]
    more: tuple[Item, ...]
    seconds: int


def plan(cards: Iterable[Item], minutes: int, medians: Mapping[str, Pace], now: datetime) -> Plan:
    """Take the open cards by priority until the minutes are full.

    Answers, and messages to check, are always in and use the minutes up first. The first other
    card that no longer fits ends the day: nothing of lower priority overtakes it.
    """
    waiting = sorted((card for card in cards if _is_open(card, now)), key=_by_priority)
    today = [card for card in waiting if card.section in ALWAYS]
    others = [card for card in waiting if card.section not in ALWAYS]
    used = sum(seconds_for(card.act, medians) for card in today)
    fitting = 0
    for card in others:
        if used + seconds_for(card.act, medians) > minutes * 60:
            break
        used += seconds_for(card.act, medians)
        fitting += 1
    return Plan(_listed(today + others[:fitting]), _listed(others[fitting:]), round(used))


def seconds_for(act: str, medians: Mapping[str, Pace]) -> float:
    """What an act takes this rep; raises `KeyError` for an act that there is not."""
    usual = SECONDS[act]
    pace = medians.get(act)
    return pace.seconds if pace is not None and pace.decisions >= LEARNED_AFTER else usual


def pace(durations: Sequence[float]) -> Pace:
    """The pace behind the times (seconds) that a rep took for one act."""
    return Pace(statistics.median(durations) if durations else 0.0, len(durations))


ACTS: Mapping[str, str] = {
    "email": "mail",
    "dm": "answer",
    "reply": "answer",
    "comment": "comment",
    "like": "like",
    "follow": "like",
    "invite": "mail",
    "call": "call",
}


def act_of(action: str | None, section: Section) -> str:
    """The act that a card stands for, by the action of its draft: under a post, a reply is a
    comment; where they wrote to us, any text is an answer. A card without a draft is a look."""
    if action is None:
        return "answer" if section is Section.ANSWER else "like"
    if section is Section.FRESH and action == "reply":
        return "comment"
    if section is Section.ANSWER and action == "email":
        return "answer"
    return ACTS[action]


def _is_open(card: Item, now: datetime) -> bool:
    awake = card.wakes_at is None or card.wakes_at <= now
    return awake and (card.expires_at is None or card.expires_at > now)


def _by_priority(card: Item) -> tuple[int, datetime, int]:
    return (-card.priority, card.since, card.id)


def _listed(cards: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted(cards, key=lambda card: (card.section, *_by_priority(card))))
