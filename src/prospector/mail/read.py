"""Read a mail that may be malformed or hostile: headers, addresses, ids, dates and words.

Every function takes whatever the wire gave and answers; none raises. Work is bounded: a mail is
read up to `LIMIT` bytes, a header up to `HEADER_LIMIT` characters, the words up to `TEXT_LIMIT`.
"""

from __future__ import annotations

import email
import email.errors
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime
from itertools import islice

from prospector.mail import markup

LIMIT = 1_048_576
HEADER_LIMIT = 8_000
TEXT_LIMIT = 100_000
IDS_LIMIT = 100
PARTS_LIMIT = 200

# What the standard library's mail code is known to raise on malformed input.
MALFORMED = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
    email.errors.MessageError,
)

# Only charsets of mail: Python knows text codecs (punycode, idna) whose decoding is quadratic.
_CHARSET = re.compile(
    r"(utf|us-ascii|ascii|iso|latin|windows|cp|koi8|gb|big5|euc|shift|sjis|mac|tis)[\w.:-]{0,24}", re.I
)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_ADDRESS = re.compile(r"[^@\s<>\"(),:;\\]{1,64}@[^@\s<>\"(),:;\\]{1,253}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def parse(raw: bytes) -> Message:
    """The mail's structure. What cannot be taken apart keeps its headers and loses its parts."""
    try:
        return email.message_from_bytes(raw[:LIMIT], policy=compat32)
    except MALFORMED:
        return _headers_only(raw[:LIMIT])


def _headers_only(raw: bytes) -> Message:
    try:
        return BytesHeaderParser(policy=compat32).parsebytes(re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0])
    except MALFORMED:
        return Message()


def parts(message: Message) -> Iterator[Message]:
    """The mail and its parts, but not what lies within an attached mail: that is somebody else's."""
    return islice(_walk(message, 0), PARTS_LIMIT)


def _walk(message: Message, depth: int) -> Iterator[Message]:
    yield message
    if depth < 20 and content_type(message).startswith("multipart/"):
        for part in children(message):
            yield from _walk(part, depth + 1)


def children(message: Message) -> list[Message]:
    """What is directly within it: parts, an attached mail, the blocks of a delivery report."""
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def content_type(message: Message) -> str:
    try:
        return message.get_content_type()
    except MALFORMED:
        return "text/plain"


def report_type(message: Message) -> str:
    """Which report a multipart/report is (RFC 6522), in lower case; empty where it is none."""
    if content_type(message) != "multipart/report":
        return ""
    try:
        return str(message.get_param("report-type", "")).lower()
    except MALFORMED:
        return ""


# --- Headers ------------------------------------------------------------------------------------


def raw_header(message: Message, name: str) -> str:
    """The first header of this name as it came, on one line; bytes beyond ASCII read as UTF-8."""
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            octets = str(value)[:HEADER_LIMIT].encode("utf-8", "surrogateescape")
            return " ".join(octets.decode("utf-8", "replace").split())
    return ""


def header(message: Message, name: str) -> str:
    """The first header of this name, decoded (RFC 2047), on one line, without control characters."""
    return decoded(raw_header(message, name))


def decoded(value: str) -> str:
    """The words behind encoded words; what cannot be decoded stays as it is."""
    try:
        words = "".join(_word(content, charset) for content, charset in decode_header(value))
    except MALFORMED:
        words = value
    return " ".join(_CONTROLS.sub(" ", words).split())[:HEADER_LIMIT]


def _word(content: bytes | str, charset: str | None) -> str:
    return content if isinstance(content, str) else text_from(content, charset)


def text_from(content: bytes, charset: str | None) -> str:
    """Bytes as words: by the charset they claim if it is one of mail, else UTF-8, else Latin-1."""
    claimed = [charset] if charset and _CHARSET.fullmatch(charset) else []
    for name in [*claimed, "utf-8"]:
        try:
            return content.decode(name)
        except (LookupError, ValueError):
            continue
    return content.decode("latin-1")


