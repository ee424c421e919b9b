"""Bluesky: what is seen, what is sent, and what a server that misbehaves can do."""

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
from connectors._bluesky_records import Notification, Profile, decide, notified
from connectors.bluesky import PAGE, Bluesky, Settings
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.connectors.accounts import Record, Way, asgi, look

from prospector.sandbox.bluesky import BlueskyWorld, Interaction, Server, application
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
from prospector.testing.context import NOW

# Written by hand after the lexicons, not recorded; tests/live asks real servers.
MADE = json.loads((Path(__file__).parent / "data/bluesky/made.json").read_text())


class TestStandard(ConnectorTests):
    connector = Bluesky
    settings: ClassVar = {"handle": "us.example", "password": "env:PW"}
    profile = ProfileRef("bluesky", "https://bsky.app/profile/ada.example", "ada.example")

    def routes(self, router: respx.MockRouter) -> None:
        """Our PDS is where the DID document says, or, where that makes no sense, where we signed in."""
        signing_in = "https://bsky.social/xrpc/com.atproto.server.createSession"
        router.post(signing_in).respond(200, json=MADE["createSession"])
        homes = ("morel.pds.example", "bsky.social")
        for name in ("actor.getProfile", "feed.getAuthorFeed", "notification.listNotifications"):
            route = router.get(host__in=homes, path=f"/xrpc/app.bsky.{name}")
            route.respond(200, json=MADE[name.partition(".")[2]])


class Scene:
    """A network with us, Ada and Bob, and our account on it."""

    def __init__(self, **server: Any) -> None:
        self.way = Way()
        chosen = Settings(handle="us.example", password="env:PW", service="http://pds.example")
        self.context = FakeContext(answering(self.way), chosen, secrets={"env:PW": "app-password"})
        self.world = BlueskyWorld(now=lambda: self.context.now)
        self.us = self.world.account("us.example", name="Us")
        self.ada = self.world.account("ada.example", name="Ada")
        self.bob = self.world.account("bob.example")
        self.server = Server(self.world, **server)
        self.way.handler = asgi(application(self.server))
        self.bluesky = Bluesky()
        self.record = Record("bluesky")

    def tick(self, **span: float) -> None:
        self.context.now += timedelta(**span)

    async def who(self, handle: str = "ada.example") -> Identity:
        return await self.bluesky.resolve(self.context, ProfileRef("bluesky", "", handle))

    async def look(self, whom: Identity | None = None) -> list[Any]:
        return await look(self.bluesky, self.context, self.record, whom)

    def calls(self, name: str) -> int:
        return sum(request.url.path.endswith(name) for request in self.way.sent)

    async def intent(self, action: Any, body: str = "", on: str | None = None, **given: Any) -> Intent:
        at = self.context.now
        return Intent("<m1@us.example>", action, await self.who(), at, body=body, on=on, **given)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def test_is_a_connector() -> None:
    assert isinstance(Bluesky(), Connector)
    assert Bluesky.can.act("dm").level == "by_hand"
    assert "app" in Bluesky.can.act("dm").why


def test_settings_take_a_server_s_address_and_no_secret() -> None:
    with pytest.raises(ValueError, match="write it like"):
        Settings(handle="a", password="env:P", service="bsky.social")
    with pytest.raises(ValueError, match="not the secret itself"):
        Settings(handle="a", password="abcd-efgh-ijkl-mnop")


# --- Who ----------------------------------------------------------------------------------------


def test_resolves_to_the_did(scene: Scene) -> None:
    ada = run(scene.who("@Ada.Example"))
    assert ada == Identity("bluesky", scene.ada, "ada.example", "https://bsky.app/profile/ada.example", "Ada")


def test_whoami(scene: Scene) -> None:
    assert run(scene.bluesky.whoami(scene.context)).remote_id == scene.us


def test_an_unknown_handle_is_gone(scene: Scene) -> None:
    with pytest.raises(Gone, match="Profile not found"):
        run(scene.who("nobody.example"))


