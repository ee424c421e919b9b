"""`prospector add`: who reached out before they were known is taken up with all that they said."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.shell import ADA, Shell

from prospector.engagements import Entry, log
from prospector.installation import open_installation
from prospector.sdk import Seen


def said_before(shell: Shell, kind: str) -> None:
    """A stranger's mail that our own server vouches for."""
    opened = open_installation(shell.folder)
    now = datetime.now(UTC)
    seen = Seen(kind, "ada@ada.example", f"<{kind}@ada.example>", now, text="…", attributes={"dmarc": True})
    opened.store.write(lambda session: log(session, [Entry("email", seen, now, None)]))
    opened.close()


def test_what_a_stranger_wrote_is_theirs_and_waits_for_an_answer(shell: Shell) -> None:
    said_before(shell, "email_reply")
    assert shell("add", ADA, "--email", "ada@ada.example").code == 0
    assert shell("strangers", "--json").json == []
    (card,) = shell("queue", "--json").json
    assert card["section"] == "Answer first"


def test_who_said_no_as_a_stranger_is_never_written_to(shell: Shell) -> None:
    said_before(shell, "unsubscribe")
    assert shell("add", ADA, "--email", "ada@ada.example").code == 0
    keys = [row["key"] for row in shell("suppressions", "--json").json]
    assert "email:ada@ada.example" in keys
    assert shell("draft", "--template", "intro", "--stage", "cold", "--json").json == []


def test_only_what_was_suppressed_by_hand_is_taken_back(shell: Shell) -> None:
    said_before(shell, "unsubscribe")
    assert shell("add", ADA, "--email", "ada@ada.example").code == 0
    assert shell("suppress", "weber.example").code == 0
    assert shell("suppress", "--undo", "weber.example").out == "1 taken back.\n"
    shell("suppress", "--undo", "ada@ada.example").refused(2, "email:ada@ada.example stays")
