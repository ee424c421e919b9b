"""Whether two rows may be one person: by the forms that one address can take, and by names."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

GMAIL = frozenset({"gmail.com", "googlemail.com"})
"""Where dots in the name mean nothing and both domains are one (support.google.com/mail/answer/7436150)."""
MOST_NAMESAKES = 50
"""Of so many of one last name in a company the names alone prove nothing."""
SAME_MAILBOX, SAME_NAME, SAME_DOMAIN, LIKE_NAME = 95, 80, 10, 55
"""How strong each reason is, of 100; the same domain of the addresses adds to a name."""
_TITLES = frozenset(
    {"dr", "prof", "mr", "mrs", "ms", "herr", "frau", "jr", "sr", "phd", "mba", "dipl", "ing"}
)
_WORD = re.compile(r"[^\W\d_]+")
_LEAST_SHORT_FORM = 3


@dataclass(frozen=True, slots=True)
class Someone:
    """What two rows are compared by."""

    id: int
    name: str
    email: str | None
    company_id: int | None


@dataclass(frozen=True, slots=True)
class Resemblance:
    """Two rows (`first` is the older) that may be one person; `strength` up to 100, with its reasons."""

    first: int
    second: int
    strength: int
    reasons: tuple[str, ...]


def mailbox_of(address: str) -> str:
    """The mailbox behind an address: what follows a plus sign only sorts (RFC 5233), and at Gmail
    dots say nothing."""
    local, _, domain = address.lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in GMAIL:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def parts_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, without accents, titles and punctuation."""
    letters = unicodedata.normalize("NFKD", name.replace("ß", "ss")).casefold()
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = _WORD.findall(bare.partition(",")[2] + " " + bare.partition(",")[0] if "," in bare else bare)
    return tuple(word for word in words if word not in _TITLES)


def alike(one: Sequence[str], two: Sequence[str]) -> str | None:
    """How two names (as `parts_of` gives them) resemble each other, in words; None where they do not.

    The same words in any order, or the same last name with an initial or a short form of the first.
    """
    if len(one) < 2 or len(two) < 2:
        return None
    if sorted(one) == sorted(two):
        return "the same name"
    short, long = sorted((one[0], two[0]), key=len)
    if one[-1] != two[-1] or len(one[-1]) < 2 or not long.startswith(short):
        return None
    if short == long:
        return "the same first and last name"
    if len(short) == 1:
        return "the same last name and initial"
    return "the same last name and a short form of the first" if len(short) >= _LEAST_SHORT_FORM else None


def in_company(people: Iterable[Someone]) -> Iterator[Resemblance]:
    """The pairs among the people of one company, compared only within a last name."""
    by_last: dict[str, list[tuple[Someone, tuple[str, ...]]]] = defaultdict(list)
    for person in people:
        parts = parts_of(person.name)
        # In any order: a name written last name first stands under both ends.
        for end in {parts[-1], parts[0]} if len(parts) >= 2 else ():
            by_last[end].append((person, parts))
    seen: set[tuple[int, int]] = set()
    for group in by_last.values():
        for (one, names), (two, others) in combinations(group[:MOST_NAMESAKES], 2):
            pair = (min(one.id, two.id), max(one.id, two.id))
            if pair not in seen and (how := alike(names, others)) is not None:
                seen.add(pair)
                yield _of_names(one, two, how)


def _of_names(one: Someone, two: Someone, how: str) -> Resemblance:
    strength = LIKE_NAME if "last name and" in how and "first and" not in how else SAME_NAME
    reasons = [how, "the same company"]
    domains = {person.email.rpartition("@")[2] for person in (one, two) if person.email}
    if one.email and two.email and len(domains) == 1:
        strength, reasons = strength + SAME_DOMAIN, [*reasons, f"both addresses at {domains.pop()}"]
    return Resemblance(min(one.id, two.id), max(one.id, two.id), strength, tuple(reasons))


def of_mailboxes(people: Iterable[tuple[int, str]]) -> Iterator[Resemblance]:
    """The pairs whose addresses (each with its row's id) lead to one mailbox."""
    groups: dict[str, dict[int, str]] = defaultdict(dict)
    for id_, address in people:
        groups[mailbox_of(address)][id_] = address
    for mailbox, found in groups.items():
        for one, two in combinations(sorted(found)[:MOST_NAMESAKES], 2):
            yield Resemblance(one, two, SAME_MAILBOX, (f"both addresses are the mailbox {mailbox}",))


def together(found: Iterable[Resemblance]) -> list[Resemblance]:
    """Each pair once, with all its reasons, the strongest first."""
    pairs: dict[tuple[int, int], Resemblance] = {}
    for one in found:
        known = pairs.get((one.first, one.second), one)
        reasons = tuple(dict.fromkeys([*known.reasons, *one.reasons]))
        strength = min(100, max(known.strength, one.strength) + 2 * (len(reasons) > len(known.reasons)))
        pairs[one.first, one.second] = Resemblance(one.first, one.second, strength, reasons)
    return sorted(pairs.values(), key=lambda pair: (-pair.strength, pair.first, pair.second))
