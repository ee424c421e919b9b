"""What templates, imports and editing leave behind in a text: marks, markup, gaps, doubled words.

One table of patterns, each linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from prospector.outreach import wording
from prospector.outreach.problem import Level, Problem, Where, at, found_by

MOST_OF_A_KIND = 50
"""Finds of one pattern that are listed: nobody reads more, and a hostile text has thousands."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What to look for. `needs` are bits of text without which the pattern cannot match: looking
    for them first makes clean texts, which most are, three times as fast to judge."""

    code: str
    level: Level
    message: str
    regex: re.Pattern[str]
    fix: str | None = None
    needs: tuple[str, ...] = ()


def _pattern(
    code: str,
    level: Level,
    regex: str,
    message: str,
    flags: int = 0,
    fix: str | None = None,
    needs: str = "",
) -> Pattern:
    return Pattern(
        code, level, message, re.compile(regex, flags), fix, tuple(needs.split("|")) if needs else ()
    )


_I, _M = re.IGNORECASE, re.MULTILINE
_HELLO = rf"^(?:{wording.GREETINGS})"
# French sets a space before these marks: `Bonjour !` is right, `Hello !` is not.
_NOT_FRENCH = rf"^(?!bonjour|salut|chère?)(?:{wording.GREETINGS})"

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
        r"\{\{|\}\}|\{%|%\}|\{#|#\}|\[\[|\]\]",
        "template markup is left; resolve or delete it",
        needs="{{|}}|{%|%}|{#|#}|[[|]]",
    ),
    _pattern("markup", "error", r"##", "`##` is left from a placeholder or a heading; delete it", needs="##"),
    _pattern(
        "markup",
        "error",
        r"%[A-Z][A-Z0-9_ ]{1,40}%|\*\|[A-Z_:0-9]{2,40}\|\*",
        "a placeholder is left; fill it in",
        needs="%|*",
    ),
    _pattern(
        "markup",
        "error",
        r"(?<!\{)\{[A-Za-z_][\w.= -]{0,60}\}(?!\})",
        "a placeholder is left; fill it in",
        needs="{",
    ),
    _pattern("markup", "error", r"\$\{[^{}\n]{1,60}\}", "a placeholder is left; fill it in", needs="${"),
    _pattern(
        "markup",
        "error",
        r"<(?:your |the |insert )?(?:first|last|full|company)?[ _-]?(?:name|title|company|city|link)>",
        "a placeholder is left; fill it in",
        _I,
        needs="<",
    ),
    _pattern(
        "html",
        "error",
        r"</?(?:br|p|div|span|b|i|u|a|strong|em|ul|ol|li|html|body|table|tr|td|img|font)(?:\s[^<>\n]{0,300})?/?>",
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
        r"\[(?:your|insert|add|write|enter|fill|say|name|first|last|company|one|something|what|why|link|tbd|todo)\b"
        r"[^\[\]\n]{0,200}\]",
        "write your own words here",
        _I,
        needs="[",
    ),
    _pattern("own-words", "error", r"\b(?:(?i:lorem ipsum)|TODO|TBD|XXX+)\b", "write your own words here"),
    _pattern(
        "spintax",
        "error",
        r"(?<!\{)\{[^{}|\n]{0,200}\|[^{}\n]{0,200}\}(?!\})",
        "choose one of these wordings; variants belong to the campaign",
        needs="{",
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
        needs="None|nan|NaN|ull|NULL|undefined|/A|/a",
    ),
    _pattern(
        "gap",
        "error",
        r"(?<=[^\s])[ \t]{1,20}[,.](?=\s|$)|(?<=[^\s])[ \t]{2,20}[!?:;]",
        "something is missing before this mark; fill it in or close the gap",
        _M,
        needs=" ,| .|  |\t",
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
    ),
    _pattern(
        "invisible",
        "warning",
        r"[\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]",
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


def problems(text: str, where: Where) -> Iterator[Problem]:
    """What is left behind in this text."""
    for pattern in PATTERNS:
        if pattern.needs and not any(bit in text for bit in pattern.needs):
            continue
        for match in islice(pattern.regex.finditer(text), MOST_OF_A_KIND):
            yield at(found_by(match), where, pattern.code, pattern.message, pattern.level, pattern.fix)
