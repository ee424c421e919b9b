"""Blogs with feeds for the sandbox and for tests: pages with autodiscovery, RSS, Atom and JSON Feed.

They behave as good servers do: `ETag`, `Last-Modified` and 304 (RFC 9110 section 13), `Cache-Control`,
301 for what moved and 410 for what is gone.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from xml.sax.saxutils import escape

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Post:
    """One entry; `number` counts from 1 within its blog, and never changes."""

    number: int
    title: str
    text: str
    at: datetime


@dataclass(slots=True)
class Blog:
    """A blog and its posts, oldest first. `changed` is when anything of it last did."""

    slug: str
    title: str
    posts: list[Post] = field(default_factory=list)
    changed: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    max_age: int = 0

    def shown(self) -> list[Post]:
        """What its feeds hold: the newest posts, newest first."""
        return self.posts[: -SHOWN - 1 : -1]


class FeedWorld:
    """All blogs of the sandbox, in memory; everything that happens is told it with its time."""

    def __init__(self) -> None:
        self.blogs: dict[str, Blog] = {}
        self.moved: dict[str, str] = {}
        self.gone: set[str] = set()

    def blog(self, slug: str, title: str = "") -> Blog:
        """The blog of that name, begun if there is none yet."""
        return self.blogs.setdefault(slug, Blog(slug, title or slug.replace("-", " ").title()))

    def publish(self, slug: str, title: str, text: str, at: datetime) -> Post:
        """A new post of a blog, which begins with its first one."""
        blog = self.blog(slug)
        post = Post(len(blog.posts) + 1, title, text, at)
        blog.posts.append(post)
        blog.changed = max(blog.changed, at)
        return post

    def edit(self, slug: str, number: int, text: str, at: datetime) -> None:
        """A post's text is another one from now on; its id stays."""
        blog = self.blogs[slug]
        old = blog.posts[number - 1]
        blog.posts[number - 1] = Post(number, old.title, text, old.at)
        blog.changed = max(blog.changed, at)

    def move(self, slug: str, to: str) -> None:
        """A blog gets another name; the old addresses redirect for good."""
        blog = self.blogs.pop(slug)
        blog.slug = to
        self.blogs[to] = blog
        self.moved[slug] = to

    def remove(self, slug: str) -> None:
        """A blog is gone, and says so."""
        del self.blogs[slug]
        self.gone.add(slug)


# --- What a blog looks like in each format --------------------------------------------------------


def page(blog: Blog, base: str) -> str:
    """The blog's own page, which names its feeds."""
    links = "".join(
        f'<link rel="alternate" type="{kind}" href="{html.escape(blog.slug)}/{name}">'
        for name, (kind, _) in FORMATS.items()
    )
    posts = "".join(f"<li>{html.escape(post.title)}</li>" for post in blog.shown())
    title = html.escape(blog.title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><base href="{html.escape(base)}/">'
        f"<title>{title}</title>{links}</head><body><h1>{title}</h1><ul>{posts}</ul></body></html>"
    )


def rss(blog: Blog, base: str) -> bytes:
    """RSS 2.0, with HTML in its descriptions as most blog software has it."""
    items = "".join(
        f"<item><title>{escape(post.title)}</title><link>{_link(blog, post, base)}</link>"
        f'<guid isPermaLink="false">{_id(post, base)}</guid>'
        f"<pubDate>{format_datetime(post.at)}</pubDate>"
        f"<description>{escape(_markup(post))}</description></item>"
        for post in blog.shown()
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>{escape(blog.title)}</title><link>{base}/{blog.slug}</link>"
        f"<description>{escape(blog.title)}</description>{items}</channel></rss>"
    ).encode()


