"""One row of a file as what it says of a person: every value checked and in the form that is stored.

Pure. What makes a row useless refuses it, with a sentence; what is wrong with a value that nobody needs
is a remark, and the value is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import available_timezones

import idna

from prospector.importing import places
from prospector.importing.mapping import OWN_FIELD
from prospector.outreach.facts import NOTHING
from prospector.outreach.naming import first_name_of
from prospector.prospects.addresses import FREE_MAIL, normalised_address
from prospector.prospects.urls import canonical
from prospector.sdk import ProfileRef

LONGEST = 200
LONGEST_OWN = 2_000
MOST_TAGS, LONGEST_TAG = 30, 60
MOST_PROFILES = 10
DEAREST = 20_000_000
_NOTHING = frozenset(word.casefold() for word in NOTHING)
# People write "Nan Goldin": a first name is nothing only where it is so in NOTHING as written.
_OPAQUE = re.compile(r"A(?:Co|Cw|Do|EM)AA")
_AMOUNT = re.compile(r"([0-9]{1,3}(?:[ ',.][0-9]{3})+|[0-9]{1,9})(?:[.,]([0-9]{1,2}))?", re.ASCII)
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "zł": "PLN"}
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII)
# Sales Navigator's addresses have commas in them.
_BETWEEN = re.compile(r"[\s;]+|,(?=\s|https?:)")
_ADDRESS_SCHEME = re.compile(r"(?:https?:)?//", re.IGNORECASE)


class RefusedError(Exception):
    """The row names nobody, or somebody that it cannot mean; the message says why."""


class _LeftOutError(Exception):
    """This one value cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a row says, in the form that is stored: `values` by field (name, email, title, company,
    domain, country, timezone, owner_id, value in minor units, currency, stage, source and fields.NAME),
    the profiles, the tags, and remarks on what was left out."""

    values: Mapping[str, Any] = field(default_factory=dict)
    refs: tuple[ProfileRef, ...] = ()
    tags: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def email(self) -> str | None:
        return self.values.get("email")

    @property
    def keys(self) -> list[str]:
        """By what two rows are of the same person: the address, and each profile."""
        keys = [self.email] if self.email else []
        return keys + [ref.url for ref in self.refs]


@dataclass(frozen=True, slots=True)
class House:
    """What the workspace knows that rows refer to: users by e-mail and name in lower case, the stages,
    and the currency of a value without one."""

    users: Mapping[str, int] = field(default_factory=dict)
    stages: Sequence[str] = ()
    currency: str = "EUR"


def read(cells: Mapping[str, str], mapping: Mapping[str, str], house: House) -> Said:
    """What a row says. Raises `RefusedError`."""
    given = _given(cells, mapping)
    remarks: list[str] = []
    email = _email(given)
    refs, odd = _profiles(given)
    values: dict[str, Any] = {"email": email} if email else {}
    for name, texts in given.items():
        if name in _READERS or name.startswith(OWN_FIELD):
            try:
                values[name] = _READERS.get(name, _own)(texts[0], house)
            except _LeftOutError as error:
                remarks.append(str(error))
    values |= _names(given, values, email, refs, odd)
    _settle(values, house)
    values = {name: value for name, value in values.items() if value is not None}
    remarks += [f'"{text[:80]}" is no profile, so it is left out' for text in odd]
    return Said(values, refs, _tags(given), tuple(remarks))


def _given(cells: Mapping[str, str], mapping: Mapping[str, str]) -> dict[str, list[str]]:
    """What the cells hold by field, without those that say "not known"."""
    given: dict[str, list[str]] = {}
    for column, name in mapping.items():
        text = " ".join(cells.get(column, "").split()) if not name.startswith(OWN_FIELD) else ""
        text = text or cells.get(column, "").strip()
        if text and not _is_nothing(text, name):
            given.setdefault(name, []).append(text)
    return given


def _is_nothing(text: str, name: str) -> bool:
    if name in ("name", "first_name", "last_name"):
        return text in NOTHING
    return text.casefold() in _NOTHING


def _email(given: Mapping[str, list[str]]) -> str | None:
    if "email" not in given:
        return None
    text = given["email"][0]
    found = re.fullmatch(r".*<([^<>]+)>", text)
    address = normalised_address(re.sub(r"(?i)^mailto:", "", found[1] if found else text))
    if address is None or not address.isprintable() or ".." in address:
        raise RefusedError(f'"{text[:80]}" is no e-mail address')
    return address


def _profiles(given: Mapping[str, list[str]]) -> tuple[tuple[ProfileRef, ...], list[str]]:
    """The profiles of a row, each once, and what stands there that is none."""
    texts = [part for text in given.get("profile", ()) for part in _BETWEEN.split(text) if part]
    found = {text: canonical(text) for text in texts[:MOST_PROFILES]}
    refs = dict.fromkeys(ref for ref in found.values() if ref is not None)
    named = any(ref.platform == "linkedin" and not _OPAQUE.match(ref.handle) for ref in refs)
    kept = [ref for ref in refs if not (named and ref.platform == "linkedin" and _OPAQUE.match(ref.handle))]
    odd = [text for text, ref in found.items() if ref is None and "linkedin.com/sales/" not in text]
    return tuple(kept), odd


def _names(
    given: Mapping[str, list[str]],
    values: Mapping[str, Any],
    email: str | None,
    refs: Sequence[ProfileRef],
    odd: Sequence[str],
) -> dict[str, Any]:
    """The whole name, and first and last name where the whole name would not give them."""
    first, last = (_short(given.get(name, [""])[0], name) for name in ("first_name", "last_name"))
    whole = _short(given.get("name", [""])[0], "name") or " ".join(part for part in (first, last) if part)
    if not whole and email is None and not refs:
        wrong = f'; "{odd[0][:80]}" is no profile' if odd else ""
        raise RefusedError(f"no name, no address and no profile{wrong}")
    named: dict[str, Any] = {"name": whole or None}
    if first and first != first_name_of(whole):
        named["fields.first_name"] = first
    if last and last != _last_name_of(whole):
        named["fields.last_name"] = last
    return named


def _last_name_of(whole: str) -> str | None:
    """The last name as facts derive it (`outreach.dossier`): what stands after the first name, or
    before it where a comma turns the two round."""
    first = first_name_of(whole)
    before, _, after = whole.partition(first) if first else ("", "", "")
    return after.strip(" ,") or before.partition(",")[0].strip() or None


def _short(text: str, name: str) -> str:
    if len(text) > LONGEST:
        raise RefusedError(f"the {name.replace('_', ' ')} has more than {LONGEST} characters")
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cs"))


def _tags(given: Mapping[str, list[str]]) -> tuple[str, ...]:
    parts = (part for text in given.get("tags", ()) for part in re.split("[,;|\n]", text))
    tags = (" ".join(part.split())[:LONGEST_TAG].strip() for part in parts)
    return tuple(dict.fromkeys(tag for tag in tags if tag and tag.isprintable()))[:MOST_TAGS]


# --- One field each -----------------------------------------------------------------------------


def _text(text: str, house: House) -> str:
    if len(text) > LONGEST:
        raise _LeftOutError(f'"{text[:40]}…" has more than {LONGEST} characters, so it is left out')
    return text


def _own(text: str, house: House) -> str:
    if len(text) > LONGEST_OWN:
        raise _LeftOutError(f'"{text[:40]}…" has more than {LONGEST_OWN:,} characters, so it is left out')
    return text


def _domain(text: str, house: House) -> str | None:
    """The host of a website without `www.`; a free mailer's or a platform's is no company's."""
    rest = _ADDRESS_SCHEME.sub("", text.strip().lower(), count=1)
    host = re.split(r"[/?#:@]", rest, maxsplit=1)[0].removeprefix("www.").rstrip(".")
    if not host.isascii():
        with suppress(UnicodeError):
            host = idna.encode(host[:253], uts46=True).decode("ascii")
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise _LeftOutError(f'"{text[:80]}" is no domain, so it is left out')
    return None if host in FREE_MAIL or canonical(text) is not None or host in _PLATFORMS else host


