"""Every state of the interface can be brought about in a sandbox, by its admin, and nowhere else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from fastapi import FastAPI
from tests.browser import world
from tests.signed import application, browser

from prospector.installation import Installation, open_installation
from prospector.web.states import STATES

SEEN = {
    "queue-done": "Done for today",
    "filter": "Clear the filter",
    "source-failing": "the token was refused",
    "send-failed": "550 5.1.1 no such mailbox",
    "held": "11:1",
    "import": "48 of 51 rows read.",
    "changed": "Jonas Falk",
    "blocked": "they asked us not to write",
    "colleague": "has it open until 09:5",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("states") / "workspace"
    with time_machine.travel(world.START):
        world.make_world(folder)
    return folder


@pytest.fixture
def opened(made: Path, tmp_path: Path) -> Iterator[Installation]:
    shutil.copytree(made, tmp_path / "workspace")
    with time_machine.travel(world.START):
        installation = open_installation(tmp_path / "workspace")
        yield installation
        installation.close()


def _app(opened: Installation, dev: bool = True) -> FastAPI:
    return application(opened, dev=dev)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_state_is_brought_about_and_shown(opened: Installation, state) -> None:
    client = browser(_app(opened), world.sign_in(opened, world.REP, world.START))
    answer = client.post(f"/dev/states/{state.name}")
    assert answer.status_code == 303, answer.text
    shown = client.get(answer.headers["location"])
    assert shown.status_code == 200
    assert SEEN[state.name] in shown.text


def test_the_list_names_every_state(opened: Installation) -> None:
    client = browser(_app(opened), world.sign_in(opened, world.REP, world.START))
    text = client.get("/dev/states").text
    assert all(state.title in text for state in STATES)


def test_there_is_nothing_of_it_outside_a_sandbox(opened: Installation) -> None:
    client = browser(_app(opened, dev=False), world.sign_in(opened, world.REP, world.START))
    assert client.get("/dev/states").status_code == 404
    assert client.post("/dev/states/queue-done").status_code == 404


def test_only_an_admin_may(opened: Installation) -> None:
    client = browser(_app(opened), world.sign_in(opened, world.COLLEAGUE, world.START))
    assert client.get("/dev/states").status_code == 403
    assert client.post("/dev/states/queue-done").status_code == 403


def test_an_unknown_state_names_the_known_ones(opened: Installation) -> None:
    client = browser(_app(opened), world.sign_in(opened, world.REP, world.START))
    answer = client.post("/dev/states/nothing")
    assert answer.status_code == 404
    assert "queue-done" in answer.text
