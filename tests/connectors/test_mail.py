"""The mail connector over real sockets: the sandbox's servers, which fail where a test wants it."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from connectors._mail_folders import BATCH, Place, next_uids, place
from connectors._mail_submission import Route, refusal, trusted
from connectors.mail import Mail, Settings, letter_of
from hypothesis import given
from hypothesis import strategies as st

from prospector.http import Http, Network
from prospector.mail import LIMIT
from prospector.sandbox import mail_answers as answers
from prospector.sandbox.mail import Delivery, Fault, Mailbox, MailServers, MailWorld
from prospector.sdk import (
    Broken,
    ConnectorError,
    Gone,
    Identity,
    Intent,
    Later,
    NotSent,
    Page,
    ProfileRef,
    Refused,
    Unauthorised,
    engagement_key,
)
from prospector.testing import FakeContext
from prospector.testing.complaints import complaints
from prospector.testing.contract import DeclarationTests

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
US, ALICE = "us@us.test", "alice@prospect.test"
PASSWORD = "correct horse"


class TestDeclaration(DeclarationTests):
    connector = Mail
    settings = {"address": US, "imap_host": "imap.us.test", "smtp_host": "smtp.us.test"}  # noqa: RUF012


# --- A world, a mailbox of ours in it, and the connector --------------------------------------------


@pytest.fixture
def world() -> MailWorld:
    return MailWorld(lambda: NOW)


@pytest.fixture
def ours(world: MailWorld) -> Mailbox:
    return world.open(US, PASSWORD)


@pytest.fixture
def servers(world: MailWorld, ours: Mailbox) -> Iterator[MailServers]:
    with MailServers(world) as running:
        yield running


def context_of(servers: MailServers, **settings: Any) -> FakeContext:
    where = {"imap_host": "127.0.0.1", "smtp_host": "127.0.0.1", "imap_tls": "none", "smtp_tls": "none"}
    ports = {"imap_port": servers.imap_port, "smtp_port": servers.smtp_port}
    times = {"timeout": 5, "final_timeout": 5}
    given = {"address": US, "name": "Us", "password": "env:PW", **where, **ports, **times, **settings}
    return FakeContext(Http(Network()), Settings(**given), NOW, secrets={"env:PW": PASSWORD})


@pytest.fixture
def context(servers: MailServers) -> FakeContext:
    return context_of(servers)


def intent(**more: Any) -> Intent:
    given: dict[str, Any] = {
        "message_id": "<m-1@us.test>",
        "action": "email",
        "to": Identity("email", ALICE, ALICE, f"mailto:{ALICE}", "Alice"),
        "approved_at": NOW,
        "body": "Shall we talk?",
        "subject": "A question",
    }
    return Intent(**{**given, **more})


def send(context: FakeContext, **more: Any) -> Any:
    return asyncio.run(Mail().act(context, intent(**more)))


def look(context: FakeContext, cursor: str | None = None) -> Page:
    return asyncio.run(Mail().inbox(context, cursor))


def a_mail(number: int, subject: str = "Hello", body: str = "A word.") -> bytes:
    return (
        f"From: Alice <{ALICE}>\r\nTo: {US}\r\nSubject: {subject}\r\n"
        f"Message-ID: <a-{number}@prospect.test>\r\n"
        f"Date: Sun, 22 Nov 2026 11:00:00 +0000\r\n\r\n{body}\r\n"
    ).encode()


# --- Sending ----------------------------------------------------------------------------------------


def test_a_mail_is_sent_once_marked_once_and_filed(context, world, ours):
    world.open(ALICE, "hers")

    receipt = send(context)

    assert (receipt.uri, receipt.reply) == ("<m-1@us.test>", "250 2.0.0 accepted")
    assert (context.points, world.accepted) == (1, {"<m-1@us.test>": 1})
    (arrived,) = world.mailboxes[ALICE].inbox.mails
    (filed,) = ours.sent.mails
    assert arrived.raw == filed.raw
    assert filed.flags == {"\\Seen"}
    assert b"Auto-Submitted" not in arrived.raw


def test_lines_with_dots_arrive_as_they_were_written(context, world):
    world.open(ALICE, "hers")

    send(context, body=".\n..\nA line.\n.")

    (arrived,) = world.mailboxes[ALICE].inbox.mails
    assert arrived.raw.endswith(b"\r\n\r\n.\r\n..\r\nA line.\r\n.\r\n")


def test_a_follow_up_stays_in_the_thread_and_offers_the_way_out(context, world):
    world.open(ALICE, "hers")
    way_out = "<https://us.test/u/1>, <mailto:us+u-1@us.test>"

    send(context, attributes={"references": ["<m-0@us.test>", "<r@p.test>"], "list_unsubscribe": way_out})

    (arrived,) = world.mailboxes[ALICE].inbox.mails
    assert b"\r\nIn-Reply-To: <r@p.test>\r\nReferences: <m-0@us.test> <r@p.test>\r\n" in arrived.raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in arrived.raw


def test_a_copy_that_cannot_be_filed_does_not_unsend_the_mail(context, world, caplog):
    world.fail(Fault("APPEND", "NO [OVERQUOTA] full"))

    assert send(context).uri == "<m-1@us.test>"
    assert "no copy was filed" in caplog.text


def test_no_mishap_of_filing_puts_a_taken_mail_in_doubt(context, world, caplog, monkeypatch):
    def stumbles(*_: object) -> None:
        raise IndexError("a folder list that nobody can read")

    monkeypatch.setattr("connectors._mail_folders.sent_folder", stumbles)

    assert send(context).reply.startswith("250")
    assert "a folder list that nobody can read" in caplog.text


def test_a_server_that_does_not_tell_its_next_uid_is_not_read_from_its_first_mail_on(
    context, ours, monkeypatch
):
    ours.inbox.add(a_mail(1), NOW - timedelta(days=400))
    monkeypatch.setattr("connectors._mail_folders._number", lambda box, name: 0)

    page = look(context)

    assert (page.seen, page.cursor) == ((), None)


def test_a_certificate_of_our_own_is_trusted_beside_the_known_authorities(certificate):
    assert len(trusted(str(certificate)).get_ca_certs()) >= len(trusted(None).get_ca_certs()) > 0


def test_a_route_shows_no_password():
    assert "s3cret" not in repr(Route("mx.us.test", 587, "starttls", US, "s3cret"))


def test_a_mail_that_was_taken_back_is_not_sent(context, world):
    context.taken_back = True

    with pytest.raises(NotSent):
        send(context)
    assert not world.accepted


@pytest.mark.parametrize(
    "more",
    [
        {"subject": "Hello\r\nBcc: everybody@elsewhere.test"},
        {"subject": "Hello\nthere"},
        {"message_id": "no id"},
        {"to": Identity("email", "nobody", "nobody", "")},
        {"to": Identity("email", "a@b.test>\r\nRCPT TO:<c@d.test", "", "")},
        {"to": Identity("email", ALICE, ALICE, "", "Alice\r\nBcc: x@y.test")},
        {"body": "a\x00b"},
        {"action": "dm"},
    ],
)
def test_what_cannot_be_a_mail_is_refused_before_a_word_is_said(context, world, more):
    with pytest.raises(Refused):
        send(context, **more)
    assert (context.points, world.accepted) == (0, {})


BEFORE_DATA = ["CONNECT", "EHLO", "AUTH", "MAIL", "RCPT"]


@pytest.mark.parametrize(
    ("fault", "error", "marked", "taken"),
    [
        *[(Fault(verb), NotSent, 0, 0) for verb in BEFORE_DATA],
        *[(Fault(verb, "451 4.3.0 try later", times=2), NotSent, 0, 0) for verb in BEFORE_DATA],
        *[(Fault(verb, "421 4.7.0 too many", times=2), Later, 0, 0) for verb in BEFORE_DATA],
        *[(Fault(verb, "gar bage"), NotSent, 0, 0) for verb in ["MAIL", "RCPT"]],
        (Fault("CONNECT", "554 5.7.1 go away"), Unauthorised, 0, 0),
        (Fault("EHLO", "550 5.7.1 go away"), Unauthorised, 0, 0),
        (Fault("AUTH", "535 5.7.8 wrong", times=2), Unauthorised, 0, 0),
        (Fault("AUTH", "534 5.7.9 needs another password", times=2), Unauthorised, 0, 0),
        (Fault("MAIL", "530 5.7.0 log in first"), Unauthorised, 0, 0),
        (Fault("MAIL", "552 5.3.4 too large"), Refused, 0, 0),
        (Fault("MAIL", "550-5.7.1 no\n550 5.7.1 never"), Refused, 0, 0),
        (Fault("RCPT", "550 5.1.1 nobody"), Refused, 0, 0),
        (Fault("RCPT", "450 4.2.0 greylisted"), NotSent, 0, 0),
        (Fault("RCPT", "450 4.7.28 unusual rate"), Later, 0, 0),
        (Fault("DATA"), NotSent, 1, 0),
        (Fault("DATA", "451 4.3.0 try later"), NotSent, 1, 0),
        (Fault("DATA", "554 5.5.1 no"), Refused, 1, 0),
        (Fault("DATA", "250 what"), NotSent, 1, 0),
        (Fault("BODY"), ConnectorError, 1, 0),
        (Fault("DOT"), ConnectorError, 1, 0),
        (Fault("DOT", after=True), ConnectorError, 1, 1),
        (Fault("DOT", "gar bage", after=True), ConnectorError, 1, 1),
        (Fault("DOT", "354 go on", after=True), ConnectorError, 1, 1),
        (Fault("DOT", "2" * 9000, after=True), ConnectorError, 1, 1),
        (Fault("DOT", "451 4.3.0 disk full"), NotSent, 1, 0),
        (Fault("DOT", "421 4.3.2 going down"), NotSent, 1, 0),
        (Fault("DATA", "421 4.3.2 going down"), NotSent, 1, 0),
        (Fault("DOT", "554 5.7.1 spam"), Refused, 1, 0),
        (Fault("DOT", "552 5.3.4 too large"), Refused, 1, 0),
    ],
    ids=lambda value: f"{value.verb} {value.answer[:12]}" if isinstance(value, Fault) else None,
)
def test_each_fault_says_what_may_be_done_next(context, world, fault, error, marked, taken):
    world.fail(fault)

    with pytest.raises(ConnectorError) as raised:
        send(context)

    assert type(raised.value) is error
    assert (context.points, sum(world.accepted.values())) == (marked, taken)


def test_a_server_that_never_answers_the_final_dot_leaves_it_unknown(world, servers):
    context = context_of(servers, final_timeout=0.2)
    world.fail(Fault("DOT", " ", after=True))  # keeps the connection, says nothing that ends in a code

    with pytest.raises(ConnectorError) as raised:
        send(context)

    assert type(raised.value) is ConnectorError
    assert world.accepted == {"<m-1@us.test>": 1}


def test_nobody_listens(servers):
    with pytest.raises(NotSent):
        send(context_of(servers, smtp_port=1))
    with pytest.raises(Later):
        look(context_of(servers, imap_port=1))


def test_a_server_without_starttls_gets_no_password(servers):
    with pytest.raises(Unauthorised, match="no STARTTLS"):
        send(context_of(servers, smtp_tls="starttls"))
    with pytest.raises(Unauthorised, match="no STARTTLS"):
        look(context_of(servers, imap_tls="starttls"))


@given(st.integers(100, 999), st.sampled_from(["MAIL", "RCPT", "DATA", "AUTH", "the end of the mail"]))
def test_only_a_permanent_answer_to_the_mail_itself_is_a_refusal(code, verb):
    error = refusal(verb, code, "words")

    assert isinstance(error, Refused) <= (500 <= code < 600 and verb != "AUTH")
    assert isinstance(error, NotSent | Later | Refused | Unauthorised)


# --- TLS --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, with its key in the same file."""
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    out = ["-days", "2", "-keyout", str(file.with_suffix(".key")), "-out", str(file)]
    subprocess.run([*command, *names, *out], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + file.with_suffix(".key").read_bytes())
    return file


