"""Changing many people at once: what a change does to each, said before it is done, and how it is
taken back.

Pure. `decide` is what the plan shows and what a run writes: there is no second opinion. Times are
kept as ISO 8601 text, since a run stores what it changed as JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

SAMPLE = 10
LONGEST_TAG = 60
FIELDS = {
    "owner_id": "the owner",
    "stage": "the stage",
    "tags": "the tags",
    "paused_until": "the pause",
    "archived_at": "the archive",
}
"""What a change can touch, and how it is called."""
PAUSED_WHY = "paused_why"
"""Kept beside what a pause was before, since it goes and comes with it."""
UNDECIDED = "an opt-out is in doubt: decide about it first"


class ChangeError(ValueError):
    """Nothing can be done with this change; the message says what to give instead."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked for; whatever is None or empty stays as it is. Times are aware."""

    owner_id: int | None = None
    stage: str | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    pause_until: datetime | None = None
    resume: bool = False
    archive: bool = False
    restore: bool = False

    def __bool__(self) -> bool:
        return self != Change()

    def as_json(self) -> dict[str, Any]:
        until = self.pause_until.isoformat() if self.pause_until else None
        given: dict[str, Any] = {
            "owner_id": self.owner_id,
            "stage": self.stage,
            "add_tags": list(self.add_tags),
            "remove_tags": list(self.remove_tags),
            "pause_until": until,
            "resume": self.resume,
            "archive": self.archive,
            "restore": self.restore,
        }
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class Person:
    """A prospect as a change sees them; `undecided`: they are paused until a person has decided about
    an opt-out, which no date ends."""

    id: int
    name: str
    owner_id: int | None
    stage: str
    tags: tuple[str, ...] = ()
    paused_until: datetime | None = None
    archived_at: datetime | None = None
    paused_why: str | None = None
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fields of one person that change, before and after, or why nothing does."""

    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    stays: str = ""


@dataclass(frozen=True, slots=True)
class Sampled:
    """One person of the plan: what would change, in words, or why nothing does."""

    id: int
    name: str
    changes: bool
    words: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change would do: to how many, to how many not and why, and a sample."""

    changing: int
    staying: tuple[tuple[str, int], ...]
    sample: tuple[Sampled, ...]

    @property
    def whole(self) -> int:
        return self.changing + sum(number for _, number in self.staying)


@dataclass(frozen=True, slots=True)
class Restored:
    """What taking back gives a person, and which of the fields were changed again since."""

    values: Mapping[str, Any]
    left: tuple[str, ...]

    @property
    def why(self) -> str:
        return " and ".join(FIELDS[name] for name in self.left) + " changed since" if self.left else ""


def change_of(stored: Mapping[str, Any]) -> Change:
    """A change from its JSON. Raises `ChangeError` for what is none."""
    until = stored.get("pause_until")
    tags = {name: tuple(stored.get(name, ())) for name in ("add_tags", "remove_tags")}
    try:
        pause = datetime.fromisoformat(until) if until else None
        return Change(**{**stored, **tags, "pause_until": pause})
    except (TypeError, ValueError) as error:
        raise ChangeError(f"This change cannot be read: {error}.") from None


def checked(change: Change, now: datetime) -> Change:
    """The change, or a sentence about what is wrong with it. Raises `ChangeError`."""
    if not change:
        raise ChangeError("Choose what to change: the owner, the stage, tags, a pause or the archive.")
    if change.archive and change.restore:
        raise ChangeError("Either archive people or bring them back, not both.")
    if change.resume and change.pause_until is not None:
        raise ChangeError("Either pause people or end their pause, not both.")
    if change.pause_until is not None and change.pause_until <= now:
        raise ChangeError("A pause ends in the future; choose a later date.")
    if both := set(change.add_tags) & set(change.remove_tags):
        raise ChangeError(f'The tag "{min(both)}" cannot be added and removed at once.')
    for tag in change.add_tags:
        if len(tag) > LONGEST_TAG or not tag.isprintable():
            raise ChangeError(f"A tag has at most {LONGEST_TAG} characters, all of them to be seen.")
    return change


def tags_of(text: str) -> tuple[str, ...]:
    """Tags as people type them, with commas between."""
    return tuple(dict.fromkeys(tag for part in text.split(",") if (tag := " ".join(part.split()))))


def decide(change: Change, person: Person, now: datetime) -> Outcome:
    """What a change does to one person."""
    if person.archived_at is not None and not change.restore:
        return Outcome(stays="archived already" if change == Change(archive=True) else "archived")
    wanted = _wanted(change, person, now)
    known = values_of(person)
    after = {name: value for name, value in wanted.items() if value != known[name]}
    if not after:
        pausing = change.pause_until is not None or change.resume
        return Outcome(stays=UNDECIDED if pausing and person.undecided else "so already")
    before = {name: known[name] for name in after}
    return Outcome(before | ({PAUSED_WHY: person.paused_why} if "paused_until" in after else {}), after)


