"""The Mastodon API: what is seen, what is sent, and what servers do that misbehave or differ."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
import respx
from connectors._mastodon_records import addressed, counted, plain_html
from connectors._mastodon_writes import MOST_PAGES, STATUSES
from connectors.mastodon import Mastodon, Settings
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.connectors.accounts import Record, Way, asgi, look

from prospector.sandbox.mastodon import Interaction, MastodonWorld, Server, application
from prospector.sdk import (
    Broken,
    Connector,
    Gone,
    Identity,
    Intent,
    Later,
    NotSent,
    ProfileRef,
    Refused,
    Unauthorised,
)
from prospector.testing import ConnectorTests, FakeContext, answering

RECORDED = json.loads((Path(__file__).parent / "data/mastodon/gotosocial.json").read_text())
ALICE = RECORDED["lookup"]["body"]["id"]
RECORDED_AT = {
    "/v2/instance": "instance_v2",
    "/v1/accounts/verify_credentials": "verify_credentials",
    "/v1/accounts/lookup": "lookup",
    "/v1/notifications": "notifications_p1",
    f"/v1/accounts/{ALICE}/statuses": "account_statuses_p1",
}


class TestStandard(ConnectorTests):
    connector = Mastodon
    settings: ClassVar = {"instance": "http://social.example", "token": "env:TOKEN"}
    profile = ProfileRef("mastodon", "https://social.example/@alice", "alice@social.example")

    def routes(self, router: respx.MockRouter) -> None:
        for path, name in RECORDED_AT.items():
            router.get(f"http://social.example/api{path}").respond(200, json=RECORDED[name]["body"])
        router.get("http://social.example/api/v2/search").respond(200, json={"accounts": [], "statuses": []})


class Scene:
    """An instance with us and Ada, Bob on another server, and our account."""

    def __init__(self, **server: Any) -> None:
        self.way = Way()
        chosen = Settings(instance="http://home.example", token="env:TOKEN")
        self.context = FakeContext(answering(self.way), chosen)
        self.world = MastodonWorld("home.example", now=lambda: self.context.now)
        self.us = self.world.account("us", "Us")
        self.ada = self.world.account("ada", "Ada")
        self.bob = self.world.account("bob@far.example", "Bob")
        self.server = Server(self.world, **({"most_requests": 10_000} | server))
        self.context.secrets["env:TOKEN"] = self.server.token(self.us)
        self.way.handler = asgi(application(self.server))
        self.mastodon = Mastodon()
        self.record = Record("mastodon")

    def tick(self, **span: float) -> None:
        self.context.now += timedelta(**span)

    async def who(self, handle: str = "ada@home.example") -> Identity:
        return await self.mastodon.resolve(self.context, ProfileRef("mastodon", "", handle))

    async def look(self, whom: Identity | None = None) -> list[Any]:
        return await look(self.mastodon, self.context, self.record, whom)

    def uri(self, status: str) -> str:
        return self.world.uri(self.world.statuses[status])

    async def intent(self, action: Any, body: str = "", on: str | None = None, to: str = "ada") -> Intent:
        whom = await self.who("bob@far.example" if to == "bob" else "ada@home.example")
        return Intent("<m1@us.example>", action, whom, self.context.now, body=body, on=on and self.uri(on))

    def intercept(self, path: str, **answer: Any) -> None:
        """Answer requests to `path` with this instead of the server."""
        inner = self.way.handler

        async def handle(request: httpx.Request) -> httpx.Response:
            return httpx.Response(**answer) if request.url.path.endswith(path) else await inner(request)

        self.way.handler = handle


@pytest.fixture
def scene() -> Scene:
    return Scene()


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def test_is_a_connector() -> None:
    assert isinstance(Mastodon(), Connector)
    assert Mastodon.can.act("dm").level == "limited"


def test_settings_take_an_address() -> None:
    assert Settings(instance="mastodon.social/", token="env:T").instance == "https://mastodon.social"
    for wrong in ("https://mastodon.social/@ada", "ftp://mastodon.social", ""):
        with pytest.raises(ValueError, match="write it like"):
            Settings(instance=wrong, token="env:T")
    with pytest.raises(ValueError, match="not the secret itself"):
        Settings(instance="mastodon.social", token="aBcD1234")


# --- Who ----------------------------------------------------------------------------------------


def test_an_id_counts_on_one_instance(scene: Scene) -> None:
    ada = run(scene.who())
    assert ada.remote_id == f"home.example/{scene.ada}"
    assert (ada.handle, ada.url, ada.name) == ("ada@home.example", "https://home.example/@ada", "Ada")
    bob = run(scene.who("@Bob@far.example"))
    assert (bob.handle, bob.url) == ("bob@far.example", "https://far.example/@bob")
    elsewhere = replace(ada, remote_id=f"other.example/{scene.ada}")
    with pytest.raises(Broken, match=r"found through other\.example"):
        run(scene.look(elsewhere))


def test_whoami(scene: Scene) -> None:
    assert run(scene.mastodon.whoami(scene.context)).handle == "us@home.example"


def test_an_unknown_account_is_searched_for(scene: Scene) -> None:
    """Lookup knows only what the instance knows already; search lets it fetch the account."""
    scene.intercept("/accounts/lookup", status_code=404, json={"error": "Record not found"})
    assert run(scene.who("bob@far.example")).remote_id == f"home.example/{scene.bob}"


def test_webfinger_tells_the_canonical_handle(scene: Scene) -> None:
    scene.intercept(
        "/.well-known/webfinger", status_code=200, json={"subject": "acct:bob@far.example", "links": []}
    )
    assert run(scene.who("bob@social.far.example")).handle == "bob@far.example"


def test_a_server_cannot_make_itself_somebody_else(scene: Scene) -> None:
    scene.intercept("/.well-known/webfinger", status_code=200, json={"subject": "acct:bob@far.example"})
    with pytest.raises(Broken, match="does not live there"):
        run(scene.who("eve@evil.example"))


def test_nobody_is_gone(scene: Scene) -> None:
    with pytest.raises(Gone):
        run(scene.who("nobody@home.example"))
    scene.intercept("/.well-known/webfinger", status_code=404, json={})
    with pytest.raises(Gone):
        run(scene.who("nobody@far.example"))


def test_an_account_that_cannot_be_fetched_is_told(scene: Scene) -> None:
    scene.intercept("/.well-known/webfinger", status_code=200, json={"subject": "acct:eve@far.example"})
    with pytest.raises(Broken, match="read:search"):
        run(scene.who("eve@far.example"))


def test_a_suspended_account_is_gone_and_a_moved_one_is_told(scene: Scene) -> None:
    """F14."""

    async def story() -> None:
        ada = await scene.who()
        scene.world.post(scene.ada, "I am moving")
        scene.world.move(scene.ada, scene.world.account("ada@new.example"))
        await scene.look(ada)
        assert scene.record.moved == "https://new.example/@ada"
        scene.world.suspend(scene.ada)
        with pytest.raises(Gone):
            await scene.look(ada)

    run(story())


# --- Seeing -------------------------------------------------------------------------------------


def test_kinds_are_the_same_from_both_sides(scene: Scene) -> None:
    world, ada = scene.world, scene.ada
    ours = world.post(scene.us, "Our launch")
    scene.tick(seconds=1)
    made = {
        "reply": world.post(ada, "How does pricing work?", reply_to=ours),
        "mention": world.post(ada, "Ask @us about it"),
        "quote": world.post(ada, "Look at this", quote=ours),
        "dm": world.post(ada, "@us can we talk?", visibility="direct"),
        "post": world.post(ada, "Hello"),
    }

    async def story() -> tuple[Record, Record]:
        feed, inbox = Record("mastodon"), Record("mastodon")
        await look(scene.mastodon, scene.context, feed, await scene.who())
        await look(scene.mastodon, scene.context, inbox)
        return feed, inbox

    feed, inbox = run(story())
    assert {seen.kind: seen.object for seen in feed.rows.values()} == {
        k: scene.uri(s) for k, s in made.items()
    }
    assert inbox.kinds == ["dm", "mention", "quote", "reply"]
    assert {key: feed.rows[key].kind for key in inbox.rows} == {k: s.kind for k, s in inbox.rows.items()}


def test_what_the_inbox_tells(scene: Scene) -> None:
    ours = scene.world.post(scene.us, "Our launch")
    scene.tick(seconds=1)
    scene.world.like(scene.bob, ours)
    scene.world.repost(scene.bob, ours)
    scene.world.follow(scene.bob, scene.us)
    run(scene.look())
    rows = {seen.kind: seen for seen in scene.record.rows.values()}
    assert set(rows) == {"like", "repost", "follow"}
    assert rows["like"].object == rows["repost"].object == rows["like"].post == scene.uri(ours)
    assert rows["follow"].object == f"home.example/{scene.us}"
    assert rows["follow"].actor_url == "https://far.example/@bob"
    assert rows["like"].at == scene.context.now


def test_a_request_to_follow_and_its_approval_are_one_follow(scene: Scene) -> None:
    scene.world.accounts[scene.us] = replace(scene.world.accounts[scene.us], locked=True)
    scene.world.follow(scene.bob, scene.us)
    run(scene.look())
    scene.world.follows.clear()
    scene.world.accounts[scene.us] = replace(scene.world.accounts[scene.us], locked=False)
    scene.tick(minutes=5)
    scene.world.follow(scene.bob, scene.us)
    run(scene.look())
    assert scene.record.kinds == ["follow"]
    assert next(iter(scene.record.rows.values())).attributes == {"requested": True}


def test_walks_forward_without_gaps(scene: Scene) -> None:
    async def story() -> None:
        ada = await scene.who()
        scene.world.post(scene.ada, "first")
        await scene.look(ada)
        made = set()
        for number in range(205):
            scene.tick(minutes=1)
            made.add(scene.uri(scene.world.post(scene.ada, f"post {number}")))
        new = await scene.look(ada)
        assert {seen.object for seen in new} == made
        before = len(scene.way.sent)
        assert await scene.look(ada) == []
        assert len(scene.way.sent) - before <= 3

    run(story())


def test_an_account_without_posts_is_walked_from_its_start(scene: Scene) -> None:
    async def story() -> None:
        ada = await scene.who()
        await scene.look(ada)
        for number in range(90):
            scene.tick(minutes=1)
            scene.world.post(scene.ada, f"post {number}")
        await scene.look(ada)
        assert len(scene.record.rows) == 90

    run(story())


def test_what_federates_late_is_seen(scene: Scene) -> None:
    """Its id is of the past, because it is made from the time at which it was written."""

    async def story() -> None:
        ada = await scene.who()
        scene.world.post(scene.ada, "long ago")
        scene.tick(hours=9)
        scene.world.post(scene.ada, "on time")
        await scene.look(ada)
        late = scene.world.post(scene.ada, "late", at=scene.context.now - timedelta(minutes=40))
        scene.tick(minutes=5)
        assert [seen.object for seen in await scene.look(ada)] == [scene.uri(late)]

    run(story())


def test_a_crash_between_two_pages_loses_nothing(scene: Scene) -> None:
    async def story() -> None:
        ada = await scene.who()
        scene.world.post(scene.ada, "first")
        await scene.look(ada)
        made = set()
        for number in range(100):
            scene.tick(minutes=3)
            made.add(scene.uri(scene.world.post(scene.ada, f"post {number}")))
        scene.record.take(await scene.mastodon.poll(scene.context, ada, scene.record.cursor))
        await scene.mastodon.poll(scene.context, ada, scene.record.cursor)  # and the answer is lost
        scene.tick(hours=5)
        await scene.look(ada)
        assert made <= scene.record.objects

    run(story())


def test_deleted_posts_are_retracted(scene: Scene) -> None:
    async def story() -> None:
        ada = await scene.who()
        scene.world.post(scene.ada, "long ago")
        scene.tick(hours=9)
        gone, kept = scene.world.post(scene.ada, "a mistake"), scene.world.post(scene.ada, "not one")
        uris = scene.uri(gone), scene.uri(kept)
        await scene.look(ada)
        scene.world.delete(gone)
        scene.tick(minutes=5)
        await scene.look(ada)
        await scene.look(ada)
        assert scene.record.retracted == [uris[0]]
        assert uris[1] in scene.record.objects

    run(story())


@pytest.mark.parametrize("type", ["update", "poll", "admin.sign_up", "severed_relationships", "nonsense"])
def test_other_types_are_no_engagement(scene: Scene, type: str) -> None:
    note = RECORDED["notifications_p1"]["body"][0] | {"type": type}
    scene.intercept("/notifications", status_code=200, json=[note])
    run(scene.look())
    assert scene.record.rows == {}


def test_links_never_lead_away_from_the_instance(scene: Scene) -> None:
    note = RECORDED["notifications_p1"]
    link = '<http://evil.example/steal?min_id=1>; rel="prev", <http://evil.example/>; rel="next"'
    scene.intercept("/notifications", status_code=200, json=note["body"], headers={"link": link})
    run(scene.look())
    assert {request.url.host for request in scene.way.sent} == {"home.example"}


def test_a_boost_that_was_not_excluded_is_a_repost(scene: Scene) -> None:
    ours = scene.world.post(scene.us, "Our launch")
    scene.world.repost(scene.ada, ours)
    ada = run(scene.who())
    inner = scene.way.handler

    async def handle(request: httpx.Request) -> httpx.Response:
        url = request.url.copy_remove_param("exclude_reblogs")
        return await inner(httpx.Request(request.method, url, headers=request.headers))

    scene.way.handler = handle
    run(scene.look(ada))
    run(scene.look())
    assert scene.record.kinds == ["repost"]


@pytest.mark.parametrize("path", ["instance", "verify_credentials"])
def test_an_instance_that_is_elsewhere_says_nothing_about_the_person(scene: Scene, path: str) -> None:
    scene.intercept(path, status_code=404, json={"error": "no"})
    with pytest.raises(Broken, match="no Mastodon API"):
        run(scene.who())


def test_too_many_requests_wait_for_the_reset() -> None:
    """F9: the reset is ISO 8601 and there is no Retry-After."""
    scene = Scene(most_requests=2)
    with pytest.raises(Later) as caught:
        run(scene.who())
    assert caught.value.seconds == pytest.approx(300)


# --- A real server's answers ---------------------------------------------------------------------


@pytest.fixture
def recorded(scene: Scene) -> Scene:
    """GoToSocial's recorded answers."""
    for path, name in RECORDED_AT.items():
        scene.intercept(path, status_code=200, json=RECORDED[name]["body"])
    return scene


