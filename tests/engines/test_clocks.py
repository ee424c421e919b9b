"""What the clocks of both engines ring for besides what is due: all of it is a job that there is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.office import Office, office, sqlite_store

from prospector import work
from prospector.engines.distributed import Distributed
from prospector.engines.embedded import Embedded

RUNG = {"timers", "keep", "notify", "resume"}


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def test_one_process_rings_for_all(place: Office) -> None:
    async def whole() -> set[str]:
        engine = Embedded(place.runtime)
        await engine.start()
        rung = {job.args[0] for job in engine._clock.get_jobs() if job.args}
        await engine.stop()
        return rung

    assert asyncio.run(whole()) == RUNG <= set(work.JOBS)


def test_many_workers_ring_for_the_same(place: Office) -> None:
    async def whole() -> set[str]:
        return set(Distributed(place.runtime)._app.tasks)

    tasks = asyncio.run(whole())
    assert {f"clock-{job}" for job in RUNG} <= tasks
    assert set(work.JOBS) <= tasks
