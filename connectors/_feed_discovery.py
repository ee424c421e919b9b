"""Where a web page says that its feeds are: `<link rel=alternate>`, else the usual paths.

Pure. Pages are hostile: only the first part is looked at, by patterns that are linear in its
length. Source: the HTML standard's "Link type alternate", and what blog software does.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin, urlsplit

MOST_OF_PAGE = 262_144
MOST_LINKS = 4
USUAL = ("feed", "rss.xml", "atom.xml", "index.xml", "feed.xml", "feed.json")

_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<script\b.*?(?:</script|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(link|base)\s([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-z]{1,20})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")


def links(page: str, address: str) -> list[str]:
    """The feeds that a page names, absolute, those of comments last; at most `MOST_LINKS`."""
    base, found = address, []
    for tag, inside in _TAG.findall(_HIDDEN.sub(" ", page[:MOST_OF_PAGE])):
        attributes = _attributes(inside)
        href = attributes.get("href", "").strip()
        if tag.lower() == "base":
            base = _absolute(href, address) or base
        elif "alternate" in attributes.get("rel", "").lower().split() and _type(attributes) in _TYPES:
            found.append((_of_comments(attributes), href))
    urls = (_absolute(href, base) for _, href in sorted(found, key=lambda link: link[0]))
    return list(dict.fromkeys(url for url in urls if url))[:MOST_LINKS]


def usual(address: str) -> list[str]:
    """Where blog software puts a feed: beside the page, then at the root of its host."""
    folder = address if urlsplit(address).path.endswith("/") else f"{address.partition('?')[0]}/"
    beside = [urljoin(folder, "feed")] if urlsplit(folder).path != "/" else []
    return beside + [urljoin(address, f"/{path}") for path in USUAL]


def _attributes(inside: str) -> dict[str, str]:
    found = _ATTRIBUTE.findall(inside)
    return {name.lower(): html.unescape(double or single or bare) for name, double, single, bare in found}


def _type(attributes: dict[str, str]) -> str:
    return attributes.get("type", "").partition(";")[0].strip().lower()


def _of_comments(attributes: dict[str, str]) -> bool:
    return "comment" in f"{attributes.get('title', '')} {attributes.get('href', '')}".lower()


def _absolute(href: str, base: str) -> str | None:
    try:
        url = urljoin(base, href) if href else ""
    except ValueError:
        return None
    return url if url.startswith(("http://", "https://")) and len(url) <= 2048 else None
