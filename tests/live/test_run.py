"""From real people's acts to engagements, and from approved drafts to real people: by the command line."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.live.bluesky_person import PATIENCE, BlueskyPerson
from tests.live.mail_person import MailPerson
from tests.live.processes import free_ports, until
from tests.live.workspace import Workspace, make

# A command takes seconds to start on a busy machine, and each test gives a dozen.
pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


@pytest.fixture
def us(bluesky_network) -> BlueskyPerson:
    return BlueskyPerson(bluesky_network, "us")


@pytest.fixture
def alice(bluesky_network) -> BlueskyPerson:
    return BlueskyPerson(bluesky_network, "alice")


@pytest.fixture
def workspace(tmp_path, us, mail_servers) -> Workspace:
    return make(tmp_path / "workspace", us, mail_servers, free_ports(1)[0])


def add(workspace: Workspace, person: BlueskyPerson, email: str) -> str:
    """Add somebody as a prospect and return their id."""
    url = f"https://bsky.app/profile/{person.handle}"
    return str(
        workspace.ask("add", url, "--name", "Alice Arnold", "--email", email, "--company", "Acme")["id"]
    )


def kinds(workspace: Workspace, prospect: str) -> Counter[tuple[str, str]]:
    """How often each kind of engagement is there, by them or by us."""
    rows = workspace.ask("engagements", "--prospect", prospect, "--limit", "1000")
    return Counter((row["by"], row["kind"]) for row in rows)


def test_what_real_people_do_becomes_engagements_exactly_once(workspace, us, alice):
    prospect = add(workspace, alice, "alice@prospect.test")
    ours = us.post("We wrote about deliverability")
    alice.post("A busy day")
    done = [
        alice.reply(ours, "That was helpful"),
        alice.quote(ours, "Read this"),
        alice.mention(us, f"Thanks @{us.handle}!"),
        alice.like(ours),
        alice.repost(ours),
        alice.follow(us),
    ]
    us.wait_to_be_told(record.uri for record in done)

    found = [workspace.ask("poll", "--all") for _ in range(3)]

    assert [row["error"] for rows in found for row in rows if row["error"]] == []
    acts = ["post", "reply", "quote", "mention", "like", "repost", "follow"]
    assert kinds(workspace, prospect) == {("them", kind): 1 for kind in acts}


def test_an_approved_mail_goes_out_once_and_its_answer_comes_back(workspace, alice, mail_servers):
    mailbox = MailPerson(mail_servers, "alice@prospect.test")
    prospect = add(workspace, alice, mailbox.address)
    (draft,) = workspace.ask("draft", "--template", "intro", "--prospect", prospect)
    assert draft["problems"] == []
    workspace.ask("approve", str(draft["id"]))

    assert [row["state"] for row in workspace.ask("send")] == ["sent"]
    assert workspace.ask("send") == []

    arrived = mailbox.wait_for(lambda mail: workspace.address in mail["From"])
    mailbox.reply(arrived, "Gladly, on Tuesday.")

    def answered() -> bool:
        workspace.ask("poll", "--account", "mail")
        return kinds(workspace, prospect)["them", "email_reply"] > 0

    until(answered, PATIENCE, "the answer", pause=0.2)
    workspace.ask("poll", "--account", "mail")
    assert kinds(workspace, prospect) == {("us", "email"): 1, ("them", "email_reply"): 1}
    same = [mail for mail in mailbox.mails() if mail["Message-ID"] == arrived["Message-ID"]]
    assert len(same) == 1


def test_a_hard_bounce_is_never_written_to_again(workspace, alice):
    prospect = add(workspace, alice, "nosuch@prospect.test")
    (draft,) = workspace.ask("draft", "--template", "intro", "--prospect", prospect)
    workspace.ask("approve", str(draft["id"]))
    workspace.ask("send")

    def bounced() -> bool:
        workspace.ask("poll", "--account", "mail")
        return kinds(workspace, prospect)["them", "bounce"] > 0

    until(bounced, PATIENCE, "the bounce", pause=0.2)
    assert workspace.ask("draft", "--template", "intro", "--prospect", prospect) == []


def test_a_round_of_run_leaves_everything_sound(workspace, us, alice):
    add(workspace, alice, "alice@prospect.test")
    alice.post("A busy day")

    summary = workspace.ask("run", "--once", "--no-web")

    assert (summary["errors"], summary["new"]) == (0, 1)
    assert [row for row in workspace.ask("doctor") if not row["ok"]] == []
