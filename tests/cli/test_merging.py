"""People entered twice at the command line: found, merged after a look at the plan, and parted again."""

from __future__ import annotations

from tests.shell import ADA, Shell

AGAIN = "https://bsky.app/profile/ada2.example"


def twice(shell: Shell) -> None:
    for url, name, email in ((ADA, "Ada Byron", "ada@byron.example"), (AGAIN, "A. Byron", "a@byron.example")):
        assert shell("add", url, "--name", name, "--email", email, "--company", "Byron").code == 0


def test_found_merged_and_parted(shell: Shell) -> None:
    twice(shell)
    (pair,) = shell("duplicates", "--json").json
    assert pair["names"] == ["Ada Byron", "A. Byron"]
    assert pair["reasons"][:2] == ["the same last name and initial", "the same company"]
    planned = shell("merge", ADA, AGAIN, "--dry-run", "--json").json
    assert (planned["run"], planned["second_address"]) == (None, "a@byron.example")
    assert len(shell("prospects", "--json").json) == 2
    done = shell("merge", ADA, AGAIN, "--json").json
    assert [one["name"] for one in shell("prospects", "--json").json] == ["Ada Byron"]
    assert shell("duplicates", "--json").json == []
    assert "two people again" in shell("undo", str(done["run"]), "--dry-run").out
    assert "two people again" in shell("undo", str(done["run"])).out
    assert len(shell("prospects", "--json").json) == 2
    shell("undo", str(done["run"])).refused(2, "taken back already")


def test_what_cannot_be_merged_is_said(shell: Shell) -> None:
    twice(shell)
    shell("merge", ADA, "ada@byron.example").refused(2, "one and the same")
    shell("merge", ADA, "nobody@byron.example").refused(2, "No prospect is meant")


def test_a_page_to_read_and_who_is_kept_too_long(shell: Shell) -> None:
    twice(shell)
    page = shell("person", "export", ADA, "--html")
    assert page.out.startswith("<!doctype html>")
    assert "Ada Byron" in page.out
    assert shell("person", "retention", "--json").json == []
