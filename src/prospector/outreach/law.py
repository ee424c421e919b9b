"""Whether the law of a person's country lets us send them a cold mail, and until when.

What is asked for, and where it stands:

- Canada: consent, whose proof is the sender's (CASL, S.C. 2010 c. 23, ss. 6(1), 10 and 13). Express
  consent has no end; an existing business relationship ends after two years, an inquiry after six
  months (s. 10(10)); a conspicuous publication counts while there is no statement against unsolicited
  mail beside it and the message is relevant to the person's role (s. 10(9)(b)).
- Countries that want consent before the first mail, by default Germany (UWG § 7(2) no. 2) and Austria
  (TKG 2021 § 174(3)). Their exceptions for customers have conditions that no program can check.
- Anywhere else: a legitimate interest that is written down (GDPR Art. 6(1)(f), 5(2)).

This is what the program asks for, and no legal advice. docs/law.md says more.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from prospector.outreach import countries

Kind = Literal["express", "relationship", "inquiry", "publication", "opt_in", "interest"]

KINDS: Mapping[Kind, str] = {
    "express": "they said yes to mail from us",
    "relationship": "they are a customer, or have had a contract with us",
    "inquiry": "they have asked us about what we sell",
    "publication": "they publish the address, with nothing against unsolicited mail",
    "opt_in": "they confirmed by a link in a mail (double opt-in)",
    "interest": "our legitimate interest in writing to them, in a few words",
}
MONTHS: Mapping[str, int] = {"relationship": 24, "inquiry": 6}
"""After how many months implied consent ends (CASL s. 10(10)(a) and (e))."""
IN_CANADA: Collection[str] = ("express", "opt_in", "relationship", "inquiry", "publication")
BEFOREHAND: Collection[str] = ("express", "opt_in")
OPT_IN_COUNTRIES = ("DE", "AT")

_SEEN = re.compile(
    r"https?://[^\s,]{4,500}, seen (\d{4}-\d{2}-\d{2}), nothing there against unsolicited mail; relevant: \S"
)
_AS_WRITTEN_THERE = {"deutschland": "DE", "österreich": "AT"}


class GroundError(ValueError):
    """What was entered is no ground; the message says what to enter."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A reason why we may write to somebody, with its proof. `at` is when it began: the yes, the last
    purchase or the end of the contract, the inquiry, the look at the page."""

    kind: str
    at: date
    evidence: str = ""
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a cold mail may go, why (not), and the last day on which it may; None: without end."""

    ok: bool
    why: str
    until: date | None = None


def verdict(
    country: str | None,
    grounds: Iterable[Ground],
    today: date,
    *,
    basis: str = "",
    opt_in: Collection[str] = OPT_IN_COUNTRIES,
) -> Verdict:
    """What holds for a person of this country, given what we know of their consent.

    `basis` is the note on our legitimate interest, of the campaign or of the person; it counts only
    where no consent is asked for. `country` is what `country_of` gives; one that is not known is
    judged as one of those.
    """
    known = tuple(grounds)
    if country == "CA":
        return _by_consent(known, today, IN_CANADA, "Canada", "CASL s. 6(1)")
    if country is not None and country in opt_in:
        return _by_consent(known, today, BEFOREHAND, countries.name_of(country), _source(country))
    if basis.strip() or any(one.kind == "interest" and _holds(one, today) for one in known):
        return Verdict(True, "our legitimate interest is noted")
    strongest = _best(_standing(known, today, IN_CANADA))
    if strongest is not None:
        return Verdict(True, _words(strongest), end_of(strongest))
    return Verdict(False, "why we may write is not noted: give the campaign, or the person, a lawful basis")


def end_of(ground: Ground) -> date | None:
    """The last day on which a ground holds; None: it has no end by itself."""
    months = MONTHS.get(ground.kind)
    by_law = _months_after(ground.at, months) if months is not None else None
    ends = [end for end in (by_law, ground.expires_on) if end is not None]
    return min(ends, default=None)


