"""Where each person of a campaign stands in its review, and what that comes to: counts that sum, groups.

Pure: people come in as `Person`, each with the drafts of their series; nothing is read or written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from prospector.campaigns.causes import Trouble

Status = Literal["fix", "warning", "ready", "approved", "blocked"]
STATUSES: tuple[Status, ...] = ("fix", "warning", "ready", "approved", "blocked")
SAID_YES = frozenset({"approved", "sending", "sent", "unknown", "refused"})
"""States of a message that somebody has said yes to."""


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a series: its state, and by which shape of the template it came about."""

    message_id: int
    step: int
    state: str
    shape: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a campaign, with all that stands between them and their approval."""

    recipient_id: int
    prospect_id: int
    name: str
    address: str | None
    company: str | None
    parts: tuple[Part, ...]
    troubles: tuple[Trouble, ...] = ()

    @property
    def status(self) -> Status:
        """What they count as: where the series has gone out, nothing blocks it any more."""
        levels = {trouble.level for trouble in self.troubles}
        states = {part.state for part in self.parts}
        gone = states & {"sending", "sent", "unknown"}
        if states and states <= SAID_YES and (gone or "blocked" not in levels):
            return "approved"
        if "blocked" in levels:
            return "blocked"
        if "error" in levels or not states:
            return "fix"
        return "warning" if "warning" in levels else "ready"

    @property
    def first(self) -> Trouble | None:
        """The trouble to name in the row."""
        order = {"blocked": 0, "error": 1, "warning": 2}
        return min(self.troubles, key=lambda one: order[one.level], default=None)


@dataclass(frozen=True, slots=True)
class Group:
    """People whose text of one step came about the same way; `number` of them are ready."""

    step: int
    shape: str
    people: int
    ready: int
    example: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows are wanted: of a status, with a cause, of a group; each empty for all."""

    status: str = ""
    cause: str = ""
    step: int = 0
    shape: str = ""

    def holds(self, person: Person) -> bool:
        return (
            (not self.status or person.status == self.status)
            and (not self.cause or any(one.key == self.cause for one in person.troubles))
            and (
                not self.step
                or any(part.step == self.step and part.shape == self.shape for part in person.parts)
            )
        )


def counts(people: Iterable[Person]) -> Mapping[str, int]:
    """How many people of each status; the parts sum to `all`."""
    found = Counter(person.status for person in people)
    return {"all": found.total(), **{status: found[status] for status in STATUSES}}


def groups(people: Sequence[Person]) -> list[Group]:
    """By step and shape, the rarest shape of a step first: what is unusual is worth a look."""
    members: dict[tuple[int, str], list[Person]] = {}
    for person in people:
        for part in person.parts:
            members.setdefault((part.step, part.shape), []).append(person)
    found = [
        Group(step, shape, len(some), sum(one.status == "ready" for one in some), some[0].recipient_id)
        for (step, shape), some in members.items()
    ]
    return sorted(found, key=lambda group: (group.step, group.people, group.shape))


def unusual(people: Sequence[Person]) -> list[Person]:
    """The same people, those first whose series is farthest from the usual length: the longest and
    the shortest are where a template went wrong."""
    lengths = sorted(_length(person) for person in people)
    middle = lengths[len(lengths) // 2] if lengths else 0
    return sorted(people, key=lambda one: (-abs(_length(one) - middle), one.recipient_id))


def _length(person: Person) -> int:
    return sum(part.length for part in person.parts)


def after(people: Sequence[Person], place: int, size: int) -> tuple[list[Person], int]:
    """A page of people behind a recipient (0: from the start), and where the next begins (0: none).

    A recipient that has left the list, since they were fixed meanwhile, is no place: then by number.
    """
    at = next((index + 1 for index, one in enumerate(people) if one.recipient_id == place), None)
    if at is None:
        at = sum(one.recipient_id <= place for one in people) if place else 0
    page = list(people[at : at + size])
    return page, page[-1].recipient_id if at + size < len(people) and page else 0


def next_problem(people: Sequence[Person], place: int) -> Person | None:
    """The next person to fix behind a recipient, from the start again after the last."""
    wrong = [one for one in people if one.status == "fix"]
    return next((one for one in wrong if one.recipient_id > place), wrong[0] if wrong else None)