@pytest.mark.parametrize("way", ["starttls", "implicit"])
def test_tls_is_spoken_and_checked(world, ours, certificate, way):
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(certificate)
    with MailServers(world, offered, implicit=way == "implicit") as servers:
        ways = {"smtp_tls": way, "imap_tls": way}
        send(context_of(servers, ca=str(certificate), **ways))
        assert look(context_of(servers, ca=str(certificate), **ways)).cursor == "1:0"

        with pytest.raises(Unauthorised, match="not to be trusted"):
            send(context_of(servers, **ways))
        with pytest.raises(Unauthorised, match="not to be trusted"):
            look(context_of(servers, **ways))
    assert world.accepted == {"<m-1@us.test>": 1}


# --- Finding, and who we are ------------------------------------------------------------------------


def test_a_sent_mail_is_found_and_another_is_not(context, ours):
    ours.sent.add(b"Message-ID: <m-1@us.test>\r\n\r\n", NOW)

    found = asyncio.run(Mail().find(context, intent()))
    other = asyncio.run(Mail().find(context, intent(message_id="<m-2@us.test>")))

    assert (found.uri if found else None, other) == ("<m-1@us.test>", None)


def test_where_there_is_no_folder_of_sent_mail_nobody_can_say_that_it_is_not_there(context, ours):
    del ours.folders["Sent"]

    with pytest.raises(Broken, match="sent_folder"):
        asyncio.run(Mail().find(context, intent()))


