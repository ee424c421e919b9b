"""The live rules as the queue needs them: which stages there are, and what leads a person on."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from sqlmodel import Session, select

from prospector.models import Prospect, Ruleset
from prospector.prospects.steps import ways_on
from prospector.rules import format, live
from prospector.rules.history import Version
from prospector.rules.ruleset import Ruleset as Rules


def rules_of(session: Session) -> Rules | None:
    """The rules that are live; None before the first."""
    source = session.exec(select(Ruleset.source).where(Ruleset.state == "live")).first()
    return _parsed(source) if source is not None else None


def stages_of(session: Session) -> tuple[str, ...]:
    """The names of the stages, in their order."""
    rules = rules_of(session)
    return tuple(stage.name for stage in rules.stages) if rules is not None else ()


def next_step(session: Session, prospect: Prospect, now: datetime) -> str:
    """What it would take to get on from the person's stage, by the rule that leads to the nearest
    stage; empty where none leads on."""
    rules, versions = rules_of(session), _versions(session)
    if rules is None:
        return ""
    history = live.history_of(prospect, live.events_of(session, prospect.id), versions, prospect.horizon)
    return next((way.sentence for way in ways_on(history, rules, live.seconds(now))), "")


def _versions(session: Session) -> tuple[Version, ...]:
    return live.Parsed(_KNOWN).versions(session)


@lru_cache(maxsize=8)
def _parsed(source: str) -> Rules:
    return format.parse(source, channels=None)


_KNOWN: dict[str, Rules] = {}
"""Rulesets parsed once a process; there are as many as were ever live."""