_PLATFORMS = frozenset({"linkedin.com", "facebook.com", "x.com", "twitter.com", "instagram.com"})


def _country(text: str, house: House) -> str:
    found = places.country(text)
    if found is None:
        raise _LeftOutError(f'"{text[:80]}" is no country that is known here, so it is left out')
    return found


def _language(text: str, house: House) -> str:
    found = places.language(text)
    if found is None:
        raise _LeftOutError(f'"{text[:80]}" is no language that is known here, so it is left out')
    return found


def _zone(text: str, house: House) -> str:
    if text not in available_timezones():
        raise _LeftOutError(f'"{text[:80]}" is no time zone such as Europe/Lisbon, so it is left out')
    return text


def _owner(text: str, house: House) -> int:
    found = house.users.get(text.casefold())
    if found is None:
        raise _LeftOutError(f'nobody of us is "{text[:80]}", so nobody is the owner')
    return found


def _value(text: str, house: House) -> int:
    """An amount in minor units: 18000, 18,000.50, 18.000,50 and € 18 000 are read."""
    bare = re.sub(r"[^\d.,' \u00a0\u202f]", "", text).replace("\u00a0", " ").replace("\u202f", " ").strip()
    found = _AMOUNT.fullmatch(bare)
    if found is None or re.search(r"-\s*\d", text):
        raise _LeftOutError(f'"{text[:80]}" is no amount such as 18000 or 18,000.50, so it is left out')
    whole = int(re.sub(r"\D", "", found[1]))
    if whole > DEAREST:
        raise _LeftOutError(f'"{text[:80]}" is more than {DEAREST:,}, so it is left out')
    return whole * 100 + int((found[2] or "").ljust(2, "0"))


def _currency(text: str, house: House) -> str:
    code = _SIGNS.get(text, text).upper()
    if not re.fullmatch("[A-Z]{3}", code, re.ASCII):
        raise _LeftOutError(f'"{text[:80]}" is no currency such as EUR, so it is left out')
    return code


def _stage(text: str, house: House) -> str:
    found = next((stage for stage in house.stages if stage.casefold() == text.casefold()), None)
    if found is None:
        known = ", ".join(house.stages)
        raise _LeftOutError(f'there is no stage "{text[:80]}" (there are {known}), so it is left out')
    return found


def _settle(values: dict[str, Any], house: House) -> None:
    """Names as they are stored; and a value has a currency: the one of its row, else the house's."""
    if "language" in values:
        values["fields.language"] = values.pop("language")
    if "owner" in values:
        values["owner_id"] = values.pop("owner")
    if values.get("value") is not None:
        values.setdefault("currency", house.currency)


_READERS: Mapping[str, Callable[[str, House], Any]] = {
    "title": _text,
    "company": _text,
    "source": _text,
    "domain": _domain,
    "country": _country,
    "language": _language,
    "timezone": _zone,
    "owner": _owner,
    "value": _value,
    "currency": _currency,
    "stage": _stage,
}