def test_who_we_are_needs_both_logins(context, world):
    assert asyncio.run(Mail().whoami(context)).remote_id == US
    world.fail(Fault("AUTH", "535 5.7.8 wrong", times=2))
    with pytest.raises(Unauthorised):
        asyncio.run(Mail().whoami(context))


def test_an_address_stands_for_itself(context):
    resolve = Mail().resolve
    ref = ProfileRef("email", "mailto:Bob@Prospect.Test", "Bob@Prospect.Test")

    assert asyncio.run(resolve(context, ref)).remote_id == "bob@prospect.test"
    with pytest.raises(Gone):
        asyncio.run(resolve(context, ProfileRef("email", "mailto:bob", "bob")))


# --- The inbox --------------------------------------------------------------------------------------


def everything_back(delivery: Delivery) -> None:
    """What may come back to one mail, all at once."""
    raw, sender, recipient = delivery.raw, delivery.sender, delivery.recipient
    for mail in [
        answers.reply(raw, "Tell me more.", NOW, "<r@prospect.test>", "Alice"),
        answers.vacation(raw, date(2026, 12, 7), NOW, "<v@prospect.test>"),
        answers.delivery_report(raw, recipient, NOW, "<b@prospect.test>"),
        answers.delivery_report(raw, recipient, NOW, "<d@prospect.test>", "4.4.1", "no answer", "delayed"),
        answers.complaint(raw, recipient, NOW, "<c@prospect.test>"),
        answers.reply(raw, "Please unsubscribe me.", NOW, "<u@prospect.test>"),
    ]:
        delivery.world.deliver(mail, sender)


