"""What must not reach anybody: the checks of one draft, pure, over its text and its facts.

Errors block the approval, warnings need a click. The text may have been edited by hand since it
was rendered, so nothing is taken from the template. All patterns are linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from prospector.outreach import naming, wording
from prospector.outreach.facts import Facts
from prospector.outreach.problem import Level, Problem, Where, approvable

LONGEST_SUBJECT = 998
"""Octets that RFC 5322, 2.1.1 allows a line; 78 is what it recommends."""
WIDE_SUBJECT = 78
MOST_OF_A_KIND = 50
"""Finds of one pattern that are listed: nobody reads more, and a hostile text has thousands."""
MANY_WORDS = 250
"""Words of a mail above which cold mails are rarely read to their end."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    code: str
    level: Level
    message: str
    regex: re.Pattern[str]
    fix: str | None = None


def _pattern(
    code: str, level: Level, regex: str, message: str, flags: int = 0, fix: str | None = None
) -> _Pattern:
    return _Pattern(code, level, message, re.compile(regex, flags), fix)


_I, _M = re.IGNORECASE, re.MULTILINE
_HELLO = rf"^(?:{wording.GREETINGS})"
# French sets a space before these marks: `Bonjour !` is right, `Hello !` is not.
_NOT_FRENCH = rf"^(?!bonjour|salut|chère?)(?:{wording.GREETINGS})"

