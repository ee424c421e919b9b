"""What comes back when somebody is written to: a reply, a vacation notice, a delivery report, a complaint.

Each function takes the mail that was sent, and gives the bytes of the answer to it.
"""

from __future__ import annotations

from datetime import date, datetime
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime

from prospector.mail import read


def reply(sent: bytes, text: str, at: datetime, message_id: str, name: str = "") -> bytes:
    """What a person answers, with our mail quoted below, as most mail clients do."""
    original = read.parse(sent)
    quoted = "\n".join(f"> {line}" for line in read.body(original).strip().split("\n"))
    ours = read.sender(original)[1]
    message = _answer(original, at, message_id, name)
    message["Subject"] = f"Re: {read.header(original, 'Subject').removeprefix('Re: ')}"
    message.set_content(f"{text}\n\nOn {at:%a, %d %b %Y at %H:%M}, {ours} wrote:\n\n{quoted}\n")
    return message.as_bytes()


def vacation(sent: bytes, back: date, at: datetime, message_id: str) -> bytes:
    """What a mailbox answers by itself while its owner is away (RFC 3834)."""
    original = read.parse(sent)
    message = _answer(original, at, message_id, "")
    message["Subject"] = f"Automatic reply: {read.header(original, 'Subject')}"
    message["Auto-Submitted"] = "auto-replied (vacation)"
    message["Precedence"] = "bulk"
    message.set_content(f"I am out of the office and will be back on {back:%d %B %Y}.\n")
    return message.as_bytes()


def _answer(original: Message, at: datetime, message_id: str, name: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    theirs = read.mailbox(read.raw_header(original, "To"))[1]
    message["From"] = f'"{name}" <{theirs}>' if name else theirs
    message["To"] = read.sender(original)[1]
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    answered = read.header(original, "Message-ID")
    message["In-Reply-To"] = answered
    message["References"] = answered
    return message


def delivery_report(
    sent: bytes,
    recipient: str,
    at: datetime,
    message_id: str,
    status: str = "5.1.1",
    diagnostic: str = "550 5.1.1 no such user",
    action: str = "failed",
) -> bytes:
    """What a mail server reports of a mail that it could not deliver, or not yet (RFC 3464)."""
    words = "has not been delivered yet" if action == "delayed" else "could not be delivered"
    report = f"""\
Reporting-MTA: dns; sandbox.test
Arrival-Date: {format_datetime(at)}

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}
"""
    parts = [
        ("text/plain; charset=us-ascii", f"Your mail to {recipient} {words}: {diagnostic}.\n"),
        ("message/delivery-status", report),
        ("text/rfc822-headers", _headers(sent)),
    ]
    head = _report_head(sent, at, message_id, "delivery-status", "Delivery Status Notification")
    return _multipart(head, parts)


def complaint(sent: bytes, recipient: str, at: datetime, message_id: str) -> bytes:
    """What a provider reports when somebody presses "this is spam" (RFC 5965)."""
    fields = f"Feedback-Type: abuse\nUser-Agent: sandbox/1\nVersion: 1\nOriginal-Rcpt-To: {recipient}\n"
    parts = [
        ("text/plain; charset=us-ascii", "This is an abuse report.\n"),
        ("message/feedback-report", fields),
        ("text/rfc822-headers", _headers(sent)),
    ]
    return _multipart(_report_head(sent, at, message_id, "feedback-report", "Abuse report"), parts)


def _headers(sent: bytes) -> str:
    return sent.partition(b"\r\n\r\n")[0].decode("ascii", "replace").replace("\r\n", "\n") + "\n"


def _report_head(sent: bytes, at: datetime, message_id: str, kind: str, subject: str) -> str:
    ours = read.sender(read.parse(sent))[1]
    return f"""\
Return-Path: <>
From: Mail Delivery System <mailer-daemon@sandbox.test>
To: {ours}
Date: {format_datetime(at)}
Message-ID: {message_id}
Subject: {subject}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="=_report"
"""


def _multipart(head: str, parts: list[tuple[str, str]]) -> bytes:
    pieces = "".join(f"--=_report\nContent-Type: {kind}\n\n{content}\n" for kind, content in parts)
    return f"{head}\n{pieces}--=_report--\n".replace("\n", "\r\n").encode()