def test_follows_a_renamed_account_and_not_the_handle(scene: Scene) -> None:
    """F14: whoever takes the handle over is somebody else."""

    async def story() -> None:
        ada = await scene.who()
        scene.world.rename(scene.ada, "ada-new.example")
        taker = scene.world.account("ada.example")
        scene.world.post(taker, "I am not Ada")
        post = scene.world.post(scene.ada, "New name")
        await scene.look(ada)
        assert scene.record.objects == {post}
        assert scene.record.moved == "https://bsky.app/profile/ada-new.example"
        assert (await scene.who()).remote_id == taker

    run(story())


def test_a_suspended_account_is_gone(scene: Scene) -> None:
    async def story() -> None:
        ada = await scene.who()
        scene.world.suspend(scene.ada)
        with pytest.raises(Gone, match="suspended"):
            await scene.look(ada)

    run(story())


# --- Signing in ---------------------------------------------------------------------------------


def test_one_session_serves_many_calls(scene: Scene) -> None:
    async def story() -> None:
        await asyncio.gather(*(scene.who() for _ in range(10)))

    run(story())
    assert scene.calls("createSession") == 1


def test_a_stale_token_is_renewed_once_for_all(scene: Scene) -> None:
    async def story() -> None:
        await scene.who()
        scene.server.expire()
        await asyncio.gather(*(scene.who() for _ in range(5)))

    run(story())
    assert scene.calls("refreshSession") == 1
    assert scene.calls("createSession") == 1


def test_a_used_refresh_token_leads_to_a_new_session(scene: Scene) -> None:
    async def story() -> None:
        await scene.who()
        scene.server.expire()
        scene.server.refreshers.clear()
        await scene.who()

    run(story())
    assert scene.calls("createSession") == 2


def test_a_wrong_password_is_told_with_what_to_do(scene: Scene) -> None:
    scene.world.accounts[scene.us].password = "another"
    with pytest.raises(Unauthorised, match="app password"):
        run(scene.who())


def test_too_many_sign_ins_are_later() -> None:
    scene = Scene(most_requests=0)
    with pytest.raises(Later) as caught:
        run(scene.who())
    assert caught.value.seconds == pytest.approx(300)


@pytest.mark.parametrize("status", [404, 410, 500])
def test_a_failing_sign_in_says_nothing_about_the_person(scene: Scene, status: int) -> None:
    async def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json={})

    scene.way.handler = handle
    with pytest.raises(Later, match="sign-in"):
        run(scene.who())


def test_public_reads_may_go_elsewhere(scene: Scene) -> None:
    chosen = scene.context.settings.model_copy(update={"appview": "http://appview.example"})
    scene.context.settings = chosen
    run(scene.who())
    assert [request.headers.get("authorization") for request in scene.way.sent] == [None]


def test_secrets_do_not_show(scene: Scene) -> None:
    run(scene.who())
    kept = scene.context.memory["session"]
    assert kept.access_jwt not in repr(kept)
    assert kept.refresh_jwt not in repr(kept)


# --- Seeing -------------------------------------------------------------------------------------


def test_kinds_are_the_same_from_both_sides(scene: Scene) -> None:
    """What is seen in their feed and in our inbox is one engagement."""
    world, ada = scene.world, scene.ada
    ours = world.post(scene.us, "Our launch")
    bobs = world.post(scene.bob, "Bob's")
    scene.tick(seconds=1)
    made = {
        "reply": world.post(ada, "How does pricing work?", reply_to=ours),
        "mention": world.post(ada, "Ask @us.example about it"),
        "quote": world.post(ada, "Look at this", quote=ours),
        "post": world.post(ada, "Hello"),
    }
    world.repost(ada, ours)
    world.repost(ada, bobs)

    async def story() -> tuple[Record, Record]:
        feed, inbox = Record("bluesky"), Record("bluesky")
        await look(scene.bluesky, scene.context, feed, await scene.who())
        await look(scene.bluesky, scene.context, inbox)
        return feed, inbox

    feed, inbox = run(story())
    assert {seen.kind: seen.object for seen in feed.rows.values() if seen.kind != "repost"} == made
    assert {seen.object for seen in feed.rows.values() if seen.kind == "repost"} == {ours}
    assert set(inbox.rows) < set(feed.rows)
    assert {key: feed.rows[key].kind for key in inbox.rows} == {k: s.kind for k, s in inbox.rows.items()}
    assert inbox.kinds == ["mention", "quote", "reply", "repost"]


