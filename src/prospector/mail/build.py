"""Build an outgoing mail whose headers cannot be broken out of (RFC 5322, RFC 2047, RFC 8058)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime

import idna

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_FORBIDDEN_IN_BODY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,240}@[!-;=?A-~]{1,240}>")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LIST_HEADERS = frozenset({"list-unsubscribe", "list-unsubscribe-post", "list-id", "list-help"})
_VERBATIM = _LIST_HEADERS | {"message-id", "in-reply-to", "references"}
_LINE = 76
_REFERENCES = 20


class HeaderError(ValueError):
    """A value that must not stand in a header: correct it and approve the mail again."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it was approved. `references` are the thread's Message-IDs, oldest first.

    `unsubscribe` holds List-Unsubscribe and List-Unsubscribe-Post as they shall be sent.
    `automatic` marks what no person approved (RFC 3834); a hand-approved mail is not.
    """

    sender: str
    to: str
    message_id: str
    at: datetime
    subject: str = ""
    body: str = ""
    sender_name: str = ""
    to_name: str = ""
    reply_to: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    unsubscribe: Mapping[str, str] = field(default_factory=dict)
    automatic: bool = False


class _WirePolicy(EmailPolicy):
    """The standard policy, but ids and List headers are folded at spaces and never encoded.

    The standard one turns a token longer than the line, as Exchange's Message-IDs are, into an
    encoded word, which no other program recognises as an id.
    """

    def fold(self, name: str, value: object) -> str:
        if name.lower() not in _VERBATIM:
            return str(super().fold(name, value))  # type: ignore[arg-type]
        lines = [f"{name}:"]
        for token in str(value).split():
            if len(lines[-1]) + len(token) >= _LINE and lines[-1] != f"{name}:":
                lines.append("")
            lines[-1] += f" {token}"
        return self.linesep.join(lines) + self.linesep

    def fold_binary(self, name: str, value: object) -> bytes:
        if name.lower() not in _VERBATIM:
            return super().fold_binary(name, value)  # type: ignore[arg-type]
        return self.fold(name, value).encode("ascii")


_WIRE = _WirePolicy(linesep="\r\n", max_line_length=78, cte_type="7bit")


def build(letter: Letter) -> bytes:
    """The mail's bytes, ready for DATA.

    Raises `HeaderError` for line breaks and other control characters in any header value, for an
    address or a Message-ID that is none, and for a body with control characters. Nothing is
    ever stripped in silence: whoever approved the mail would not know.
    """
    try:
        return _message(letter).as_bytes()
    except (MessageError, UnicodeError, ValueError, IndexError) as error:
        if isinstance(error, HeaderError):
            raise
        raise HeaderError(f"The mail to {letter.to!r} cannot be written: {error}.") from error


def _message(letter: Letter) -> EmailMessage:
    message = EmailMessage(policy=_WIRE)
    message["From"] = _address("From", letter.sender, letter.sender_name)
    message["To"] = _address("To", letter.to, letter.to_name)
    if letter.reply_to:
        message["Reply-To"] = _address("Reply-To", letter.reply_to, "")
    message["Subject"] = _clean("Subject", letter.subject)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = _id("Message-ID", letter.message_id)
    if letter.in_reply_to:
        message["In-Reply-To"] = _id("In-Reply-To", letter.in_reply_to)
    if thread := [_id("References", one) for one in letter.references]:
        # Long threads keep the first id and the latest ones (RFC 5537, 3.4.4).
        kept = thread if len(thread) <= _REFERENCES else [thread[0], *thread[1 - _REFERENCES :]]
        message["References"] = " ".join(kept)
    for name, value in letter.unsubscribe.items():
        message[_list_header(name)] = _clean(name, value)
    if letter.automatic:
        message["Auto-Submitted"] = "auto-generated"
    message.set_content(_body(letter.body), subtype="plain", charset="utf-8")
    return message


def envelope(address: str) -> str:
    """An address as it stands in MAIL and RCPT: its domain in ASCII (RFC 5890). Raises `HeaderError`."""
    local, at, domain = _clean("address", address).strip().rpartition("@")
    if not at or not local or not domain or re.search(r"[\s<>,;:()\[\]\\\"@]", local + domain):
        raise HeaderError(f"{address!r} is no e-mail address; correct it on the prospect's page.")
    try:
        ascii_domain = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise HeaderError(f"{address!r} has a domain that cannot exist: {error}.") from error
    if not _DOMAIN.fullmatch(ascii_domain) or len(ascii_domain) > 253 or len(local) > 64:
        raise HeaderError(f"{address!r} has a domain that cannot exist; correct it on the prospect's page.")
    return f"{local}@{ascii_domain}"


def _address(header: str, address: str, name: str) -> Address:
    local, _, domain = envelope(address).rpartition("@")
    if not local.isascii():
        raise HeaderError(
            f"{header}: {address!r} has letters before the @ that most mail servers refuse (RFC 6531);"
            " ask the person for another address."
        )
    return Address(_clean(header, name), local, domain)


def _clean(header: str, value: str) -> str:
    if found := _FORBIDDEN.search(value):
        raise HeaderError(f"{header} contains the control character {found.group()!r}; take it out.")
    return value


def _id(header: str, value: str) -> str:
    if not _MESSAGE_ID.fullmatch(value):
        raise HeaderError(f"{header}: {value!r} is no Message-ID; it must look like <unique@domain>.")
    return value


def _list_header(name: str) -> str:
    if name.lower() not in _LIST_HEADERS:
        raise HeaderError(f"{name!r} may not be set by a message; only the List-… headers may.")
    return name


def _body(text: str) -> str:
    if found := _FORBIDDEN_IN_BODY.search(text):
        raise HeaderError(f"The text contains the control character {found.group()!r}; take it out.")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    return lines + "\n"