def fault(ground: Ground, today: date) -> str | None:
    """What is missing for this ground to be kept as evidence; None where nothing is."""
    if ground.kind not in KINDS:
        return f"there is no such kind; there are {', '.join(KINDS)}"
    if ground.at > today:
        return "this day is still to come; give the day on which it was"
    if not ground.evidence.strip():
        return "say what proves it, and where that can be found: the proof is ours to give"
    if ground.kind == "publication" and not _is_seen(ground.evidence):
        return (
            "give the page's address, the day on which it was seen, that nothing there is against "
            "unsolicited mail, and why the message is relevant to their role"
        )
    return None


def entered(
    kind: str, day: str, evidence: str, *, page: str = "", relevance: str = "", clear: bool = False
) -> Ground:
    """The ground that somebody entered. Of a publication `page` is where the address stands, `relevance`
    why the message concerns their role, and `clear` that the page says nothing against unsolicited mail.
    Raises `GroundError`."""
    try:
        at = date.fromisoformat(day.strip())
    except ValueError:
        raise GroundError("Give the day as 2026-11-24.") from None
    if kind == "publication" and (page.strip() or relevance.strip() or clear):
        if not clear:
            raise GroundError(
                "Look whether the page says that they want no such mail, and say that it does not."
            )
        evidence = publication(page, at, relevance)
    return Ground(kind, at, " ".join(evidence.split()))


def publication(url: str, seen_on: date, relevance: str) -> str:
    """The evidence of a conspicuous publication on whose page somebody looked for a statement against
    unsolicited mail and found none."""
    words = " ".join(relevance.split())
    return (
        f"{url.strip()}, seen {seen_on:%Y-%m-%d}, nothing there against unsolicited mail; relevant: {words}"
    )


def country_of(country: str | None, email: str | None) -> str | None:
    """The two letters of a person's country: as entered, else as the end of their address says."""
    said = (country or "").strip()
    known = _AS_WRITTEN_THERE.get(said.casefold()) or countries.code_of(said)
    ending = (email or "").rpartition(".")[2]
    return known or (countries.code_of(ending) if len(ending) == 2 else None)


def _by_consent(
    known: tuple[Ground, ...], today: date, accepted: Collection[str], where: str, source: str
) -> Verdict:
    held = _best(_standing(known, today, accepted))
    if held is not None:
        return Verdict(True, _words(held), end_of(held))
    over = [end for one in known if one.kind in accepted and (end := end_of(one)) is not None and end < today]
    if over:
        return Verdict(False, f"the consent for {where} ended on {max(over):%Y-%m-%d} ({source})", max(over))
    asked = "consent before the first mail" if accepted is BEFOREHAND else "a consent with its evidence"
    return Verdict(False, f"{where} asks for {asked} ({source}), and none is noted")


def _standing(known: tuple[Ground, ...], today: date, accepted: Collection[str]) -> list[Ground]:
    return [one for one in known if one.kind in accepted and _holds(one, today)]


def _holds(ground: Ground, today: date) -> bool:
    end = end_of(ground)
    return fault(ground, today) is None and (end is None or today <= end)


def _best(held: list[Ground]) -> Ground | None:
    """The one that lasts longest."""
    return max(held, key=lambda one: (end_of(one) or date.max, one.at), default=None)


def _words(ground: Ground) -> str:
    return f"{KINDS[ground.kind]} (since {ground.at:%Y-%m-%d})"  # type: ignore[index]


def _is_seen(evidence: str) -> bool:
    match = _SEEN.match(evidence)
    try:
        return match is not None and bool(date.fromisoformat(match[1]))
    except ValueError:
        return False


def _months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _source(code: str) -> str:
    named = {"DE": "UWG § 7(2) no. 2", "AT": "TKG 2021 § 174(3)"}
    return named.get(code, "opt_in_countries in config.toml")