def test_what_the_inbox_tells(scene: Scene) -> None:
    ours = scene.world.post(scene.us, "Our launch")
    scene.tick(seconds=1)
    scene.world.like(scene.ada, ours)
    scene.world.follow(scene.ada, scene.us)
    reply = scene.world.post(scene.ada, "How does pricing work?\x00", reply_to=ours)
    run(scene.look())
    rows = {seen.kind: seen for seen in scene.record.rows.values()}
    assert set(rows) == {"like", "follow", "reply"}
    assert (rows["like"].object, rows["like"].post) == (ours, ours)
    assert rows["follow"].object == scene.us
    answer = rows["reply"]
    assert answer.text == "How does pricing work?"
    assert answer.post == ours
    assert answer.at == scene.context.now
    assert answer.actor_url == "https://bsky.app/profile/ada.example"
    assert answer.url == f"https://bsky.app/profile/{scene.ada}/post/{reply.rsplit('/', 1)[1]}"
    assert answer.attributes["root"]["uri"] == ours
    assert answer.attributes["cid"] == scene.world.records[reply].cid


def test_a_like_again_is_the_same_like(scene: Scene) -> None:
    ours = scene.world.post(scene.us, "Our launch")
    scene.world.delete(scene.world.like(scene.ada, ours))
    run(scene.look())
    scene.tick(hours=2)
    scene.world.like(scene.ada, ours)
    run(scene.look())
    scene.tick(hours=2)
    scene.world.like(scene.ada, ours)
    run(scene.look())
    assert scene.record.kinds == ["like"]


def test_a_long_absence_is_walked_back_completely(scene: Scene) -> None:
    async def story() -> None:
        ada = await scene.who()
        scene.world.post(scene.ada, "first")
        await scene.look(ada)
        made = set()
        for number in range(333):
            scene.tick(minutes=1)
            made.add(scene.world.post(scene.ada, f"post {number}"))
        new = await scene.look(ada)
        assert {seen.object for seen in new} == made
        before = scene.calls("getAuthorFeed")
        assert await scene.look(ada) == []
        assert scene.calls("getAuthorFeed") - before <= 2

    run(story())


def test_a_crash_between_two_pages_loses_nothing(scene: Scene) -> None:
    """Each page is stored with its cursor; the mark moves only when the walk has arrived."""

    async def story() -> None:
        ada = await scene.who()
        scene.world.post(scene.ada, "first")
        await scene.look(ada)
        made = set()
        for number in range(170):
            scene.tick(minutes=3)
            made.add(scene.world.post(scene.ada, f"post {number}"))
        scene.record.take(await scene.bluesky.poll(scene.context, ada, scene.record.cursor))
        await scene.bluesky.poll(scene.context, ada, scene.record.cursor)  # and the answer is lost
        scene.tick(hours=5)
        made.add(scene.world.post(scene.ada, "while we were away"))
        await scene.look(ada)
        assert made <= scene.record.objects

    run(story())


