"""The fold on a file of events: no database, no clock. What comes in may be anything."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from prospector.rules import explain
from prospector.rules.event import Event
from prospector.rules.evidence import FIRST, LATEST
from prospector.rules.fold import fold
from prospector.rules.format import parse
from prospector.rules.history import Firing, History, Move, Version
from prospector.rules.ruleset import Ruleset
from prospector.rules.tables import shown
from prospector.rules.vocabulary import BY_HAND_KINDS, KINDS, nearest


class EventsError(ValueError):
    """A file of events that cannot be replayed; `problems` are (line, message)."""

    def __init__(self, problems: tuple[tuple[int, str], ...]) -> None:
        super().__init__("\n".join(f"events.jsonl:{line}: {message}" for line, message in problems))
        self.problems = problems


class _LineError(ValueError):
    """One line is wrong."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    prospect: str
    event: Event
    content: str


def replay(
    rules: str, lines: Iterable[str], until: int, start: int | None = None, with_why: bool = False
) -> dict[str, Any]:
    """What `prospector rules replay` prints; times are integer UTC seconds.

    `start` is everybody's `tracked_from`; without it each prospect's is their first event.
    Raises RulesError and EventsError, each with every problem and its line.
    """
    ruleset = parse(rules)
    versions = (Version(1, None, ruleset),)
    people: dict[str, Any] = {}
    for prospect, events in sorted(read_events(lines, ruleset).items()):
        first = start if start is not None else min(event.at for event in events)
        people[prospect] = _as_json(fold(versions, events, until, tracked_from=first), with_why)
    return {"prospects": people}


def read_events(lines: Iterable[str], ruleset: Ruleset) -> dict[str, list[Event]]:
    """The events of each prospect; order and repeated lines mean nothing."""
    known: dict[str, _Line] = {}
    problems: list[tuple[int, str]] = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = _read_line(number, text, ruleset)
            _add(known, line)
        except _LineError as error:
            problems.append((number, str(error)))
    if problems:
        raise EventsError(tuple(problems))
    people: dict[str, list[Event]] = {}
    for line in known.values():
        people.setdefault(line.prospect, []).append(line.event)
    return people


def _add(known: dict[str, _Line], line: _Line) -> None:
    before = known.setdefault(line.event.id, line)
    if before.content != line.content:
        identity = shown(line.event.id)
        raise _LineError(f"id {identity} has another content than in line {before.number}; ids are unique")


def _read_line(number: int, text: str, ruleset: Ruleset) -> _Line:
    try:
        content = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise _LineError("not valid JSON: nested too deep") from None
    except ValueError as error:
        raise _LineError(f"not valid JSON: {error}") from None
    if not isinstance(content, dict):
        raise _LineError(f"must be an object, not {shown(content)}")
    # Two polls see the same fact at two times, so seen_at is no part of what must agree.
    seen_at = _whole(content, "seen_at", required=False)
    content.pop("seen_at", None)
    canonical = _canonical(content)
    return _Line(number, _text(content, "prospect"), _event(content, seen_at, ruleset), canonical)


def _canonical(content: dict[str, Any]) -> str:
    """The same text for the same content, where `true`, `1` and `1.0` are three things."""
    try:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True)
        text.encode()
    except UnicodeEncodeError:
        raise _LineError("holds half a character (a lone surrogate)") from None
    except RecursionError:
        raise _LineError("not valid JSON: nested too deep") from None
    except ValueError:
        raise _LineError("holds a number that is too large") from None
    return text


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _event(content: dict[str, Any], seen_at: int | None, ruleset: Ruleset) -> Event:
    kind = _text(content, "kind")
    if kind not in KINDS:
        raise _LineError(f"unknown kind {shown(kind)}{nearest(kind, KINDS)}")
    by_hand = kind in BY_HAND_KINDS
    by = _text(content, "by", "us" if by_hand else None)
    if by not in ("them", "us") or (by_hand and by != "us"):
        raise _LineError(f"by must be {'' if by_hand else 'them or '}us, not {shown(by)}")
    post = content.get("post")
    if post is not None and not isinstance(post, str):
        raise _LineError(f"post must be text, not {shown(post)}")
    return Event(
        id=_text(content, "id"),
        kind=kind,
        by=by,
        channel=_text(content, "channel", "ui" if by_hand else None),
        at=_whole(content, "at"),
        seen_at=seen_at,
        post=post,
        retracted_at=_whole(content, "retracted_at", required=False),
        attributes=_attributes(kind, content, ruleset),
    )


def _attributes(kind: str, content: dict[str, Any], ruleset: Ruleset) -> dict[str, Any]:
    if kind == "stage_set":
        to = _text(content, "to")
        if ruleset.rank(to) is None:
            raise _LineError(
                f"unknown stage {shown(to)}{nearest(to, [stage.name for stage in ruleset.stages])}"
            )
        return {"to": to}
    if kind == "field_set":
        if "value" not in content:
            raise _LineError("value is missing")
        return {"field": _text(content, "field"), "value": content["value"]}
    return {}


def _text(content: dict[str, Any], key: str, default: str | None = None) -> str:
    value = content.get(key, default)
    if value is None:
        raise _LineError(f"{key} is missing")
    if not isinstance(value, str) or not value:
        raise _LineError(f"{key} must be text, not {shown(value)}")
    return value


def _whole(content: dict[str, Any], key: str, required: bool = True) -> Any:
    value = content.get(key)
    if value is None and not required:
        return None
    if value is None:
        raise _LineError(f"{key} is missing")
    if not isinstance(value, int) or isinstance(value, bool):
        raise _LineError(f"{key} must be whole seconds (UTC), not {shown(value)}")
    if not FIRST <= value <= LATEST:
        raise _LineError(f"{key} must be a time in the years 1 to 9999; are these milliseconds?")
    return value


def _as_json(history: History, with_why: bool) -> dict[str, Any]:
    return {
        "stage": history.stage,
        "moves": [_row(move.effective_at, move) for move in history.moves],
        "firings": [
            _row(firing.effective_at, firing) | ({"why": explain.why(firing).as_json()} if with_why else {})
            for firing in history.firings
        ],
    }


def _row(at: int, one: Move | Firing) -> dict[str, Any]:
    return {"at": at, "rule": one.rule, "before": one.before, "after": one.after, "key": one.key}
