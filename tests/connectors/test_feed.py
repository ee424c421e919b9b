"""The feed connector: the standard tests for each format, and what is peculiar to feeds."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
import respx
from connectors._feed_entries import MOST_ENTRIES, MOST_TEXT, cleaned, plain
from connectors._feed_fetched import MOST_KEPT, Fetched, keep, take
from connectors._feed_repair import repaired
from connectors.feed import CONFIRMATIONS, Feed, feed_url
from hypothesis import given
from hypothesis import strategies as st

from connectors import _feed_discovery as discovery
from connectors import _feed_formats as formats
from prospector.prospects.urls import canonical
from prospector.sdk import Broken, Gone, Identity, Intent, Later, Page, ProfileRef, Refused, engagement_key
from prospector.testing import ConnectorTests, FakeContext, answering

BLOG = "https://blog.example/feed.xml"
RSS = b"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Ada &amp; friends</title><link>https://blog.example/</link><ttl>90</ttl>
<item><title>Second</title><link>/posts/2</link><guid isPermaLink="false">tag:2</guid>
 <pubDate>Tue, 06 Jan 2026 10:00:00 +0100</pubDate>
 <content:encoded><![CDATA[<p>Hello <b>world</b> &amp; all</p>
 <script>alert(1)</script><p>Bye</p>]]></content:encoded>
</item>
<item><title>First</title><link>https://blog.example/posts/1</link>
 <description>Only a link names this one</description></item>
</channel></rss>"""
ATOM = b"""<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Ada</title><id>urn:feed</id>
<updated>2026-01-06T09:00:00Z</updated>
<entry><id>urn:1</id><title type="html">One &amp;amp; only</title><link href="https://blog.example/1"/>
<published>2026-01-05T09:00:00Z</published><updated>2026-01-06T09:00:00Z</updated>
<content type="html">&lt;p&gt;Text&lt;/p&gt;</content></entry></feed>"""
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Ada",
        "items": [
            {
                "id": "1",
                "url": "https://blog.example/1",
                "title": "A < B",
                "content_text": "if a < b: pass",
                "date_published": "2026-01-05T09:00:00+01:00",
            },
            {"id": 2, "content_html": "<p>Hi</p>"},
        ],
    }
).encode()
ADA = Identity("feed", BLOG, "blog.example", BLOG, "Ada")


class FeedTests(ConnectorTests):
    connector = Feed
    profile = ProfileRef("feed", BLOG, "blog.example")
    # A locked feed is its own trouble: it must not pause the one reader of all feeds.
    expected: ClassVar = {401: (Broken,)}
    body = b""

    def routes(self, router: respx.MockRouter) -> None:
        router.get(BLOG).respond(200, content=self.body, headers={"etag": '"1"'})


class TestRss(FeedTests):
    body = RSS


class TestAtom(FeedTests):
    body = ATOM


class TestJsonFeed(FeedTests):
    body = JSON


class TestYouTube(ConnectorTests):
    connector = Feed
    profile = ProfileRef(
        "youtube", "https://www.youtube.com/channel/UC_x5XG1OV2P6uZZ5FSM9Ttw", "UC_x5XG1OV2P6uZZ5FSM9Ttw"
    )
    # Its feeds answer 404 now and then for channels that are there; resolving takes 404 for an answer.
    expected: ClassVar = {401: (Broken,), 404: (Broken, Gone)}

    def routes(self, router: respx.MockRouter) -> None:
        router.get("https://www.youtube.com/feeds/videos.xml").respond(200, content=ATOM)


# --- A server of one's own ------------------------------------------------------------------------