def test_what_comes_back_is_told_apart_and_refers_to_our_mail(context, world):
    world.on_message("*", everything_back)
    send(context)

    page = look(context)

    assert [thing.kind for thing in page.seen] == [
        "email_reply",
        "auto_reply",
        "bounce",
        "complaint",
        "unsubscribe",
    ]
    assert {(thing.actor, thing.post) for thing in page.seen} == {(ALICE, "<m-1@us.test>")}
    reply, vacation, bounce, *_ = page.seen
    assert (reply.text, reply.actor_name, reply.at) == ("Tell me more.", "Alice", NOW)
    assert reply.attributes["references"] == ["<m-1@us.test>", "<r@prospect.test>"]
    assert vacation.attributes["until"] == "2026-12-07"
    assert (bounce.attributes["hard"], bounce.attributes["status"]) == (True, "5.1.1")
    assert not complaints(page)


def test_the_cursor_goes_on_and_nothing_is_read_twice(context, ours):
    for number in range(3):
        ours.inbox.add(a_mail(number), NOW)

    first = look(context)
    again = look(context, first.cursor)
    ours.inbox.add(a_mail(3), NOW)
    later = look(context, again.cursor)

    assert [len(page.seen) for page in (first, again, later)] == [3, 0, 1]
    assert (first.cursor, again.cursor, later.cursor) == ("1:3", "1:3", "1:4")
    assert all("\\Seen" not in mail.flags for mail in ours.inbox.mails)


