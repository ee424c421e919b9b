"""The sandbox's mail servers, asked by clients that are not ours: imap-tools, imaplib and smtplib."""

from __future__ import annotations

import imaplib
import smtplib
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from imap_tools import AND, MailBoxUnencrypted

from prospector.mail import classify
from prospector.sandbox import mail_answers as answers
from prospector.sandbox.mail import Delivery, Fault, MailServers, MailWorld
from prospector.sandbox.mail_imap_items import chosen, search

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
US, ALICE, PASSWORD = "us@us.test", "alice@prospect.test", 'a "quoted" \\ word'
MAIL = f"From: {US}\r\nTo: {ALICE}\r\nSubject: Hällo\r\nMessage-ID: <m@us.test>\r\n\r\nA word.\r\n".encode()


@pytest.fixture
def world() -> MailWorld:
    world = MailWorld(lambda: NOW)
    world.open(US, PASSWORD)
    world.open(ALICE, PASSWORD)
    return world


@pytest.fixture
def servers(world: MailWorld) -> Iterator[MailServers]:
    with MailServers(world) as running:
        yield running


@pytest.fixture
def box(servers: MailServers) -> Iterator[MailBoxUnencrypted]:
    with MailBoxUnencrypted("127.0.0.1", servers.imap_port, timeout=10).login(ALICE, PASSWORD) as opened:
        yield opened


def submit(servers: MailServers, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", servers.smtp_port, "us.test", timeout=10) as client:
        client.login(US, PASSWORD)
        client.sendmail(US, list(recipients), MAIL)


def test_a_submitted_mail_lies_in_the_inbox_and_is_counted(servers, world, box):
    submit(servers, ALICE, "nobody@prospect.test")

    (mail,) = box.fetch(mark_seen=False)

    assert (mail.subject, mail.uid, mail.flags, mail.size_rfc822) == ("Hällo", "1", (), len(MAIL))
    assert world.accepted == {"<m@us.test>": 1}


def test_reading_marks_and_flags_stay(servers, world, box):
    submit(servers, ALICE)

    list(box.fetch(AND(seen=False)))
    box.flag("1", "\\Flagged", True)

    assert box.uids(AND(seen=False)) == []
    assert world.mailboxes[ALICE].inbox.mails[0].flags >= {"\\Flagged"}
    box.delete("1")
    assert box.uids("ALL") == []


def test_folders_and_appended_mails(box):
    assert {(folder.name, "\\Sent" in folder.flags) for folder in box.folder.list()} == {
        ("INBOX", False),
        ("Sent", True),
    }
    box.append(MAIL, "Sent", dt=NOW, flag_set=["\\Seen"])
    assert box.folder.status("Sent")["MESSAGES"] == 1
    box.folder.set("Sent")
    assert box.uids('HEADER Message-ID "<m@us.test>"') == ["1"]
    assert box.uids("SINCE 23-Nov-2026") == []


def test_a_wrong_password_and_an_unknown_command_are_refused(servers):
    client = imaplib.IMAP4("127.0.0.1", servers.imap_port, timeout=10)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.login(ALICE, "wrong")
    client.state = "SELECTED"
    with pytest.raises(imaplib.IMAP4.error, match="not known"):
        client.sort("DATE", "UTF-8", "ALL")
    client.logout()


def test_idle_wakes_when_a_mail_comes(world, box):
    woken: list[bytes] = []
    waiting = threading.Event()
    world.mailboxes[ALICE].inbox.watchers = Watched(waiting)

    listener = threading.Thread(target=lambda: woken.extend(box.idle.wait(timeout=10)))
    listener.start()
    assert waiting.wait(10)
    # The client drops what comes in one packet with the server's leave to idle, so once more.
    while listener.is_alive():
        world.deliver(MAIL, ALICE)
        listener.join(0.2)

    assert any(line.endswith(b"EXISTS") for line in woken)


class Watched(set):
    """Watchers of a folder, with a bell for the first of them."""

    def __init__(self, bell: threading.Event) -> None:
        super().__init__()
        self.bell = bell

    def add(self, watcher) -> None:
        super().add(watcher)
        self.bell.set()


def test_people_answer_through_the_world(servers, world):
    def answer(delivery: Delivery) -> None:
        delivery.world.deliver(answers.reply(delivery.raw, "Yes.", NOW, "<r@p.test>"), delivery.sender)

    world.on_message("carol@prospect.test", answer)
    submit(servers, "carol@prospect.test")

    (mail,) = world.mailboxes[US].inbox.mails
    assert classify(mail.raw, NOW).text == "Yes."


@pytest.mark.parametrize(
    ("made", "kind", "detail"),
    [
        (answers.reply(MAIL, "Yes.", NOW, "<r@p.test>"), "reply", "Yes."),
        (answers.vacation(MAIL, date(2026, 12, 7), NOW, "<r@p.test>"), "auto_reply", date(2026, 12, 7)),
        (answers.delivery_report(MAIL, ALICE, NOW, "<r@p.test>"), "bounce", "5.1.1"),
        (answers.delivery_report(MAIL, ALICE, NOW, "<r@p.test>", "5.2.2", "full"), "bounce", "5.2.2"),
        (
            answers.delivery_report(MAIL, ALICE, NOW, "<r@p.test>", "4.4.1", "x", "delayed"),
            "delayed",
            "4.4.1",
        ),
        (answers.complaint(MAIL, ALICE, NOW, "<r@p.test>"), "complaint", "abuse"),
    ],
)
def test_what_the_sandbox_answers_is_read_as_it_is_meant(made, kind, detail):
    read = classify(made, NOW)

    assert (read.kind, read.recipient, read.message_id) == (kind, ALICE, "<m@us.test>")
    assert detail in (read.text, read.until, read.status)


def test_a_fault_strikes_as_often_as_it_was_told(world):
    world.fail(Fault("MAIL", times=2))

    assert [world.fault("MAIL") is not None for _ in range(3)] == [True, True, False]
    assert world.fault("RCPT") is None


def test_sets_and_searches(world):
    inbox = world.mailboxes[ALICE].inbox
    for _ in range(3):
        world.deliver(MAIL, ALICE)
    inbox.renumber()

    assert [mail.uid for _, mail in chosen(inbox, "1,3", by_uid=True)] == [1, 3]
    assert [mail.uid for _, mail in chosen(inbox, "9:*", by_uid=True)] == [3]
    assert len(search(inbox, ["ALL"])) == 3
    assert [number for number, _ in search(inbox, ["UID", "2:*", "UNSEEN"])] == [2, 3]
    with pytest.raises(ValueError):
        search(inbox, ["FUZZY"])