def atom(blog: Blog, base: str) -> bytes:
    """Atom (RFC 4287)."""
    entries = "".join(
        f'<entry><title>{escape(post.title)}</title><link href="{_link(blog, post, base)}"/>'
        f"<id>{_id(post, base)}</id><published>{post.at.isoformat()}</published>"
        f"<updated>{post.at.isoformat()}</updated>"
        f'<content type="html">{escape(_markup(post))}</content></entry>'
        for post in blog.shown()
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{escape(blog.title)}</title><id>{base}/</id><author><name>{escape(blog.title)}</name></author>"
        f"<updated>{blog.changed.isoformat()}</updated>{entries}</feed>"
    ).encode()


def json_feed(blog: Blog, base: str) -> bytes:
    """JSON Feed 1.1 (jsonfeed.org)."""
    items = [
        {
            "id": _id(post, base),
            "url": _link(blog, post, base),
            "title": post.title,
            "content_html": _markup(post),
            "date_published": post.at.isoformat(),
        }
        for post in blog.shown()
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": blog.title, "items": items}
    return msgspec.json.encode(feed)


def _link(blog: Blog, post: Post, base: str) -> str:
    return f"{base}/{blog.slug}/{post.number}"


def _id(post: Post, base: str) -> str:
    """Without the blog's name, which may change."""
    return f"{base}/id/{post.number}/{post.at:%Y%m%d%H%M%S}"


def _markup(post: Post) -> str:
    return "".join(f"<p>{html.escape(line)}</p>" for line in post.text.splitlines())


FORMATS: Mapping[str, tuple[str, Callable[[Blog, str], bytes]]] = {
    "feed.xml": ("application/rss+xml", rss),
    "atom.xml": ("application/atom+xml", atom),
    "feed.json": ("application/feed+json", json_feed),
}


# --- The server -----------------------------------------------------------------------------------


def application(world: FeedWorld) -> Starlette:
    """An ASGI app: `/{slug}` is a blog, `/{slug}/feed.xml`, `atom.xml` and `feed.json` are its feeds."""

    async def blog_page(request: Request) -> Response:
        return _elsewhere(world, request) or HTMLResponse(page(_blog(world, request), _base(request)))

    async def feed(request: Request) -> Response:
        if elsewhere := _elsewhere(world, request):
            return elsewhere
        kind, write = FORMATS.get(request.path_params["name"], (None, None))
        if kind is None or write is None:
            return await post_page(request)
        blog = _blog(world, request)
        return conditional(request, blog, write(blog, _base(request)), kind)

    async def post_page(request: Request) -> Response:
        name = request.path_params["name"]
        post = next((post for post in _blog(world, request).posts if str(post.number) == name), None)
        if post is None:
            return Response("There is no such post.", 404)
        return HTMLResponse(f"<!doctype html><title>{html.escape(post.title)}</title>{_markup(post)}")

    return Starlette(routes=[Route("/{slug}", blog_page), Route("/{slug}/{name}", feed)])


def conditional(request: Request, blog: Blog, body: bytes, kind: str) -> Response:
    """The body, or 304 where the reader's validator still holds; an ETag wins over a date."""
    tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"etag": tag, "last-modified": format_datetime(blog.changed.astimezone(UTC), usegmt=True)}
    if blog.max_age:
        headers["cache-control"] = f"max-age={blog.max_age}"
    if _still_holds(request, tag, blog.changed):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=kind)


def _still_holds(request: Request, tag: str, changed: datetime) -> bool:
    known = request.headers.get("if-none-match")
    if known is not None:
        return known.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in known.split(","))
    since = request.headers.get("if-modified-since")
    try:
        return since is not None and changed.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def _blog(world: FeedWorld, request: Request) -> Blog:
    """The blog that the path names; `_elsewhere` has made sure that there is one."""
    return world.blogs[request.path_params["slug"]]


def _elsewhere(world: FeedWorld, request: Request) -> Response | None:
    slug = request.path_params["slug"]
    if slug in world.moved:
        tail = request.url.path.removeprefix(f"/{slug}")
        return RedirectResponse(f"/{world.moved[slug]}{tail}", 301)
    if slug in world.gone:
        return Response("This blog is gone.", 410)
    return None if slug in world.blogs else Response("There is no such blog.", 404)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")
