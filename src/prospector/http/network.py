"""The connections of a process: pools, and how many requests one host gets at a time."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine
from functools import cache
from weakref import WeakValueDictionary

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport

from prospector import __version__, addresses, dialling

Handler = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]

MOST_CONNECTIONS = 256

# httpx logs whole URLs, and there are secrets in query strings.
logging.getLogger("httpx").setLevel(logging.WARNING)


@cache
def trusted() -> ssl.SSLContext:
    """Whom we trust: certifi's list, and the machine's own, which may hold a company's authority."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


class Network:
    """The process's connections: one pool for the public internet, and one that may also reach
    private networks, for the accounts with `private = true`.

    `contact` is an address or URL at which a site's owner finds us. `per_host` is how many
    requests one host gets at a time. `lookup`, `rule` and `handler` (which answers in place of the
    network) are for tests.
    """

    def __init__(
        self,
        *,
        contact: str = "",
        per_host: int = 1,
        lookup: AbstractResolver | None = None,
        rule: dialling.Rule = addresses.allowed,
        handler: Handler | None = None,
    ) -> None:
        self.agent = f"prospector/{__version__}" + (f" (+{contact})" if contact else "")
        self.rule = rule
        self._per_host = per_host
        self._lookup = lookup
        self._handler = handler
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._transports: dict[bool, httpx.AsyncBaseTransport] = {}

    def transport(self, private: bool) -> httpx.AsyncBaseTransport:
        if private not in self._transports:
            self._transports[private] = self._open(private)
        return self._transports[private]

    def turn(self, host: str) -> asyncio.Semaphore:
        """The host's turnstile; it is forgotten when nobody holds or awaits it."""
        turn = self._turns.get(host)
        if turn is None:
            turn = self._turns[host] = asyncio.Semaphore(self._per_host)
        return turn

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()
        self._transports.clear()

    async def __aenter__(self) -> Network:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def _open(self, private: bool) -> httpx.AsyncBaseTransport:
        if self._handler:
            return httpx.MockTransport(self._handler)
        context = trusted()
        rule = anywhere if private else self.rule

        def session() -> aiohttp.ClientSession:
            return dialling.session(context, rule, self._lookup, MOST_CONNECTIONS, self.agent)

        return AiohttpTransport(verify=context, client=session)


def anywhere(address: addresses.Address) -> bool:
    return True
