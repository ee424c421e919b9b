"""How a person and their company are addressed: names that an import got wrong, and what to write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from prospector.outreach import wording
from prospector.outreach.facts import Facts, look_up, plain
from prospector.outreach.problem import Found, Level, Problem, Where, at

_LEGAL = re.compile(rf"[\s,]+(?:{wording.LEGAL_FORMS})\.?$", re.IGNORECASE)

Verdict = tuple[str, Level, str, str | None]
"""Code, level, message and what to write instead."""


def problems(subject: str, body: str, facts: Facts) -> Iterator[Problem]:
    """Names that stand in these texts and should not stand there like that."""
    texts: tuple[tuple[str, Where], ...] = ((body, "body"), (subject, "subject"))
    first_name = look_up(facts, "prospect.first_name")
    if isinstance(first_name, str):
        name = first_name.strip()
        # Of one word it does not matter what the whole name is: then the verdict is kept for the next.
        whole = str(look_up(facts, "prospect.name")) if " " in name else None
        if verdict := judged_first_name(name, whole):
            yield from _told(name, texts, verdict)
    company = look_up(facts, "company.name") or look_up(facts, "prospect.company")
    if isinstance(company, str) and (short := short_name(company)) != company.strip():
        known = look_up(facts, "company.short_name")
        fix = known if isinstance(known, str) and short_name(known) == known else short
        message = "people do not say the legal form of a company; use the short name"
        yield from _told(company.strip(), texts, ("legal-form", "warning", message, fix))


def _told(name: str, texts: Iterable[tuple[str, Where]], verdict: Verdict) -> Iterator[Problem]:
    code, level, message, fix = verdict
    for text, where in texts:
        if found := _found(name, text):
            yield at(found, where, code, message, level, fix)


@lru_cache(maxsize=1024)
def judged_first_name(name: str, whole: str | None = None) -> Verdict | None:
    """What is wrong with a first name that nobody should be greeted by; None if it may stand."""
    letters = [letter for letter in name if letter.isalpha()]
    if name.casefold().strip(".") in wording.ROLES:
        return (
            "role",
            "error",
            f"`{name}` is a mailbox or a role, not a first name; find out who reads it",
            None,
        )
    if "@" in name or not letters or any(letter.isdigit() for letter in name):
        return "not-a-name", "error", f"`{name}` is not a first name; correct it", None
    return _too_much(name, whole) or _miswritten(name, letters)


def _too_much(name: str, whole: str | None) -> Verdict | None:
    words = name.split()
    if len(words) > 1 and words[0].casefold().strip(".") in wording.HONORIFICS:
        return "honorific", "warning", "the first name begins with a form of address", " ".join(words[1:])
    if len(words) > 1 and whole is not None and whole.casefold().split() == name.casefold().split():
        return "whole-name", "warning", "the first name holds the whole name", cased(words[0])
    bare = "".join(
        letter if letter.isalpha() or letter in " .'’-" else " " for letter in _plain_letters(name)
    )
    if bare != _plain_letters(name):
        fix = " ".join(bare.split())
        return "decorated", "warning", "the first name has marks that are no letters", fix
    return None


def _miswritten(name: str, letters: list[str]) -> Verdict | None:
    # One letter is a whole name in Chinese or Korean, and `AJ` is what people are called.
    if len(letters) == 1 and letters[0].isascii():
        return "initial", "warning", f"`{name}` is an initial; find out the name, or greet without one", None
    if len(letters) > 2 and name.isupper():
        return "capitals", "warning", "the first name is all in capitals", cased(name)
    if name.islower():
        return "lower-case", "warning", "the first name begins with a small letter", cased(name)
    return None


def _plain_letters(name: str) -> str:
    """Without combining marks, which belong to their letters."""
    return "".join(letter for letter in name if not unicodedata.category(letter).startswith("M"))


def cased(name: str) -> str:
    """A name with capitals where they belong: `ANNA-LENA` is Anna-Lena, `o'neil` O'Neil."""
    return name.title()


@lru_cache(maxsize=1024)
def short_name(company: str) -> str:
    """A company's name without its legal form: `Nordlicht Software GmbH` is Nordlicht Software."""
    short = company[:500].strip()
    while (bare := _LEGAL.sub("", short)) and bare != short:
        short = bare
    return short


def first_name_of(name: str) -> str | None:
    """The first name in a whole name, `King, Ada` and `Dr. Ada King` included; None if unclear, as where
    an import had nothing but the address to call somebody by."""
    last, comma, rest = name[:500].partition(",")
    words = (rest if comma and rest.strip() else last).split()
    while words and words[0].casefold().strip(".") in wording.HONORIFICS:
        words = words[1:]
    return words[0] if words and "@" not in words[0] else None


def completed(facts: Facts) -> Facts:
    """The facts with what follows from others: first names, and the company's short name."""
    groups = dict(facts)
    for name in ("prospect", "sender"):
        group = groups.get(name) or {}
        if plain(group.get("first_name")) is None and isinstance(whole := plain(group.get("name")), str):
            groups[name] = {**group, "first_name": first_name_of(whole)}
    company = groups.get("company") or {}
    whole = plain(company.get("name")) or plain((groups.get("prospect") or {}).get("company"))
    if isinstance(whole, str) and not (company.get("name") and company.get("short_name")):
        short = company.get("short_name") or short_name(whole)
        groups["company"] = {**company, "name": company.get("name") or whole, "short_name": short}
    return groups


def names_in(facts: Facts) -> frozenset[str]:
    """The words of all names in these facts: Domingo Vega is no Sunday."""
    paths = ("prospect.name", "prospect.first_name", "prospect.company", "company.name", "sender.name")
    return frozenset(word for path in paths for word in str(look_up(facts, path) or "").split())


def _found(name: str, text: str) -> Found | None:
    """Where the name stands in the text as whole words; by hand, as a pattern for each name would
    cost more than the rest of the lint."""
    start = text.find(name) if name else -1
    while start >= 0:
        end = start + len(name)
        if not (_word_at(text, start - 1) and _word_at(text, start)) and not (
            _word_at(text, end - 1) and _word_at(text, end)
        ):
            return Found(text, start, name)
        start = text.find(name, end)
    return None


def _word_at(text: str, index: int) -> bool:
    return 0 <= index < len(text) and (text[index].isalnum() or text[index] == "_")