def _wanted(change: Change, person: Person, now: datetime) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if change.owner_id is not None:
        wanted["owner_id"] = change.owner_id
    if change.stage is not None:
        wanted["stage"] = change.stage
    if change.add_tags or change.remove_tags:
        kept = [tag for tag in person.tags if tag not in change.remove_tags]
        wanted["tags"] = list(dict.fromkeys([*kept, *change.add_tags]))
    if change.pause_until is not None and not person.undecided:
        wanted["paused_until"] = _text(change.pause_until)
    if change.resume and not person.undecided and person.paused_until and person.paused_until > now:
        wanted["paused_until"] = None
    if change.archive:
        wanted["archived_at"] = _text(now)
    if change.restore:
        wanted["archived_at"] = None
    return wanted


def values_of(person: Person) -> dict[str, Any]:
    """The fields that a change can touch, as JSON keeps them."""
    return {
        "owner_id": person.owner_id,
        "stage": person.stage,
        "tags": list(person.tags),
        "paused_until": _text(person.paused_until) if person.paused_until else None,
        "archived_at": _text(person.archived_at) if person.archived_at else None,
    }


def _text(at: datetime) -> str:
    """A moment as JSON keeps it: in UTC as the tables do, so that the same moment is the same text."""
    return at.astimezone(UTC).isoformat()


def plan(change: Change, people: Iterable[Person], now: datetime, owners: Mapping[int, str]) -> Plan:
    """What the change would do to these people; `owners` gives the users' names."""
    changing, staying, sample = 0, Counter[str](), list[Sampled]()
    for person in people:
        outcome = decide(change, person, now)
        changing += not outcome.stays
        if outcome.stays:
            staying[outcome.stays] += 1
        elif len(sample) < SAMPLE:
            sample.append(Sampled(person.id, person.name, True, words_of(outcome, owners)))
    return Plan(changing, tuple(staying.most_common()), tuple(sample))


def words_of(outcome: Outcome, owners: Mapping[int, str]) -> str:
    """What changes, in words: "owner Ana → Jonas, stage cold → engaged"."""
    parts = []
    for name, after in outcome.after.items():
        before = outcome.before[name]
        if name == "tags":
            added = [f"+{tag}" for tag in after if tag not in before]
            removed = [f"−{tag}" for tag in before if tag not in after]
            parts.append("tags " + " ".join(added + removed))
        else:
            parts.append(f"{_WORDS[name]} {_said(name, before, owners)} → {_said(name, after, owners)}")
    return ", ".join(parts)


_WORDS = {"owner_id": "owner", "stage": "stage", "paused_until": "paused until", "archived_at": "archived"}


def _said(name: str, value: Any, owners: Mapping[int, str]) -> str:
    if name == "owner_id":
        return owners.get(value, "somebody who has left") if value is not None else "nobody"
    if name == "archived_at":
        return "yes" if value else "no"
    return str(value)[:10] if name == "paused_until" and value else str(value or "not")


def sentence(change: Change, owners: Mapping[int, str]) -> str:
    """A change as the list of runs names it."""
    parts = []
    if change.owner_id is not None:
        parts.append(f"owner: {_said('owner_id', change.owner_id, owners)}")
    if change.stage is not None:
        parts.append(f"stage: {change.stage}")
    parts += [f"tag +{tag}" for tag in change.add_tags] + [f"tag −{tag}" for tag in change.remove_tags]
    if change.pause_until is not None:
        parts.append(f"paused until {change.pause_until:%Y-%m-%d}")
    flags = {"pause ended": change.resume, "archived": change.archive, "brought back": change.restore}
    return ", ".join([*parts, *(words for words, so in flags.items() if so)])


def restored(before: Mapping[str, Any], after: Mapping[str, Any], person: Person) -> Restored:
    """What taking a change back gives this person as they are now. A field that somebody changed
    since is left alone; of the tags, each that was added goes and each that was removed comes."""
    known = values_of(person)
    values: dict[str, Any] = {}
    left: list[str] = []
    for name, was in before.items():
        if name == PAUSED_WHY:
            continue
        if name == "tags":
            values |= _tags_back(was, after["tags"], person.tags)
        elif known[name] == after[name]:
            values[name] = was
        else:
            left.append(name)
    if "paused_until" in values:
        values[PAUSED_WHY] = before.get(PAUSED_WHY)
    return Restored(values, tuple(left))


def _tags_back(was: list[str], then: list[str], now: tuple[str, ...]) -> dict[str, Any]:
    added, removed = set(then) - set(was), [tag for tag in was if tag not in then]
    if list(now) == then:
        return {"tags": list(was)}
    back = list(dict.fromkeys([*(tag for tag in now if tag not in added), *removed]))
    return {"tags": back} if back != list(now) else {}