def test_a_walk_under_way_covers_no_more_than_the_one_before(scene: Scene) -> None:
    """It goes from the newest backwards: what lies below its page nobody has seen yet."""

    async def story() -> None:
        ada = await scene.who()
        scene.world.post(scene.ada, "First")
        first = await scene.bluesky.poll(scene.context, ada, None)
        mark = scene.context.now
        for number in range(3 * PAGE):
            scene.tick(minutes=1)
            scene.world.post(scene.ada, f"Post {number}")
        page = await scene.bluesky.poll(scene.context, ada, first.cursor)
        assert page.more
        assert page.covered_until is not None
        assert page.covered_until <= mark < min(seen.at for seen in page.seen if seen.at)

    run(story())


def test_deleted_posts_are_retracted(scene: Scene) -> None:
    """F14: what was seen within the overlap and is gone from the feed and from the network."""

    async def story() -> None:
        ada = await scene.who()
        gone, kept = scene.world.post(scene.ada, "a mistake"), scene.world.post(scene.ada, "not one")
        await scene.look(ada)
        scene.world.delete(gone)
        scene.tick(minutes=5)
        await scene.look(ada)
        assert scene.record.retracted == [gone]
        await scene.look(ada)
        assert scene.record.retracted == [gone]
        assert kept in scene.record.objects

    run(story())


def test_the_inbox_never_asks_what_was_read(scene: Scene) -> None:
    ours = scene.world.post(scene.us, "Our launch")
    scene.tick(minutes=1)
    for number in range(120):
        scene.tick(seconds=1)
        scene.world.post(scene.ada, f"{number}", reply_to=ours)
    run(scene.look())
    assert len(scene.record.rows) == 50  # a first look reads the newest page
    for number in range(120):
        scene.tick(minutes=1)
        scene.world.post(scene.bob, f"{number}", reply_to=ours)
    new = run(scene.look())
    assert len([seen for seen in new if seen.actor == scene.bob]) == 120


@pytest.mark.parametrize(
    "reason", ["verified", "starterpack-joined", "like-via-repost", "subscribed-post", "?"]
)
def test_other_reasons_are_no_engagement(reason: str) -> None:
    note = Notification("at://did:plc:a/x/1", "c", Profile("did:plc:a", "a.example"), reason, NOW)
    assert notified(note, "did:plc:us") is None


HOSTILE: list[Any] = [
    None,
    [],
    "text",
    {"text": {"not": "text"}},
    {"text": "x", "reply": []},
    {"text": "x", "reply": {"parent": {"uri": 7}, "root": "none"}},
    {"text": "x", "facets": {"features": 3}},
    {"text": "x", "facets": [{"features": [{"$type": None, "did": ["did:plc:us"]}]}, 4]},
    {"text": "x", "embed": {"record": [1]}},
    {"text": "\x1b[31mred\x07", "langs": 5},
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_record_harms_nobody_else(scene: Scene, value: Any) -> None:
    """The record is the other side's own: it must not stop the page that it is on."""
    good = scene.world.post(scene.ada, "fine")
    scene.tick(seconds=1)

    async def handle(request: httpx.Request) -> httpx.Response:
        answer = await asgi(application(scene.server))(request)
        if not request.url.path.endswith("getAuthorFeed"):
            return answer
        feed = answer.json()
        bad = json.loads(json.dumps(feed["feed"][0]))
        bad["post"] |= {"record": value, "uri": bad["post"]["uri"] + "x"}
        return httpx.Response(200, json={"feed": [bad, *feed["feed"]]})

    scene.way.handler = handle
    run(scene.look(run(scene.who())))
    assert scene.record.objects == {good, good + "x"}
    assert all(seen.text.isprintable() for seen in scene.record.rows.values())


def test_a_backlog_longer_than_one_look_is_walked_in_several(scene: Scene) -> None:
    """The core stops after so many pages; the next look, hours later, goes on where it stopped."""

    async def story() -> None:
        ada = await scene.who()
        scene.world.post(scene.ada, "first")
        await scene.look(ada)
        made = set()
        for _ in range(700):
            scene.tick(minutes=1)
            made.add(scene.world.post(scene.ada, "words"))
        for _ in range(4):
            for _ in range(4):
                scene.record.take(await scene.bluesky.poll(scene.context, ada, scene.record.cursor))
            scene.tick(hours=3)
            made.add(scene.world.post(scene.ada, "news"))
        await scene.look(ada)
        assert made <= scene.record.objects

    run(story())


def test_a_public_view_that_wants_a_token_does_not_pause_the_account(scene: Scene) -> None:
    scene.context.settings = scene.context.settings.model_copy(update={"appview": "http://view.example"})

    async def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, json={"error": "Forbidden", "message": "no"})

    scene.way.handler = handle
    with pytest.raises(Broken, match="without a token"):
        run(scene.who())


