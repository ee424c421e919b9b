"""Mails of many programs and languages, each read as a person would; and bytes that are no mails at all."""

from __future__ import annotations

import base64
import tomllib
from collections import Counter
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.mail import LIMIT, classify

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MAILS = Path(__file__).parent / "mails"
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((MAILS / "expected.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_mail_is_read_as_a_person_would(name):
    read = asdict(classify((MAILS / name).read_bytes(), NOW))
    read["until"] = read["until"].isoformat() if read["until"] else None

    assert {key: read[key] for key in EXPECTED[name]} == EXPECTED[name]


def test_every_mail_has_an_expectation_and_each_kind_enough_mails():
    assert {str(file.relative_to(MAILS)) for file in MAILS.glob("*/*.eml")} == set(EXPECTED)
    count = Counter(one["kind"] for one in EXPECTED.values())
    least = {"auto_reply": 60, "bounce": 15, "reply": 36, "unsubscribe": 10}
    assert {kind: number for kind, number in least.items() if count[kind] < number} == {}
    languages = {Path(name).name[:2] for name in EXPECTED if name.startswith("auto_reply/")}
    assert len(languages) >= 12


# --- What a mail must never do ----------------------------------------------------------------------

NAMES = """
    From To Subject Date Message-ID In-Reply-To References Content-Type Content-Transfer-Encoding
    Auto-Submitted Precedence Return-Path List-Id X-Failed-Recipients MIME-Version
"""
HEADERS = st.sampled_from(NAMES.split())
VALUES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(
        [
            b"multipart/report; report-type=delivery-status; boundary=b",
            b"multipart/report; report-type=feedback-report; boundary=b",
            b'multipart/mixed; boundary="b"',
            b"message/rfc822",
            b"message/delivery-status",
            b"text/html; charset=utf-16",
            b"text/plain; charset=no-such",
            b"text/plain; charset*=utf-8''%ff%fe; charset*0*=x",
            b"base64",
            b"quoted-printable",
            b"uuencode",
            b"=?utf-8?q?=ff=fe?=",
            b"=?punycode?b?////?=",
            b"=?utf-7?b?+AAA-?=",
            b"\xff\xfe <\xed\xa0\x80@x>",
            b"<a@b> <c@d>",
            b"Fri, 99 Foo 99999 99:99:99 +9999",
            b"Mon, 01 Jan 0001 00:00:00 +2359",
        ]
    ),
)
BODIES = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(
        st.sampled_from(
            [
                b"--b\r\n",
                b"--b--\r\n",
                b"Content-Type: message/delivery-status\r\n\r\n",
                b"Content-Type: message/feedback-report\r\n\r\n",
                b"Content-Type: message/rfc822\r\n\r\n",
                b"Content-Type: text/html\r\n\r\n<blockquote><p>x",
                b"Final-Recipient: rfc822;\r\nAction: failed\r\nStatus: 5.9999.1\r\n\r\n",
                b"Final-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n",
                b"On 31.02.2027 back until 30. Februar wrote:\r\n> q\r\n",
                b"Message-ID: <x@y>\r\n\r\n",
                b"\xff\x00\r\n",
            ]
        ),
        max_size=12,
    ).map(b"".join),
)


@given(st.lists(st.tuples(HEADERS, VALUES), max_size=8), BODIES)
def test_no_bytes_make_it_raise(headers, body):
    head = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)

    mail = classify(head + b"\r\n" + body, NOW)

    assert mail.id.startswith("<")
    assert "\0" not in mail.text + mail.subject + mail.name + mail.sender
    (mail.text + mail.subject + mail.name + mail.sender + mail.id).encode()
    assert all(one.startswith("<") for one in mail.refers_to)


@given(st.binary(max_size=2000))
def test_the_same_bytes_are_the_same_mail(raw):
    assert classify(raw, NOW) == classify(raw, NOW)


