"""The sandbox's two networks over real sockets, with people who answer, and against their specs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from connectors.bluesky import Bluesky
from connectors.bluesky import Settings as BlueskySettings
from connectors.mastodon import Mastodon
from connectors.mastodon import Settings as MastodonSettings
from tests.connectors.accounts import Record, look

from prospector.http import Http, Network
from prospector.sandbox import bluesky, mastodon
from prospector.sdk import Intent, ProfileRef
from prospector.testing import FakeContext


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The app on a loopback port; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def bluesky_people_answer() -> None:
    world = bluesky.BlueskyWorld()
    world.account("us.example")
    ada = world.account("ada.example", name="Ada")
    question = world.post(ada, "How do you keep mail out of spam folders?")

    def answer(done: bluesky.Interaction) -> None:
        if done.kind == "reply":
            world.post(ada, "Thank you, that helps!", reply_to=done.uri)

    world.on_interaction(answer)
    async with served(bluesky.application(world)) as address, Network() as network:
        settings = BlueskySettings(handle="us.example", password="env:PW", service=address)
        http = Http(network, private=True)
        context = FakeContext(http, settings, secrets={"env:PW": "app-password"})
        connector, record = Bluesky(), Record("bluesky")
        who = await connector.resolve(context, ProfileRef("bluesky", "", "ada.example"))
        intent = Intent("<1@us>", "reply", who, context.now, body="Warm up the domain.", on=question)
        await connector.act(context, intent)
        (told,) = await look(connector, context, record)
    assert (told.kind, told.text, told.actor) == ("reply", "Thank you, that helps!", ada)


async def mastodon_people_answer() -> None:
    world = mastodon.MastodonWorld("home.example")
    us, ada = world.account("us"), world.account("ada@far.example", name="Ada")
    question = world.post(ada, "How do you keep mail out of spam folders?")
    server = mastodon.Server(world)

    def answer(done: mastodon.Interaction) -> None:
        if done.kind == "reply":
            world.post(ada, "Thank you, that helps!", reply_to=done.id)

    world.on_interaction(answer)
    async with served(mastodon.application(server)) as address, Network() as network:
        settings = MastodonSettings(instance=address, token="env:TOKEN")
        http = Http(network, private=True)
        context = FakeContext(http, settings, secrets={"env:TOKEN": server.token(us)})
        connector, record = Mastodon(), Record("mastodon")
        who = await connector.resolve(context, ProfileRef("mastodon", "", "ada@far.example"))
        uri = world.uri(world.statuses[question])
        intent = Intent("<1@us>", "reply", who, context.now, body="Warm up the domain.", on=uri)
        await connector.act(context, intent)
        (told,) = await look(connector, context, record)
    assert (told.kind, told.text) == ("reply", "@us Thank you, that helps!")
    assert told.actor == f"home.example/{ada}"


def test_bluesky_people_answer() -> None:
    asyncio.run(bluesky_people_answer())


def test_mastodon_people_answer() -> None:
    asyncio.run(mastodon_people_answer())


# What the API's OpenAPI description (4.7.0) calls required, as far as the sandbox gives it.
REQUIRED = {
    "Account": "acct avatar avatar_static bot created_at display_name emojis fields followers_count"
    " following_count group header header_static id indexable locked note statuses_count uri username",
    "Status": "account content created_at emojis favourites_count id media_attachments mentions reblogs_count"
    " replies_count sensitive spoiler_text tags uri visibility",
    "Notification": "account created_at group_key id type",
    "Relationship": "blocked_by blocking domain_blocking endorsed followed_by following id muting"
    " muting_notifications note notifying requested requested_by showing_reblogs",
}


async def answers() -> dict[str, dict[str, Any]]:
    world = mastodon.MastodonWorld("home.example")
    us, ada = world.account("us"), world.account("ada")
    status = world.post(ada, "Hello @us")
    server = mastodon.Server(world)
    async with served(mastodon.application(server)) as address, Network() as network:
        http, token = Http(network, private=True), server.token(us)

        async def get(path: str) -> Any:
            return (await http.request("GET", f"{address}/api/v1/{path}", bearer=token)).json(object)

        return {
            "Account": await get("accounts/lookup?acct=ada"),
            "Status": await get(f"statuses/{status}"),
            "Notification": (await get("notifications"))[0],
            "Relationship": (await get(f"accounts/relationships?id[]={ada}"))[0],
        }


def test_mastodon_gives_what_its_description_requires() -> None:
    given = asyncio.run(answers())
    assert {name: set(fields.split()) - set(given[name]) for name, fields in REQUIRED.items()} == {
        name: set() for name in REQUIRED
    }
