"""What in a text would hide the footer below it, or pass for one: how to stop our mail is never hidden.

Mail programs fold what stands below a signature's delimiter (RFC 3676, 4.3) or below quoted text, and
nobody scrolls past an empty screen. Everything is told line by line, in time linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from prospector.outreach.footer import WORDS
from prospector.outreach.problem import Found, Problem, at

CODE = "hides-footer"
BLANK_LINES = 5
"""Empty lines in a row that no letter has."""
EMPTY = "\n" * (BLANK_LINES + 1)
"""What is in every text that has so many lines without a character."""
MOST = 20
"""Finds that are listed: nobody reads more."""

# Characters that draw nothing, or nothing but room (Unicode: Cf, and the fillers that count as letters).
_UNSEEN = (
    "\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
_NOTHING = re.compile(rf"[\s{_UNSEEN}]*")
_LONG_RUN = re.compile(rf"[{_UNSEEN}]{{8,}}")
_DELIMITER = re.compile(rf"--[\s{_UNSEEN}]*")
_QUOTED = re.compile(r"[ \t]{0,20}(?:>|-{3,}[ \t]?(?:original|forwarded) )", re.IGNORECASE)
_WAY_OUT = re.compile(
    r"unsubscribe|opt[ -]?out|abmelde|abbestelle|désabonne|désinscri|darse de baja|iscrizione|disiscri|"
    r"afmelde|uitschrijv|descadastr|cancelar a (?:subscri|inscri)",
    re.IGNORECASE,
)
_OFFERED = re.compile(
    r"https?://|\bcli(?:ck|c|que|cca)\b|\bklick|\breply\b|\b(?:here|hier|ici|qui|aqu[ií])\b", re.IGNORECASE
)


def problems(body: str) -> Iterator[Problem]:
    """What of this text hides the footer, or could be taken for it."""
    text = body.rstrip()
    lines = text.split("\n")
    starts = _starts(lines)
    yield from islice(_gaps(text, lines, starts), MOST)
    yield from islice(_foldings(text, lines, starts), MOST)
    yield from islice(_imitations(text, lines, starts), MOST)


def suspicious(line: str) -> bool:
    """Whether a line could be one of those: where none is, and there is no `EMPTY`, nothing hides."""
    return bool(
        (line and _NOTHING.fullmatch(line))
        or line.startswith("--")
        or _LONG_RUN.search(line)
        or _QUOTED.match(line)
        or line.lstrip().startswith(_OURS)
        or (_WAY_OUT.search(line) and _OFFERED.search(line))
    )


def _gaps(text: str, lines: Sequence[str], starts: Sequence[int]) -> Iterator[Problem]:
    """Room that nothing fills, by empty lines or by characters that nobody sees."""
    empty = 0
    for line, start in zip(lines, starts, strict=True):
        empty = empty + 1 if _NOTHING.fullmatch(line) else 0
        if empty == BLANK_LINES + 1:
            message = "so many empty lines push the footer out of sight; leave one or two"
            yield _error(text, start, line, message)
    for match in _LONG_RUN.finditer(text):
        yield _error(
            text, match.start(), match.group(), "characters that nobody sees stand here; delete them"
        )


def _foldings(text: str, lines: Sequence[str], starts: Sequence[int]) -> Iterator[Problem]:
    """What mail programs show folded, together with all below."""
    for line, start in zip(lines, starts, strict=True):
        if line.startswith("--") and _DELIMITER.fullmatch(line):
            message = 'mail programs fold what stands below "--", the footer too; delete this line'
            yield _error(text, start, line, message)
    if _QUOTED.match(lines[-1]):
        message = (
            "mail programs fold what stands below a quotation, the footer too; end with words of your own"
        )
        yield _error(text, starts[-1], lines[-1], message)


def _imitations(text: str, lines: Sequence[str], starts: Sequence[int]) -> Iterator[Problem]:
    """Another way out than ours, or our own words in the wrong place."""
    for line, start in zip(lines, starts, strict=True):
        offers = _WAY_OUT.search(line) and _OFFERED.search(line)
        if offers or line.lstrip().startswith(_OURS):
            yield _error(text, start, line, "this passes for the footer, which is added below; delete it")


def _starts(lines: Sequence[str]) -> list[int]:
    starts = [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _error(text: str, start: int, words: str, message: str) -> Problem:
    return at(Found(text, start, words), "body", CODE, message, "error")


def _beginnings() -> tuple[str, ...]:
    """How the lines of our footers begin, in every language."""
    sentences = (one for words in WORDS.values() for one in (words.commercial, words.stop, words.click))
    return tuple(sentence.partition("{")[0].strip() for sentence in sentences)


_OURS = _beginnings()
