"""A person's rights at the command line: all that is stored as JSON, and being forgotten for good."""

from __future__ import annotations

import json

from tests.shell import ADA, Shell


def test_an_export_is_one_object_with_everything(shell: Shell) -> None:
    assert shell("add", ADA, "--name", "Ada Byron", "--email", "ada@byron.example").code == 0
    exported = json.loads(shell("person", "export", "ada@byron.example").out)
    assert exported["prospect"]["name"] == "Ada Byron"
    assert [profile["url"] for profile in exported["profiles"]] == [ADA]
    assert exported["exported_at"].endswith("Z")


def test_the_erased_are_gone_and_nobody_adds_them_again(shell: Shell) -> None:
    assert shell("add", ADA, "--name", "Ada Byron", "--email", "ada@byron.example").code == 0
    erased = shell("person", "erase", ADA, "--yes")
    assert erased.code == 0
    assert "in plain text, since the workspace has no key file" in erased.out
    assert json.loads(shell("prospects", "--json").out) == []
    for again in ((ADA,), (ADA.replace("ada", "bob"), "--email", "ada@byron.example")):
        refused = shell("add", *again)
        assert refused.code == 2
        assert "asked to be forgotten" in refused.err


def test_nobody_can_be_exported_or_erased(shell: Shell) -> None:
    for command in ("export", "erase"):
        assert shell("person", command, "99").code == 2