def test_many_mails_come_in_batches(context, ours):
    for number in range(2 * BATCH + 1):
        ours.inbox.add(a_mail(number), NOW)
    pages, cursor, more = [], None, True
    while more:
        pages.append(look(context, cursor))
        cursor, more = pages[-1].cursor, pages[-1].more

    assert [len(page.seen) for page in pages] == [BATCH, BATCH, 1]
    assert len({thing.object for page in pages for thing in page.seen}) == 2 * BATCH + 1


def test_after_a_renumbering_everything_recent_is_read_again_under_the_same_keys(context, ours):
    ours.inbox.add(a_mail(0), NOW - timedelta(days=90))
    ours.inbox.add(a_mail(1), NOW)
    before = look(context)
    ours.inbox.mails.reverse()
    ours.inbox.renumber()

    after = look(context, before.cursor)

    assert after.cursor == "2:1"
    assert [engagement_key("email", thing) for thing in after.seen] == [
        engagement_key("email", thing) for thing in before.seen
    ]


def test_an_old_inbox_is_not_read_from_its_beginning(context, ours):
    for number in range(5):
        ours.inbox.add(a_mail(number), NOW - timedelta(days=90))

    page = look(context)

    assert (page.seen, page.cursor, page.more) == ((), "1:5", False)


def test_what_says_nothing_of_a_person_is_left_out(context, ours):
    newsletter = a_mail(1).replace(b"To:", b"List-Unsubscribe: <https://x.test/>\r\nTo:")
    to_ourselves = a_mail(2).replace(ALICE.encode(), US.encode())
    for mail in (newsletter, to_ourselves, b"", b"\r\n\r\n"):
        ours.inbox.add(mail, NOW)

    page = look(context)

    assert (page.seen, page.cursor) == ((), "1:4")


def test_a_huge_mail_is_read_by_its_beginning(context, ours):
    ours.inbox.add(a_mail(1, body="A word.\r\n" + "x" * 70 + "\r\n" + "y" * (LIMIT * 3)), NOW)

    (seen,) = look(context).seen

    assert seen.text.startswith("A word.")
    assert seen.raw["size"] > LIMIT
    assert len(seen.text) < 200_000


@pytest.mark.parametrize(
    "claimed", ["Thu, 01 Jan 1970 00:00:00 +0000", "Wed, 01 Jan 2099 00:00:00 +0000", "x"]
)
def test_an_incredible_date_gives_way_to_the_time_of_receipt(context, ours, claimed):
    ours.inbox.add(a_mail(1).replace(b"Sun, 22 Nov 2026 11:00:00 +0000", claimed.encode()), NOW)

    (seen,) = look(context).seen

    assert seen.at == NOW


