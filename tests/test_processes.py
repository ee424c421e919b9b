"""Looking now, without waiting for the plan."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlmodel import Session

from prospector import processes
from prospector.sdk import Unauthorised
from prospector.store import Store
from tests.office import office


def test_everybody_is_looked_at_however_many_there_are(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one statement takes: in groups, and the inboxes once."""
    place = office(store, tmp_path)
    for name in ("anna", "berta", "clara"):
        place.person(name)
    place.bluesky.inboxes = [Unauthorised("wrong password")]
    inbox = place.installation.account_ids["bluesky"]

    def everybody(session: Session) -> tuple[list[int], list[int]]:
        return [1, 2, 3], [inbox]

    monkeypatch.setattr(processes, "TOGETHER", 2)
    rows = asyncio.run(processes.look_now(place.installation, everybody))
    assert [row["outcome"] for row in rows] == ["unauthorised", "nothing", "nothing", "nothing"]
    assert [row["profile"] for row in rows] == [None, 1, 2, 3]
    assert place.bluesky.asked.count("inbox None") == 1
