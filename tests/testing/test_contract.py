"""The standard tests on a small connector that keeps them, and on ones that each break one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec
import pytest
import respx
from pydantic import ConfigDict

from prospector import sdk
from prospector.sdk import (
    YES,
    BaseModel,
    Broken,
    Capabilities,
    Context,
    Gone,
    Identity,
    Page,
    ProfileRef,
    Seen,
)
from prospector.testing import ConnectorTests, FakeContext
from prospector.testing.complaints import complaints

API = "https://api.example"


class Post(msgspec.Struct):
    id: str
    at: datetime
    text: str = ""


class Posts(msgspec.Struct):
    posts: list[Post]
    next: str | None = None


class User(msgspec.Struct):
    id: str


class Small:
    """A connector to a platform of one user, whose pages come two at a time."""

    name: ClassVar[str] = "small"
    platforms: ClassVar[frozenset[str]] = frozenset({"small"})
    can: ClassVar[Capabilities] = Capabilities(posts=YES)

    class Settings(BaseModel):
        model_config = ConfigDict(extra="forbid")
        url: str = API

    async def whoami(self, context: Context) -> Identity:
        return Identity("small", "us", "us", f"{API}/us")

    async def resolve(self, context: Context, ref: ProfileRef) -> Identity:
        answer = await context.http.request("GET", f"{API}/users/{ref.handle}")
        return Identity("small", answer.json(User).id, ref.handle, ref.url)

    async def poll(self, context: Context, identity: Identity, cursor: str | None) -> Page:
        asked = {"after": cursor} if cursor else None
        answer = await context.http.request("GET", f"{API}/posts/{identity.remote_id}", params=asked)
        posts = answer.json(Posts)
        return Page(tuple(self.seen(post) for post in posts.posts), posts.next, posts.next is not None)

    def seen(self, post: Post) -> Seen:
        if not post.id.isalnum() or post.at.tzinfo is None:
            raise Broken("A post without an id or a time.")
        return Seen("post", "7", f"{API}/{post.id}", post.at, text=post.text.replace("\0", ""))


class TestSmall(ConnectorTests):
    connector = Small
    profile = ProfileRef("small", "https://small.example/ann", "ann")

    def routes(self, router: respx.MockRouter) -> None:
        def post(name: str) -> dict[str, str]:
            return {"id": name, "at": "2026-11-01T10:00:00Z", "text": "Hello"}

        router.get(f"{API}/users/ann").respond(json={"id": "7"})
        router.get(f"{API}/posts/7", params={"after": "2"}).respond(json={"posts": [post("c")]})
        router.get(f"{API}/posts/7").respond(json={"posts": [post("a"), post("b")], "next": "2"})


def broken_small(**changes: Any) -> TestSmall:
    tests = TestSmall()
    tests.connector = type("BrokenSmall", (Small,), changes)  # type: ignore[misc]
    return tests


def test_an_absent_method_is_found_out() -> None:
    with pytest.raises(AssertionError, match="inbox"):
        broken_small(can=Capabilities(posts=YES, interactions=YES)).test_what_it_can_do_itself_it_implements()


def test_a_loose_settings_class_is_found_out() -> None:
    class Loose(BaseModel):
        url: str = API

    with pytest.raises(pytest.fail.Exception):
        broken_small(Settings=Loose).test_settings_are_accepted_and_unknown_keys_are_not()


def test_a_naive_time_is_found_out() -> None:
    def naive(self: Small, post: Post) -> Seen:
        return replace(Small.seen(self, post), at=datetime(2026, 1, 1))

    with pytest.raises(AssertionError, match="time zone"):
        broken_small(seen=naive).test_pages_hold_what_the_core_can_store()


def test_a_swallowed_error_is_found_out() -> None:
    async def deaf(self: Small, context: Context, identity: Identity, cursor: str | None) -> Page:
        try:
            return await Small.poll(self, context, identity, cursor)
        except Gone:
            return Page()

    with pytest.raises(pytest.fail.Exception):
        broken_small(poll=deaf).test_a_status_becomes_the_error_that_it_stands_for(404)


def test_an_endless_cursor_is_found_out() -> None:
    async def endless(self: Small, context: Context, identity: Identity, cursor: str | None) -> Page:
        return replace(await Small.poll(self, context, identity, None), cursor="2", more=True)

    with pytest.raises(AssertionError, match="did not stop"):
        broken_small(poll=endless).test_the_cursor_resumes_where_it_stopped_and_comes_to_an_end()


def test_a_crash_on_a_hostile_body_is_found_out() -> None:
    async def careless(self: Small, context: Context, identity: Identity, cursor: str | None) -> Page:
        answer = await context.http.request("GET", f"{API}/posts/7")
        return Page(tuple(Seen("post", "7", p["id"], datetime.now(UTC)) for p in answer.json()["posts"]))  # type: ignore[index]

    with pytest.raises(AssertionError, match="KeyError"):
        broken_small(poll=careless).test_a_senseless_body_is_broken_or_cleaned(b"{}")


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        (Page((Seen("nod", "a", "o", None),)), "no kind"),
        (Page((Seen("post", "", "o", None),)), "actor or object"),
        (Page((Seen("post", "a", "o", None, text="\ud800"),)), "database refuses"),
        (Page((Seen("post", "a", "o", None, raw={"x": object()}),)), "JSON"),
        (Page(cursor="\0"), "cursor"),
        (Page(covered_until=datetime(2026, 1, 1)), "time zone"),
        (Page(wait=float("nan")), "seconds"),
        (Page(retracted=("",)), "retracted"),
    ],
)
def test_what_a_page_may_not_hold(page: Page, complaint: str) -> None:
    assert any(complaint in told for told in complaints(page))


def test_a_message_that_was_taken_back_stops_at_the_point_of_no_return() -> None:
    context: Context = FakeContext(http=None, taken_back=True)  # type: ignore[arg-type]
    with pytest.raises(sdk.NotSent):
        asyncio.run(context.point_of_no_return())
