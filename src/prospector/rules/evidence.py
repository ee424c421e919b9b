"""What a condition saw at a moment: the number it found, the number it wanted, and the events.

Written plainly from the list of events, apart from the quick tests in `conditions`: so an
explanation is also a second opinion, and the ids alone prove it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, assert_never

from prospector.rules.event import Event
from prospector.rules.fit import passes, set_field
from prospector.rules.ruleset import Absence, Condition, Count, Field, InStage, Ruleset, Score
from prospector.rules.score import UNIT, below_from, score
from prospector.rules.tally import Filter, value_of
from prospector.rules.vocabulary import TIME_UNITS

FIRST, LATEST = -62_135_596_800, 253_402_300_799  # the seconds of the years 1 and 9999, both ends
NAMES = {"s": "second", "m": "minute", "h": "hour", "d": "day"}


@dataclass(frozen=True, slots=True)
class Observation:
    """One condition at one moment. `changes_at`: when the answer turns by time alone, if it does."""

    text: str
    holds: bool
    have: Any
    need: Any
    evidence: tuple[str, ...]
    changes_at: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "holds": self.holds,
            "have": self.have,
            "need": self.need,
            "evidence": list(self.evidence),
            "changes_at": self.changes_at,
        }


@dataclass(frozen=True, slots=True)
class Scene:
    """The present: the events that count at `time`, in order, and when the stage was entered."""

    events: Sequence[Event]
    time: int
    entered: int
    ruleset: Ruleset

    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for event in self.events:
            if event.kind == "field_set":
                set_field(fields, event)
        return fields

    def matching(self, wanted: Filter) -> list[Event]:
        return [event for event in self.events if wanted.admits(event.kind, event.by, event.channel)]


def observe(condition: Condition, scene: Scene) -> Observation:
    """What `condition` saw."""
    if isinstance(condition, Count):
        return _count(condition, scene)
    if isinstance(condition, Score):
        return _score(condition, scene)
    if isinstance(condition, Absence):
        return _absence(condition, scene)
    if isinstance(condition, InStage):
        have, need = scene.time - scene.entered, condition.lasting
        text = f"in this stage for {span(have)}, needed {span(need)}"
        return Observation(text, have >= need, have, need, (), _until(have >= need, scene.entered + need))
    if isinstance(condition, Field):
        return _field(condition, scene)
    assert_never(condition)


def _count(condition: Count, scene: Scene) -> Observation:
    found = [
        event
        for event in scene.matching(Filter.matching(condition))
        if (condition.within is None or event.at > scene.time - condition.within)
        and (not condition.since_stage or event.at > scene.entered)
    ]
    if condition.distinct:
        found = list({value_of(event, condition.distinct): event for event in found}.values())
        found.sort(key=lambda event: event.order)
    have, least, most = len(found), condition.at_least, condition.at_most
    holds = have >= least and (most is None or have <= most)
    wanted = f"needed {least}" if most is None else f"needed {least} to {most}"
    window = f" in {span(condition.within)}" if condition.within is not None else ""
    window += " in this stage" if condition.since_stage else ""
    listed = ": " + ", ".join(f"{e.kind} {day(e.at)}" for e in found[-10:]) if found else ""
    text = f"{have} {_things(condition, have)}{window}, {wanted}{listed}"
    changes = None
    if found and condition.within is not None:
        leaving = found[have - least] if holds and least and have >= least else found[0]
        changes = leaving.at + condition.within
    need = {"at_least": least} if most is None else {"at_least": least, "at_most": most}
    return Observation(text, holds, have, need, tuple(event.id for event in found), changes)


def _things(condition: Count, number: int) -> str:
    many = "" if number == 1 else "s"
    if condition.distinct:
        return f"different {condition.distinct}{many}"
    side = {"them": "", "us": " of ours", "any": " by anybody"}[condition.by]
    return " or ".join(condition.kinds) + side


def _score(condition: Score, scene: Scene) -> Observation:
    weights, half_life = scene.ruleset.points.weights, scene.ruleset.points.half_life
    counted = [(event, weights.get(f"{event.by}.{event.kind}", 0)) for event in scene.events]
    weighted = [(event.at, weight) for event, weight in counted if weight]
    have, need = score(weighted, scene.time, half_life), condition.points * UNIT
    holds = (have < need) is condition.below
    falls = below_from(weighted, scene.time, half_life, condition.points) if have >= need else None
    relation = f"below {condition.points} needed" if condition.below else f"of {condition.points} points"
    text = f"{have / UNIT:.1f} points, {relation}" if condition.below else f"{have / UNIT:.1f} {relation}"
    ids = tuple(event.id for event, weight in counted if weight)
    return Observation(text, holds, have / UNIT, condition.points, ids, falls)


def _absence(condition: Absence, scene: Scene) -> Observation:
    kinds = ", ".join(condition.kinds)
    last = next(reversed(scene.matching(Filter.matching(condition))), None)
    if condition.since == "stage":
        anchor, source = scene.entered, None
        if last and last.at >= anchor:
            anchor, source = last.at, last
        start = f"the {source.kind} of {day(anchor)}" if source else "entering the stage"
    else:
        source = next(reversed(scene.matching(Filter.ours(condition))), None)
        if source is None:
            return Observation("we have not written to them yet", False, None, condition.lasting, ())
        if last and last.at >= source.at:
            text = f"they answered: {last.kind} {day(last.at)}"
            return Observation(text, False, None, condition.lasting, (source.id, last.id))
        anchor, start = source.at, f"our {source.kind} of {day(source.at)}"
    have = scene.time - anchor
    holds = have >= condition.lasting
    text = f"no {kinds} for {span(have)} since {start}, needed {span(condition.lasting)}"
    ids = (source.id,) if source else ()
    return Observation(text, holds, have, condition.lasting, ids, _until(holds, anchor + condition.lasting))


def _field(condition: Field, scene: Scene) -> Observation:
    fields = scene.fields()
    have, test = fields.get(condition.name), condition.test.replace("_", " ")
    need = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    shown = "is not set" if have is None else f"is {have!r}"
    text = f"{condition.name} {shown}, needed: {test} {need!r}"
    names = {condition.name} | ({"email"} if condition.name == "email_domain" else set())
    setters = [e for e in scene.events if e.kind == "field_set" and e.attributes.get("field") in names]
    ids = tuple(event.id for event in setters[-1:])
    return Observation(text, passes(condition, fields), have, {condition.test: need}, ids)


def _until(holds: bool, time: int) -> int | None:
    return None if holds else time


def day(time: int) -> str:
    """As "9 Mar"; UTC."""
    return f"{_date(time).day} {_date(time):%b}"


def minute(time: int) -> str:
    """As "9 Mar 14:02"; UTC."""
    return f"{day(time)} {_date(time):%H:%M}"


def _date(time: int) -> datetime:
    # A rule may ask for "999999999w": what lies beyond the calendar is shown as its edge.
    return datetime.fromtimestamp(max(FIRST, min(LATEST, time)), UTC)


def span(seconds: int) -> str:
    """A length of time in its largest fitting unit, rounded down: "14 days"."""
    for unit in ("d", "h", "m"):
        number = seconds // TIME_UNITS[unit]
        if number >= 1:
            return f"{number} {NAMES[unit]}{'' if number == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
