"""What templates, imports and editing leave behind in a text: marks, markup, gaps, doubled words.

One table of patterns, each linear in the text, and none reaching over the end of a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from prospector.outreach import wording
from prospector.outreach.problem import Level

MOST_OF_A_KIND = 50
"""Finds of one pattern that are listed: nobody reads more, and a hostile text has thousands."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What to look for. `needs` are bits of text without which the pattern cannot match: one look
    for all of them tells that most lines are clean. One without them is a `gate`: looked for in every
    line."""

    code: str
    level: Level
    message: str
    regex: re.Pattern[str]
    fix: str | None = None
    needs: tuple[str, ...] = ()
    gate: bool = False


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a pattern has found in a line; `start` counts from 0."""

    pattern: Pattern
    start: int
    words: str


def _pattern(
    code: str,
    level: Level,
    regex: str,
    message: str,
    flags: int = 0,
    fix: str | None = None,
    needs: str = "",
    gate: bool = False,
) -> Pattern:
    # A bar alone is what is needed, and not a list of two empty bits.
    bits = (needs,) if needs in ("", "|") else tuple(needs.split("|"))
    return Pattern(code, level, message, re.compile(regex, flags), fix, bits if needs else (), gate)


_I = re.IGNORECASE
_HELLO = rf"^(?:{wording.GREETINGS})"
# French sets a space before these marks: `Bonjour !` is right, `Hello !` is not.
_NOT_FRENCH = rf"^(?!bonjour|salut|chère?)(?:{wording.GREETINGS})"
# Greetings that nobody ends a line with.
_UNFINISHED = "dear|liebe|lieber|cher|chère|estimado|estimada|geachte|beste|caro|cara|prezado|prezada"
# What placeholders are called, in the languages that we know.
_NAMES = (
    "(?:first|last|full|company)?[ _-]?name|company|vorname|nachname|firma|prénom|nom|entreprise|nombre|"
    "apellido|empresa|nome|cognome|azienda|voornaam|achternaam|bedrijf|sobrenome"
)

