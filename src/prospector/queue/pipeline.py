"""The live rules as the queue needs them: which stages there are, and what leads a person on."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from sqlalchemy import select
from sqlmodel import Session

from prospector.models import Prospect, Ruleset, table_of
from prospector.prospects.steps import ways_on
from prospector.queue import advance
from prospector.rules import format, live
from prospector.rules.history import Version
from prospector.rules.ruleset import Ruleset as Rules
from prospector.store import read_rows

_RULESET = table_of(Ruleset)
_LIVE = select(_RULESET.c.source).where(_RULESET.c.state == "live")


def rules_of(session: Session) -> Rules | None:
    """The rules that are live; None before the first."""
    found = read_rows(session, _LIVE)
    return _parsed(found[0].source) if found else None


def stages_of(session: Session) -> tuple[str, ...]:
    """The names of the stages, in their order."""
    rules = rules_of(session)
    return tuple(stage.name for stage in rules.stages) if rules is not None else ()


def next_step(session: Session, prospect: Prospect, now: datetime) -> str:
    """What it would take to get on from the person's stage, by the rule that leads to the nearest
    stage (`advance.sentence`); empty where none leads on."""
    versions = _versions(session)
    history = live.history_of(prospect, live.events_of(session, prospect.id), versions, prospect.horizon)
    # Rules that have just been saved reach a person with the next look: until then the earlier hold.
    version = history.situation.version
    if version is None:
        return ""
    rules = version.ruleset
    return advance.sentence(ways_on(history, rules, live.seconds(now)), rules.rules)


def _versions(session: Session) -> tuple[Version, ...]:
    return live.Parsed(_KNOWN).versions(session)


@lru_cache(maxsize=8)
def _parsed(source: str) -> Rules:
    return format.parse(source, channels=None)


_KNOWN: dict[str, Rules] = {}
"""Rulesets parsed once a process; there are as many as were ever live."""
