"""What a rep is told in the morning and of answers, in words, and when.

Pure: `now` and what the tables say in, a text or nothing out. A notice names people, channels and
reasons; the text of what somebody wrote is in it only for who asked for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from prospector.queue.workday import instant, is_working_day, planning_day

CATCH_UP = timedelta(hours=4)
"""A digest that nobody could send until then is left out: the day has begun without it."""
EVERY = timedelta(minutes=1)
SETTLED = timedelta(seconds=15)
"""What was seen just now may still wait to be written by another process."""
STALE = timedelta(hours=24)
FIRST = 5
LISTED = 10
LONGEST_TEXT = 280
KINDS: Mapping[str, str] = {
    "email_reply": "answered by mail",
    "dm": "sent a direct message",
    "reply": "replied",
    "comment": "commented",
    "mention": "mentioned you",
    "quote": "quoted you",
    "meeting_booked": "booked a meeting",
    "meeting_cancelled": "cancelled a meeting",
    "document_signed": "signed a document",
    "document_declined": "declined a document",
}
"""The answers that are worth a notice, in words."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Where a user wants to hear of what: names of the channels of config.toml."""

    digest: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    with_text: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"digest": list(self.digest), "answers": list(self.answers), "with_text": self.with_text}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One of the first cards: whom it is about, and why it stands there."""

    name: str
    company: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Morning:
    """What the tables say of a rep's day. `sections`: title and count, in order; `covering`: for
    whom they decide meanwhile; `paused`: our accounts that stand still, and why."""

    first_name: str
    sections: tuple[tuple[str, int], ...]
    first: tuple[Waiting, ...] = ()
    covering: tuple[str, ...] = ()
    paused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Something that somebody did towards us, as a notice tells it."""

    name: str
    company: str | None
    kind: str
    channel: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A text that goes out to these channels."""

    title: str
    body: str
    channels: tuple[str, ...] = field(default=())


def wishes_of(stored: Mapping[str, Any]) -> Wishes:
    """What a user chose, from their row."""
    lists = {name: tuple(str(one) for one in stored.get(name) or ()) for name in ("digest", "answers")}
    return Wishes(**lists, with_text=bool(stored.get("with_text")))


def digest_due(
    last: datetime | None, now: datetime, zone: ZoneInfo, day_start: time, away: bool
) -> datetime | None:
    """The start of the day whose digest is due now; None where none is: it was sent, the day has
    long begun, it is no working day, or the rep is away."""
    day = planning_day(now, zone, day_start)
    start = instant(day, day_start, zone)
    told = last is not None and last >= start
    if told or away or not is_working_day(day) or now >= start + CATCH_UP:
        return None
    return start


def window(last: datetime | None, now: datetime) -> tuple[datetime, datetime] | None:
    """The time whose answers are told now: from the last notice until what has surely been written.
    None as long as the last one is less than a minute old."""
    until = now - SETTLED
    if last is None:
        return until, until
    return (max(last, now - STALE), until) if until - last >= EVERY else None


def morning(told: Morning, home: str) -> Notice:
    """The digest; `home` is where people open the pages."""
    whole = sum(count for _, count in told.sections)
    title = f"{_counted(whole, 'card')} today" if whole else "Nothing is waiting today"
    lines = [f"Good morning {told.first_name}."]
    lines += [", ".join(f"{name}: {count}" for name, count in told.sections if count)] if whole else []
    lines += [_first(number, one) for number, one in enumerate(told.first[:FIRST], 1)]
    if told.covering:
        lines.append(f"You cover for {_and(told.covering)}.")
    lines += [f"{_plain(name)} is paused: {_plain(why)}" for name, why in told.paused]
    return Notice(title, "\n".join([*lines, f"{home}/queue"]))


def answers(several: Sequence[Answer], home: str, with_text: bool) -> Notice:
    """One notice for all answers of a minute; there is at least one."""
    lines = [_answer(one, with_text) for one in several[:LISTED]]
    if len(several) > LISTED:
        lines.append(f"and {len(several) - LISTED} more")
    first = several[0]
    title = (
        f"{_plain(first.name)} {KINDS.get(first.kind, 'answered')}"
        if len(several) == 1
        else f"{len(several)} answers"
    )
    return Notice(title, "\n".join([*lines, f"{home}/queue"]))


def _first(number: int, one: Waiting) -> str:
    reasons = ", ".join(_plain(reason) for reason in one.reasons)
    return f"{number}. {_who(one.name, one.company)}" + (f": {reasons}" if reasons else "")


def _answer(one: Answer, with_text: bool) -> str:
    line = f"{_who(one.name, one.company)} {KINDS.get(one.kind, 'answered')} ({_plain(one.channel)})"
    text = _plain(one.text) if with_text else ""
    return f"{line}: “{text[:LONGEST_TEXT]}{'…' if len(text) > LONGEST_TEXT else ''}”" if text else line


def _who(name: str, company: str | None) -> str:
    return f"{_plain(name)}, {_plain(company)}" if company else _plain(name)


def _plain(text: str) -> str:
    """Another's words on one line, without what a screen would take for an order."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _and(names: Sequence[str]) -> str:
    plain = [_plain(name) for name in names]
    return " and ".join([", ".join(plain[:-1]), plain[-1]] if len(plain) > 1 else plain)


def _counted(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"
