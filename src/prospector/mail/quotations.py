"""The new words of a mail, apart from those that it quotes and from the signature.

Our own rules go line by line, in linear time, and keep answers that stand between quoted lines.
mail-parser-reply then cuts what it knows beyond them, on a text short enough for its regular
expressions to be quick.
"""

from __future__ import annotations

import re

from mailparser_reply import EmailReplyParser

from prospector.mail.phrases import alternatives

_LIMIT_LINES = 400
_LIMIT_LINE = 300
_LANGUAGES = ["en", "de", "cs", "da", "es", "fr", "it", "ja", "ko", "nl", "pl", "sv", "zh"]

_OPENS, _WROTE, _SEPARATORS, _LABELS, _SIGNATURES = (
    alternatives("quotation", key) for key in ("opens", "wrote", "separators", "labels", "signatures")
)
_ATTRIBUTION = re.compile(rf"{_OPENS}.{{5,300}}?{_WROTE}.{{0,120}}[:：]$", re.I)
_NAMED = re.compile(rf".{{3,120}}<\S+@\S+>.{{0,60}}{_WROTE}.{{0,60}}[:：]$", re.I)
_SEPARATOR = re.compile(rf"[-_–— ]{{2,}}{_SEPARATORS}[-_–— ]*", re.I)
_LABEL = re.compile(rf"[*_ ]{{0,3}}{_LABELS}[*_ ]{{0,3}}[:：][*_ ]{{0,3}}\S", re.I)
_RULE = re.compile(r"[_-]{20,}")
_SIGNATURE = re.compile(rf"--|—|{_SIGNATURES}.{{0,80}}", re.I)


def new_text(text: str) -> str:
    """What the writer of this mail wrote: no quotation, no signature; empty where there is nothing."""
    lines = [line.strip() for line in text[:200_000].split("\n")[: 4 * _LIMIT_LINES]]
    own = _own_lines(lines)
    return _trimmed(_beyond_our_rules("\n".join(own)))


def _own_lines(lines: list[str]) -> list[str]:
    """The lines that are not quoted, up to where an unmarked quotation begins."""
    own: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        length = _attribution(lines, at)
        if length:
            at += length
            if any(own) and not _quotes(lines, at):
                break
            continue
        if any(own) and _begins_quotation(lines, at):
            break
        if not line.startswith((">", "|>", "»")) and not _SEPARATOR.fullmatch(line):
            own.append(line)
        at += 1
    return own


def _attribution(lines: list[str], at: int) -> int:
    """How many lines from here on are "On … they wrote:"; mail clients wrap it over up to three."""
    joined = ""
    for length, line in enumerate(lines[at : at + 3], start=1):
        joined = f"{joined} {line}".strip()
        if not line or len(joined) > _LIMIT_LINE + 100:
            return 0
        if joined.endswith((":", "：")) and re.search(r"\d|@", joined):
            return length if _attributes(joined, lines[at + 1 : at + length]) else 0
    return 0


def _attributes(joined: str, after_first: list[str]) -> bool:
    """Whether the whole is an attribution, and not an answer with one right below it."""
    below = [" ".join(after_first[start:]) for start in range(len(after_first))]
    if _ATTRIBUTION.match(joined):
        return not any(map(_ATTRIBUTION.match, below))
    return bool(_NAMED.match(joined)) and not any(map(_NAMED.match, below))


def _quotes(lines: list[str], at: int) -> bool:
    """Whether the next line that says something is marked as quoted."""
    return next((line.startswith(">") for line in lines[at : at + 4] if line), False)


def _begins_quotation(lines: list[str], at: int) -> bool:
    """Whether an unmarked quotation begins: a separator, or a block of From, Sent, To and Subject."""
    if _SEPARATOR.fullmatch(lines[at]):
        return True
    start = at + 1 if _RULE.fullmatch(lines[at]) else at
    block = [line for line in lines[start : start + 8] if line][:4]
    return bool(block) and bool(_LABEL.match(block[0])) and sum(map(bool, map(_LABEL.match, block))) >= 3


def _beyond_our_rules(text: str) -> str:
    """What mail-parser-reply leaves of it. It decides only where the rest is not empty."""
    lines = text.split("\n")[:_LIMIT_LINES]
    if not any(line.endswith((":", "：")) for line in lines) or max(map(len, lines)) > _LIMIT_LINE:
        return text
    replies = EmailReplyParser(languages=list(_LANGUAGES)).read("\n".join(lines)).replies
    return (replies[0].full_body if replies else "") or text


def _trimmed(text: str) -> str:
    """The text up to the signature, with no more than one empty line at a time."""
    kept: list[str] = []
    for line in text.split("\n"):
        if _SIGNATURE.fullmatch(line.strip()) and any(kept):
            break
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()
