"""The mail connector against a real Postfix and Dovecot, with real people and machines that answer."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from connectors.mail import Mail, Settings
from tests.live.context import LiveContext
from tests.live.mail_person import PATIENCE, MailPerson
from tests.live.mail_servers import PASSWORD, US
from tests.live.processes import free_ports, until

from prospector.http import Http, Network
from prospector.mail import classify
from prospector.sdk import Identity, Intent, Later, NotSent, Refused, Seen, Unauthorised, engagement_key

pytestmark = pytest.mark.live


class OurMailbox:
    """Our account, as the core uses it: a cursor kept between looks, and all that was seen."""

    def __init__(self, servers, runner: asyncio.Runner, **settings: Any) -> None:
        self.connector = Mail()
        self.run = runner.run
        self.person = MailPerson(servers, US)
        self.cursor: str | None = None
        self.seen: dict[str, Seen] = {}
        place = {"imap_host": servers.host, "smtp_host": servers.host, "ca": str(servers.certificate)}
        ways = {"imap_port": servers.imaps, "smtp_port": servers.submission, "smtp_tls": "starttls"}
        given = Settings(**{"address": US, "name": "Us", "password": "env:PW", **place, **ways, **settings})
        # A mailbox needs no HTTP; the context has it all the same.
        self.context = LiveContext(given, Http(Network()), {"env:PW": PASSWORD})

    def send(self, to: str, body: str = "Shall we talk?", **attributes: Any) -> str:
        """Send an approved mail and return its Message-ID."""
        intent = intent_of(to, body, **attributes)
        self.run(self.connector.act(self.context, intent))
        return intent.message_id

    def look(self) -> dict[str, Seen]:
        """One poll of the inbox: page after page until there is no more."""
        more = True
        while more:
            page = self.run(self.connector.inbox(self.context, self.cursor))
            self.seen |= {engagement_key("email", thing): thing for thing in page.seen}
            self.cursor, more = page.cursor or self.cursor, page.more
        return self.seen

    def about(self, message_id: str) -> list[Seen]:
        """What came in about one of our mails."""
        return [thing for thing in self.seen.values() if thing.post == message_id]

    def wait_for(self, message_id: str, count: int = 1) -> list[Seen]:
        """Poll until so many things came in about that mail, and once more."""
        until(
            lambda: self.look() and len(self.about(message_id)) >= count, PATIENCE, "something came in", 0.2
        )
        self.look()
        return self.about(message_id)


def intent_of(to: str, body: str = "Shall we talk?", **attributes: Any) -> Intent:
    return Intent(
        message_id=f"<{uuid.uuid4()}@us.test>",
        action="email",
        to=Identity("email", to, to, f"mailto:{to}"),
        approved_at=datetime.now(UTC),
        subject="A question",
        body=body,
        attributes=attributes,
    )


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def ours(mail_servers, runner) -> OurMailbox:
    return OurMailbox(mail_servers, runner)


@pytest.fixture
def alice(mail_servers) -> MailPerson:
    return MailPerson(mail_servers, "alice@prospect.test")


@pytest.fixture
def bob(mail_servers) -> MailPerson:
    return MailPerson(mail_servers, "bob@prospect.test")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_mail_arrives_and_its_answer_comes_back_once(mail_servers, runner, alice, tls):
    implicit = tls == "implicit"
    ours = OurMailbox(
        mail_servers,
        runner,
        smtp_tls=tls,
        smtp_port=mail_servers.smtps if implicit else mail_servers.submission,
        imap_tls=tls,
        imap_port=mail_servers.imaps if implicit else mail_servers.imap,
    )
    sent = ours.send(alice.address, "Shall we talk?\nOn Friday?")
    arrived = alice.wait_for(lambda mail: mail["Message-ID"] == sent)
    assert (arrived["From"], arrived["Subject"]) == (f"Us <{US}>", "A question")
    # RFC 3848: ESMTPSA is a mail that came through TLS and with a login.
    assert any("with ESMTPSA" in hop for hop in arrived.get_all("Received"))

    answer = alice.reply(arrived, "Yes, tomorrow.")

    (seen,) = ours.wait_for(sent)
    assert (seen.kind, seen.actor, seen.object, seen.by) == ("email_reply", alice.address, answer, "them")
    assert seen.text == "Yes, tomorrow."
    ours.cursor = None
    ours.look()
    assert len(ours.about(sent)) == 1


def test_sending_marks_the_point_of_no_return_once(ours, alice):
    ours.send(alice.address)

    assert ours.context.points_of_no_return == 1


def test_a_follow_up_stays_in_the_thread(ours, alice):
    first = ours.send(alice.address)
    alice.reply(alice.wait_for(lambda mail: mail["Message-ID"] == first), "Tell me more.")
    (answer,) = ours.wait_for(first)

    second = ours.send(alice.address, "Gladly.", references=answer.attributes["references"])

    arrived = alice.wait_for(lambda mail: mail["Message-ID"] == second)
    assert arrived["In-Reply-To"] == answer.object
    assert arrived["References"].split() == [first, answer.object]


@pytest.mark.parametrize(
    ("to", "status", "hard"),
    [
        ("nosuch@prospect.test", "5.1.1", True),
        ("somebody@nowhere.test", "5.1.2", True),
        ("full@prospect.test", "5.2.2", False),
    ],
)
def test_a_bounce_says_which_mail_and_why(ours, to, status, hard):
    sent = ours.send(to, "Far too much for a small mailbox.\n" * 100)

    (seen,) = ours.wait_for(sent)

    assert (seen.kind, seen.actor) == ("bounce", to)
    assert (seen.attributes["status"], seen.attributes["hard"]) == (status, hard)


def test_a_delay_is_no_bounce_but_giving_up_is(ours):
    sent = ours.send("somebody@slow.test")

    (seen,) = ours.wait_for(sent)

    assert (seen.kind, seen.attributes["status"], seen.attributes["hard"]) == ("bounce", "4.4.1", False)
    read = [classify(mail.as_bytes(), datetime.now(UTC)) for mail in ours.person.mails()]
    about = [(one.kind, one.status, one.recipient) for one in read if one.message_id == sent]
    assert about == [("delayed", "4.4.1", "somebody@slow.test"), ("bounce", "4.4.1", "somebody@slow.test")]


def test_a_vacation_notice_is_no_answer(ours):
    sent = ours.send("vacation@prospect.test")

    (seen,) = ours.wait_for(sent)

    assert (seen.kind, seen.actor) == ("auto_reply", "vacation@prospect.test")
    assert "away until Monday" in seen.text


def test_who_asks_to_be_left_alone_is_heard(ours, alice):
    sent = ours.send(alice.address)
    alice.reply(alice.wait_for(lambda mail: mail["Message-ID"] == sent), "Please unsubscribe me.")

    (seen,) = ours.wait_for(sent)

    assert (seen.kind, seen.actor) == ("unsubscribe", alice.address)


def test_the_way_out_survives_the_journey(ours, alice):
    header = "<https://us.test/u/1>, <mailto:us+u-1@us.test>"

    sent = ours.send(alice.address, list_unsubscribe=header)

    arrived = alice.wait_for(lambda mail: mail["Message-ID"] == sent)
    assert arrived["List-Unsubscribe"] == header
    assert arrived["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_more_answers_than_a_batch_are_all_read_and_stay_unread(ours, bob):
    sent = ours.send(bob.address)
    arrived = bob.wait_for(lambda mail: mail["Message-ID"] == sent)
    ours.look()
    answers = {bob.reply(arrived, f"Answer {number}") for number in range(55)}
    ours.person.wait_for(lambda mail: not answers - {one["Message-ID"] for one in ours.person.mails()})

    seen = ours.wait_for(sent, count=55)

    assert {thing.object for thing in seen} == answers
    unread = {mail["Message-ID"] for mail in ours.person.mails(criterion="UNSEEN")}
    assert answers <= unread


def test_a_mailbox_that_was_restored_is_read_again_without_counting_twice(ours, bob):
    sent = ours.send(bob.address)
    bob.reply(bob.wait_for(lambda mail: mail["Message-ID"] == sent), "Once only.")
    ours.wait_for(sent)
    before = set(ours.look())
    ours.person.servers.change_uid_validity(US, 1_900_000_000)

    after = set(ours.look())

    assert after == before
    assert ours.cursor.startswith("1900000000:")


def test_servers_that_are_away_are_asked_again(mail_servers, runner):
    nobody = free_ports(1)[0]
    ours = OurMailbox(mail_servers, runner, imap_port=nobody, smtp_port=nobody)

    with pytest.raises(NotSent):
        ours.send("alice@prospect.test")
    with pytest.raises(Later):
        ours.look()

    assert ours.context.points_of_no_return == 0


def test_a_sent_mail_is_found_in_the_folder_of_sent_mail(ours, alice):
    intent = intent_of(alice.address)
    assert ours.run(ours.connector.find(ours.context, intent)) is None

    ours.run(ours.connector.act(ours.context, intent))

    found = ours.run(ours.connector.find(ours.context, intent))
    assert found.uri == intent.message_id
    copies = [mail for mail in ours.person.mails("Sent") if mail["Message-ID"] == intent.message_id]
    assert [copy["To"] for copy in copies] == [alice.address]


@pytest.mark.parametrize(("domain", "error"), [("refused.test", Refused), ("busy.test", NotSent)])
def test_a_recipient_that_is_turned_away_got_nothing(ours, domain, error):
    intent = intent_of(f"somebody@{domain}")

    with pytest.raises(error):
        ours.run(ours.connector.act(ours.context, intent))

    assert ours.context.points_of_no_return == 0
    assert ours.run(ours.connector.find(ours.context, intent)) is None


def test_both_servers_let_us_in(ours):
    found = ours.run(ours.connector.whoami(ours.context))

    assert found.remote_id == US


def test_a_wrong_password_asks_for_a_person(ours):
    ours.context.secrets = {"env:PW": "wrong"}

    for attempt in (
        ours.connector.whoami(ours.context),
        ours.connector.inbox(ours.context, None),
        ours.connector.act(ours.context, intent_of("alice@prospect.test")),
    ):
        with pytest.raises(Unauthorised):
            ours.run(attempt)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_that_nobody_vouches_for_gets_no_password(mail_servers, runner, tls):
    port = mail_servers.smtps if tls == "implicit" else mail_servers.submission
    ours = OurMailbox(mail_servers, runner, ca=None, smtp_tls=tls, smtp_port=port)

    with pytest.raises(Unauthorised, match="certificate"):
        ours.send("alice@prospect.test")
    with pytest.raises(Unauthorised, match="certificate"):
        ours.look()
