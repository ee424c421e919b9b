"""`prospector import` and `prospector export`: the plan, the answer, and the file that comes out."""

from __future__ import annotations

import csv
import io
import json

import pytest
from tests.shell import Shell

from prospector.exporting import COLUMNS
from prospector.importing import guard

TEXT = "Name;E-Mail;Titel\nJürgen;j@x.example;CEO\n=1+1;k@x.example;@boss\nBad;nowhere;\n"


def test_a_file_is_planned_then_done_then_taken_back(shell: Shell) -> None:
    shell.write("people.csv", TEXT.encode("cp1252"))
    path = str(shell.folder / "people.csv")
    plan = shell("import", path, "--map", "title=Titel", "--dry-run", "--json").json
    assert (plan["added"], plan["run"], plan["delimiter"]) == (2, None, ";")
    assert plan["refused"] == [{"row": 4, "why": '"nowhere" is no e-mail address'}]
    assert shell("prospects", "--json").json == []
    done = shell(
        "import", path, "--map", "title=Titel", "--source", "fair", "--errors", f"{path}.errors", "--json"
    )
    assert {key: done.json[key] for key in ("added", "changed", "unchanged", "conflicts", "run")} == {
        "added": 2,
        "changed": 0,
        "unchanged": 0,
        "conflicts": [],
        "run": 1,
    }
    errors = (shell.folder / "people.csv.errors").read_text(encoding="utf-8-sig")
    assert list(csv.reader(io.StringIO(errors)))[1] == [
        "4",
        '"nowhere" is no e-mail address',
        "Bad",
        "nowhere",
        "",
    ]
    again = shell("import", path)
    assert again.code == 0
    assert "2 known and the same" in again.out  # the mapping of these headings is remembered
    assert shell("runs", "--json").json[1]["what"] == "import of people.csv (fair)"
    assert shell("undo", "1").code == 0
    assert shell("prospects", "--json").json == []


def test_what_goes_out_comes_in_again_and_is_no_formula(shell: Shell) -> None:
    shell.write("people.csv", TEXT)
    assert shell("import", str(shell.folder / "people.csv"), "--map", "title=Titel").code == 0
    out = shell("export").out
    table = list(csv.DictReader(io.StringIO(out)))
    assert [row["Name"] for row in table] == ["Jürgen", "'=1+1"]
    assert not any(cell.startswith(guard.FORMULA) for row in table for cell in row.values())
    for name in ("csv", "xlsx"):
        path = str(shell.folder / f"all.{name}")
        assert shell("export", "--format", name, "--output", path).code == 0
        found = shell("import", path, "--json").json
        assert (found["unchanged"], found["added"], found["conflicts"]) == (2, 0, [])
    lines = [json.loads(line) for line in shell("export", "--format", "jsonl").out.splitlines()]
    assert [(line["name"], line["title"], line["stage"]) for line in lines] == [
        ("Jürgen", "CEO", "cold"),
        ("=1+1", "@boss", "cold"),
    ]
    assert len(lines[0]) == len(COLUMNS) + 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", "nosuch.csv"), "No such file"),
        (("import", "{}", "--map", "x=Nothing"), "write field=column"),
        (("import", "{}", "--map", "nome=Name"), 'no field "nome"'),
        (("import", "{}", "--encoding", "nope"), "no encoding"),
        (("export", "--format", "pdf"), "no format"),
    ],
)
def test_wrong_use_is_one_sentence(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    shell.write("people.csv", TEXT)
    answer = shell(*(one.format(shell.folder / "people.csv") for one in arguments))
    assert answer.code in (1, 2)
    assert said in answer.err
    assert "Traceback" not in answer.err
