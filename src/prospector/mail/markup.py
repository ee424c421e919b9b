"""HTML mail to plain words, with what it quotes marked by `> ` as in plain mail."""

from __future__ import annotations

import html
import re

import nh3

_TAGS = {"br", "p", "div", "blockquote", "tr", "li", "hr"}
_SILENT = {"script", "style", "title", "head", "template", "noscript"}
_PIECE = re.compile(r"<(/?)([a-z]+)>|([^<]+)")


def to_text(markup: str) -> str:
    """The words of an HTML body. nh3 parses it as a browser would, so that what remains is well formed."""
    clean = nh3.clean(markup, tags=_TAGS, attributes={}, clean_content_tags=_SILENT, link_rel=None)
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
