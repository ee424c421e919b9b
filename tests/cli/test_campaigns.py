"""Campaigns from the shell: made of templates, filled, drafted, started only when nothing is missing."""

from __future__ import annotations

import pytest
from tests.shell import ADA, Shell

FIRST = "Subject: A word on {{ company.name }}\n\nHi {{ prospect.first_name }}, may I ask you something?\n"
NEXT = "\nHi {{ prospect.first_name }}, did you see my question?\n"


@pytest.fixture
def town(shell: Shell) -> Shell:
    shell.write("templates/ask.txt", FIRST)
    shell.write(
        "templates/ask.de.txt", "Subject: Eine Frage\n\nHallo {{ prospect.first_name }}, eine Frage?\n"
    )
    shell.write("templates/again.txt", NEXT)
    for name, country in (("ada", "GB"), ("kim", "GB")):
        added = shell("add", ADA.replace("ada", name), "--name", f"{name.title()} Weber", "--email",
                      f"{name}@{name}.example", "--company", name.title(), "--json")  # fmt: skip
        assert added.code == 0, added
        assert country
    return shell


def test_a_campaign_is_made_filled_and_drafted_with_its_follow_ups(town: Shell) -> None:
    (made,) = town("campaign", "add", "Autumn", "--template", "ask", "--follow-up", "again", "--wait", "4",
                   "--json").json  # fmt: skip
    assert (made["name"], made["state"], made["version"], made["people"]) == ("Autumn", "draft", 1, 0)
    (came,) = town("campaign", "people", "Autumn", "--query", "weber", "--json").json
    assert (came["added"], came["already"], came["not"]) == (2, 0, [])
    (again,) = town("campaign", "people", "Autumn", "--prospect", "ada@ada.example", "--json").json
    assert (again["added"], again["already"]) == (0, 1)
    (run,) = town("campaign", "draft", "Autumn", "--json").json
    assert (run["people"], run["kept"]) == (2, 0)
    drafts = town("drafts", "--json").json
    assert sorted(one["subject"] for one in drafts) == [
        "A word on Ada",
        "A word on Kim",
        "Re: A word on Ada",
        "Re: A word on Kim",
    ]
    (row,) = town("campaigns", "--json").json
    assert (row["people"], row["drafts"], row["sent"]) == (2, 2, 0)
    assert town("campaign", "results", "Autumn", "--json").json[0]["verdict"] is None


def test_a_campaign_cannot_start_while_anything_is_missing(town: Shell) -> None:
    town("campaign", "add", "Autumn", "--template", "ask")
    town("campaign", "start", "Autumn").refused(2, "cannot start", "nobody to write to", "postal address")
    town("campaign", "pause", "Autumn").refused(2, "is not running")
    assert town("campaign", "finish", "Autumn", "--json").json[0]["state"] == "done"
    town("campaign", "people", "Autumn", "--query", "weber").refused(2, "is over")


def test_what_is_not_there_is_said(town: Shell) -> None:
    town("campaign", "start", "Nowhere").refused(2, 'no campaign "Nowhere"')
    town("campaign", "people", "Nowhere").refused(2, "Say whom")
    town("campaign", "add", "A", "--template", "nothing").refused(2, "there is no nothing.txt")
    town("campaign", "add", "A", "--template", "ask", "--account", "gone").refused(2, "is no mailbox")
    town("campaign", "add", "A", "--template", "again").refused(2, "Subject")


def test_draft_puts_people_into_the_campaign_of_that_name(town: Shell) -> None:
    call = ("draft", "--template", "ask", "--prospect", "ada@ada.example", "--campaign", "spring", "--json")
    first, second = town(*call), town(*call)
    assert [len(one.json) for one in (first, second)] == [1, 1]
    assert "campaign start" in first.err
    assert second.err == ""
    assert len(town("drafts", "--json").json) == 1
    (row,) = town("campaigns", "--json").json
    assert (row["name"], row["version"], row["people"], row["state"]) == ("spring", 1, 1, "draft")
    # This workspace has no account that sends mail, so nothing can be approved.
    refused = town("approve", str(second.json[0]["id"]), "--json").json
    assert refused[0]["state"] == "draft"
    assert "no mailbox" in refused[0]["why"]
