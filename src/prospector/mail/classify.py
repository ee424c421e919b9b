"""Say what an incoming mail is, in the order in which one reading must win over another.

A delivery report quotes our mail, a vacation notice answers it, and both would pass for a reply;
so reports come first, then machines, then people. Sources: RFC 3464 (delivery reports), RFC 5965
(complaints), RFC 3834 (automatic replies), RFC 2919 and 2369 (lists).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import Message
from typing import Literal

from prospector.mail import auto_replies, bounces, complaints, opt_outs, quotations, read

Kind = Literal["bounce", "delayed", "complaint", "auto_reply", "unsubscribe", "reply", "other"]

_LIST_HEADERS = ("List-Id", "List-Unsubscribe", "List-Post", "Feedback-ID", "X-Campaign-Id")
_LISTED = frozenset({"list", "bulk"})


@dataclass(frozen=True, slots=True)
class Classified:
    """How one mail is read.

    `recipient`: of a bounce or complaint the address that failed or complained, else who wrote.
    `message_id`: the mail of ours that it is about; `refers_to` has all that it answers.
    `text`: the new words, without quotation. `until`: the day of return. `left`: gone for good,
    with the `replacement`'s address. `id` is its own Message-ID, or one made from its bytes.
    `written` is its Date as it claims, `name` the sender's display name. `token` is what a mail
    client copied from our List-Unsubscribe address.
    """

    kind: Kind
    id: str
    sender: str = ""
    name: str = ""
    subject: str = ""
    hard: bool = False
    status: str = ""
    recipient: str | None = None
    message_id: str | None = None
    refers_to: tuple[str, ...] = ()
    text: str = ""
    until: date | None = None
    left: bool = False
    replacement: str | None = None
    token: str = ""
    written: datetime | None = None


def classify(raw: bytes, now: datetime, ours: Callable[[str], bool] | None = None) -> Classified:
    """Read one mail. It answers for any bytes, and raises for none.

    `now` dates a mail that has no credible date. `ours` tells whether a Message-ID may be one of
    our own: then a mail that came through a mailing list, as those to a shared mailbox do, is a
    reply nevertheless. (Whether it is one that we sent is for the store to say.)
    """
    message = read.parse(raw)
    try:
        return _classify(message, raw, now, ours)
    except read.MALFORMED:
        return Classified("other", id=_id(message, raw))


def _classify(message: Message, raw: bytes, now: datetime, ours: Callable[[str], bool] | None) -> Classified:
    name, sender = read.sender(message)
    refers_to = read.answered(message)

    def result(
        kind: Kind,
        recipient: str | None = sender or None,
        message_id: str | None = refers_to[0] if refers_to else None,
        **more: object,
    ) -> Classified:
        known = {"id": _id(message, raw), "sender": sender, "name": name, "written": read.date(message)}
        ids = tuple(dict.fromkeys([*filter(None, [message_id]), *refers_to]))
        facts = {"subject": read.header(message, "Subject"), "refers_to": ids, **known, **more}
        return Classified(kind, recipient=recipient, message_id=message_id, **facts)  # type: ignore[arg-type]

    if complained := complaints.complaint(message):
        return result("complaint", complained.recipient, complained.message_id, status=complained.feedback)
    if report := bounces.bounce(message):
        kind: Kind = "other" if report.kind == "delivered" else report.kind
        return result(kind, report.recipient, report.message_id, hard=report.hard, status=report.status)
    if read.report_type(message):  # read receipts (RFC 8098) and other reports that say nothing of delivery
        return result("other")
    return _written(message, now, ours, result)


def _written(
    message: Message, now: datetime, ours: Callable[[str], bool] | None, result: Callable[..., Classified]
) -> Classified:
    """A mail with words in it: of a machine, of a list, or of a person."""
    subject = read.header(message, "Subject")
    text = quotations.new_text(read.body(message))
    if opt_outs.is_opt_out_subject(subject):
        return result("unsubscribe", text=text, token=subject.partition(" ")[2])
    if _is_bulk(message) and not any(map(ours or _never, read.answered(message))):
        return result("other", text=text)
    if auto_replies.is_auto_reply(message, text):
        said = auto_replies.auto_reply(message, text, _day(read.date(message), now))
        return result("auto_reply", text=text, until=said.until, left=said.left, replacement=said.replacement)
    if opt_outs.is_opt_out(text):
        return result("unsubscribe", text=text)
    return result("reply" if read.sender(message)[1] else "other", text=text)


def _never(_message_id: str) -> bool:
    return False


def _is_bulk(message: Message) -> bool:
    """Whether it went to many: a list or a newsletter, and not a machine's answer to one mail."""
    submitted = read.header(message, "Auto-Submitted").lower()
    if submitted.startswith("auto-replied"):
        return False
    listed = any(read.raw_header(message, name) for name in _LIST_HEADERS)
    precedence = read.header(message, "Precedence").lower()
    return listed or (precedence in _LISTED and not read.answered(message) and not submitted)


def _day(written: datetime | None, now: datetime) -> date:
    """The day a mail was written; a date before e-mail was common, or years ahead, is not credible."""
    credible = written is not None and written.year >= 1995 and written <= now + timedelta(days=730)
    return (written if written is not None and credible else now).date()


def _id(message: Message, raw: bytes) -> str:
    """Its Message-ID; one made of its bytes where it has none, so that it is known when seen again."""
    ids = read.message_ids(read.raw_header(message, "Message-ID"))
    if ids:
        return ids[0]
    return f"<{hashlib.blake2b(raw[: read.LIMIT], digest_size=16).hexdigest()}@no-message-id.invalid>"
