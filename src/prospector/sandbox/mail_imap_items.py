"""What an IMAP client may ask of a folder, as pure functions: sets, searches and parts (RFC 3501)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

from prospector.mail import read
from prospector.sandbox.mail import Folder, StoredMail

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_ITEM = re.compile(r"(BODY)(?:\.PEEK)?\[([^\]]*)\](?:<(\d+)\.(\d+)>)?|([A-Z0-9.]+)", re.I)
_SET = re.compile(r"(\d+|\*)(?::(\d+|\*))?(?:,(\d+|\*)(?::(\d+|\*))?)*")


def chosen(folder: Folder, numbers: str, by_uid: bool) -> list[tuple[int, StoredMail]]:
    """The mails of a set such as `1,4:*`, each with its sequence number.

    `n:*` names the last mail even where n lies beyond it; clients that forget this read it twice.
    """
    if not _SET.fullmatch(numbers):
        raise ValueError(numbers)
    every = list(enumerate(folder.mails, start=1))
    last = (folder.mails[-1].uid if by_uid else len(every)) if every else 0
    ranges = []
    for one in numbers.split(","):
        start, _, end = one.partition(":")
        ends = [last if side == "*" else int(side) for side in (start, end or start)]
        ranges.append((min(ends), max(ends)))
    return [
        (number, mail)
        for number, mail in every
        if any(low <= (mail.uid if by_uid else number) <= high for low, high in ranges)
    ]


def search(folder: Folder, words: list[str]) -> list[tuple[int, StoredMail]]:
    """The mails that fit all keys. Raises ValueError for a key that is not known here."""
    words = words[2:] if words[:1] == ["CHARSET"] else list(words)
    found = list(enumerate(folder.mails, start=1))
    while words:
        key = words.pop(0)
        if key.startswith("("):
            words = key[1:-1].split() + words
        elif key.upper() in ("UID", "SINCE", "BEFORE", "SUBJECT", "FROM", "TO"):
            found = _narrowed(folder, found, key.upper(), [words.pop(0)])
        elif key.upper() == "HEADER":
            found = _narrowed(folder, found, "HEADER", [words.pop(0), words.pop(0)])
        elif re.fullmatch(r"[\d*,:]+", key):
            kept = {number for number, _ in chosen(folder, key, by_uid=False)}
            found = [one for one in found if one[0] in kept]
        else:
            found = _narrowed(folder, found, key.upper(), [])
    return found


def _narrowed(
    folder: Folder, found: list[tuple[int, StoredMail]], key: str, values: list[str]
) -> list[tuple[int, StoredMail]]:
    if key == "UID":
        kept = {mail.uid for _, mail in chosen(folder, values[0], by_uid=True)}
        return [one for one in found if one[1].uid in kept]
    return [one for one in found if _fits(one[1], key, values)]


def _fits(mail: StoredMail, key: str, values: list[str]) -> bool:
    if key == "ALL":
        return True
    if key in ("SEEN", "UNSEEN"):
        return ("\\Seen" in mail.flags) == (key == "SEEN")
    if key in ("SINCE", "BEFORE"):
        return (mail.at.date() >= _day(values[0])) == (key == "SINCE")
    if key not in ("HEADER", "SUBJECT", "FROM", "TO"):
        raise ValueError(key)
    name, wanted = values if key == "HEADER" else (key, values[0])
    return wanted.lower() in read.header(read.parse(mail.raw), name).lower()


def _day(text: str) -> date:
    day, month, year = text.split("-")
    return date(int(year), _MONTHS.index(month.title()) + 1, int(day))


def internal_date(at: datetime) -> str:
    """`22-Nov-2026 12:00:00 +0000`."""
    return f"{at.day:2}-{_MONTHS[at.month - 1]}-{at:%Y %H:%M:%S %z}"


def fetched(number: int, mail: StoredMail, items: str, by_uid: bool) -> bytes:
    """The untagged FETCH answer for one mail. Raises ValueError for an item that is not known here."""
    wanted = list(_ITEM.finditer(items.strip("()")))
    names = {found.group().upper() for found in wanted}
    pieces = [f"UID {mail.uid}".encode()] if by_uid and "UID" not in names else []
    for found in wanted:
        if found.group(1):
            pieces.append(_section(mail.raw, found.group(2).upper(), found.group(3), found.group(4)))
        else:
            pieces.append(_attribute(mail, found.group().upper()))
    return f"* {number} FETCH (".encode() + b" ".join(pieces) + b")\r\n"


def marks_seen(items: str) -> bool:
    """Whether fetching these marks a mail as read: BODY[…] does, BODY.PEEK[…] does not."""
    return bool(re.search(r"\bBODY\[|\bRFC822\b(?!\.)", items, re.I))


def _attribute(mail: StoredMail, name: str) -> bytes:
    simple = {
        "UID": f"UID {mail.uid}",
        "FLAGS": f"FLAGS {flag_list(mail.flags)}",
        "RFC822.SIZE": f"RFC822.SIZE {len(mail.raw)}",
        "INTERNALDATE": f'INTERNALDATE "{internal_date(mail.at)}"',
    }
    if name in simple:
        return simple[name].encode()
    if name in ("RFC822", "RFC822.HEADER"):
        content = mail.raw if name == "RFC822" else _head(mail.raw)
        return f"{name} {{{len(content)}}}\r\n".encode() + content
    raise ValueError(name)


def _section(raw: bytes, section: str, start: str | None, length: str | None) -> bytes:
    parts = {"": raw, "HEADER": _head(raw), "TEXT": raw[len(_head(raw)) :]}
    if section not in parts:
        raise ValueError(section)
    content, origin = parts[section], ""
    if start is not None and length is not None:
        content, origin = content[int(start) : int(start) + int(length)], f"<{int(start)}>"
    return f"BODY[{section}]{origin} {{{len(content)}}}\r\n".encode() + content


def _head(raw: bytes) -> bytes:
    head, separator, _ = raw.partition(b"\r\n\r\n")
    return head + separator


def flag_list(flags: Iterable[str]) -> str:
    return f"({' '.join(sorted(flags))})"
