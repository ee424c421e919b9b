"""vCard 2.1, 3.0 and 4.0 (RFC 6350): one card a row, what people import of it as columns.

The cards are cut out of the file here and given to vobject one by one, so that a broken card costs
itself alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from prospector.importing import delimited
from prospector.importing.sheet import LONGEST_CELL, FormatError, Record, checked, tidy

COLUMNS = (
    *("Name", "First name", "Last name", "E-mail", "Title", "Company", "Country", "Time zone"),
    *("Language", "Tags", "Profile", "Profile 2", "Profile 3", "Profile 4", "Phone", "Note"),
)
LONGEST_CARD = 2**20
_BINARY = re.compile(r"(?im)^(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY)[;:].*(?:\r?\n[ \t].*)*(?:\r?\n|\Z)")
_VERSION = re.compile(r"(?im)^VERSION:[ \t]*4\.0[ \t]*$")
_PROFILES = ("url", "x-socialprofile", "socialprofile", "impp")


def opened(stream: BinaryIO, encoding: str | None = None) -> tuple[str, Iterator[Record]]:
    """The encoding, and a record for each card; its number counts the cards."""
    chosen = delimited.known_encoding(encoding) if encoding else delimited.encoding_of(stream)
    stream.seek(0)
    return chosen, _records(stream, chosen)


def _records(stream: BinaryIO, encoding: str) -> Iterator[Record]:
    import vobject  # seldom needed, and slow to load

    for number, card in enumerate(_cards(stream, encoding), 1):
        if isinstance(card, FormatError):
            yield Record(number, {}, str(card))
            continue
        try:
            found = checked(number, _cells(vobject.readOne(_plain(card))))
        except Exception:  # vobject lets out whatever its parsers raise on odd input
            yield Record(number, {}, "the card is damaged and cannot be read")
            continue
        yield found if found.cells else Record(number, {}, "the card says nothing")


def _cards(stream: BinaryIO, encoding: str) -> Iterator[str | FormatError]:
    lines: list[str] = []
    size, inside = 0, False
    for line in delimited.lines(stream, encoding):
        mark = line.strip().upper()
        if mark == "BEGIN:VCARD":
            if inside:
                yield FormatError("the card has no end")
            lines, size, inside = [], 0, True
        if not inside:
            continue
        size += len(line)
        if size <= LONGEST_CARD:
            lines.append(line)
        if mark == "END:VCARD":
            inside = False
            yield "".join(lines) if size <= LONGEST_CARD else FormatError("the card is far too long")
    if inside:
        yield FormatError("the card has no end")


def _plain(card: str) -> str:
    """Without pictures, and as version 3.0, which vobject reads: of what is imported the two agree."""
    return _VERSION.sub("VERSION:3.0", _BINARY.sub("", card))


def _cells(card: Any) -> dict[str, str]:
    name = getattr(_first(card, "n"), "value", None)
    place = getattr(_first(card, "adr"), "value", None)
    given = {
        "Name": _text(_first(card, "fn")),
        "First name": _joined(getattr(name, "given", "")),
        "Last name": _joined(getattr(name, "family", "")),
        "E-mail": _address(card),
        "Title": _text(_first(card, "title")) or _text(_first(card, "role")),
        "Company": _company(card),
        "Country": _joined(getattr(place, "country", "")),
        "Time zone": _text(_first(card, "tz")),
        "Language": _text(_first(card, "lang")),
        "Tags": ", ".join(_joined(one.value) for one in card.contents.get("categories", ())),
        "Phone": _text(_first(card, "tel")).removeprefix("tel:"),
        "Note": _text(_first(card, "note"))[:LONGEST_CELL],
    }
    urls = [_text(one) for kind in _PROFILES for one in card.contents.get(kind, ())]
    places = [name for name in COLUMNS if name.startswith("Profile")]
    given |= dict(zip(places, dict.fromkeys(url for url in urls if url), strict=False))
    return {key: text for key, value in given.items() if (text := tidy(value))}


def _first(card: Any, kind: str) -> Any:
    """The value of this kind that is preferred, else the first (RFC 6350, 5.3)."""
    found = card.contents.get(kind, [])
    return min(found, key=_preference, default=None)


def _preference(line: Any) -> int:
    params = getattr(line, "params", {})
    pref = next(iter(params.get("PREF", ())), "")
    if str(pref).isdecimal():
        return int(pref)
    return 1 if "PREF" in {str(one).upper() for one in params.get("TYPE", ())} else 101


def _address(card: Any) -> str:
    return _text(_first(card, "email")).removeprefix("mailto:")


def _company(card: Any) -> str:
    value = getattr(_first(card, "org"), "value", None)
    return _joined(value[:1] if isinstance(value, list) else value)


def _text(line: Any) -> str:
    return _joined(getattr(line, "value", ""))


def _joined(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(str(part) for part in value if part)
    return str(value or "")