PATTERNS = (
    _pattern(
        "missing",
        "error",
        r"⟨[^⟨⟩\n]{1,200}\?⟩",
        "this fact is not known: fill it in, write other words, or give the template a default",
        needs="⟨",
    ),
    _pattern(
        "markup",
        "error",
        r"\{\{|\}\}|\{%|%\}|\{#|#\}|\[\[|\]\]|<%|%>",
        "template markup is left; resolve or delete it",
        needs="{{|}}|{%|%}|{#|#}|[[|]]|<%|%>",
    ),
    _pattern("markup", "error", r"##", "`##` is left from a placeholder or a heading; delete it", needs="##"),
    _pattern(
        "markup",
        "error",
        r"%[A-Z][A-Z0-9_ ]{1,40}%|%[A-Za-z]{1,20}_[A-Za-z_]{1,20}%|%%[A-Za-z_]{2,40}%%|"
        r"\*\|[A-Z_:0-9]{2,40}\|\*",
        "a placeholder is left; fill it in",
        needs="%|*",
    ),
    _pattern(
        "markup",
        "error",
        r"(?<!\{)\{[!$A-Za-z_][\w.= -]{0,60}\}(?!\})",
        "a placeholder is left; fill it in",
        needs="{",
    ),
    _pattern("markup", "error", r"\$\{[^{}\n]{1,60}\}", "a placeholder is left; fill it in", needs="${"),
    _pattern(
        "markup",
        "error",
        rf"<(?:your |the |insert )?(?:{_NAMES}|title|city|link)>|«(?:{_NAMES})»|\$(?:{_NAMES})\b",
        "a placeholder is left; fill it in",
        _I,
        needs="<|«|$",
    ),
    _pattern(
        "markup",
        "error",
        r"\b(?:first|last|full|company)(?:_name|name)\b|\b[FL]NAME\b",
        "the name of a fact stands here instead of the fact; fill it in",
        _I,
        needs="_name|_NAME|_Name|tname|tName|TNAME|yname|yName|YNAME|FNAME|LNAME|lname|lName|fname",
    ),
    _pattern(
        "html",
        "error",
        r"</?(?:br|p|div|span|b|i|u|a|strong|em|ul|ol|li|html|body|table|tr|td|img|font)"
        r"(?:[ \t][^<>\n]{0,300})?/?>",
        "messages are plain text; delete the HTML tag",
        _I,
        needs="<",
    ),
    _pattern(
        "html",
        "error",
        r"&(?:[a-z]{2,8}|#[0-9]{1,6}|#x[0-9a-f]{1,5});",
        "an HTML entity is left; write it out",
        _I,
        needs="&",
    ),
    _pattern(
        "own-words",
        "error",
        rf"\[(?:your|insert|add|write|enter|fill|say|first|last|one|something|what|why|link|tbd|todo|{_NAMES})\b"
        r"[^\[\]\n]{0,200}\]",
        "write your own words here",
        _I,
        needs="[",
    ),
    _pattern(
        "own-words", "error", r"\b(?:TODO|TBD|XXX+)\b", "write your own words here", needs="TODO|TBD|XXX"
    ),
    _pattern("own-words", "error", r"\blorem ipsum\b", "write your own words here", _I, needs="psum|PSUM"),
    _pattern(
        "spintax",
        "error",
        r"(?<!\{)\{[^{}|\n]{0,200}\|[^{}\n]{0,200}\}(?!\})|\[[^\[\]|\n]{1,60}\|[^\[\]\n]{1,60}\]",
        "choose one of these wordings; variants belong to the campaign",
        needs="|",
    ),
    _pattern(
        "greeting",
        "error",
        rf"{_HELLO}(?:[ \t]{{1,20}}[,.]|[ \t]{{2,20}}$|[ \t]{{2,20}}\S)|{_NOT_FRENCH}[ \t]{{1,20}}[!:;]",
        "the greeting has no name: write one, or a greeting that needs none",
        _I,
        needs=" ,| .|  |\t| !| :| ;",
    ),
    _pattern(
        "greeting",
        "error",
        rf"^(?:{_UNFINISHED})(?:,|[ \t]{{0,20}}$)",
        "the greeting has no name: write one, or a greeting that needs none",
        _I,
        gate=True,
    ),
    _pattern(
        "greeting",
        "error",
        rf"{_HELLO}[ \t](?:{_NAMES}|prospect|lead|recipient)(?=[,.!:;]|[ \t]?$)",
        "a placeholder is greeted instead of a person; write the name",
        _I,
        gate=True,
    ),
    _pattern(
        "greeting",
        "error",
        rf"{_HELLO}[ \t]{{1,20}}[\d!-/:-@\[-`{{-~\u00a0-\u00bf\u00d7\u00f7\u2000-\u206f]{{1,20}},[ \t]?$",
        "the greeting has marks in place of a name: write one, or a greeting that needs none",
        _I,
        gate=True,
    ),
    _pattern(
        "nothing",
        "error",
        r"\b(?:hi|hello|hey|dear|hallo|bonjour|hola|at|for|with|from|about|as|of|in|to|bei|für|mit|von|chez|en)"
        r"[ \t](?-i:(?:None|nan|NaN|null|NULL|undefined|N/A|n/a|#N/A)(?=[ \t]?[,.;:!?]|[ \t]?$)|"
        r"(?:NaN|NULL|#N/A)\b)",
        "a value that is not known stands here; write other words",
        _I,
        needs="None|nan|NaN|ull|NULL|undefined|/A|/a",
    ),
    _pattern(
        "gap",
        "error",
        r"(?<=[^\s])[ \t]{1,20}[,.](?=\s|$)|(?<=[^\s])[ \t]{2,20}[!?:;]",
        "something is missing before this mark; fill it in or close the gap",
        needs=" ,| .|  |\t",
    ),
    _pattern(
        "gap",
        "error",
        r"^[ \t]{0,20}[,;.!?](?=\s|$)",
        "a line begins with this mark; something is missing before it",
        gate=True,
    ),
    _pattern(
        "empty-sentence",
        "error",
        r"(?<!\.)\.\.(?![./\w])|[.!?][ \t]{1,20}[.!?](?=\s|$)|[,;][ \t]{0,20}[,;.]",
        "a sentence or a part of one is empty; rewrite it",
        needs="..| .| !| ?| ,| ;|\t|,,|,;|,.|;,|;;|;.",
    ),
    _pattern(
        "empty-brackets",
        "error",
        r"\([ \t]{0,20}\)|\[[ \t]{0,20}\]|“[ \t]{0,20}”|„[ \t]{0,20}[“”]|«[ \t]{0,20}»|"
        r"(?<!\S)\"[ \t]{0,20}\"(?!\S)",
        "there is nothing between these; fill it in or delete them",
        needs='(|[|“|„|«|"',
    ),
    _pattern(
        "double-space",
        "warning",
        r"(?<=[^\W_])[ \t]{2,40}(?=[^\W_])",
        "two spaces inside a sentence; is a word missing?",
        fix=" ",
        needs="  |\t",
    ),
    _pattern(
        "doubled-word",
        "warning",
        # With regard to case: "at At Last" is a company.
        r"\b(the|a|an|at|of|and|for|with|your|our|to)[ \t]\1\b",
        "this word stands here twice; delete one",
        needs="the the|a a|an an|at at|of of|and and|for for|with with|your your|our our|to to|\t",
    ),
    _pattern(
        "invisible",
        "warning",
        r"[\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]",
        "an invisible character; delete it",
        fix="",
        gate=True,
    ),
    _pattern(
        "control",
        "error",
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]",
        "a control character; delete it",
        fix="",
        gate=True,
    ),
)


_BITS = frozenset(bit for pattern in PATTERNS for bit in pattern.needs)
_LETTERS = re.compile(f"[{re.escape(''.join(sorted(bit for bit in _BITS if len(bit) == 1)))}]")
_WORDS = tuple(bit for bit in sorted(_BITS) if len(bit) > 1)
_GATES = tuple(pattern.regex.search for pattern in PATTERNS if pattern.gate)


def leftovers(line: str) -> tuple[Leftover, ...]:
    """What is left behind in this line."""
    clean = not (_LETTERS.search(line) or any(word in line for word in _WORDS))
    if clean and not any(gate(line) for gate in _GATES):
        return ()
    return tuple(
        Leftover(pattern, match.start(), match.group())
        for pattern in PATTERNS
        if not pattern.needs or any(bit in line for bit in pattern.needs)
        for match in islice(pattern.regex.finditer(line), MOST_OF_A_KIND)
    )
