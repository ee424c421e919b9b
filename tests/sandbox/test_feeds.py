"""The sandbox's blogs, read by the feed connector over a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn
from connectors.feed import CONFIRMATIONS, Feed

from prospector.http import Http, Network
from prospector.sandbox.feeds import FORMATS, SHOWN, FeedWorld, application
from prospector.sdk import Gone, Identity, ProfileRef, Response
from prospector.testing import FakeContext

T0 = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class Remembering:
    """A context's way out that keeps the status and size of each answer."""

    inner: Http
    answers: list[tuple[int, int]]

    async def request(self, method: str, url: str, **options: object) -> Response:
        response = await self.inner.request(method, url, **options)  # type: ignore[arg-type]
        self.answers.append((response.status, len(response.content)))
        return response


@dataclass
class Reader:
    """One who reads a blog of the world through the connector."""

    context: FakeContext
    base: str
    answers: list[tuple[int, int]]

    async def resolve(self, path: str) -> Identity:
        return await Feed().resolve(self.context, ProfileRef("feed", f"{self.base}{path}", "127.0.0.1"))


def reading(world: FeedWorld, story: Callable[[Reader], Awaitable[None]]) -> None:
    """Serve the world on a free port of loopback while the story is told."""

    async def both() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            config = uvicorn.Config(application(world), log_level="critical", lifespan="off")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve([listening]))
            network = Network(rule=lambda address: address.is_loopback)
            answers: list[tuple[int, int]] = []
            http = Remembering(Http(network), answers)
            try:
                base = f"http://127.0.0.1:{listening.getsockname()[1]}"
                await story(Reader(FakeContext(http, Feed.Settings()), base, answers))
            finally:
                await network.aclose()
                server.should_exit = True
                await serving

    asyncio.run(both())


def blogging() -> FeedWorld:
    world = FeedWorld()
    world.publish("ada", "On engines & looms", "They weave.\nAnd <b>how</b>.", T0)
    return world


@pytest.mark.parametrize("name", FORMATS)
def test_a_post_is_found_once_and_what_is_unchanged_costs_nothing(name: str) -> None:
    world = blogging()

    async def story(reader: Reader) -> None:
        identity = await reader.resolve(f"/ada/{name}")
        first = await Feed().poll(reader.context, identity, None)
        (post,) = first.seen
        assert post.text == "On engines & looms\n\nThey weave.\nAnd <b>how</b>."
        assert post.at == T0
        assert post.url == f"{reader.base}/ada/1"
        unchanged = await Feed().poll(reader.context, identity, first.cursor)
        assert (unchanged.seen, reader.answers[-1]) == ((), (304, 0))
        world.publish("ada", "Second", "More.", T0 + timedelta(hours=1))
        second = await Feed().poll(reader.context, identity, first.cursor)
        assert [seen.attributes["title"] for seen in second.seen] == ["Second"]

    reading(world, story)


def test_a_blog_s_page_leads_to_its_feed() -> None:
    async def story(reader: Reader) -> None:
        identity = await reader.resolve("/ada")
        assert identity.url == identity.remote_id == f"{reader.base}/ada/feed.xml"
        assert identity.name == "Ada"

    reading(blogging(), story)


def test_a_blog_that_moved_is_followed_and_one_that_is_gone_is_gone() -> None:
    world = blogging()

    async def story(reader: Reader) -> None:
        identity = await reader.resolve("/ada/feed.xml")
        page = await Feed().poll(reader.context, identity, None)
        keys = [seen.object for seen in page.seen]
        world.move("ada", "countess")
        moved, cursor = None, page.cursor
        for _ in range(CONFIRMATIONS):
            page = await Feed().poll(reader.context, identity, cursor)
            moved, cursor = page.moved, page.cursor or cursor
            assert [seen.object for seen in page.seen] in ([], keys)
        assert moved == f"{reader.base}/countess/feed.xml"
        world.remove("countess")
        with pytest.raises(Gone):
            await Feed().poll(reader.context, identity, cursor)

    reading(world, story)


def test_an_edit_changes_the_feed_and_makes_no_new_post() -> None:
    world = blogging()

    async def story(reader: Reader) -> None:
        identity = await reader.resolve("/ada/atom.xml")
        page = await Feed().poll(reader.context, identity, None)
        world.edit("ada", 1, "They wove.", T0 + timedelta(hours=2))
        again = await Feed().poll(reader.context, identity, page.cursor)
        assert (reader.answers[-1][0], again.seen) == (200, ())

    reading(world, story)


def test_a_date_alone_is_a_validator_too() -> None:
    world = blogging()

    async def story(reader: Reader) -> None:
        url = f"{reader.base}/ada/feed.xml"
        first = await reader.context.http.request("GET", url)
        since = {"If-Modified-Since": first.headers["last-modified"]}
        assert (await reader.context.http.request("GET", url, headers=since)).status == 304
        for nonsense in ("yesterday", "Sun, 22 Nov 2026 11:59:59 GMT"):
            headers = {"If-Modified-Since": nonsense}
            assert (await reader.context.http.request("GET", url, headers=headers)).status == 200

    reading(world, story)


def test_a_feed_holds_the_newest_posts() -> None:
    world = FeedWorld()
    for hour in range(SHOWN + 5):
        world.publish("ada", f"Post {hour}", "Text", T0 + timedelta(hours=hour))
    assert [post.title for post in world.blog("ada").shown()][:2] == [
        f"Post {SHOWN + 4}",
        f"Post {SHOWN + 3}",
    ]
    assert len(world.blog("ada").shown()) == SHOWN
