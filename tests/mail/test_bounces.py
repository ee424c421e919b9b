"""Which bounces mean that an address will never work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.mail.bounces import bounce, is_hard
from prospector.mail.read import parse


@pytest.mark.parametrize(
    ("status", "diagnostic", "hard"),
    [
        ("5.1.1", "", True),
        ("5.1.10", "", True),
        ("5.0.0", "", True),
        ("5.0.0", "550 no such user", True),
        ("5.0.0", "552 mailbox full", False),
        ("5.0.0", "554 blocked as spam", False),
        ("5.2.1", "", True),
        ("5.2.2", "", False),
        ("5.7.1", "no such user", False),
        ("5.7.26", "", False),
        ("5.3.0", "550 user unknown", True),
        ("5.3.4", "552 too large", False),
        ("5.4.4", "Host not found", True),
        ("5.4.4", "connection timed out", False),
        ("5.4.1", "Recipient address rejected: Access denied", True),
        ("4.1.1", "user unknown", False),
        ("", "", False),
    ],
)
def test_a_status_is_hard_or_not(status, diagnostic, hard):
    assert is_hard(status, diagnostic) is hard


@given(st.integers(0, 999), st.integers(0, 999), st.text(max_size=60))
def test_what_is_not_permanent_is_never_hard(subject, detail, diagnostic):
    assert not is_hard(f"4.{subject}.{detail}", diagnostic)
    assert not is_hard(f"5.7.{detail}", diagnostic)
    assert is_hard(f"5.1.{detail}", diagnostic)


def test_a_bounce_that_a_person_forwards_as_an_attachment_is_none():
    report = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Final-Recipient: rfc822; a@b.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--r--\r\n"
    )
    head = b"From: Alice <alice@b.test>\r\nSubject: look\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
    forwarded = (
        head
        + b"--m\r\n\r\nWhat is this?\r\n--m\r\nContent-Type: message/rfc822\r\n\r\n"
        + report
        + b"--m--\r\n"
    )

    assert bounce(parse(forwarded)) is None
    assert bounce(parse(report)) is not None