_PATTERNS = (
    _pattern(
        "missing",
        "error",
        r"⟨[^⟨⟩\n]{1,200}\?⟩",
        "this fact is not known: fill it in, write other words, or give the template a default",
    ),
    _pattern(
        "markup",
        "error",
        r"\{\{|\}\}|\{%|%\}|\{#|#\}|\[\[|\]\]",
        "template markup is left; resolve or delete it",
    ),
    _pattern("markup", "error", r"##", "`##` is left from a placeholder or a heading; delete it"),
    _pattern(
        "markup",
        "error",
        r"%[A-Z][A-Z0-9_ ]{1,40}%|\*\|[A-Z_:0-9]{2,40}\|\*",
        "a placeholder is left; fill it in",
    ),
    _pattern(
        "markup", "error", r"(?<!\{)\{[A-Za-z_][\w.= -]{0,60}\}(?!\})", "a placeholder is left; fill it in"
    ),
    _pattern("markup", "error", r"\$\{[^{}\n]{1,60}\}", "a placeholder is left; fill it in"),
    _pattern(
        "markup",
        "error",
        r"<(?:your |the |insert )?(?:first|last|full|company)?[ _-]?(?:name|title|company|city|link)>",
        "a placeholder is left; fill it in",
        _I,
    ),
    _pattern(
        "html",
        "error",
        r"</?(?:br|p|div|span|b|i|u|a|strong|em|ul|ol|li|html|body|table|tr|td|img|font)(?:\s[^<>\n]{0,300})?/?>",
        "messages are plain text; delete the HTML tag",
        _I,
    ),
    _pattern(
        "html",
        "error",
        r"&(?:[a-z]{2,8}|#[0-9]{1,6}|#x[0-9a-f]{1,5});",
        "an HTML entity is left; write it out",
        _I,
    ),
    _pattern(
        "own-words",
        "error",
        r"\[(?:your|insert|add|write|enter|fill|say|name|first|last|company|one|something|what|why|link|tbd|todo)\b"
        r"[^\[\]\n]{0,200}\]",
        "write your own words here",
        _I,
    ),
    _pattern("own-words", "error", r"\b(?:(?i:lorem ipsum)|TODO|TBD|XXX+)\b", "write your own words here"),
    _pattern(
        "spintax",
        "error",
        r"(?<!\{)\{[^{}|\n]{0,200}\|[^{}\n]{0,200}\}(?!\})",
        "choose one of these wordings; variants belong to the campaign",
    ),
    _pattern(
        "greeting",
        "error",
        rf"{_HELLO}(?:[ \t]{{1,20}}[,.]|[ \t]{{2,20}}$|[ \t]{{2,20}}\S)|{_NOT_FRENCH}[ \t]{{1,20}}[!:;]",
        "the greeting has no name: write one, or a greeting that needs none",
        _I | _M,
    ),
    _pattern(
        "greeting",
        "error",
        r"^(?:dear|liebe|lieber|cher|chère|estimado|estimada|geachte|beste|caro|cara),",
        "the greeting has no name: write one, or a greeting that needs none",
        _I | _M,
    ),
    _pattern(
        "nothing",
        "error",
        r"\b(?:hi|hello|hey|dear|hallo|bonjour|hola|at|for|with|from|about|as|of|in|to|bei|für|mit|von|chez|en)"
        r"[ \t](?-i:None|nan|NaN|null|NULL|undefined|N/A|n/a|#N/A)(?=[ \t]?[,.;:!?]|[ \t]?$)",
        "a value that is not known stands here; write other words",
        _I | _M,
    ),
    _pattern(
        "gap",
        "error",
        r"(?<=[^\s])[ \t]{1,20}[,.](?=\s|$)|(?<=[^\s])[ \t]{2,20}[!?:;]",
        "something is missing before this mark; fill it in or close the gap",
        _M,
    ),
    _pattern(
        "empty-sentence",
        "error",
        r"(?<!\.)\.\.(?![./\w])|[.!?][ \t]{1,20}[.!?](?=\s|$)|[,;][ \t]{0,20}[,;.]",
        "a sentence or a part of one is empty; rewrite it",
        _M,
    ),
    _pattern(
        "empty-brackets",
        "error",
        r"\([ \t]{0,20}\)|\[[ \t]{0,20}\]|“[ \t]{0,20}”|„[ \t]{0,20}[“”]|«[ \t]{0,20}»|"
        r"(?<!\S)\"[ \t]{0,20}\"(?!\S)",
        "there is nothing between these; fill it in or delete them",
    ),
    _pattern(
        "double-space",
        "warning",
        r"(?<=[^\W_])[ \t]{2,40}(?=[^\W_])",
        "two spaces inside a sentence; is a word missing?",
        fix=" ",
    ),
    _pattern(
        "doubled-word",
        "warning",
        r"\b(the|a|an|at|of|and|for|with|your|our|to)[ \t]\1\b",
        "this word stands here twice; delete one",
        _I,
    ),
    _pattern(
        "invisible",
        "warning",
        r"[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]",
        "an invisible character; delete it",
        fix="",
    ),
    _pattern(
        "control",
        "error",
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]",
        "a control character; delete it",
        fix="",
    ),
)
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

    `language` is the template's; without it, it is guessed from the draft. `limit` is the longest
    body in characters that the channel takes. Header safety is here too: a line break in the
    subject or in a name could start a header of its own, and is an error, never stripped.
    """
    problems = [*_texts(subject, body), *_headers(subject, facts), *_lengths(subject, body, action, limit)]
    problems += naming.problems(body, "body", facts)
    problems += naming.problems(subject, "subject", facts)
    problems += _weekdays(body, language or language_of(body))
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


def _texts(subject: str, body: str) -> Iterator[Problem]:
    texts: tuple[tuple[Where, str], ...] = (("subject", subject), ("body", body))
    for where, text in texts:
        for pattern in _PATTERNS:
            for match in islice(pattern.regex.finditer(text), MOST_OF_A_KIND):
                yield naming.at(match, where, pattern.code, pattern.message, pattern.level, pattern.fix)


def _headers(subject: str, facts: Facts) -> Iterator[Problem]:
    if match := _LINE_BREAK.search(subject):
        yield naming.at(match, "subject", "header", "a subject is one line; delete the line break", "error")
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
    if limit is not None and len(body) > limit:
        message = f"{len(body)} characters, and this channel takes {limit}; shorten it by {len(body) - limit}"
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
    if re.match(r"(?:re|fwd?)\s?:", subject, _I) and not facts.get("engagement"):
        message = "this looks like an answer, and there is nothing that it answers; a subject has to be true"
        yield Problem("false-reply", message, "warning", "subject")


def _weekdays(text: str, language: str | None) -> Iterator[Problem]:
    if language is None or language[:2] not in wording.WEEKDAYS:
        return
    own = {day.casefold() for day in wording.WEEKDAYS[language[:2]]}
    foreign = {
        day.casefold(): (other, index)
        for other, days in wording.WEEKDAYS.items()
        for index, day in enumerate(days)
    }
    for match in _WORD.finditer(text):
        word = match.group().casefold()
        if word in foreign and word not in own:
            other, index = foreign[word]
            message = f"a weekday in another language ({other}) than the text ({language[:2]})"
            fix = wording.WEEKDAYS[language[:2]][index]
            yield naming.at(match, "body", "weekday", message, "warning", fix)


__all__ = ["Problem", "approvable", "language_of", "lint"]
