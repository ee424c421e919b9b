"""Lists: stable names, ISO 8601 UTC, one JSON array; drafts of a CSV file; imports that are needed."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from tests.shell import Shell

NAMES = {
    "prospects": "id name company email stage since score fit owner tags last next profiles",
    "profiles": "id prospect platform url state looked next error",
    "accounts": "account connector acts looked next failures error paused",
    "suppressions": "why at key by",
    "moves": "at prospect before after rule known superseded",
}


@pytest.mark.parametrize("command", NAMES)
def test_names_are_the_contract(ada: Shell, command: str) -> None:
    assert ada("suppress", "x.example").code == 0
    assert ada("move", "1", "--to", "contacted").code == 0
    rows = ada(command, "--json").json
    assert rows
    for row in rows:
        assert set(row) == set(NAMES[command].split())


@pytest.mark.parametrize(
    "command", ["strangers", "moves", "queue", "drafts", "outbox", "suppressions", "prospects", "profiles"]
)
def test_nothing_is_an_empty_array(shell: Shell, command: str) -> None:
    assert shell(command, "--json").json == []
    assert shell(command).out.strip() != ""


def test_times_are_iso_8601_utc(ada: Shell) -> None:
    (row,) = ada("prospects", "--json").json
    assert row["since"].endswith("Z")
    assert datetime.fromisoformat(row["since"]).tzinfo is not None


def test_a_round_of_run_says_what_it_did(shell: Shell) -> None:
    answer = shell("run", "--once", "--no-web", "--json")
    assert answer.json == dict.fromkeys(("polled", "new", "moves", "drafts", "sent", "errors"), 0)
    assert all(json.loads(line)["event"] for line in answer.err.splitlines())


def test_a_campaign_gives_a_person_one_message(ada: Shell) -> None:
    arguments = ("draft", "--template", "intro", "--prospect", "1", "--campaign", "spring", "--json")
    assert len(ada(*arguments).json) == len(ada(*arguments).json) == 1
    assert len(ada("drafts", "--json").json) == 1


def test_drafts_of_a_csv_file_are_rendered_and_not_stored(shell: Shell) -> None:
    shell.write("people.csv", "\ufeffFirst Name,E-Mail,Company\nJo,jo@w.example,Weber AG\nKim,,\n")
    shell.write(
        "templates/hello.txt", "Subject: Hello {{ company.short_name }}\n\nDear {{ prospect.first_name }}\n"
    )
    jo, kim = shell("draft", "--template", "hello", "--csv", str(shell.folder / "people.csv"), "--json").json
    assert (jo["id"], jo["to"], jo["subject"]) == (None, "jo@w.example", "Hello Weber")
    assert jo["body"].startswith("Dear Jo")
    assert [problem["code"] for problem in kim["problems"]] != []
    assert shell("drafts", "--json").json == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty"),
        ("name\nJo\n".encode("utf-16")[:-1], "has letters that are not utf-16"),
        (b'name\n"Jo\n', "is no CSV"),
    ],
)
def test_a_file_that_is_no_table_is_said(shell: Shell, content: bytes, said: str) -> None:
    shell.write("people.csv", content)
    shell("draft", "--template", "intro", "--csv", str(shell.folder / "people.csv")).refused(2, said)


def test_a_file_that_is_not_there_is_said(shell: Shell) -> None:
    shell("draft", "--template", "intro", "--csv", "/nonexistent.csv").refused(2, "cannot be read")
    shell("draft", "--template", "intro", "--csv", "x.csv", "--stage", "cold").refused(2, "Say for whom")


def test_a_command_imports_only_what_it_needs(tmp_path: Path) -> None:
    script = """
import sys
from prospector.cli import invoke
assert invoke(["url", "https://x.com/jack"]) == 0
print(*sorted({"sqlalchemy", "alembic", "aiohttp", "structlog", "uvicorn"} & set(sys.modules)), sep=",")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines() == ["x\thttps://x.com/jack\thttps://x.com/jack", ""]


@pytest.mark.parametrize(
    "data",
    [
        "first name;email;company\nJörg;j@löw.example;Löw & Söhne\n".encode("cp1252"),
        "first name\temail\tcompany\nJörg\tj@löw.example\tLöw & Söhne\n".encode("utf-16"),
    ],
)
def test_a_spreadsheet_may_be_written_in_other_ways(shell: Shell, data: bytes) -> None:
    (shell.folder / "people.csv").write_bytes(data)
    template = "Subject: {{ company.name }}\n\nHi {{ prospect.first_name }}, may I ask you something?\n"
    (shell.folder / "templates" / "hello.txt").write_text(template, encoding="utf-8")
    (row,) = shell("draft", "--template", "hello", "--csv", str(shell.folder / "people.csv"), "--json").json
    assert (row["to"], row["subject"]) == ("j@löw.example", "Löw & Söhne")
    assert row["body"].startswith("Hi Jörg,")