def test_the_feed_of_a_liar_is_not_believed(scene: Scene) -> None:
    """Posts of others in somebody's feed are nobody's engagement."""
    ada = run(scene.who())
    other = scene.world.post(scene.bob, "Bob's")

    async def handle(request: httpx.Request) -> httpx.Response:
        answer = await asgi(application(scene.server))(request)
        if request.url.path.endswith("getAuthorFeed"):
            post = scene.world.records[other]
            view = {"uri": other, "cid": post.cid, "indexedAt": "2026-11-22T12:00:00Z", "record": post.value}
            author = {"did": scene.ada, "handle": "ada.example"}
            return httpx.Response(200, json={"feed": [{"post": view | {"author": author}}]})
        return answer

    scene.way.handler = handle
    run(scene.look(ada))
    assert scene.record.rows == {}


# --- Paging faults (F13) ------------------------------------------------------------------------


class Pages:
    """A feed whose pages go wrong: doubled, shuffled, overlapping, empty, without an end."""

    def __init__(self, scene: Scene, faults: dict[int, tuple[str, int]], size: int) -> None:
        self.scene, self.faults, self.size = scene, faults, size
        self.inner = asgi(application(scene.server))
        self.count = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("getAuthorFeed"):
            return await self.inner(request)
        sized = request.url.copy_set_param("limit", str(self.size))
        given = await self.inner(httpx.Request("GET", sized, headers=request.headers))
        if given.status_code != 200:
            return given
        answer = given.json()
        fault, number = self.faults.get(self.count, ("", 0))
        self.count += 1
        return httpx.Response(200, json=self._spoilt(answer, fault, number, request))

    def _spoilt(self, answer: Any, fault: str, number: int, request: httpx.Request) -> Any:
        feed, cursor = answer["feed"], answer.get("cursor")
        if fault == "double":
            answer["feed"] = feed + feed[: number + 1]
        if fault == "shuffle":
            answer["feed"] = feed[number % max(len(feed), 1) :] + feed[: number % max(len(feed), 1)]
        if fault == "overlap" and feed and cursor:
            answer["cursor"] = self.scene.world.records[feed[-1 - number % 2]["post"]["uri"]].place
        if fault == "empty":
            here = request.url.params.get("cursor")
            return {"feed": [], "cursor": here} if here else answer
        if fault == "same":
            answer["cursor"] = request.url.params.get("cursor") or cursor
        return answer


