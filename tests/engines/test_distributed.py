"""A worker of the distributed engine outlives a database that is away for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from tests.office import Office, office, sqlite_store

from prospector.engines import distributed
from prospector.engines.distributed import Distributed


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def test_a_worker_that_lost_the_database_begins_again_until_it_is_stopped(
    place: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[Exception | None] = [ConnectorException("gone"), None, ConnectorException("gone again")]
    ended = asyncio.Event()

    async def run_worker(app: App, **settings: Any) -> None:
        if not ends:
            ended.set()
            await asyncio.Event().wait()
        if (error := ends.pop(0)) is not None:
            raise error

    async def whole() -> None:
        engine = Distributed(place.runtime)
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            working = group.create_task(engine._work())
            await ended.wait()
            working.cancel()

    monkeypatch.setattr(App, "run_worker_async", run_worker)
    monkeypatch.setattr(distributed, "AGAIN_SECONDS", 0.0)
    asyncio.run(whole())
    assert ends == []


def test_a_stop_in_the_midst_of_an_outage_is_a_stop(place: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.Event()

    async def run_worker(app: App, **settings: Any) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectorException("gone while stopping") from None

    async def whole() -> None:
        engine = Distributed(place.runtime)
        engine._worker = asyncio.create_task(engine._work())
        await begun.wait()
        async with asyncio.timeout(20):
            await engine.stop()

    monkeypatch.setattr(App, "run_worker_async", run_worker)
    asyncio.run(whole())
