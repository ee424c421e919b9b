"""The team at the command line: assignment, absence, runs and their undo."""

from __future__ import annotations

import pytest
from tests.shell import Shell


@pytest.fixture
def office(ada: Shell) -> Shell:
    """Ada, and two users."""
    for name in ("ana", "jonas"):
        assert ada("users", "add", f"{name}@us.example", "--name", name.title()).code == 0
    return ada


def test_people_are_assigned_and_given_back(office: Shell) -> None:
    said = office("assign", "1", "ada@weber.example", "--to", "ana@us.example")
    assert said.out == "Run 1: 1 are Ana's now.\n"
    assert office("prospects", "owner:ana", "--json").json[0]["owner"] == "Ana"
    again = office("assign", "1", "--to", "ana@us.example")
    assert again.out == "Run 2: 0 are Ana's now; 1 stay as they were.\n"
    assert office("undo", "1", "--dry-run").out == "Run 1: 1 people would be as they were.\n"
    assert office("prospects", "owner:none", "--json").json == []
    assert office("undo", "1").code == 0
    assert office("prospects", "owner:none", "--json").json[0]["name"] == "Ada Löw"
    office("undo", "1").refused(2, "taken back already")
    two, one = office("runs", "--json").json
    assert (one["run"], one["what"], one["changed"]) == (1, "owner: Ana", 1)
    assert one["undone"] is not None
    assert (two["changed"], two["undone"]) == (0, None)


def test_what_changed_since_is_said(office: Shell) -> None:
    assert office("assign", "1", "--to", "ana@us.example").code == 0
    assert office("assign", "1", "--to", "jonas@us.example").code == 0
    said = office("undo", "1").out
    assert said == "Run 1: 0 people are as they were.\n  Ada Löw: the owner changed since, so that stays.\n"


def test_who_is_away_is_covered(office: Shell) -> None:
    said = office("away", "ana@us.example", "--until", "7d", "--cover", "jonas@us.example")
    assert said.out.startswith("Ana is away until ")
    assert said.out.endswith("; Jonas covers.\n")
    office("away", "jonas@us.example", "--until", "3d", "--cover", "ana@us.example").refused(2, "in the end")
    assert office("away", "ana@us.example", "--back").out == "ana@us.example is back.\n"
    assert office("away", "jonas@us.example", "--until", "3d", "--cover", "ana@us.example").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("assign", "1", "--to", "nora@us.example"), "There is no user"),
        (("assign", "7", "--to", "ana@us.example"), "No prospect is meant"),
        (("away", "ana@us.example"), "Say either --until and --cover"),
        (("away", "ana@us.example", "--until", "7d"), "who covers"),
        (("away", "ana@us.example", "--until", "soon", "--cover", "jonas@us.example"), "neither a date"),
        (("undo", "9"), "There is no run 9"),
        (("prospects", "colour:red"), "cannot be searched for"),
        (("prospects", "owner:me"), "Nobody is signed in"),
    ],
)
def test_what_cannot_be_is_said(office: Shell, arguments: tuple[str, ...], said: str) -> None:
    office(*arguments).refused(2, said)