BOMBS = {
    "nested parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)
    ),
    "nested mails": b"Content-Type: message/rfc822\r\n\r\n" * 3000,
    "many parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000,
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 60_000 + b"\r\n\r\n",
    "references": b"References: " + b"<a@b> " * 100_000 + b"\r\n\r\n",
    "brackets": b"References: " + b"<" * 500_000 + b"\r\n\r\n",
    "addresses": b"From: " + b"a@b," * 200_000 + b"\r\n\r\n",
    "comments": b"From: " + b"(" * 100_000 + b"\r\n\r\n",
    "attachment": b"Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b"A" * 50_000_000,
    "one line": b"From: a@b.test\r\n\r\n" + b"On " * 300_000,
    "wrote": b"From: a@b.test\r\n\r\n" + b"On 1 wrote wrote\r\n" * 50_000 + b":",
    "labels": b"From: a@b.test\r\n\r\n" + b"From: x\r\n" * 50_000,
    "spaces": b"From: a@b.test\r\n\r\n" + b" " * 500_000 + b"x:",
    "newlines": b"From: a@b.test\r\n\r\n" + b"\r\n" * 400_000 + b"On 1 x wrote:",
    "quotes": b"From: a@b.test\r\n\r\n" + b"> " * 300_000,
    "dates": b"From: a@b.test\r\nAuto-Submitted: auto-replied\r\n\r\n"
    + b"5 December until 5.12. back 6/12 " * 20_000,
    "markup": b"From: a@b.test\r\nContent-Type: text/html\r\n\r\n" + b"<blockquote><div>" * 50_000,
    "comments in markup": b"From: a@b.test\r\nContent-Type: text/html\r\n\r\n" + b"<!--" * 100_000,
    "bounce words": b"From: mailer-daemon@x.test\r\nSubject: failure notice\r\n\r\n"
    + b"550 <a@b.test>: \r\n" * 40_000,
    "statuses": b"From: mailer-daemon@x.test\r\n\r\n" + b"5.1.1." * 100_000,
    "base64 in a header": b"Subject: =?utf-8?b?" + base64.b64encode(b"x" * 500_000) + b"?=\r\n\r\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_in_bounded_work(name):
    """Work that grows faster than the mail would not end within the suite's limit of time."""
    mail = classify(BOMBS[name], NOW)

    assert len(mail.text) <= 200_000
    assert len(mail.refers_to) <= 200


def test_what_lies_behind_the_limit_is_not_read():
    head = b"From: a@b.test\r\nContent-Type: text/plain\r\n\r\nA word.\r\n"

    assert classify(head + b"x\r\n" * LIMIT, NOW).text.startswith("A word.")


# --- Dates, and who may say what --------------------------------------------------------------------

NOTICE = b"From: a@b.test\r\nSubject: Out of office: hi\r\nDate: %s\r\n\r\nI am back on 5 December."


@pytest.mark.parametrize(
    ("written", "until"),
    [
        (b"Sun, 22 Nov 2026 10:00:00 +0000", date(2026, 12, 5)),
        (b"Mon, 22 Nov 2021 10:00:00 +0000", date(2021, 12, 5)),
        (b"Thu, 01 Jan 1970 00:00:00 +0000", date(2026, 12, 5)),
        (b"Thu, 01 Jan 2099 00:00:00 +0000", date(2026, 12, 5)),
        (b"", date(2026, 12, 5)),
        (b"Sun, 06 Dec 2026 10:00:00 +0000", None),
    ],
)
def test_a_day_without_a_year_is_near_the_day_of_writing(written, until):
    assert classify(NOTICE % written, NOW).until == until


def test_a_display_name_cannot_pass_for_the_address():
    name = b"=?utf-8?q?alice=40prospect=2Etest=3E_=22?="
    raw = b"From: " + name + b" <mallory@evil.test>\r\nReply-To: alice@prospect.test\r\n\r\nYes."

    assert classify(raw, NOW).sender == "mallory@evil.test"


def test_a_list_mail_that_answers_us_is_a_reply():
    raw = (
        b"From: Alice <alice@prospect.test>\r\nList-Id: <sales.us.test>\r\nPrecedence: list\r\n"
        b"In-Reply-To: <m-1@us.test>\r\n\r\nYes, gladly."
    )

    assert classify(raw, NOW).kind == "other"
    assert classify(raw, NOW, ours=lambda one: one.endswith("@us.test>")).kind == "reply"
