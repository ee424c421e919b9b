"""A spreadsheet behind a link: Google Sheets' own address turned into that of its CSV, and fetched.

A sheet can be fetched without an account only where everybody with the link may read it; for any other
Google answers with a page to sign in. Through `prospector.http`: guarded, capped at its 10 MB, private
networks refused.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import parse_qs, urlsplit

from prospector.http import Http, Network
from prospector.importing.sheet import FormatError
from prospector.sdk import ConnectorError

_SHEET = re.compile(r"/spreadsheets/(?:u/[0-9]+/)?d/(?P<id>[\w-]{10,120})(?:/.*)?", re.ASCII)
_PUBLISHED = re.compile(r"/spreadsheets/d/e/(?P<id>[\w-]{10,200})/pub(?:html)?", re.ASCII)
_GOOGLE = "docs.google.com"
_TAB = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was behind a link, and how the file is called."""

    stream: BinaryIO
    filename: str


def is_link(text: str) -> bool:
    """Whether this is a link and no path."""
    return text.lower().startswith(("https://", "http://"))


def table_url(url: str) -> str:
    """Where the CSV of this link is: that of a Google sheet is exported, of its tab where the link names
    one; any other link is its own."""
    parts = urlsplit(url)
    if (parts.hostname or "").lower() != _GOOGLE:
        return url
    asked = parse_qs(parts.query) | parse_qs(parts.fragment)
    tab = asked.get("gid", [""])[-1]
    gid = f"&gid={tab}" if _TAB.fullmatch(tab) else ""
    if found := _PUBLISHED.fullmatch(parts.path):
        return f"https://{_GOOGLE}/spreadsheets/d/e/{found['id']}/pub?output=csv{gid}"
    if found := _SHEET.fullmatch(parts.path):
        return f"https://{_GOOGLE}/spreadsheets/d/{found['id']}/export?format=csv{gid}"
    return url


def name_of(url: str) -> str:
    """What to call what is behind a link."""
    parts = urlsplit(url)
    if (parts.hostname or "").lower() == _GOOGLE:
        found = _PUBLISHED.fullmatch(parts.path) or _SHEET.fullmatch(parts.path)
        return f"Google Sheet {found['id'][:12]}" if found else "Google Sheet"
    return parts.path.rpartition("/")[2] or parts.hostname or "link"


async def fetch(network: Network, url: str) -> Fetched:
    """Get the file behind a link. Raises `FormatError`, with what to do."""
    try:
        answer = await Http(network).request("GET", table_url(url))
    except (ConnectorError, ValueError) as error:
        raise FormatError(f"The link cannot be read: {error}") from None
    start = answer.content[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise FormatError(
            "Behind the link is a page and no table. Of a Google sheet, let everybody with the link read it "
            "(Share, General access), or download it as CSV."
        )
    return Fetched(io.BytesIO(answer.content), name_of(url))
