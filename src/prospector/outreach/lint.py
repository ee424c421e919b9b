"""What must not reach anybody: the checks of one draft, pure, over its text and its facts.

Errors block the approval, warnings need a click. The text may have been edited by hand since it
was rendered, so nothing is taken from the template. All patterns are linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from prospector.graphemes import graphemes
from prospector.outreach import leftovers, naming, wording
from prospector.outreach.facts import Facts
from prospector.outreach.problem import Problem, approvable, at, found_by

LONGEST_SUBJECT = 998
"""Octets that RFC 5322, 2.1.1 allows a line; 78 is what it recommends."""
WIDE_SUBJECT = 78
MANY_WORDS = 250
"""Words of a mail above which cold mails are rarely read to their end."""


_WORD = re.compile(r"[^\W\d_]+(?:-feira)?")
_LETTER = re.compile(r"[^\W\d_]")
_LINE_BREAK = re.compile(r"[\r\n\x0b\x0c\x85\u2028\u2029]")


def lint(
    subject: str,
    body: str,
    facts: Facts,
    *,
    action: str = "email",
    language: str | None = None,
    limit: int | None = None,
) -> tuple[Problem, ...]:
    """What is wrong with this draft, errors first, then in the order of the text.

    The language is told by the draft's own words, and where they are too few it is `language`, the
    template's. `limit` is the longest body that the channel takes, in characters as readers count them
    (UAX 29). Header safety is here too: a line break in the subject or in a name could start a header of
    its own, and is an error, never stripped.
    """
    problems = [
        *leftovers.problems(subject, "subject"),
        *leftovers.problems(body, "body"),
        *_headers(subject, facts),
        *_lengths(subject, body, action, limit),
    ]
    problems += naming.problems(body, "body", facts)
    problems += naming.problems(subject, "subject", facts)
    problems += _weekdays(body, language_of(body) or language, facts)
    if action == "email":
        problems += _subject(subject, facts)
    return tuple(sorted(dict.fromkeys(problems), key=_order))


def language_of(text: str) -> str | None:
    """The language of a text, told by its frequent short words; None where that is not clear."""
    words = [word.lower() for word in _WORD.findall(text[:20_000])]
    counts = {name: sum(word in stops for word in words) for name, stops in wording.STOP_WORDS.items()}
    best, second = sorted(counts.values(), reverse=True)[:2]
    return max(counts, key=counts.__getitem__) if best >= 3 and best > second else None


def _order(problem: Problem) -> tuple[bool, bool, int, int]:
    return (problem.level != "error", problem.where == "body", problem.line or 0, problem.column or 0)


def _headers(subject: str, facts: Facts) -> Iterator[Problem]:
    if match := _LINE_BREAK.search(subject):
        yield at(
            found_by(match), "subject", "header", "a subject is one line; delete the line break", "error"
        )
    for group, fields in (
        ("prospect", ("name", "first_name", "last_name", "email")),
        ("sender", ("name", "email")),
    ):
        values = facts.get(group) or {}
        for field in fields:
            if _LINE_BREAK.search(str(values.get(field) or "")):
                message = f"{group}.{field} has a line break, which could forge a header; correct it there"
                yield Problem("header", message, "error", "subject", found=str(values[field])[:80])


def _lengths(subject: str, body: str, action: str, limit: int | None) -> Iterator[Problem]:
    if action not in ("like", "follow") and not _LETTER.search(body):
        yield Problem("empty", "there is no text yet; write one", "error", "body")
    if limit is not None and (long := graphemes(body)) > limit:
        message = f"{long} characters, and this channel takes {limit}; shorten it by {long - limit}"
        yield Problem("too-long", message, "error", "body")
    if action == "email" and (words := len(body.split())) > MANY_WORDS:
        yield Problem(
            "long", f"{words} words; a first mail is read when it has fewer than 150", "warning", "body"
        )


def _subject(subject: str, facts: Facts) -> Iterator[Problem]:
    if not _LETTER.search(subject):
        yield Problem("no-subject", "a mail needs a subject; write one", "error", "subject")
    elif len(subject.encode(errors="replace")) > LONGEST_SUBJECT:
        yield Problem(
            "too-long", f"a subject has at most {LONGEST_SUBJECT} bytes; shorten it", "error", "subject"
        )
    elif len(subject) > WIDE_SUBJECT:
        yield Problem(
            "long",
            f"{len(subject)} characters; most readers see the first {WIDE_SUBJECT}",
            "warning",
            "subject",
        )
    if subject.isupper() and len(_WORD.findall(subject)) > 1:
        yield Problem(
            "shouting",
            "the subject is all in capitals; filters and people take that for spam",
            "warning",
            "subject",
        )
    if re.match(r"(?:re|fwd?)\s?:", subject, re.IGNORECASE) and not facts.get("engagement"):
        message = "this looks like an answer, and there is nothing that it answers; a subject has to be true"
        yield Problem("false-reply", message, "warning", "subject")


def _weekdays(text: str, language: str | None, facts: Facts) -> Iterator[Problem]:
    if language is None or language[:2] not in wording.WEEKDAYS:
        return
    folded = text.casefold()
    if not any(day in folded for day in _DAYS):
        return
    own, names = wording.WEEKDAYS[language[:2]], naming.names_in(facts)
    for match in _WORD.finditer(text):
        if match.group() in names:
            continue
        if (day := _DAYS.get(match.group().casefold())) and language[:2] not in day[0]:
            message = f"a weekday in another language ({day[0][0]}) than the text ({language[:2]})"
            yield at(found_by(match), "body", "weekday", message, "warning", own[day[1]])


def _days() -> dict[str, tuple[tuple[str, ...], int]]:
    """Each weekday's name with the languages that have it and its number, Monday being 0."""
    days: dict[str, tuple[tuple[str, ...], int]] = {}
    for language, names in wording.WEEKDAYS.items():
        for index, name in enumerate(names):
            languages, _ = days.get(name.casefold(), ((), index))
            days[name.casefold()] = ((*languages, language), index)
    return days


_DAYS = _days()

__all__ = ["Problem", "approvable", "language_of", "lint"]
