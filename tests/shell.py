"""A workspace as `prospector init` makes it, and calls as the shell makes them."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from prospector.cli import invoke

ADA = "https://bsky.app/profile/ada.example"


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def refused(self, code: int, *said: str) -> None:
        """A clear refusal: this exit code, nothing on standard output, and no traceback."""
        assert self.code == code, self
        assert self.out == ""
        assert "Traceback" not in self.err
        assert 0 < len(self.err.strip()) < 900
        for part in said:
            assert part in self.err


@dataclass(frozen=True)
class Shell:
    """Calls `prospector --workspace FOLDER …` in this process."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Answer:
        self.capture.readouterr()
        code = invoke(["--workspace", str(self.folder), *arguments])
        said = self.capture.readouterr()
        return Answer(code, said.out, said.err)

    def write(self, name: str, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        (self.folder / name).write_bytes(data)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "workspace"
    assert invoke(["init", str(folder)]) == 0
    return folder


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Commands set the log up on the standard error of their moment, which pytest closes."""
    yield
    structlog.reset_defaults()
    for handler in logging.getLogger().handlers[:]:
        if type(handler) is logging.StreamHandler:
            logging.getLogger().removeHandler(handler)


@pytest.fixture
def shell(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A fresh copy of the workspace, with nobody in it."""
    folder = tmp_path / "workspace"
    shutil.copytree(made, folder)
    return Shell(folder, capsys)


@pytest.fixture
def ada(shell: Shell) -> Shell:
    """The workspace with one prospect: number 1, Ada."""
    added = shell("add", ADA, "--name", "Ada Löw", "--email", "ada@weber.example", "--company", "Weber")
    assert added.code == 0, added.err
    return shell