def mailbox(value: str) -> tuple[str, str]:
    """The (name, normalised address) of one address header; empty strings where there is none.

    The address is found before encoded words are decoded, so that a display name such as
    `=?utf-8?q?=22boss=40ours=2Etest=22?=` cannot pass for the address.
    """
    try:
        name, found = parseaddr(value[:HEADER_LIMIT])
    except MALFORMED:
        return "", ""
    return decoded(name)[:200], address(found)


def address(text: str) -> str:
    """An e-mail address in the form in which two of them are compared; empty where it is none."""
    bare = text.strip().removeprefix("rfc822;").strip().strip("<>").lower()
    return bare if _ADDRESS.fullmatch(bare) else ""


def addresses_in(text: str) -> list[str]:
    """Every address that stands in a text, in order, normalised."""
    return [found.group().strip(".'*[]").lower() for found in _ADDRESS.finditer(text[:TEXT_LIMIT])]


def sender(message: Message) -> tuple[str, str]:
    """The (name, address) that wrote it: From and never Reply-To, which anybody may point anywhere."""
    return mailbox(raw_header(message, "From"))


def message_ids(text: str) -> tuple[str, ...]:
    """The Message-IDs in a header, in order, each once, with their angle brackets (RFC 5322, 3.6.4)."""
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(text[:HEADER_LIMIT])))[:IDS_LIMIT]


def answered(message: Message) -> tuple[str, ...]:
    """The Message-IDs that it answers: that of In-Reply-To first, then References from the latest."""
    direct = message_ids(raw_header(message, "In-Reply-To"))
    thread = message_ids(raw_header(message, "References"))
    return tuple(dict.fromkeys([*direct, *reversed(thread)]))


# --- Dates --------------------------------------------------------------------------------------


def date(message: Message) -> datetime | None:
    """What its Date header says, in UTC; None where it says nothing that can be read."""
    try:
        said = parsedate_to_datetime(raw_header(message, "Date"))
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC)
    except MALFORMED:
        return None


def moment(said: datetime | None, received: datetime | None, now: datetime) -> tuple[datetime, bool]:
    """When it was written, and whether that is our estimate.

    The sender's own date counts if it is at most a week before we received it (queues give up
    after five days) and not later than an hour after (clocks that are wrong); else the time of
    receipt does, which the sender cannot choose.
    """
    arrived = min(received or now, now)
    if said is not None and arrived - timedelta(days=7) <= said <= arrived + timedelta(hours=1):
        return min(said, now), False
    return arrived, received is None


# --- Words --------------------------------------------------------------------------------------


def body(message: Message) -> str:
    """Its words as plain text: the text/plain parts, else the text/html part without its markup."""
    plain: list[Message] = []
    rich: list[Message] = []
    for part in parts(message):
        kind = content_type(part)
        if kind in ("text/plain", "text/html") and not _is_attached(part):
            (plain if kind == "text/plain" else rich).append(part)
    for group, to_text in ((plain, str), (rich, markup.to_text)):
        words = "\n".join(filter(str.strip, (to_text(words_of(part)) for part in group[:20])))
        if words.strip():
            return words[:TEXT_LIMIT]
    return ""


def _is_attached(part: Message) -> bool:
    return raw_header(part, "Content-Disposition").lower().startswith("attachment")


def words_of(part: Message) -> str:
    """One part's content as text, whatever its encoding claims."""
    try:
        content = part.get_payload(decode=True)
    except MALFORMED:
        content = None
    if not isinstance(content, bytes):
        return ""
    try:
        charset = part.get_content_charset()
    except MALFORMED:
        charset = None
    words = text_from(content[: 4 * TEXT_LIMIT], charset)[: 2 * TEXT_LIMIT]
    return _CONTROLS.sub("", words.replace("\r\n", "\n").replace("\r", "\n"))