def test_recorded_notifications(recorded: Scene) -> None:
    run(recorded.look())
    rows = {seen.kind: seen for seen in recorded.record.rows.values()}
    assert set(rows) == {"dm", "follow", "repost"}
    assert rows["dm"].text == "@us can we talk?"
    assert rows["dm"].actor_url == "https://social.example/@bob"
    assert rows["repost"].object.endswith("/users/us/statuses/01M80X4YGZFPEM9STMAHESTZB8")


def test_recorded_statuses(recorded: Scene) -> None:
    alice = run(recorded.who("alice@social.example"))
    run(recorded.look(alice))
    assert recorded.record.kinds == ["post", "post", "post"]
    assert all(seen.text.startswith("alice writes") for seen in recorded.record.rows.values())


# --- Paging faults (F13) ------------------------------------------------------------------------


class Pages:
    """A timeline whose pages go wrong."""

    def __init__(self, scene: Scene, faults: dict[int, tuple[str, int]], size: int) -> None:
        self.faults, self.size = faults, size
        self.inner = scene.way.handler
        self.count = 0
        self.last: list[Any] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/statuses"):
            return await self.inner(request)
        sized = request.url.copy_set_param("limit", str(self.size))
        page = (await self.inner(httpx.Request("GET", sized, headers=request.headers))).json()
        fault, number = self.faults.get(self.count, ("", 0))
        self.count += 1
        spoilt = self._spoilt(page, fault, number)
        self.last = page or self.last
        return httpx.Response(200, json=spoilt)

    def _spoilt(self, page: list[Any], fault: str, number: int) -> list[Any]:
        turn = number % max(len(page), 1)
        return {
            "double": page + page[: number + 1],
            "shuffle": page[turn:] + page[:turn],
            "overlap": page + self.last[:number],
            "again": self.last,
            "short": page[-1 - turn :],
        }.get(fault, page)