@pytest.mark.parametrize(
    ("said", "trusted"),
    [
        ("mx.us.test; spf=pass; dmarc=pass header.from=prospect.test", True),
        ("mx.us.test 1; dmarc=pass (p=none) header.from=prospect.test; spf=fail", True),
        ('mx.us.test; dmarc=pass header.from="prospect.test"', True),
        ("mx.us.test; dmarc=fail header.from=prospect.test", False),
        (
            'mx.us.test; dmarc=fail; spf=pass smtp.mailfrom="dmarc=pass header.from=prospect.test"@e.test',
            False,
        ),
        ('mx.us.test; spf=pass smtp.mailfrom="a; dmarc=pass header.from=prospect.test"@e.test', False),
        ('mx.us.test; spf=pass smtp.mailfrom="a\\"; dmarc=pass header.from=prospect.test "@e.test', False),
        ("mx.us.test; spf=pass smtp.mailfrom=a; dmarc=pass header.from=prospect.test; dmarc=fail", False),
        ("mx.us.test; spf=pass (for a; dmarc=pass header.from=prospect.test )", False),
        ("mx.us.test; dmarc=pass header.from=elsewhere.test", False),
        ("mx.elsewhere.test; dmarc=pass header.from=prospect.test", False),
    ],
)
def test_only_our_own_server_vouches_for_a_sender(servers, ours, said, trusted):
    forged = b"Authentication-Results: mx.us.test; dmarc=pass header.from=prospect.test\r\n"
    ours.inbox.add(f"Authentication-Results: {said}\r\n".encode() + forged + a_mail(1), NOW)

    (seen,) = look(context_of(servers, authserv="mx.us.test")).seen

    assert seen.attributes.get("dmarc", False) is trusted


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        *[(Fault(verb), Later) for verb in ("LOGIN", "EXAMINE", "SEARCH", "FETCH")],
        *[(Fault(verb, after=True), Later) for verb in ("LOGIN", "EXAMINE", "SEARCH", "FETCH")],
        (Fault("LOGIN", "NO [AUTHENTICATIONFAILED] wrong"), Unauthorised),
        (Fault("LOGIN", "NO [UNAVAILABLE] backend down"), Later),
        (Fault("EXAMINE", "NO no such folder"), Broken),
        (Fault("SEARCH", "BAD what"), Broken),
        (Fault("FETCH", "NO server error"), Broken),
    ],
    ids=lambda value: f"{value.verb} {value.answer[:12]}{value.after}" if isinstance(value, Fault) else None,
)
def test_an_inbox_that_fails_loses_nothing(context, world, ours, fault, error):
    ours.inbox.add(a_mail(1), NOW)
    world.fail(fault)

    with pytest.raises(ConnectorError) as raised:
        look(context)

    assert type(raised.value) is error
    assert len(look(context).seen) == 1


@given(st.lists(st.integers(1, 300)), st.integers(0, 300))
def test_only_what_lies_ahead_is_read_in_order(found, after):
    uids = next_uids(found, after)

    assert uids == sorted(set(uids))
    assert all(uid > after for uid in uids)
    assert len(uids) == min(BATCH + 1, len({uid for uid in found if uid > after}))


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_a_cursor_says_the_place_that_it_was_made_of(validity, uid):
    assert place(str(Place(validity, uid))) == Place(validity, uid)


@given(st.text())
def test_a_foreign_cursor_is_broken(text):
    try:
        known = place(text)
    except Broken:
        return
    assert known is not None
    assert text == f"{text.partition(':')[0]}:{text.partition(':')[2]}"


def test_the_letter_is_dated_when_it_is_sent():
    settings = Settings(address=US, imap_host="i", smtp_host="s")

    assert letter_of(intent(approved_at=NOW - timedelta(days=3)), settings, NOW).at == NOW


@pytest.mark.parametrize(
    ("attributes", "answered", "thread"),
    [
        ({}, "", ()),
        ({"references": ["<a@x>", "<b@x>"]}, "<b@x>", ("<a@x>", "<b@x>")),
        ({"references": ["<a@x>", "<b@x>", "<b@x>"], "in_reply_to": "<b@x>"}, "<b@x>", ("<a@x>", "<b@x>")),
        ({"references": ["<a@x>"], "in_reply_to": "<b@x>"}, "<b@x>", ("<a@x>", "<b@x>")),
    ],
)
def test_a_thread_names_each_mail_once(attributes, answered, thread):
    settings = Settings(address=US, imap_host="i", smtp_host="s")

    letter = letter_of(intent(attributes=attributes), settings, NOW)

    assert (letter.in_reply_to, letter.references) == (answered, thread)
