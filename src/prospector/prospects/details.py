"""Editing what we know of a person: read a form, say what is wrong beside each field, write the rest.

Each change is also a `field_set` of the history, since rules read fields from there (docs/rules.md, S12).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import available_timezones

from sqlmodel import Session, col, select, update

from prospector.engagements import Entry
from prospector.models import Card, Prospect, User
from prospector.prospects import people
from prospector.prospects.people import TakenError

FIELDS = (
    ("name", "Name"),
    ("email", "E-mail"),
    ("title", "Title"),
    ("country", "Country"),
    ("timezone", "Time zone"),
    ("value", "Value"),
    ("currency", "Currency"),
    ("expected_close_on", "Expected close"),
    ("tags", "Tags"),
    ("owner_id", "Owner"),
)
"""What can be edited, with its label."""
LONGEST, MOST_TAGS = 200, 30
DEAREST = 20_000_000
_MONEY = re.compile(r"(\d{1,3}(,\d{3})+|\d{1,9})(\.\d{1,2})?", re.ASCII)
# What rules ask for; the rest is kept with the person alone.
_HISTORY = frozenset({"email", "title", "country", "timezone", "value", "currency", "tags"})


class WrongError(Exception):
    """Some fields cannot be what was given; `fields` says of each what to do."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(" ".join(fields.values()))
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class Changes:
    """The new values of the fields that change, as they are stored; `value` in minor units."""

    values: Mapping[str, Any]

    def __bool__(self) -> bool:
        return bool(self.values)


def storable(text: str) -> str:
    """Text that both databases take: PostgreSQL refuses NUL, UTF-8 refuses lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()


def shown(prospect: Prospect) -> dict[str, str]:
    """What the form holds before anything is changed."""
    value = "" if prospect.value is None else f"{prospect.value / 100:.2f}".removesuffix(".00")
    held = {name: getattr(prospect, name) for name, _ in FIELDS}
    held |= {"value": value, "tags": ", ".join(prospect.tags)}
    return {name: "" if held[name] is None else str(held[name]) for name, _ in FIELDS}


def read(given: Mapping[str, str], prospect: Prospect, owners: Sequence[int], currency: str) -> Changes:
    """What a form changes; fields that it does not hold, or holds unchanged, stay.

    `owners` are the users who may own people, `currency` the one that a value without any is in.
    Raises `WrongError`.
    """
    before, values, wrong = shown(prospect), dict[str, Any](), dict[str, str]()
    for name, _ in FIELDS:
        text = storable(given.get(name, before[name]))
        if text == before[name]:
            continue
        try:
            values[name] = _READERS[name](text) if text else _emptied(name)
        except ValueError as error:
            wrong[name] = str(error)
    if values.get("owner_id") is not None and values["owner_id"] not in owners:
        wrong["owner_id"] = "Choose somebody from the list."
    if wrong:
        raise WrongError(wrong)
    if values.get("value") is not None and not (values.get("currency") or prospect.currency):
        values["currency"] = currency
    return Changes(values)


def apply(
    session: Session, prospect: Prospect, changes: Changes, user_id: int | None, now: datetime
) -> list[Entry]:
    """Write the changes; what of them goes into the history. Raises `TakenError`."""
    email = changes.values.get("email")
    if email is not None:
        other = people.holder_of(session, email)
        if other is not None and other != prospect.id:
            raise TakenError(f"{email} already belongs to prospect {other}.")
    for name, value in changes.values.items():
        setattr(prospect, name, value)
    session.flush()
    if "owner_id" in changes.values:
        _hand_over(session, prospect)
    return [
        replace(people.field_set(prospect, name, value, now, now), user_id=user_id)
        for name, value in changes.values.items()
        if name in _HISTORY
    ]


def _hand_over(session: Session, prospect: Prospect) -> None:
    """A person's open card goes to the owner with them."""
    moving = update(Card).where(
        col(Card.prospect_id) == prospect.id, col(Card.state).in_(("open", "snoozed"))
    )
    values: dict[str, Any] = {"owner_id": prospect.owner_id, "held_by": None, "held_until": None}
    session.exec(moving.values(**values).execution_options(synchronize_session=False))


def owners(session: Session) -> list[tuple[int, str]]:
    """Who of us can own people: id and name."""
    users = select(User.id, User.name).where(col(User.disabled_at).is_(None)).order_by(User.name)
    return [(id_, name) for id_, name in session.exec(users)]


# --- One field each ---------------------------------------------------------------------------------


def _emptied(name: str) -> Any:
    if name == "name":
        raise ValueError("Give a name.")
    return [] if name == "tags" else None


def _text(text: str) -> str:
    if len(text) > LONGEST:
        raise ValueError(f"Keep it under {LONGEST} characters.")
    return text


def _email(text: str) -> str:
    address = people.normalised_address(text)
    if address is None:
        raise ValueError("Give an address such as name@example.com.")
    return address


def _country(text: str) -> str:
    if not re.fullmatch("[A-Za-z]{2}", text, re.ASCII):
        raise ValueError("Give the two letters of the country, such as DE.")
    return text.upper()


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("Give a time zone such as Europe/Lisbon.")
    return text


def _value(text: str) -> int:
    found = _MONEY.fullmatch(text.replace(" ", "").replace("\u00a0", ""))
    if found is None:
        raise ValueError("Give an amount such as 18000 or 18,000.50.")
    whole, _, cents = found[0].replace(",", "").partition(".")
    if int(whole) > DEAREST:
        raise ValueError(f"Give an amount up to {DEAREST:,}.")
    return int(whole) * 100 + int(cents.ljust(2, "0"))


def _currency(text: str) -> str:
    if not re.fullmatch("[A-Za-z]{3}", text, re.ASCII):
        raise ValueError("Give the three letters of the currency, such as EUR.")
    return text.upper()


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("Give a day such as 2027-03-31.") from None


def _tags(text: str) -> list[str]:
    tags = list(dict.fromkeys(tag.strip() for tag in text.split(",") if tag.strip()))
    if len(tags) > MOST_TAGS or any(len(tag) > 60 for tag in tags):
        raise ValueError(f"Give at most {MOST_TAGS} tags of up to 60 characters, with commas between.")
    return tags


def _owner(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise ValueError("Choose somebody from the list.")
    return int(text)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "name": _text,
    "email": _email,
    "title": _text,
    "country": _country,
    "timezone": _zone,
    "value": _value,
    "currency": _currency,
    "expected_close_on": _day,
    "tags": _tags,
    "owner_id": _owner,
}
