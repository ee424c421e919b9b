"""The tutorial's commands work as they stand, one after the other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from prospector.cli import invoke

PAGE = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text(encoding="utf-8")
COMMANDS = [
    line for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]
# There is no mail account yet: the draft has a problem, so nothing is ready to be approved.
SAID = {
    "prospector doctor": "feed",
    "prospector prospects": "Jo Weber",
    "prospector profiles": "not allowed to look",
    "prospector moves": "Nobody has moved yet.",
    "prospector queue": "Nothing is waiting",
    "prospector drafts": "config.toml has no account that sends mail",
    "prospector approve --ready": "Nothing was ready.",
    "prospector suppressions": "a competitor",
    "prospector rules check rules.toml": "nothing to complain about",
}


def test_every_command_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROSPECTOR_WORKSPACE", raising=False)
    monkeypatch.setenv("COLUMNS", "400")
    assert len(COMMANDS) > 15
    for line in COMMANDS:
        words = shlex.split(line)
        if words[0] == "cd":
            monkeypatch.chdir(words[1])
            continue
        code = invoke(words[1:])
        said = capsys.readouterr()
        assert code == 0, f"{line}: {said.err}"
        assert SAID.get(line, "") in said.out, line
    assert set(SAID) <= set(COMMANDS)