FAULTS = st.dictionaries(
    st.integers(0, 40),
    st.tuples(st.sampled_from(["double", "shuffle", "overlap", "again", "short"]), st.integers(0, 5)),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(faults=FAULTS, size=st.integers(20, 25), rounds=st.lists(st.integers(0, 60), min_size=1, max_size=4))
def test_every_engagement_once_whatever_the_pages_do(
    faults: dict[int, tuple[str, int]], size: int, rounds: list[int]
) -> None:
    scene = Scene()

    async def story() -> None:
        ada = await scene.who()
        scene.world.post(scene.ada, "first")
        await scene.look(ada)
        pages = Pages(scene, faults, size)
        scene.way.handler = pages
        made = set()
        for count in rounds:
            for _ in range(count):
                scene.tick(minutes=1)
                made.add(scene.uri(scene.world.post(scene.ada, "words")))
            await scene.look(ada)
        pages.faults = {}
        for _ in range(3):
            scene.tick(minutes=40)
            await scene.look(ada)
        assert made <= scene.record.objects
        assert len(scene.record.rows) == len(made) + 1

    run(story())


def test_pages_without_an_end_are_stopped_and_told(scene: Scene) -> None:
    ada = run(scene.who())
    example = RECORDED["account_statuses_p1"]["body"][0]
    count = 0

    async def handle(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        status = {"id": f"X{count}", "uri": f"https://home.example/{count}"}
        account = example["account"] | {"id": scene.ada}
        return httpx.Response(200, json=[example | status | {"account": account}])

    run(scene.look(ada))
    scene.way.handler = handle
    with pytest.raises(Broken, match="without an end"):
        run(scene.look(ada))
    assert count <= 60


# --- Acting -------------------------------------------------------------------------------------


def test_a_reply_names_them_and_is_heard(scene: Scene) -> None:
    heard: list[Interaction] = []
    scene.world.on_interaction(heard.append)
    question = scene.world.post(scene.bob, "How?", visibility="unlisted")

    async def story() -> None:
        intent = await scene.intent("reply", "By hand.", question, to="bob")
        assert await scene.mastodon.find(scene.context, intent) is None
        receipt = await scene.mastodon.act(scene.context, intent)
        assert scene.context.points == 1
        found = await scene.mastodon.find(scene.context, intent)
        assert found is not None
        assert found.uri == receipt.uri

    run(story())
    assert [(told.kind, told.subject, told.text) for told in heard] == [
        ("reply", question, "@bob@far.example By hand.")
    ]
    made = scene.world.statuses[heard[0].id]
    assert (made.visibility, made.reply_to, made.mentions) == ("unlisted", question, (scene.bob,))


def test_the_engagement_s_own_id_saves_the_search(scene: Scene) -> None:
    question = scene.world.post(scene.ada, "How?")

    async def story() -> None:
        await scene.look(await scene.who())
        (seen,) = scene.record.rows.values()
        intent = await scene.intent("like", on=question)
        receipt = await scene.mastodon.act(scene.context, replace(intent, attributes=seen.attributes))
        assert receipt.uri == scene.uri(question)

    run(story())
    assert not any(request.url.path.endswith("search") for request in scene.way.sent)


@pytest.mark.parametrize("keeps_keys", [True, False], ids=["mastodon", "gotosocial"])
def test_a_status_is_sent_once(keeps_keys: bool) -> None:
    """Mastodon knows the key again; where a server does not, `find` shows what was done."""
    scene = Scene(keeps_keys=keeps_keys)
    question = scene.world.post(scene.ada, "How?")

    async def story() -> None:
        intent = await scene.intent("reply", "See https://us.example/a?b=1&c=2 & <tell> me", question)
        await scene.mastodon.act(scene.context, intent)
        if not keeps_keys:
            assert await scene.mastodon.find(scene.context, intent)
            return
        await scene.mastodon.act(scene.context, intent)

    run(story())
    assert len([status for status in scene.world.statuses.values() if status.account == scene.us]) == 1
    posts = [request for request in scene.way.sent if request.method == "POST"]
    assert {request.headers["idempotency-key"] for request in posts} == {"<m1@us.example>"}


@pytest.mark.parametrize(("status", "error"), [(429, NotSent), (503, Broken), (500, Broken), (422, Refused)])
def test_what_the_instance_says_decides_whether_it_was_sent(
    scene: Scene, status: int, error: type[Exception]
) -> None:
    """After the second mark only the platform's own word proves that nothing was accepted."""
    question = scene.world.post(scene.ada, "How?")
    intent = run(scene.intent("reply", "So", question))
    scene.intercept("/statuses", status_code=status, json={"error": "no"})
    with pytest.raises(error):
        run(scene.mastodon.act(scene.context, intent))
    assert scene.context.points == 1


def test_somebody_else_s_locked_door_does_not_pause_our_account(scene: Scene) -> None:
    scene.intercept("/.well-known/webfinger", status_code=403, json={})
    with pytest.raises(Broken, match="who eve"):
        run(scene.who("eve@far.example"))


def test_an_older_answer_with_the_same_words_is_not_ours(scene: Scene) -> None:
    """Somebody may say the same thing twice: only what came after the approval counts."""
    question = scene.world.post(scene.ada, "How?")
    scene.world.post(scene.us, "Thanks!", reply_to=question)
    scene.tick(hours=1)
    intent = run(scene.intent("reply", "Thanks!", question))
    assert run(scene.mastodon.find(scene.context, intent)) is None


def test_what_we_said_is_found_behind_much_else_and_when_what_it_answers_is_gone(scene: Scene) -> None:
    question = scene.world.post(scene.ada, "How?")

    async def story() -> None:
        intent = await scene.intent("reply", "By hand.", question)
        receipt = await scene.mastodon.act(scene.context, intent)
        for number in range(130):
            scene.tick(minutes=1)
            scene.world.post(scene.us, f"news {number}")
        assert await scene.mastodon.find(scene.context, intent) == receipt
        scene.world.delete(question)
        assert await scene.mastodon.find(scene.context, intent) == receipt

    run(story())


def test_looking_for_what_we_said_stops_at_the_approval(scene: Scene) -> None:
    question = scene.world.post(scene.ada, "How?")
    for number in range(130):
        scene.tick(minutes=1)
        scene.world.post(scene.us, f"news {number}")
    intent = run(scene.intent("reply", "By hand.", question))
    before = len(scene.way.sent)
    assert run(scene.mastodon.find(scene.context, intent)) is None
    assert len([r for r in scene.way.sent[before:] if r.url.path.endswith("/statuses")]) == 1


def test_what_lies_too_far_back_is_not_called_unsent(scene: Scene) -> None:
    question = scene.world.post(scene.ada, "How?")
    intent = run(scene.intent("reply", "By hand.", question))
    for number in range(STATUSES * MOST_PAGES + 1):
        scene.tick(minutes=1)
        scene.world.post(scene.us, f"news {number}")
    with pytest.raises(Broken, match=r"look on home\.example"):
        run(scene.mastodon.find(scene.context, intent))


def test_a_direct_message_is_for_the_two(scene: Scene) -> None:
    async def story() -> None:
        intent = await scene.intent("dm", "Can we talk?")
        await scene.mastodon.act(scene.context, intent)
        assert await scene.mastodon.find(scene.context, intent)

    run(story())
    (made,) = (status for status in scene.world.statuses.values() if status.account == scene.us)
    assert (made.visibility, made.text, made.mentions) == ("direct", "@ada Can we talk?", (scene.ada,))


@pytest.mark.parametrize("locked", [False, True])
def test_like_and_follow_may_be_repeated(scene: Scene, locked: bool) -> None:
    scene.world.accounts[scene.ada] = replace(scene.world.accounts[scene.ada], locked=locked)
    post = scene.world.post(scene.ada, "Hello")

    async def story() -> None:
        for action in ("like", "follow"):
            intent = await scene.intent(action, on=post)
            assert await scene.mastodon.find(scene.context, intent) is None
            assert await scene.mastodon.act(scene.context, intent) == await scene.mastodon.act(
                scene.context, intent
            )
            assert await scene.mastodon.find(scene.context, intent)

    run(story())
    assert scene.context.points == 4
    assert len([notice for notice in scene.world.notices if notice.to == scene.ada]) == 2


def test_a_deleted_post_cannot_be_answered(scene: Scene) -> None:
    post = scene.world.post(scene.ada, "Hello")
    intent = run(scene.intent("reply", "Hi", post))
    scene.world.delete(post)
    with pytest.raises(Gone):
        run(scene.mastodon.act(scene.context, intent))
    assert run(scene.mastodon.find(scene.context, intent)) is None
    assert scene.context.points == 0


def test_a_text_too_long_is_refused_before_anything_is_said(scene: Scene) -> None:
    post = scene.world.post(scene.ada, "Hello")
    with pytest.raises(Refused, match=r"506 characters .* takes 500"):
        run(scene.mastodon.act(scene.context, run(scene.intent("reply", "x" * 501, post))))
    assert scene.context.points == 0


def test_what_a_policy_forbids_does_not_pause_the_account(scene: Scene) -> None:
    post = scene.world.post(scene.ada, "Hello")
    intent = run(scene.intent("like", on=post))
    scene.intercept("/favourite", status_code=403, json={"error": "This action is not allowed"})
    with pytest.raises(Refused, match="not allowed"):
        run(scene.mastodon.act(scene.context, intent))
    scene.intercept("/favourite", status_code=403, json={"error": "outside the authorized scopes"})
    with pytest.raises(Unauthorised, match="scopes"):
        run(scene.mastodon.act(scene.context, intent))


# --- Text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>one<br>two</p><p>three</p>", "one\ntwo\n\nthree"),
        ("<p>a &lt;script&gt; &amp;amp; b</p>", "a <script> &amp; b"),
        ("<script>alert(1)</script><style>p{}</style>hello", "hello"),
        ('<a href="javascript:alert(1)" onclick="x">link</a>', "link"),
        ("<p>nul\x00 and bell\x07</p>", "nul and bell"),
        ("<img src=x onerror=alert(1)>", ""),
        ("<p>never closed", "never closed"),
        (
            '<p><a><span class="invisible">https://</span><span>us.example</span></a></p>',
            "https://us.example",
        ),
    ],
)
def test_markup_becomes_text(markup: str, text: str) -> None:
    assert plain_html(markup) == text


def test_deep_markup_is_survived() -> None:
    assert plain_html("<b>" * 50_000 + "deep") == ""
    assert plain_html("<b>" * 20_000 + "deep") == "deep"


@given(markup=st.text(alphabet="<>/&;pbr!-# \x00\x1bscript\"='", max_size=200))
def test_no_markup_leaves_a_control_character(markup: str) -> None:
    assert all(character in "\n\t" or ord(character) >= 32 for character in plain_html(markup))


def test_a_mention_is_added_where_there_is_none() -> None:
    assert addressed("Hi", "bob@far.example", "home.example") == "@bob@far.example Hi"
    assert addressed("Hi @bob", "bob@far.example", "home.example") == "@bob@far.example Hi @bob"
    assert addressed("Hi @Bob@far.example.", "bob@far.example", "home.example") == "Hi @Bob@far.example."
    assert addressed("@ada: hi", "ada", "home.example") == "@ada: hi"
    assert addressed("mail ada@home.example", "ada", "home.example") == "@ada mail ada@home.example"


def test_links_and_hosts_count_as_the_server_counts_them() -> None:
    assert len(counted("@bob@far.example see https://us.example/" + "x" * 100, 23)) == len("@bob see ") + 23
