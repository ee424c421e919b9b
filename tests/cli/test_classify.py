"""`prospector classify` on files, by its own function as the command line calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from prospector.cli.classify import classify

MAILS = Path(__file__).parents[1] / "mail" / "mails"
NAMES = ["file", "kind", "hard", "recipient", "message_id", "text", "until"]


def run(*arguments: str, **more):
    app = typer.Typer()
    app.command()(classify)
    return CliRunner().invoke(app, list(arguments), **more)


def test_the_json_is_the_contract():
    files = [MAILS / "bounce/quota_522.eml", MAILS / "auto_reply/de_outlook.eml"]

    result = run(*map(str, files), "--json")

    bounce, away = json.loads(result.stdout)
    assert result.exit_code == 0
    assert list(bounce) == list(away) == NAMES
    assert bounce == {
        "file": str(files[0]),
        "kind": "bounce",
        "hard": False,
        "recipient": "full@prospect.test",
        "message_id": "<0f9c-1@us.test>",
        "text": "",
        "until": None,
    }
    assert (away["kind"], away["until"]) == ("auto_reply", "2026-12-07")


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path):
    good = str(MAILS / "reply/outlook.eml")

    result = run(str(tmp_path / "none.eml"), good, str(tmp_path), "--json")

    assert result.exit_code == 1
    assert [(row["file"], row["kind"]) for row in json.loads(result.stdout)] == [(good, "reply")]
    assert f"{tmp_path / 'none.eml'} cannot be read: No such file or directory." in result.stderr
    assert f"{tmp_path} cannot be read: Is a directory." in result.stderr


def test_only_unreadable_files_are_an_error_and_nothing_else(tmp_path):
    result = run(str(tmp_path / "none.eml"), "--json")

    assert (result.exit_code, result.stdout) == (1, "")


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xff\xfe", b"From: a\xff\r\n\r\n\xff"])
def test_any_file_is_answered(tmp_path, content):
    file = tmp_path / "mail.eml"
    file.write_bytes(content)

    (row,) = json.loads(run(str(file), "--json").stdout)

    assert row["kind"] == "other"


def test_a_table_for_people():
    result = run(str(MAILS / "unsubscribe/en_stop.eml"))

    assert "unsubscribe" in result.stdout