class Server:
    """Answers by path, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[httpx.Request] = []

    def at(self, path: str, body: bytes | str, status: int = 200, **headers: str) -> Server:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body.encode() if isinstance(body, str) else body
        self.answers[path] = (status, named, content)
        return self

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        status, headers, content = self.answers.get(request.url.path, (404, {}, b"not here"))
        return httpx.Response(status, headers=headers, content=content)

    def poll(self, cursor: str | None = None, identity: Identity = ADA) -> Page:
        return asyncio.run(Feed().poll(self.context(), identity, cursor))

    def resolve(self, url: str, platform: str = "feed", handle: str = "blog.example") -> Identity:
        return asyncio.run(Feed().resolve(self.context(), ProfileRef(platform, url, handle)))

    def context(self) -> FakeContext:
        return FakeContext(answering(self.answer), Feed.Settings())


def serving(body: bytes | str, **headers: str) -> Server:
    return Server().at("/feed.xml", body, **headers)


def test_entries_become_posts_in_plain_text() -> None:
    second, first = serving(RSS).poll().seen
    assert second.kind == "post"
    assert (second.actor, second.object, second.url) == (BLOG, "tag:2", "https://blog.example/posts/2")
    assert second.at == datetime(2026, 1, 6, 9, tzinfo=UTC)
    assert second.text == "Second\n\nHello world & all\nBye"
    assert second.attributes == {"title": "Second"}
    assert (first.object, first.at) == ("https://blog.example/posts/1", None)


def test_a_json_feed_s_plain_text_is_no_markup_and_its_ids_may_be_numbers() -> None:
    one, two = serving(JSON).poll().seen
    assert one.text == "A < B\n\nif a < b: pass"
    assert one.at == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert (two.object, two.text, two.at) == ("2", "Hi", None)


def test_validators_are_sent_back_verbatim_and_a_304_brings_nothing() -> None:
    server = serving(RSS, etag='W/"a-b"', last_modified="Tue, 06 Jan 2026 10:00:00 GMT")
    cursor = server.poll().cursor
    server.at("/feed.xml", b"", 304, cache_control="max-age=7200")
    page = server.poll(cursor)
    assert server.asked[1].headers["if-none-match"] == 'W/"a-b"'
    assert server.asked[1].headers["if-modified-since"] == "Tue, 06 Jan 2026 10:00:00 GMT"
    assert (page.seen, page.cursor, page.wait) == ((), None, 7200.0)


def test_an_unchanged_body_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    server = serving(RSS)
    cursor = server.poll().cursor
    parsed: list[bytes] = []
    monkeypatch.setattr(formats, "read", lambda body, address: parsed.append(body))
    page = server.poll(cursor)
    assert (page.seen, page.cursor, parsed) == ((), None, [])


def test_only_what_is_new_is_seen_again() -> None:
    server = serving(RSS)
    cursor = server.poll().cursor
    third = b"<item><guid>tag:3</guid><title>Third</title></item>"
    server.at("/feed.xml", RSS.replace(b"<item>", third + b"<item>", 1))
    assert [seen.object for seen in server.poll(cursor).seen] == ["tag:3"]


@pytest.mark.parametrize("cursor", ["", "nonsense", "{", '{"known": 1}', '{"etag": null}', "[]"])
def test_a_cursor_that_cannot_be_read_starts_anew(cursor: str) -> None:
    assert len(serving(RSS).poll(cursor).seen) == 2


def test_a_304_that_was_not_asked_for_is_broken() -> None:
    with pytest.raises(Broken, match="was not asked"):
        Server().at("/feed.xml", b"", 304).poll()


def test_validators_that_are_no_text_are_not_kept() -> None:
    server = serving(RSS, etag='"' + "x" * 600 + '"')
    server.poll(server.poll().cursor)
    assert "if-none-match" not in server.asked[1].headers


def test_a_permanent_redirect_is_believed_after_the_third_look_in_a_row() -> None:
    server = serving(b"", location="https://blog.example/new.xml").at("/new.xml", RSS)
    server.at("/feed.xml", b"", 301, location="https://blog.example/new.xml")
    told, cursor = [], None
    for _ in range(CONFIRMATIONS):
        page = server.poll(cursor)
        cursor = page.cursor or cursor
        told.append(page.moved)
    assert told == [None, None, "https://blog.example/new.xml"]


def test_a_redirect_that_goes_away_is_forgotten() -> None:
    server = Server().at("/new.xml", RSS).at("/feed.xml", b"", 308, location="/new.xml")
    cursor = server.poll(server.poll().cursor).cursor
    cursor = server.at("/feed.xml", RSS).poll(cursor).cursor
    assert server.at("/feed.xml", b"", 308, location="/new.xml").poll(cursor).moved is None


def test_a_temporary_redirect_moves_nothing() -> None:
    server = Server().at("/new.xml", RSS).at("/feed.xml", b"", 302, location="/new.xml")
    cursor = None
    for _ in range(CONFIRMATIONS + 1):
        page = server.poll(cursor)
        cursor = page.cursor or cursor
        assert page.moved is None


def test_the_same_entries_under_a_new_address_keep_their_keys() -> None:
    moved = replace(ADA, url="https://blog.example/new.xml")
    old = serving(RSS).poll().seen
    new = Server().at("/new.xml", RSS).poll(identity=moved).seen
    assert [engagement_key("feed", seen) for seen in old] == [engagement_key("feed", seen) for seen in new]


def test_a_renamed_github_account_moves_to_its_new_profile() -> None:
    jane = Identity("github", "jane", "jane", "https://github.com/jane")
    server = Server().at("/janet.atom", ATOM).at("/jane.atom", b"", 301, location="/janet.atom")
    cursor, page = None, Page()
    for _ in range(CONFIRMATIONS):
        page = server.poll(cursor, jane)
        cursor = page.cursor or cursor
    assert page.moved == "https://github.com/janet"


@pytest.mark.parametrize(
    ("status", "error"), [(410, Gone), (404, Gone), (429, Later), (403, Broken), (204, Broken), (206, Broken)]
)
def test_a_status_says_what_to_do(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        Server().at("/feed.xml", b"", status).poll()


@pytest.mark.parametrize(
    ("head", "cache", "wait"),
    [
        (b"", "", 0),
        (b"", "max-age=600", 600),
        (b"", "public, max-age=99999999", 86400),
        (b"", "max-age=-1", 0),
        (b"", "max-age=soon", 0),
        (b"<ttl>60</ttl>", "max-age=60", 3600),
        (b"<ttl>999999</ttl>", "", 86400),
        (b"<ttl>-5</ttl>", "", 0),
        (b"<sy:updatePeriod> daily </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", "", 43200),
        (b"<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", "", 3600),
    ],
)
def test_the_wait_that_is_asked_for(head: bytes, cache: str, wait: int) -> None:
    headers = {"cache_control": cache} if cache else {}
    body = RSS.replace(b"<ttl>90</ttl>", head)
    server = serving(body, **headers)
    page = server.poll()
    assert page.wait == wait
    assert server.poll(page.cursor).wait == wait


# --- Finding a feed -------------------------------------------------------------------------------


def test_a_page_names_its_feed_against_its_base() -> None:
    page = """<base href="/blog/"><!-- <link rel=alternate type=application/rss+xml href=no.xml> -->
    <link rel="alternate" type="application/rss+xml" title="Comments" href="comments.xml">
    <LINK REL='home alternate' TYPE='application/atom+xml' HREF='atom.xml?a=1&amp;b=2'>"""
    server = Server().at("/", page).at("/blog/atom.xml", ATOM).at("/blog/comments.xml", RSS)
    found = server.resolve("https://blog.example/")
    assert found.remote_id == found.url == "https://blog.example/blog/atom.xml?a=1&b=2"
    assert (found.handle, found.name) == ("blog.example", "Ada")


def test_without_a_link_the_usual_paths_are_tried() -> None:
    server = Server().at("/about", "<html>me</html>").at("/atom.xml", ATOM).at("/feed", "<html>no</html>")
    assert server.resolve("https://blog.example/about").url == "https://blog.example/atom.xml"


def test_a_feed_s_own_address_is_taken_as_it_is() -> None:
    server = serving(RSS)
    assert server.resolve(BLOG).url == BLOG
    assert server.resolve(f"feed:{BLOG}").url == BLOG
    assert len(server.asked) == 2


def test_a_page_without_a_feed_is_gone_and_says_what_to_do() -> None:
    with pytest.raises(Gone, match="add the feed's own address"):
        Server().at("/", "<html></html>").resolve("https://blog.example/")


def test_a_page_cannot_lead_anywhere_but_to_the_web() -> None:
    page = "".join(
        f'<link rel=alternate type="application/rss+xml" href="{href}">'
        for href in ("file:///etc/passwd", "javascript:alert(1)", "data:,x", "ftp://a.example/", "http://[")
    )
    assert discovery.links(page, "https://blog.example/") == []


@given(st.text(), st.text())
def test_no_page_breaks_the_discovery(page: str, href: str) -> None:
    link = f'<link rel=alternate type=application/rss+xml href="{href}">'
    for found in discovery.links(page + link, "https://blog.example/"):
        assert found.startswith(("http://", "https://"))


def test_a_youtube_handle_becomes_the_channel_that_its_page_names() -> None:
    feed = "https://www.youtube.com/feeds/videos.xml?channel_id=UC_x5XG1OV2P6uZZ5FSM9Ttw"
    page = f'<link rel="alternate" type="application/rss+xml" title="RSS" href="{feed}">'
    found = Server().at("/@dev", page).resolve("https://www.youtube.com/@dev", "youtube", "@dev")
    assert found.remote_id == "UC_x5XG1OV2P6uZZ5FSM9Ttw"
    assert found.url == "https://www.youtube.com/channel/UC_x5XG1OV2P6uZZ5FSM9Ttw"
    assert found.handle == "@dev"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/channel/UC_x5XG1OV2P6uZZ5FSM9Ttw",
        "https://jane.substack.com",
        "https://medium.com/@jane",
        "https://github.com/jane",
        "https://blog.example/feed.xml",
    ],
)
def test_the_feed_of_an_account_maps_back_to_it(url: str) -> None:
    ref = canonical(url)
    assert ref is not None
    address = feed_url(ref)
    assert address is not None
    assert canonical(address) == ref


@pytest.mark.parametrize(
    "url", ["https://www.youtube.com/@jane", "https://substack.com/@jane", "https://x.com/j"]
)
def test_what_has_no_feed_has_none(url: str) -> None:
    ref = canonical(url)
    assert ref is not None
    assert feed_url(ref) is None


# --- Acts -----------------------------------------------------------------------------------------


def test_acts_are_done_by_hand() -> None:
    intent = Intent("m1", "reply", ADA, datetime(2026, 1, 1, tzinfo=UTC), on="https://blog.example/1")
    context = Server().context()
    with pytest.raises(Refused, match=r"blog\.example/1"):
        asyncio.run(Feed().act(context, intent))
    assert asyncio.run(Feed().find(context, intent)) is None
    assert asyncio.run(Feed().whoami(context)).remote_id == "anonymous"
    assert asyncio.run(Feed().inbox(context, None)) == Page()


# --- Hostile and malformed bodies -----------------------------------------------------------------

ITEM = b"<item><guid>1</guid><title>%s</title></item>"


def rss(inside: bytes, prolog: bytes = b"") -> bytes:
    return prolog + b'<rss version="2.0"><channel><title>t</title>' + inside + b"</channel></rss>"


ENTITIES = b'<!DOCTYPE rss [<!ENTITY a "%s">]>'
BAD = {
    "empty": b"",
    "blank": b" \n",
    "html": b"<!doctype html><html><body>Sign in</body></html>",
    "cut off": RSS[:-20],
    "cut off in an entry": RSS[: len(RSS) // 2],
    "laughs in an attribute": rss(b'<item><link href="&a;&a;"/></item>', ENTITIES % (b"ha" * 1000)),
    "external entity": rss(ITEM % b"&a;", b'<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
    "external entity on the web": rss(
        ITEM % b"&a;", b'<!DOCTYPE r [<!ENTITY a SYSTEM "http://127.0.0.1/">]>'
    ),
    "entities in utf-16": rss(ITEM % b"&a;", ENTITIES % b"ha").decode().encode("utf-16"),
    "entities in utf-7": rss(ITEM % b"x", b'<?xml version="1.0" encoding="utf-7"?>'),
    "ebcdic": rss(ITEM % b"x", b'<?xml version="1.0" encoding="cp037"?>'),
    "a file's name": b"/etc/passwd",
    "json, but no feed": b'{"items": []}',
    "json of another kind": b'{"version": "2", "items": []}',
    "json with a wrong type": b'{"version": "https://jsonfeed.org/version/1", "items": {}}',
    "a tag with very many attributes": rss(
        b"<item " + b" ".join(b'a%d=">"' % n for n in range(9000)) + b"/>"
    ),
    "very many entries": rss(b"<item/>" * (formats.MOST_ITEMS + 1)),
    "deep json": b'{"version":' + b"[" * 100_000,
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_what_is_no_whole_feed_is_broken(body: bytes) -> None:
    with pytest.raises(Broken, match=r"https://blog\.example/feed\.xml"):
        serving(body).poll()


GOOD = {
    "utf-16": RSS.decode().replace('encoding="utf-8"', 'encoding="utf-16"').encode("utf-16"),
    "latin-1": rss(ITEM % "é".encode("latin-1"), b'<?xml version="1.0" encoding="iso-8859-1"?>'),
    "latin-1 that says utf-8": rss(ITEM % "é".encode("latin-1"), b'<?xml version="1.0" encoding="utf-8"?>'),
    "undeclared entity": rss(ITEM % b"a &nbsp; b &amp c"),
    "bom": b"\xef\xbb\xbf" + RSS,
    "bom and json": b"\xef\xbb\xbf" + JSON,
    "blanks before": b"\n\n  " + RSS,
    "a script behind": RSS + b"<!-- served in 3 ms --><script>1</script>",
    "a huge attribute": rss(b'<item x="' + b"a" * 2_000_000 + b'"><guid>1</guid></item>'),
    "control characters": rss(ITEM % b"a\x00b\x08c"),
    "unclosed item": rss(b"<item><guid>1</guid><title>x</item><item><guid>2</guid></item>"),
    "rdf": b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
    b'<channel rdf:about="x"><title>t</title></channel><item rdf:about="https://a.example/1"><title>1</title>'
    b"<link>https://a.example/1</link></item></rdf:RDF>",
}


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD.keys())
def test_what_is_merely_odd_is_read(body: bytes) -> None:
    page = serving(body).poll()
    assert page.seen
    assert all("\0" not in seen.text and "<script" not in seen.text for seen in page.seen)


def test_a_new_blog_without_entries_is_a_feed() -> None:
    page = serving(rss(b"")).poll()
    assert page.seen == ()
    assert page.cursor


def test_an_entry_without_id_and_link_is_named_by_title_and_date() -> None:
    item = b"<item><title>T</title><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate></item>"
    (one,) = serving(rss(item)).poll().seen
    (again,) = serving(rss(item + b"<!-- changed -->")).poll().seen
    assert one.object == again.object
    assert one.object.startswith("hash:")


def test_a_date_is_never_invented() -> None:
    items = b"".join(b"<item><guid>%d</guid><title>T</title></item>" % day for day in (1, 7, 20260105))
    dated = b"<item><guid>2</guid><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate></item>"
    moments = {seen.object: seen.at for seen in serving(rss(items + dated)).poll().seen}
    assert moments == {"1": None, "7": None, "20260105": None, "2": datetime(2026, 1, 5, 10, tzinfo=UTC)}


def test_in_a_feed_too_large_for_the_careful_parser_invented_dates_are_left_out() -> None:
    items = b"".join(
        b"<item><guid>%d</guid><title>%s</title></item>" % (n, b"x" * 100) for n in range(1, 990)
    )
    assert {seen.at for seen in serving(rss(items)).poll().seen} == {None}


@pytest.mark.parametrize("body", [RSS, ATOM, rss(b"<item><link>/1</link></item>"), rss(ITEM % b"x")])
def test_both_parsers_name_an_entry_alike(body: bytes) -> None:
    fast = formats._fast(body)
    assert fast is not None
    assert [raw.object for raw in fast.entries] == [raw.object for raw in formats._slow(body, BLOG).entries]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (b"a&nbsp;&eacute; b", "a é b"),
        (b"Q&A, R&D; &amp; more", "Q&A, R&D; & more"),
        (b"&#233; &#xE9; &lt;i&gt;", "é é"),
        (b"&NotEqualTilde;", "\u2242\u0338"),
        (b"caf\xe9 \xc3\xa9 \x80", "café é €"),
        (b"<![CDATA[Q&A &eacute; <b>x</b>]]>", "Q&A é x"),
    ],
)
def test_what_is_not_quite_xml_is_mended(title: bytes, text: str) -> None:
    assert serving(rss(ITEM % title)).poll().seen[0].text == text


def test_links_in_cdata_are_left_as_they_are() -> None:
    link = b"<link><![CDATA[https://blog.example/?a=1&b=2&copy=3]]></link>"
    (seen,) = serving(rss(b"<item><guid>1</guid>" + link + b"</item>")).poll().seen
    assert seen.url == "https://blog.example/?a=1&b=2&copy=3"


@given(st.binary(max_size=200))
def test_repairing_twice_changes_nothing_more(body: bytes) -> None:
    once = repaired(body, "")
    assert repaired(once, "") == once


def test_links_that_lead_elsewhere_are_left_out() -> None:
    (seen,) = serving(rss(b"<item><guid>1</guid><link>javascript:alert(1)</link></item>")).poll().seen
    assert seen.url is None


def test_what_is_long_is_capped() -> None:
    long = b"x" * 100_000
    (seen,) = (
        serving(rss(b"<item><guid>" + long + b"</guid><description>" + long + b"</description></item>"))
        .poll()
        .seen
    )
    assert len(seen.text) <= MOST_TEXT
    assert len(seen.object) < 100


def test_of_a_whole_archive_the_newest_entries_are_taken() -> None:
    items = b"".join(
        b"<item><guid>%d</guid><pubDate>%s</pubDate></item>"
        % (
            n,
            datetime.fromtimestamp(1_700_000_000 + n * 3600, UTC)
            .strftime("%a, %d %b %Y %H:%M:%S GMT")
            .encode(),
        )
        for n in range(MOST_ENTRIES + 50)
    )
    objects = {seen.object for seen in serving(rss(items)).poll().seen}
    assert len(objects) == MOST_ENTRIES
    assert str(MOST_ENTRIES + 49) in objects
    assert "0" not in objects


@given(st.binary(max_size=300), st.sampled_from([RSS, ATOM, JSON]), st.integers(0, 900))
def test_no_bytes_do_anything_but_parse_or_be_broken(junk: bytes, feed: bytes, at: int) -> None:
    for body in (junk, feed[:at] + junk + feed[at:], feed[:at] + junk + feed[at + len(junk) :]):
        try:
            document = formats.read(body, BLOG)
        except Broken:
            continue
        for raw in document.entries:
            assert cleaned(raw, BLOG).object


@given(st.text())
def test_plain_text_holds_no_control_characters(markup: str) -> None:
    assert not any(c < " " and c != "\n" for c in plain(markup))


HEAVY = {
    "tags": rss(b"<a <a " * 150_000),
    "nesting": rss(b"<item><title>" * 60_000),
    "ampersands": rss(b"&" * 900_000),
    "cdata": rss(b"<![CDATA[" * 90_000),
    "comments": rss(b"<!--" * 200_000),
    "not quite too long": rss(b"<a <a " * 20_000),
}


@pytest.mark.parametrize("body", HEAVY.values(), ids=HEAVY.keys())
def test_the_slow_parser_gets_no_more_than_it_can_bear(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is quadratic on some of these: what bounds the work is the length that it may see."""
    given: list[int] = []
    parse = formats.feedparser.parse

    def counted(stream: BytesIO, **options: bool) -> object:
        given.append(len(stream.getvalue()))
        return parse(stream, **options)

    monkeypatch.setattr(formats.feedparser, "parse", counted)
    with contextlib.suppress(Broken):
        formats.read(body, BLOG)
    assert all(length <= formats.MOST_FOR_THE_SLOW_PARSER for length in given)
    assert bool(given) == (len(body) <= formats.MOST_FOR_THE_SLOW_PARSER)


