"""What must not reach anybody: the checks of one draft, pure, over its text and its facts.

Errors block the approval, warnings need a click. The text may have been edited by hand since it
was rendered, so nothing is taken from the template. All patterns are linear in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from prospector.outreach import concealment, naming, wording
from prospector.outreach.facts import Facts
from prospector.outreach.line import Line, line_of
from prospector.outreach.problem import Problem, Where, approvable, at, found_by

LONGEST_SUBJECT = 998
"""Octets that RFC 5322, 2.1.1 allows a line; 78 is what it recommends."""
WIDE_SUBJECT = 78
MOST_LEFTOVERS = 300
"""Nobody reads more, and a hostile text has thousands."""
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
    heads, lines = _lines(subject), _lines(body)
    problems = [
        *_leftovers(heads, "subject"),
        *_leftovers(lines, "body"),
        *_headers(subject, facts),
        *_lengths(lines, body, action, limit),
    ]
    problems += naming.problems(subject, body, facts)
    if any(line.days for line in (*heads, *lines)):
        spoken = _language(lines) or language
        problems += [*_weekdays(heads, "subject", spoken, facts), *_weekdays(lines, "body", spoken, facts)]
    if action == "email":
        problems += _subject(subject, facts)
        if concealment.EMPTY in body or any(line.may_hide for line in lines):
            problems += concealment.problems(body)
    return tuple(sorted(dict.fromkeys(problems), key=_order)) if problems else ()


def language_of(text: str) -> str | None:
    """The language of a text, told by its frequent short words; None where that is not clear."""
    return _language(_lines(text[:20_000]))


def _language(lines: Sequence[Line]) -> str | None:
    counts = Counter(language for line in lines for language in line.stops).most_common(2)
    if not counts or counts[0][1] < 3 or (len(counts) > 1 and counts[0][1] == counts[1][1]):
        return None
    return counts[0][0]


def _lines(text: str) -> list[Line]:
    return [line_of(row) for row in text.split("\n")]


def _leftovers(lines: Sequence[Line], where: Where) -> Iterator[Problem]:
    found = ((number, one) for number, line in enumerate(lines, start=1) for one in line.leftovers)
    for number, one in islice(found, MOST_LEFTOVERS):
        pattern, column = one.pattern, one.start + 1
        yield Problem(
            pattern.code,
            pattern.message,
            pattern.level,
            where,
            number,
            column,
            one.words[:200],
            pattern.fix,
        )


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
        if not _LINE_BREAK.search(" ".join([str(values.get(field) or "") for field in fields])):
            continue
        for field in fields:
            if _LINE_BREAK.search(str(values.get(field) or "")):
                message = f"{group}.{field} has a line break, which could forge a header; correct it there"
                yield Problem("header", message, "error", "subject", found=str(values[field])[:80])


def _lengths(lines: Sequence[Line], body: str, action: str, limit: int | None) -> Iterator[Problem]:
    if action not in ("like", "follow") and not any(line.has_letters for line in lines):
        yield Problem("empty", "there is no text yet; write one", "error", "body")
    if limit is not None and (long := _graphemes(body)) > limit:
        message = f"{long} characters, and this channel takes {limit}; shorten it by {long - limit}"
        yield Problem("too-long", message, "error", "body")
    if action == "email" and (words := sum(line.words for line in lines)) > MANY_WORDS:
        yield Problem(
            "long", f"{words} words; a first mail is read when it has fewer than 150", "warning", "body"
        )


def _graphemes(text: str) -> int:
    # Its library takes as long to load as hundreds of drafts to judge, and mails have no limit.
    from prospector.graphemes import graphemes

    return graphemes(text)


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


def _weekdays(lines: Sequence[Line], where: Where, language: str | None, facts: Facts) -> Iterator[Problem]:
    if language is None or language[:2] not in wording.WEEKDAYS:
        return
    own, names = wording.WEEKDAYS[language[:2]], naming.names_in(facts)
    for number, line in enumerate(lines, start=1):
        for day in line.days:
            if language[:2] not in day.languages and day.word not in names:
                told = f"a weekday in another language ({day.languages[0]}) than the text ({language[:2]})"
                fix = own[day.number]
                yield Problem("weekday", told, "warning", where, number, day.start + 1, day.word, fix)


__all__ = ["Problem", "approvable", "language_of", "lint"]
