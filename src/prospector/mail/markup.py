"""HTML mail to plain words, with what it quotes marked by `> ` as in plain mail."""

from __future__ import annotations

import html
import re

import nh3

_TAGS = {"br", "p", "div", "blockquote", "tr", "li", "hr"}
_SILENT = {"script", "style", "title", "head", "template", "noscript"}
_PIECE = re.compile(r"<(/?)([a-z]+)>|([^<]+)")
# Elements that hold others and must be closed; those that HTML closes by itself do not count.
_NESTING = re.compile(r"<(/?)(?!br|hr|img|meta|link|input|area|base|col|wbr|p\b|li\b|t[rdh]\b)[a-z]", re.I)
_DEEPEST = 250


def to_text(markup: str) -> str:
    """The words of an HTML body. nh3 parses it as a browser would, so that what remains is well formed."""
    clean = nh3.clean(_shallow(markup), tags=_TAGS, attributes={}, clean_content_tags=_SILENT, link_rel=None)
    lines, depth = [""], 0
    for closing, tag, words in _PIECE.findall(clean):
        if words:
            lines[-1] += re.sub(r"\s+", " ", words)
            continue
        if tag == "blockquote":
            depth = max(0, depth + (-1 if closing else 1))
        if lines[-1].strip("> ") or tag == "br":
            lines.append("")
        lines[-1] = "> " * min(depth, 5)
    return html.unescape("\n".join(line.rstrip() for line in lines)).replace("\xa0", " ").strip()


def _shallow(markup: str) -> str:
    """The markup up to where it nests deeper than any mail does: parsing takes the depth's square."""
    depth = 0
    for found in _NESTING.finditer(markup):
        depth = max(0, depth - 1) if found.group(1) else depth + 1
        if depth > _DEEPEST:
            return markup[: found.start()]
    return markup