def test_no_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """feedparser opens what it is given as bytes, if there is a file of that name."""
    name = "<rss></rss>"
    (tmp_path / "<rss><").mkdir()
    (tmp_path / "<rss><" / "rss>").write_bytes(rss(ITEM % b"from the file"))
    monkeypatch.chdir(tmp_path)
    assert formats.read(name.encode(), BLOG).entries == ()


# --- A feed that was just read --------------------------------------------------------------------


def first_poll_after_resolve(server: Server, later: timedelta) -> Page:
    """Both with one context, as a process has for an account."""

    async def both() -> Page:
        context = server.context()
        identity = await Feed().resolve(context, ProfileRef("feed", BLOG, "blog.example"))
        context.now += later
        page = await Feed().poll(context, identity, None)
        again = await Feed().poll(context, identity, page.cursor)
        assert (again.seen, again.cursor) == ((), None), "what was kept is taken once"
        return page

    return asyncio.run(both())


@pytest.mark.parametrize(("seconds", "requests"), [(1, 2), (31, 3)])
def test_the_first_poll_takes_the_feed_that_was_just_read_to_find_it(seconds: int, requests: int) -> None:
    server = serving(RSS)
    page = first_poll_after_resolve(server, timedelta(seconds=seconds))
    assert [seen.object for seen in page.seen] == ["tag:2", "https://blog.example/posts/1"]
    assert len(server.asked) == requests


def test_only_the_newest_few_that_were_read_are_kept() -> None:
    context = Server().context()
    response = asyncio.run(serving(RSS).context().http.request("GET", BLOG))
    document = formats.read(RSS, BLOG)
    for number in range(MOST_KEPT + 1):
        keep(context, Fetched(str(number), response, document, context.now))
    kept = [number for number in range(MOST_KEPT + 1) if take(context, str(number)) is not None]
    assert kept == list(range(1, MOST_KEPT + 1))
