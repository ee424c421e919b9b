"""The other people of the live tests: the servers do for them what the tests build upon."""

from __future__ import annotations

import smtplib

import pytest
from tests.live.bluesky_person import BlueskyPerson
from tests.live.mail_person import MailPerson

pytestmark = pytest.mark.live


def test_bluesky_tells_of_everything_that_was_done_to_us(bluesky_network):
    us, alice = BlueskyPerson(bluesky_network, "us"), BlueskyPerson(bluesky_network, "alice")
    post = us.post("A word from us")
    done = {
        "reply": alice.reply(post, "An answer"),
        "like": alice.like(post),
        "repost": alice.repost(post),
        "follow": alice.follow(us),
        "mention": alice.mention(us, f"Ask @{us.handle} about it"),
        "quote": alice.quote(post, "Look at this"),
    }

    told = us.wait_to_be_told(record.uri for record in done.values())

    assert {one["reason"]: one["uri"] for one in told} == {kind: made.uri for kind, made in done.items()}


def test_mail_arrives_and_is_answered(mail_servers):
    us, bob = MailPerson(mail_servers, "us@us.test"), MailPerson(mail_servers, "bob@prospect.test")
    sent = us.send(bob.address, "A question", "Shall we talk?")
    arrived = bob.wait_for(lambda mail: mail["Message-ID"] == sent)

    answer = bob.reply(arrived, "Yes, tomorrow.")

    came_back = us.wait_for(lambda mail: mail["Message-ID"] == answer)
    assert came_back["In-Reply-To"] == sent
    assert "Yes, tomorrow." in came_back.get_content()
    assert "> Shall we talk?" in came_back.get_content()


@pytest.mark.parametrize(("domain", "code"), [("refused.test", 550), ("busy.test", 450)])
def test_some_recipients_are_turned_away_at_once(mail_servers, domain, code):
    us = MailPerson(mail_servers, "us@us.test")

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        us.send(f"somebody@{domain}", "A question", "Shall we talk?")

    assert refused.value.recipients[f"somebody@{domain}"][0] == code
