"""A disk that is full: one clear sentence, no half state, and work that goes on by itself."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import pytest
from tests.crash.nursery import Nursery
from tests.crash.street import hurry
from tests.crash.test_processes import STOPS, broken, count, opened, start
from tests.town import town, until

from prospector.models import Engagement

FULL = 16 * 1024


def test_a_full_disk_is_said_and_lived_through(
    tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file of the process may grow over 16 KB, which the database's log soon wants to."""
    with town(tmp_path, "sqlite", monkeypatch.setenv) as place:
        installation = opened(place)
        _, did = place.person(installation, "Anna")
        place.bluesky.post(did, "A first thought")
        child = start(nursery, place, "run")
        until(lambda: count(installation, Engagement.kind == "post") == 1)
        before = resource.prlimit(child.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (FULL, before[1]))
        for number in range(20):
            place.bluesky.post(did, f"Thought number {number}")
        until(lambda: "ree some space" in child.text())
        assert child.code() is None
        assert count(installation, Engagement.kind == "post") == 1
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, before)
        place.bluesky.post(did, "A last thought")
        until(lambda: installation.store.write(hurry) or count(installation, Engagement.kind == "post") == 22)
        assert broken(installation) == []
        assert child.end(signal.SIGTERM, STOPS) == 0
