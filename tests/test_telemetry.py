"""The log: lines for people with a status line below, JSON for machines, nothing that commands a terminal."""

from __future__ import annotations

import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector import telemetry
from prospector.terminal import Terminal

PLAIN = re.compile(r"\x1b\[[0-9;]*m")


def screen(written: str) -> list[str]:
    """The lines that a terminal shows after this, with the cursor's line last."""
    lines, column = [""], 0
    for piece in re.split(r"(\r|\n|\x1b\[2K)", PLAIN.sub("", written)):
        if piece == "\n":
            lines, column = [*lines, ""], 0
        elif piece == "\r":
            column = 0
        elif piece == "\x1b[2K":
            lines[-1] = ""
        else:
            lines[-1] = lines[-1][:column] + piece + lines[-1][column + len(piece) :]
            column += len(piece)
    return lines


def test_the_status_stays_below_the_log() -> None:
    file = io.StringIO()
    terminal = Terminal(file)
    terminal.write("first\n")
    terminal.status("3 due")
    terminal.write("second")
    terminal.write("\n")
    terminal.status("2 due")
    assert screen(file.getvalue()) == ["first", "second", "2 due"]
    terminal.status("")
    assert screen(file.getvalue()) == ["first", "second", ""]


def test_another_process_begins_a_line_of_its_own() -> None:
    file = io.StringIO()
    Terminal(file).status("3 due")
    file.write("demo: the rep read the queue\n")
    assert screen(file.getvalue())[0] == "demo: the rep read the queue"


def test_a_status_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    file = io.StringIO()
    Terminal(file).status("x" * 200)
    assert screen(file.getvalue()) == ["x" * 19]


@given(st.lists(st.one_of(st.text("ab\n", max_size=5), st.integers(0, 9))))
def test_no_line_is_lost_or_garbled(steps: list[str | int]) -> None:
    file = io.StringIO()
    terminal = Terminal(file)
    for step in steps:
        if isinstance(step, int):
            terminal.status(f"{step} due")
        else:
            terminal.write(step)
    said = "".join(step for step in steps if isinstance(step, str))
    assert screen(file.getvalue())[:-1] == said.split("\n")[:-1]


def test_people_get_a_line_and_machines_json(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure("info", terminal=True)
    telemetry.log.info("new", text="Ada: 2 new", account="bluesky")
    line = PLAIN.sub("", capsys.readouterr().err)
    assert re.fullmatch(r"\d\d:\d\d:\d\d new       Ada: 2 new  account=bluesky\n", line)
    telemetry.configure("info", terminal=False)
    telemetry.log.info("new", text="Ada: 2 new")
    telemetry.log.debug("poll", text="not asked for")
    told = json.loads(capsys.readouterr().err)
    assert (told["event"], told["text"], told["level"]) == ("new", "Ada: 2 new", "info")


def test_what_others_wrote_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure("info", terminal=True)
    telemetry.log.info("new", text="a\x1b[2Jb\r[red]c\nd\u202e")
    line = PLAIN.sub("", capsys.readouterr().err)
    assert "\x1b" not in line
    assert line.count("\n") == 1
    assert "[red]c" in line
    assert "\u202e" not in line


def test_a_credential_is_hidden_and_a_sentence_about_one_is_not() -> None:
    for secret in (
        "password=hunter22",
        'token: "hunter22"',
        "postgresql://us:hunter22@host/db",
        "Bearer hunter22",
    ):
        assert "hunter22" not in telemetry.redact(f"it said {secret} and more")
    said = "a password does not belong here, nor does a token that has ended"
    assert telemetry.redact(said) == said
