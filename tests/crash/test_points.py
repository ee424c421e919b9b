"""Death at each named point of a delivery and of a look, and what is found afterwards.

A process that dies does nothing more: here a `BaseException` that nobody catches stands for it.
tests/crash/test_kill.py does it with real processes, at random moments.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import func, select, update
from tests.crash.letters import letter, message
from tests.crash.points import COMMITS, NTH, VERBS
from tests.town import Town, town, until

from prospector import doctor, work
from prospector.installation import Installation
from prospector.models import Engagement, Profile
from prospector.outreach import deliver
from prospector.runtime import Runtime
from prospector.store import Store


class Died(BaseException):
    """The process ended here."""


@pytest.fixture
def place(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town(tmp_path, database_url, monkeypatch.setenv) as made:
        yield made


def die(patch: pytest.MonkeyPatch, owner: type[Any], name: str, nth: int, *, after: bool) -> None:
    """Let the process die at the nth call of this method, before it is done or after."""
    whole, count = getattr(owner, name), itertools.count(1)

    async def awaited(*given: Any, **named: Any) -> Any:
        last = next(count) == nth
        answer = await whole(*given, **named) if after or not last else None
        if last:
            raise Died(name)
        return answer

    def called(*given: Any, **named: Any) -> Any:
        last = next(count) == nth
        answer = whole(*given, **named) if after or not last else None
        if last:
            raise Died(name)
        return answer

    patch.setattr(owner, name, awaited if inspect.iscoroutinefunction(whole) else called)


@dataclass(frozen=True)
class Point:
    """Where a delivery dies, what recovery must find, and how many mails the server then has."""

    name: str
    owner: type[Any]
    method: str
    nth: int
    after: bool
    state: str
    taken: int


def points() -> Iterator[Point]:
    for nth, commit in enumerate(COMMITS, start=1):
        for after in (False, True):
            passed = 2 * (nth - 1) + after
            state = "approved" if passed < 3 else "unknown" if passed < 5 else "sent"
            name = f"{'after' if after else 'before'} commit of {commit}"
            yield Point(name, Store, "write_async", nth, after, state, int(passed >= 4))
    for place, verb in enumerate(VERBS):
        for after in (False, True):
            # The second mark is committed before DATA is said.
            state = "unknown" if place >= VERBS.index("docmd") else "approved"
            taken = place > VERBS.index("send") or (verb == "send" and after)
            name = f"{'after' if after else 'before'} {verb}"
            yield Point(name, smtplib.SMTP, verb, NTH.get(verb, 1), after, state, int(taken))


async def delivered(installation: Installation, message_id: int) -> Any:
    runtime = Runtime(installation)
    try:
        return await deliver.deliver(runtime, message_id)
    finally:
        await runtime.aclose()


def recover(installation: Installation) -> None:
    """What the next process does at its start."""
    runtime = Runtime(installation)
    now = datetime.now(UTC) + timedelta(seconds=1)
    installation.store.write(lambda session: deliver.recover(session, runtime.consequences, now, now))
    asyncio.run(runtime.aclose())


def test_death_at_each_point_of_a_delivery(place: Town) -> None:
    installation = place.open()
    expected = {point.name: (point.state, point.taken) for point in points()}
    found = {point.name: dying(place, installation, point) for point in points()}
    assert found == expected
    assert broken(installation) == []


def dying(place: Town, installation: Installation, point: Point) -> tuple[str, int]:
    """Die there, recover, and try to send again: the state that was recovered to, and how many
    mails the server had then."""
    prospect_id, _ = place.person(installation, point.name.title().replace(" ", ""))
    message_id = letter(installation, prospect_id, "hand:1")
    with pytest.MonkeyPatch.context() as patch:
        die(patch, point.owner, point.method, point.nth, after=point.after)
        with pytest.raises(Died):
            asyncio.run(delivered(installation, message_id))
    recover(installation)
    sent_id, state = message(installation, message_id).message_id, message(installation, message_id).state
    until(lambda: place.mail.accepted[sent_id] == point.taken)
    asyncio.run(delivered(installation, message_id))
    again = 1 if state == "approved" else point.taken
    assert (place.mail.accepted[sent_id], point.name) == (again, point.name)
    settled = message(installation, message_id).state
    assert (settled, point.name) == ("unknown" if state == "unknown" else "sent", point.name)
    return state, place.mail.accepted[sent_id] if state != "approved" else 0


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [1, 2], ids=["claim", "record"])
def test_death_at_each_commit_of_a_look(place: Town, nth: int, after: bool) -> None:
    installation = place.open()
    _, did = place.person(installation, "Anna")
    for number in range(3):
        place.bluesky.post(did, f"Thought number {number}")
    with pytest.MonkeyPatch.context() as patch:
        die(patch, Store, "write_async", nth, after=after)
        with pytest.raises(Died):
            asyncio.run(looked(installation))
    assert posts(installation) == (3 if (nth, after) == (2, True) else 0)
    lease_over(installation)
    asyncio.run(looked(installation))
    lease_over(installation)
    asyncio.run(looked(installation))
    assert posts(installation) == 3
    assert broken(installation) == []


async def looked(installation: Installation) -> None:
    runtime = Runtime(installation)
    try:
        await work.look(runtime, installation.account_ids["bluesky"], [1])
    finally:
        await runtime.aclose()


def lease_over(installation: Installation) -> None:
    now = datetime.now(UTC)
    installation.store.write(lambda session: session.exec(update(Profile).values(next_poll_at=now)).rowcount)


def posts(installation: Installation) -> int:
    with installation.store.reading() as session:
        return session.exec(select(func.count()).where(Engagement.kind == "post")).one()


def broken(installation: Installation) -> list[str]:
    """The invariants that do not hold."""
    with installation.store.reading() as session:
        return [check.detail for check in doctor.invariants(session, datetime.now(UTC)) if not check.ok]
