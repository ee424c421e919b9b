"""Complaints: somebody pressed "this is spam" and their provider tells us (ARF, RFC 5965)."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

from prospector.mail import read


@dataclass(frozen=True, slots=True)
class Complaint:
    """Who complained, as far as the provider says it, and about which mail."""

    recipient: str | None
    message_id: str | None
    feedback: str


def complaint(message: Message) -> Complaint | None:
    """The feedback report that this mail is, or None. "not-spam" is the opposite and is none."""
    original = _original(message)
    report = next((p for p in read.parts(message) if read.content_type(p) == "message/feedback-report"), None)
    fields = _fields(report) if report is not None else Message()
    feedback = read.header(fields, "Feedback-Type").lower()
    # Hotmail's programme sends the mail alone, marked in the mail itself.
    hotmail = read.address(read.raw_header(original, "X-HmXmrOriginalRecipient"))
    if feedback == "not-spam" or not (feedback or hotmail or read.report_type(message) == "feedback-report"):
        return None
    said = read.mailbox(read.raw_header(fields, "Original-Rcpt-To"))[1]
    recipient = said or hotmail or read.mailbox(read.raw_header(original, "To"))[1]
    ids = read.message_ids(read.raw_header(original, "Message-ID"))
    return Complaint(recipient or None, ids[0] if ids else None, feedback or "abuse")


def _fields(report: Message) -> Message:
    """The report's fields: the parser reads them as a mail's headers, or leaves them as text."""
    if within := read.children(report):
        return within[0]
    return read.parse(read.words_of(report).encode("utf-8", "replace"))


def _original(message: Message) -> Message:
    """The mail that was complained about, whole or its headers alone; empty if it is not there."""
    for part in read.parts(message):
        if read.content_type(part) == "message/rfc822" and (within := read.children(part)):
            return within[0]
        if read.content_type(part) == "text/rfc822-headers":
            return read.parse(read.words_of(part).encode("utf-8", "replace"))
    return Message()