FAULTS = st.dictionaries(
    st.integers(0, 40),
    st.tuples(st.sampled_from(["double", "shuffle", "overlap", "empty", "same"]), st.integers(0, 5)),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(faults=FAULTS, size=st.integers(4, 9), rounds=st.lists(st.integers(0, 30), min_size=1, max_size=4))
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
                made.add(scene.world.post(scene.ada, "words"))
            await patient(scene, ada)
        pages.faults = {}
        scene.tick(minutes=20)
        await patient(scene, ada)
        assert made <= scene.record.objects
        assert len(scene.record.rows) == len(made) + 1

    run(story())


async def patient(scene: Scene, ada: Identity) -> None:
    """Look as the core does: after `Broken`, later again."""
    try:
        await scene.look(ada)
    except Broken:
        scene.tick(minutes=20)


def test_an_item_that_moves_between_pages_is_seen_next_time(scene: Scene) -> None:
    """It lay on the second page when the first was read, and on the first when the second was."""

    async def story() -> None:
        ada = await scene.who()
        scene.world.post(scene.ada, "first")
        await scene.look(ada)
        made = []
        for _ in range(70):
            scene.tick(minutes=2)
            made.append(scene.world.post(scene.ada, "words"))
        moving = scene.world.records.pop(made[-55])
        await scene.look(ada)
        assert moving.uri not in scene.record.objects
        scene.world.records[moving.uri] = replace(moving, seen_at=scene.context.now)
        await scene.look(ada)
        assert set(made) <= scene.record.objects

    run(story())


def test_a_cursor_for_ever_is_stopped_and_told(scene: Scene) -> None:
    ada = run(scene.who())
    first = scene.world.post(scene.ada, "first")
    run(scene.look(ada))
    scene.tick(hours=3)
    second = scene.world.post(scene.ada, "second")
    inner = asgi(application(scene.server))

    async def handle(request: httpx.Request) -> httpx.Response:
        answer = await inner(request)
        if not request.url.path.endswith("getAuthorFeed") or answer.status_code != 200:
            return answer
        newest = answer.json()["feed"][:1] or [post_view(scene, second)]
        return httpx.Response(200, json={"feed": newest, "cursor": "round and round"})

    scene.way.handler = handle
    with pytest.raises(Broken, match="without an end"):
        run(scene.look(ada))
    assert scene.calls("getAuthorFeed") < 10
    assert scene.record.objects == {first, second}
    scene.way.handler = inner
    scene.tick(minutes=20)
    third = scene.world.post(scene.ada, "third")
    run(scene.look(ada))
    assert scene.record.objects == {first, second, third}


def post_view(scene: Scene, uri: str) -> Any:
    record = scene.world.records[uri]
    author = {"did": scene.ada, "handle": "ada.example"}
    return {"post": {"uri": uri, "cid": record.cid, "author": author, "indexedAt": "2026-11-22T15:00:00Z"}}


# --- Acting -------------------------------------------------------------------------------------


def test_a_reply_is_written_once_and_heard(scene: Scene) -> None:
    heard: list[Interaction] = []
    scene.world.on_interaction(heard.append)
    root = scene.world.post(scene.bob, "A thread")
    question = scene.world.post(scene.ada, "How?", reply_to=root)

    async def story() -> None:
        intent = await scene.intent("reply", "Grüße @ada.example: https://us.example/how.", question)
        receipt = await scene.bluesky.act(scene.context, intent)
        assert await scene.bluesky.act(scene.context, intent) == receipt
        assert await scene.bluesky.find(scene.context, intent) == receipt
        record = scene.world.records[receipt.uri]
        assert record.value["reply"]["root"]["uri"] == root
        assert record.value["reply"]["parent"]["uri"] == question
        assert spans(record.value) == {"@ada.example", "https://us.example/how"}

    run(story())
    assert [(told.kind, told.subject) for told in heard] == [("reply", question)]
    assert scene.context.points == 2


def spans(value: Any) -> set[str]:
    text = value["text"].encode()
    places = [facet["index"] for facet in value["facets"]]
    return {text[place["byteStart"] : place["byteEnd"]].decode() for place in places}


def test_a_like_and_a_follow_are_written_once(scene: Scene) -> None:
    post = scene.world.post(scene.ada, "Hello")

    async def story() -> None:
        for action in ("like", "follow"):
            intent = await scene.intent(action, on=post)
            assert await scene.bluesky.find(scene.context, intent) is None
            receipt = await scene.bluesky.act(scene.context, intent)
            assert (await scene.bluesky.act(scene.context, intent)).uri == receipt.uri
            assert (await scene.bluesky.find(scene.context, intent)) is not None

    run(story())
    assert len([record for record in scene.world.records.values() if record.did == scene.us]) == 2


def test_what_we_liked_by_hand_is_not_liked_again(scene: Scene) -> None:
    post = scene.world.post(scene.ada, "Hello")
    by_hand = scene.world.like(scene.us, post)
    receipt = run(scene.bluesky.act(scene.context, run(scene.intent("like", on=post))))
    assert receipt.uri == by_hand


def test_many_messages_approved_at_once_get_keys_of_their_own(scene: Scene) -> None:
    post = scene.world.post(scene.ada, "Hello")

    async def story() -> set[str]:
        first = await scene.intent("reply", "Hello", post)
        changed = [
            Intent(f"<m{n}@us>", "reply", first.to, first.approved_at, "Hi", on=post) for n in range(50)
        ]
        return {(await scene.bluesky.act(scene.context, intent)).uri for intent in changed}

    assert len(run(story())) == 50


@pytest.mark.parametrize("arrives", [True, False])
def test_an_answer_that_is_lost_does_not_leave_us_in_doubt(scene: Scene, arrives: bool) -> None:
    """The record has a key that we know: whether it was written can be looked up."""
    post = scene.world.post(scene.ada, "Hello")
    intent = run(scene.intent("reply", "Hi", post))
    inner = scene.way.handler

    async def handle(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("putRecord"):
            return await inner(request)
        if arrives:
            await inner(request)
        return httpx.Response(502)

    scene.way.handler = handle
    if arrives:
        assert run(scene.bluesky.act(scene.context, intent)).uri in scene.world.records
        return
    with pytest.raises(NotSent, match="may be tried again"):
        run(scene.bluesky.act(scene.context, intent))


def test_a_deleted_post_cannot_be_answered(scene: Scene) -> None:
    post = scene.world.post(scene.ada, "Hello")
    intent = run(scene.intent("reply", "Hi", post))
    scene.world.delete(post)
    with pytest.raises(Gone, match="discard"):
        run(scene.bluesky.act(scene.context, intent))


def test_a_text_too_long_is_refused_before_anything_is_said(scene: Scene) -> None:
    post = scene.world.post(scene.ada, "Hello")
    intent = run(scene.intent("reply", "x" * 301, post))
    sent = len(scene.way.sent)
    with pytest.raises(Refused, match="301 characters and Bluesky takes 300"):
        run(scene.bluesky.act(scene.context, intent))
    assert len(scene.way.sent) == sent
    run(scene.bluesky.act(scene.context, run(scene.intent("reply", "👩‍👩‍👧" * 100, post))))


def test_a_direct_message_is_for_the_hand(scene: Scene) -> None:
    with pytest.raises(Refused, match="open the conversation"):
        run(scene.bluesky.act(scene.context, run(scene.intent("dm", "Hi"))))


# --- Pure ---------------------------------------------------------------------------------------

NAMES = ["reply", "parent", "uri", "embed", "record", "facets", "features", "did", "$type"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.just("at://did:plc:us/app.bsky.feed.post/1"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["reply", "parent", "uri", "embed", "record", "facets", "features"]), inner
        )
    ),
    max_leaves=12,
)


@given(record=JSON)
def test_the_kind_of_anything(record: Any) -> None:
    assert decide(record, "did:plc:us") in {"reply", "mention", "quote", "post"}


def test_a_reply_to_us_comes_before_a_mention_and_a_quote() -> None:
    uri = "at://did:plc:us/app.bsky.feed.post/1"
    mention = {"features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:us"}]}
    quote = {"$type": "app.bsky.embed.recordWithMedia", "record": {"record": {"uri": uri}}}
    everything = {"reply": {"parent": {"uri": uri}}, "facets": [mention], "embed": quote}
    assert decide(everything, "did:plc:us") == "reply"
    assert decide({**everything, "reply": {}}, "did:plc:us") == "mention"
    assert decide({"embed": quote}, "did:plc:us") == "quote"
    assert decide(everything, "did:plc:other") == "post"
