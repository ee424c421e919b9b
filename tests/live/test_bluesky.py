"""The Bluesky connector against a real PDS and AppView, with real people on the other side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from connectors.bluesky import Bluesky, Settings
from tests.live.bluesky_person import PATIENCE, BlueskyPerson, Record
from tests.live.context import LiveContext
from tests.live.processes import until

from prospector.http import Http, Network
from prospector.sdk import (
    Gone,
    Identity,
    Intent,
    Later,
    ProfileRef,
    Receipt,
    Seen,
    Unauthorised,
    engagement_key,
)

pytestmark = pytest.mark.live


@dataclass
class Watch:
    """One of the two things that are looked at again and again, and all that was seen there."""

    identity: Identity | None = None
    cursor: str | None = None
    seen: dict[str, Seen] = field(default_factory=dict)
    retracted: set[str] = field(default_factory=set)

    def things(self) -> dict[str, list[str]]:
        """The kinds that were seen, each with its objects."""
        kinds: dict[str, list[str]] = {}
        for thing in self.seen.values():
            kinds.setdefault(thing.kind, []).append(thing.object)
        return kinds


class OurSide:
    """Our account, as the core uses it: one loop, one context, cursors kept between looks."""

    def __init__(self, person: BlueskyPerson, runner: asyncio.Runner, network: Network) -> None:
        self.person = person
        self.connector = Bluesky()
        self.run = runner.run
        self._http = Http(network, private=True)
        self._password = person.app_password()
        self.context = self.new_context()

    def new_context(self, password: str | None = None) -> LiveContext:
        """A context that remembers nothing, as after a restart."""
        settings = Settings(handle=self.person.handle, password="env:PW", service=self.person.network.pds)
        return LiveContext(settings, self._http, {"env:PW": password or self._password})

    def identity_of(self, person: BlueskyPerson) -> Identity:
        ref = ProfileRef("bluesky", f"https://bsky.app/profile/{person.handle}", person.handle)
        return self.run(self.connector.resolve(self.context, ref))

    def look(self, watch: Watch) -> Watch:
        """One poll: page after page until there is no more."""
        more = True
        while more:
            if watch.identity:
                page = self.run(self.connector.poll(self.context, watch.identity, watch.cursor))
            else:
                page = self.run(self.connector.inbox(self.context, watch.cursor))
            for thing in page.seen:
                watch.seen[engagement_key("bluesky", thing)] = thing
            watch.retracted |= set(page.retracted)
            watch.cursor, more = page.cursor or watch.cursor, page.more
        return watch

    def look_until_seen(self, watch: Watch, *objects: str) -> Watch:
        """Poll until these were seen, and twice more."""
        wanted = set(objects)
        until(lambda: wanted <= {thing.object for thing in self.look(watch).seen.values()}, PATIENCE, "seen")
        return self.look(self.look(watch))

    def act(self, intent: Intent, context: LiveContext | None = None) -> Receipt:
        return self.run(self.connector.act(context or self.context, intent))

    def find(self, intent: Intent) -> Receipt | None:
        return self.run(self.connector.find(self.context, intent))


@pytest.fixture
def our_side(bluesky_network) -> Iterator[OurSide]:
    with asyncio.Runner() as runner:
        network = Network()
        try:
            yield OurSide(BlueskyPerson(bluesky_network, "us"), runner, network)
        finally:
            runner.run(network.aclose())


@pytest.fixture
def alice(bluesky_network) -> BlueskyPerson:
    return BlueskyPerson(bluesky_network, "alice")


@pytest.fixture
def bob(bluesky_network) -> BlueskyPerson:
    return BlueskyPerson(bluesky_network, "bob")


def intent_of(action, to: Identity, on: Record | None = None, body: str = "") -> Intent:
    return Intent(
        message_id="<5f0c6b1e@us.test>",
        action=action,
        to=to,
        approved_at=datetime.now(UTC),
        body=body,
        on=on.uri if on else None,
        attributes={"cid": on.cid} if on else {},
    )


def test_what_people_do_is_seen_once_from_their_feed_and_our_inbox(our_side, alice):
    us = our_side.person
    ours = us.post("We wrote about deliverability")
    own = alice.post("A busy day")
    reply = alice.reply(ours, "That was helpful")
    quote = alice.quote(ours, "Read this")
    mention = alice.mention(us, f"Thanks @{us.handle}!")
    acts = [alice.like(ours), alice.repost(ours), alice.follow(us)]
    us.wait_to_be_told(record.uri for record in (reply, quote, mention, *acts))

    inbox = our_side.look_until_seen(Watch(), us.did)
    feed = our_side.look_until_seen(Watch(our_side.identity_of(alice)), own.uri, reply.uri, ours.uri)

    content = {"reply": [reply.uri], "quote": [quote.uri], "mention": [mention.uri]}
    assert inbox.things() == content | {"like": [ours.uri], "repost": [ours.uri], "follow": [us.did]}
    assert feed.things() == content | {"post": [own.uri], "repost": [ours.uri]}
    both = inbox.seen.keys() & feed.seen.keys()
    assert {inbox.seen[key].kind for key in both} == {"reply", "quote", "mention", "repost"}


def test_what_was_seen_says_who_when_and_what(our_side, alice):
    ours = our_side.person.post("We wrote about deliverability")
    before = datetime.now(UTC) - timedelta(minutes=1)
    reply = alice.reply(ours, "That was helpful")

    inbox = our_side.look_until_seen(Watch(), reply.uri)

    (seen,) = inbox.seen.values()
    assert (seen.actor, seen.actor_url) == (alice.did, f"https://bsky.app/profile/{alice.handle}")
    assert (seen.text, seen.post, seen.by) == ("That was helpful", ours.uri, "them")
    assert before < seen.at < datetime.now(UTC) + timedelta(minutes=1)
    assert seen.attributes["cid"] == reply.cid


def test_an_answer_to_another_in_our_thread_is_the_same_from_both_sides(our_side, alice, bob):
    us = our_side.person
    ours = us.post("We wrote about deliverability")
    first = bob.reply(ours, "Is it so?")
    us.wait_to_be_told([first.uri])
    second = alice.reply(first, "It is", root=ours)
    us.wait_to_be_told([second.uri])

    inbox = our_side.look_until_seen(Watch(), second.uri)
    feed = our_side.look_until_seen(Watch(our_side.identity_of(alice)), second.uri)

    assert inbox.seen.keys() & feed.seen.keys() == feed.seen.keys()
    key = next(iter(feed.seen))
    assert inbox.seen[key].kind == feed.seen[key].kind


def test_a_like_that_is_taken_back_and_given_again_counts_once(our_side, alice):
    ours = our_side.person.post("We wrote about deliverability")
    like = alice.like(ours)
    inbox = our_side.look_until_seen(Watch(), ours.uri)
    alice.delete(like)
    again = alice.like(ours)
    follow = alice.follow(our_side.person)
    our_side.person.wait_to_be_told([again.uri, follow.uri])

    our_side.look_until_seen(inbox, our_side.person.did)

    assert inbox.things() == {"like": [ours.uri], "follow": [our_side.person.did]}


def test_more_posts_than_a_page_holds_are_all_seen(our_side, alice):
    feed = Watch(our_side.identity_of(alice))
    first = alice.post("The first")
    our_side.look_until_seen(feed, first.uri)
    written = [alice.write("app.bsky.feed.post", {"text": f"Number {number}"}) for number in range(120)]
    alice.wait_for(written[-1].uri)

    our_side.look_until_seen(feed, *(record.uri for record in written))

    assert len(feed.seen) == 121
    assert {thing.kind for thing in feed.seen.values()} == {"post"}


def test_a_deleted_post_is_taken_back(our_side, alice):
    kept, post = alice.post("This stays"), alice.post("This was a mistake")
    feed = our_side.look_until_seen(Watch(our_side.identity_of(alice)), kept.uri, post.uri)
    alice.delete(post)

    until(lambda: our_side.look(feed).retracted, PATIENCE, "the deletion")

    assert feed.retracted == {post.uri}


def test_our_like_arrives_once(our_side, alice):
    post = alice.post("A busy day")
    intent = intent_of("like", our_side.identity_of(alice), post)
    assert our_side.find(intent) is None

    receipt = our_side.act(intent)
    again = our_side.act(intent, our_side.new_context())

    assert again.uri == receipt.uri
    assert our_side.find(intent).uri == receipt.uri
    told = alice.wait_to_be_told([receipt.uri])
    assert [(one["reason"], one["author"]["did"]) for one in told] == [("like", our_side.person.did)]
    assert len(our_side.person.records("app.bsky.feed.like")) == 1


def test_our_reply_arrives_once_in_its_thread(our_side, alice, bob):
    root = alice.post("Who knows about deliverability?")
    asked = bob.reply(root, "I would like to know too")
    bob.wait_for(asked.uri)
    body = f"✨ Ask @{alice.handle}, or read https://example.org/deliverability"
    intent = intent_of("reply", our_side.identity_of(bob), asked, body)
    assert our_side.find(intent) is None

    receipt = our_side.act(intent)
    again = our_side.act(intent, our_side.new_context())

    assert again.uri == receipt.uri
    assert our_side.find(intent).uri == receipt.uri
    assert [one["reason"] for one in bob.wait_to_be_told([receipt.uri])] == ["reply"]
    assert len(our_side.person.records("app.bsky.feed.post")) == 1
    record = bob.wait_for(receipt.uri)["record"]
    assert record["text"] == body
    assert (record["reply"]["root"]["uri"], record["reply"]["parent"]["uri"]) == (root.uri, asked.uri)
    marked = [
        body.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
        for facet in record["facets"]
    ]
    assert marked == [f"@{alice.handle}", "https://example.org/deliverability"]


def test_our_follow_arrives_once(our_side, alice):
    intent = intent_of("follow", our_side.identity_of(alice))

    receipt = our_side.act(intent)
    again = our_side.act(intent, our_side.new_context())

    assert again.uri == receipt.uri
    assert [one["reason"] for one in alice.wait_to_be_told([receipt.uri])] == ["follow"]
    assert len(our_side.person.records("app.bsky.graph.follow")) == 1


def test_an_answer_to_a_deleted_post_is_not_written(our_side, alice):
    kept, post = alice.post("This stays"), alice.post("This was a mistake")
    to = our_side.identity_of(alice)
    alice.delete(post)
    until(lambda: not alice.visible(post.uri), PATIENCE, "the deletion")

    with pytest.raises(Gone):
        our_side.act(intent_of("reply", to, post, "A pity"))

    assert alice.visible(kept.uri)
    assert our_side.person.records("app.bsky.feed.post") == []


def test_we_are_who_we_are(our_side):
    found = our_side.run(our_side.connector.whoami(our_side.context))

    assert (found.remote_id, found.handle) == (our_side.person.did, our_side.person.handle)


def test_nobody_is_gone(our_side):
    ref = ProfileRef("bluesky", "https://bsky.app/profile/nobody.test", "nobody.test")

    with pytest.raises(Gone):
        our_side.run(our_side.connector.resolve(our_side.context, ref))


def test_a_wrong_password_asks_for_a_person(our_side):
    with pytest.raises(Unauthorised):
        our_side.run(our_side.connector.whoami(our_side.new_context("wrong-wrong-wrong")))


def test_too_many_logins_are_for_later(our_side):
    # The PDS takes 30 logins an account in five minutes.
    for _ in range(30):
        with pytest.raises(Unauthorised):
            our_side.run(our_side.connector.whoami(our_side.new_context("wrong-wrong-wrong")))

    with pytest.raises(Later) as told:
        our_side.run(our_side.connector.whoami(our_side.new_context("wrong-wrong-wrong")))

    assert 0 < told.value.seconds <= 300


def test_a_stale_session_is_renewed(our_side):
    our_side.run(our_side.connector.whoami(our_side.context))
    session = our_side.context.memory["session"]
    our_side.context.memory["session"] = msgspec.structs.replace(session, access_jwt="stale")

    our_side.look(Watch())

    renewed = our_side.context.memory["session"]
    assert renewed.access_jwt != "stale"
    assert renewed.refresh_jwt != session.refresh_jwt
