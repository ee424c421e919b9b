from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from prospector.sdk import NotSent, Unauthorised
from tests.office import Office, office, sqlite_store


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def test_a_context_is_of_its_account_and_remembers_between_looks(place: Office) -> None:
    account = place.installation.account_ids["bluesky"]
    context = place.runtime.context(account)
    context.memory["token"] = "t"
    assert (context.account, context.now) == ("bluesky", place.now)
    assert place.runtime.context(account).memory == {"token": "t"}
    assert place.runtime.context(place.installation.account_ids["mail"]).memory == {}


def test_a_secret_that_cannot_be_read_is_a_matter_of_access(
    place: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = place.runtime.context(place.installation.account_ids["mail"])
    monkeypatch.setenv("OFFICE_PASSWORD", "word")
    assert context.secret("env:OFFICE_PASSWORD") == "word"
    with pytest.raises(Unauthorised, match="OFFICE_NOTHING"):
        context.secret("env:OFFICE_NOTHING")


def test_without_a_mark_nothing_may_be_said(place: Office) -> None:
    context = place.runtime.context(place.installation.account_ids["mail"])
    with pytest.raises(NotSent, match="taken back"):
        asyncio.run(context.point_of_no_return())


@pytest.mark.parametrize("marked", [True, False])
def test_the_second_mark_can_be_set_from_a_thread(place: Office, marked: bool) -> None:
    marks: list[bool] = []

    async def mark() -> bool:
        marks.append(marked)
        return marked

    context = place.runtime.context(place.installation.account_ids["mail"], mark)

    def speak() -> str:
        context.point_of_no_return_from_thread()
        return "said"

    async def act() -> str:
        return await context.in_thread(speak)

    if marked:
        assert asyncio.run(act()) == "said"
    else:
        with pytest.raises(NotSent):
            asyncio.run(act())
    assert marks == [marked]


def test_an_account_has_so_many_turns_at_a_time(place: Office) -> None:
    account = place.installation.account_ids["bluesky"]

    async def turns() -> list[bool]:
        turn = place.runtime.turn(account)
        free = []
        for _ in range(4):
            free.append(not turn.locked())
            await turn.acquire()
        return [*free, not turn.locked()]

    assert asyncio.run(turns()) == [True, True, True, True, False]


def test_limits_are_those_of_the_file(place: Office) -> None:
    ids = place.installation.account_ids
    assert place.runtime.limits[ids["bluesky"]].cap is None
    assert not place.runtime.limits[ids["bluesky"]].gap
    assert place.runtime.limits[ids["mail"]].cap == 40
    assert place.runtime.limits[ids["mail"]].gap.total_seconds() == 90
