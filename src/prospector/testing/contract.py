"""The standard tests that every connector inherits: what the core relies on, whatever the platform."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

import pytest
import respx
from pydantic import ValidationError

from prospector import sdk
from prospector.sdk import Broken, Gone, Identity, Later, Page, ProfileRef, Refused, Unauthorised
from prospector.testing import hostile
from prospector.testing.complaints import complaints
from prospector.testing.context import NOW, FakeContext, answering
from prospector.testing.wire import Wire

ACTIONS = ("like", "reply", "dm", "follow", "email")
MOST_PAGES = 50

USUAL: Mapping[int, tuple[type[Exception], ...]] = {
    401: (Unauthorised,),
    404: (Gone,),
    410: (Gone,),
    429: (Later,),
    500: (Later, Broken),
}

Ask = Callable[[FakeContext, str | None], Awaitable[Page]]


class DeclarationTests:
    """Tests of what a connector says about itself; enough for one that does not speak HTTP."""

    connector: ClassVar[type[Any]]
    settings: ClassVar[Mapping[str, Any]] = {}

    def test_settings_are_accepted_and_unknown_keys_are_not(self) -> None:
        assert self.connector.Settings.model_validate(dict(self.settings)) is not None
        with pytest.raises(ValidationError):
            self.connector.Settings.model_validate({**self.settings, "no_such_key": 1})

    def test_names_are_plain(self) -> None:
        assert self.connector.name.isidentifier()
        assert self.connector.name == self.connector.name.lower()
        assert isinstance(self.connector.platforms, frozenset)
        assert all(name and name == name.lower() for name in self.connector.platforms)

    def test_what_it_can_do_itself_it_implements(self) -> None:
        can = self.connector.can
        missing = [] if self._implements("whoami") else ["whoami"]
        if can.posts.itself:
            missing += [name for name in ("resolve", "poll") if not self._implements(name)]
        if can.interactions.itself and not self._implements("inbox"):
            missing.append("inbox")
        if any(can.act(action).itself for action in ACTIONS):
            missing += [name for name in ("act", "find") if not self._implements(name)]
        assert missing == []

    def test_what_is_not_plainly_yes_or_no_says_why(self) -> None:
        can = self.connector.can
        told = {name: getattr(can, name) for name in (*ACTIONS, "posts", "interactions")}
        assert [name for name, it in told.items() if it.level in ("limited", "by_hand") and not it.why] == []

    def _implements(self, method: str) -> bool:
        own = getattr(self.connector, method, None)
        return own is not None and own is not getattr(sdk.Connector, method)


class ConnectorTests(DeclarationTests):
    """Inherit from it, name the four class variables, and record the routes.

    `expected` says which errors a status may become, where a platform means something else by it
    than the rest of the web does; `nonsense` which errors a senseless body may become, where one
    of them makes sense after all (`null` for an unknown user).
    """

    profile: ClassVar[ProfileRef]
    now: ClassVar[datetime] = NOW
    expected: ClassVar[Mapping[int, tuple[type[Exception], ...]]] = {}
    nonsense: ClassVar[tuple[type[Exception], ...]] = (Broken,)

    def routes(self, router: respx.MockRouter) -> None:
        """Add the recorded answers: `router.get("https://…").respond(200, json=…)`."""
        raise NotImplementedError("A connector's tests record its routes.")

    @pytest.fixture(autouse=True)
    def _no_socket_but_through_the_context(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        tried: list[str] = []

        def refuse(*where: object, **_: object) -> None:
            tried.append(str(where[-1]))
            raise OSError("A connector reaches the network only through context.http.")

        for name in ("connect", "connect_ex", "sendto"):
            monkeypatch.setattr(socket.socket, name, refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        yield
        assert tried == [], "it opened a socket outside context.http"

    def wire(self) -> Wire:
        router = respx.MockRouter(using=None, assert_all_called=False)
        self.routes(router)
        return Wire(router)

    def context(self, wire: Wire) -> FakeContext:
        """A context as after a restart: nothing is remembered."""
        settings = self.connector.Settings.model_validate(dict(self.settings))
        return FakeContext(answering(wire.answer, self.now), settings, self.now)

    def asks(self, identity: Identity) -> dict[str, Ask]:
        """The ways in which the core asks this connector for a page."""
        connector = self.connector()

        async def poll(context: FakeContext, cursor: str | None) -> Page:
            page: Page = await connector.poll(context, identity, cursor)
            return page

        async def inbox(context: FakeContext, cursor: str | None) -> Page:
            page: Page = await connector.inbox(context, cursor)
            return page

        asks: dict[str, Ask] = {"poll": poll}
        if self.connector.can.interactions.itself:
            asks["inbox"] = inbox
        return asks

    async def identity(self) -> Identity:
        found: Identity = await self.connector().resolve(self.context(self.wire()), self.profile)
        return found

    async def walk(self, ask: Ask, cursor: str | None = None) -> tuple[list[str], str | None]:
        """All pages from `cursor` on, each asked for by another process: their keys and the end."""
        keys: list[str] = []
        for _ in range(MOST_PAGES):
            page = await ask(self.context(self.wire()), cursor)
            keys += self.keys(page)
            cursor = page.cursor or cursor
            if not page.more:
                return keys, cursor
        raise AssertionError(f"it asked for more than {MOST_PAGES} pages and did not stop")

    def keys(self, page: Page) -> list[str]:
        return [sdk.engagement_key(self.profile.platform, seen) for seen in page.seen]

    def test_resolving_gives_a_stable_identity(self) -> None:
        first, second = asyncio.run(self.identity()), asyncio.run(self.identity())
        assert first == second
        assert first.remote_id
        assert first.url

    def test_the_same_page_twice_gives_the_same_keys(self) -> None:
        async def both() -> None:
            for name, ask in self.asks(await self.identity()).items():
                pages = [await ask(self.context(self.wire()), None) for _ in range(2)]
                assert pages[0].seen, f"{name}: the recorded page holds nothing to test with"
                assert self.keys(pages[0]) == self.keys(pages[1]), name
                assert pages[0].cursor == pages[1].cursor, name

        asyncio.run(both())

    def test_pages_hold_what_the_core_can_store(self) -> None:
        async def each() -> list[str]:
            asks = self.asks(await self.identity())
            pages = {name: await ask(self.context(self.wire()), None) for name, ask in asks.items()}
            return [f"{name}: {wrong}" for name, page in pages.items() for wrong in complaints(page)]

        assert asyncio.run(each()) == []

    def test_the_cursor_resumes_where_it_stopped_and_comes_to_an_end(self) -> None:
        async def each() -> None:
            for name, ask in self.asks(await self.identity()).items():
                first = await ask(self.context(self.wire()), None)
                everything, end = await self.walk(ask)
                if first.more:
                    rest, _ = await self.walk(ask, first.cursor)
                    assert set(self.keys(first)) | set(rest) == set(everything), name
                again, _ = await self.walk(ask, end)
                assert set(again) <= set(everything), f"{name}: the last cursor leads to something else"

        asyncio.run(each())

    @pytest.mark.parametrize("status", list(USUAL))
    def test_a_status_becomes_the_error_that_it_stands_for(self, status: int) -> None:
        right = self.expected.get(status, USUAL[status])

        async def resolve(context: FakeContext, _: str | None) -> object:
            return await self.connector().resolve(context, self.profile)

        async def each() -> None:
            asks = self.asks(await self.identity())
            if status in (404, 410):
                asks.pop("inbox", None)  # that our own inbox is not there says nothing of anybody
            for ask in (*asks.values(), resolve):
                await self._fails(ask, status, right)

        asyncio.run(each())

    async def _fails(
        self,
        ask: Callable[[FakeContext, str | None], Awaitable[object]],
        status: int,
        right: tuple[type[Exception], ...],
    ) -> None:
        """The last answer is the one that was asked for; those before it are to sign in."""
        wire = self.wire()
        await ask(self.context(wire), None)
        if wire.asked == 0:
            return
        failing = self.wire()
        failing.status, failing.since = status, wire.asked - 1
        with pytest.raises(right):
            await ask(self.context(failing), None)

    @pytest.mark.parametrize("body", hostile.BODIES.values(), ids=hostile.BODIES.keys())
    def test_a_senseless_body_is_broken_or_cleaned(self, body: bytes) -> None:
        async def each() -> list[str]:
            identity = await self.identity()
            wrong = []
            for name, ask in self.asks(identity).items():
                for index in range(await self._answers(ask)):
                    wrong += [f"{name}: {it}" for it in await self._outcome(ask, body, index, self.nonsense)]
            return wrong

        assert asyncio.run(each()) == []

    def test_wrong_types_anywhere_are_broken_or_cleaned(self) -> None:
        async def each() -> list[str]:
            identity = await self.identity()
            wrong = []
            for name, ask in self.asks(identity).items():
                for index in range(await self._answers(ask)):
                    recorded = (await self._recorded(ask))[index]
                    for place, body in hostile.mutations(recorded):
                        found = await self._outcome(ask, body, index, (Broken, Gone, Refused, Later))
                        wrong += [f"{name}, {place}: {it}" for it in found]
            return wrong

        assert asyncio.run(each()) == []

    async def _recorded(self, ask: Ask) -> list[bytes]:
        wire = self.wire()
        await ask(self.context(wire), None)
        return wire.bodies

    async def _answers(self, ask: Ask) -> int:
        return len(await self._recorded(ask))

    async def _outcome(
        self, ask: Ask, body: bytes, index: int, right: tuple[type[Exception], ...]
    ) -> list[str]:
        """What is wrong with what the connector makes of this body in its answer number `index`."""
        wire = self.wire()
        wire.content, wire.only = body, index
        try:
            page = await ask(self.context(wire), None)
        except right:
            return []
        except Exception as error:
            return [f"answer {index}: raised {error!r}"]
        return [f"answer {index}: {wrong}" for wrong in complaints(page)]
