"""The files that pages load: read once at the start, joined, compressed, and named by their content.

Stylesheets and scripts lie in small files, one for each page. Browsers get one of each, with what is
vendored before our own; what is heavy and for few pages lies in a folder and is a file of its own that
these pages ask for in their block `assets`. A name with the content's hash may be kept for ever, so a
second visit loads the page alone.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from prospector.web import keymap

STATIC = Path(__file__).parent / "static"
KEEP = "public, max-age=31536000, immutable"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_COMMENT = re.compile(r"//.*|/\*(?:(?!\*/).)*\*/")

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served; `digest` is the start of its SHA-256."""

    name: str
    plain: bytes
    packed: bytes
    digest: str

    @property
    def path(self) -> str:
        return f"/static/{self.digest}/{self.name}"

    @property
    def media_type(self) -> str:
        return TYPES[Path(self.name).suffix]


def joined(folder: str, suffix: str) -> bytes:
    """All files of a folder in the order of their names, without what only their authors need."""
    files = sorted((STATIC / folder).glob(f"*{suffix}"))
    return "\n".join(lean(file.read_text(encoding="utf-8")) for file in files).encode()


def lean(text: str) -> str:
    """A file without indentation, empty lines, and comments that have lines of their own."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not _COMMENT.fullmatch(line))


@cache
def assets() -> Mapping[str, Asset]:
    """Every file by its name."""
    found = {
        "app.css": joined("styles", ".css"),
        "app.js": joined("vendor", ".js") + b"\n" + keymap.script() + joined("scripts", ".js"),
        "campaigns.css": joined("styles/campaigns", ".css"),
        "queue.js": joined("scripts/queue", ".js"),
        "review.js": joined("scripts/review", ".js"),
        "icons.svg": (STATIC / "vendor" / "icons.svg").read_bytes(),
    }
    return {name: _asset(name, content) for name, content in found.items()}


def path_of(name: str) -> str:
    """Where a page finds a file."""
    return assets()[name].path


def _asset(name: str, content: bytes) -> Asset:
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(name, content, gzip.compress(content, 9, mtime=0), digest)


@router.get("/static/{digest}/{name}", include_in_schema=False)
def static(digest: str, name: str, request: Request) -> Response:
    """One file; an old name after an update leads to the new content, not to be kept."""
    asset = assets().get(name)
    if asset is None:
        return Response("There is no such file.", status_code=404, media_type="text/plain")
    headers = {"Cache-Control": KEEP if digest == asset.digest else "no-cache", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, media_type=asset.media_type, headers=headers)
    return Response(asset.plain, media_type=asset.media_type, headers=headers)
