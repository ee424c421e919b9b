"""Pages from templates: the whole page, or the one block of it that htmx asks for.

Everything is escaped; the texts of others are shown as plain text, without the characters that turn
its direction round (Unicode UAX 9), and the only links to elsewhere are http and https.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2_fragments import render_block
from markupsafe import Markup

from prospector import __version__
from prospector.graphemes import graphemes
from prospector.web import assets, keymap
from prospector.web.viewer import Viewer

PAGES = Path(__file__).parent / "pages"
_TURNING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
CHANNELS: Mapping[str, tuple[str, str]] = {
    "bluesky": ("brand-bluesky", "Bluesky"),
    "mastodon": ("brand-mastodon", "Mastodon"),
    "github": ("brand-github", "GitHub"),
    "linkedin": ("brand-linkedin", "LinkedIn"),
    "x": ("brand-x", "X"),
    "youtube": ("brand-youtube", "YouTube"),
    "feed": ("rss", "Blog"),
    "email": ("mail", "E-mail"),
    "ui": ("user", "prospector"),
}


@cache
def environment() -> Environment:
    """The templates of the pages, with what every page may use."""
    env = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(FILTERS)
    env.globals.update(
        asset=assets.path_of, icon=icon, keymap=keymap, version=__version__, channel_name=channel_name
    )
    return env


def page(
    request: Request,
    viewer: Viewer | None,
    template: str,
    *,
    block: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A page; only its `block` where htmx asks, a block is named, and it is no boosted link."""
    from prospector.web import shell

    asked = "hx-request" in request.headers and "hx-boosted" not in request.headers
    now = values.pop("now", None) or datetime.now(UTC)
    given = {"request": request, "viewer": viewer, "now": now, "zone": viewer.zone if viewer else UTC}
    given |= {"page": Path(template).stem.replace("_", "-")} | values
    if block is not None and asked:
        text = render_block(environment(), template, block, **given)
    else:
        given.setdefault("shell", shell.of(request, viewer, now) if viewer else None)
        text = environment().get_template(template).render(given)
    return HTMLResponse(text, status, dict(headers or {}) | {"Vary": "HX-Request"})


def fragment(
    request: Request, viewer: Viewer, template: str, *, page: str = "queue", status: int = 200, **values: Any
) -> Response:
    """A part of `page` by itself, from a template that stands alone: without what is around it."""
    given = {"request": request, "viewer": viewer, "now": datetime.now(UTC), "zone": viewer.zone}
    text = environment().get_template(template).render(given | {"page": page, "shell": None} | values)
    return HTMLResponse(text, status, {"Vary": "HX-Request", "Cache-Control": "no-store"})


def problem_page(request: Request, sentence: str, status: int) -> Response:
    """An error as a page, or as the one line that a fragment's place can show."""
    viewer = getattr(request.state, "viewer", None)
    return page(request, viewer, "problem.html", block="sentence", status=status, sentence=sentence)


@cache
def icon(name: str, size: str = "") -> Markup:
    """One drawing of the sprite; it says nothing to who cannot see it."""
    drawing = f"{assets.path_of('icons.svg')}#{name}"
    return Markup('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>').format(
        f"i {size}".strip(), drawing
    )


def channel_name(channel: str) -> str:
    return CHANNELS.get(channel, ("world", channel.capitalize()))[1]


def channel_icon(channel: str, size: str = "") -> Markup:
    return icon(CHANNELS.get(channel, ("world", ""))[0], size)


def plain(text: str | None) -> str:
    """Another's text without control characters and without what turns its direction."""
    return _CONTROL.sub("", _TURNING.sub("", text or ""))


def paragraphs(text: str | None) -> list[str]:
    """Another's text by paragraphs; line breaks inside one stay (CSS shows them)."""
    return [part.strip() for part in re.split(r"\n\s*\n", plain(text).replace("\r\n", "\n")) if part.strip()]


def outside(url: str | None) -> str | None:
    """A link to elsewhere, if it is one that may be followed."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def host(url: str | None) -> str:
    """Where a link leads, to be shown beside it."""
    return (urlsplit(url).hostname or "") if (url := outside(url)) else ""


def initials(name: str | None) -> str:
    words = [word for word in re.split(r"[\s.@_-]+", plain(name)) if word and word[0].isalnum()]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper() if words else "?"


def hue(name: str | None) -> str:
    """The colour class of somebody's avatar, always the same for a name."""
    return f"h{hashlib.sha256((name or '').encode()).digest()[0] % 12}"


def ago(at: datetime | None, now: datetime) -> str:
    """`just now`, `38 min`, `5 h`, `3 days`, `4 weeks`; of what lies ahead, `in 2 h`."""
    if at is None:
        return "never"
    past, gap = at <= now, abs(now - at)
    text = _span(gap)
    if gap < timedelta(minutes=1):
        return "just now" if past else "in a moment"
    return text if past else f"in {text}"


def _span(gap: timedelta) -> str:
    minutes = int(gap.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    days = minutes // 1440
    return f"{days} days" if days < 21 else f"{days // 7} weeks" if days < 90 else f"{days // 30} months"


def local(at: datetime | None, zone: ZoneInfo, shape: str = "%a %-d %b %Y, %H:%M") -> str:
    """A moment as the viewer's clock shows it."""
    return at.astimezone(zone).strftime(shape) if at is not None else ""


def clock(at: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """`10:42` today, `Tue 08:36` this week, `3 Dec` later."""
    if at is None:
        return ""
    there, today = at.astimezone(zone), now.astimezone(zone).date()
    days = (there.date() - today).days
    return there.strftime("%H:%M" if days == 0 else "%a %H:%M" if -7 < days < 7 else "%-d %b %Y")


def iso(at: datetime | date | None) -> str:
    """For the attribute `datetime`."""
    return at.isoformat() if at is not None else ""


def money(minor: int | None, currency: str | None) -> str:
    """Whole units of a currency of which a hundred minor ones make one."""
    return f"{minor // 100:,} {currency or ''}".strip() if minor is not None else ""


def words(name: str | None) -> str:
    """`email_reply` as people read it."""
    return (name or "").replace("_", " ")


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 card`, `2 cards`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


@pass_context
def when(context: Context, at: datetime | None, suffix: str = "") -> Markup:
    """A moment as a `<time>`: relative to read, absolute on hover and for machines."""
    if at is None:
        return Markup("never")
    shown = ago(at, context["now"])
    shown += suffix if at <= context["now"] and shown != "just now" else ""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        iso(at), local(at, context["zone"]), shown
    )


FILTERS: Mapping[str, Callable[..., Any]] = {
    "ago": ago,
    "channel_icon": channel_icon,
    "clock": clock,
    "counted": counted,
    "graphemes": graphemes,
    "host": host,
    "hue": hue,
    "initials": initials,
    "iso": iso,
    "local": local,
    "money": money,
    "outside": outside,
    "paragraphs": paragraphs,
    "plain": plain,
    "when": when,
    "words": words,
}
