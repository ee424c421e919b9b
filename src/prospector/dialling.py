"""Opening connections, only to addresses that may be dialled.

Two guards: the resolver refuses a name of which any address is forbidden, and the place where a
socket is made refuses what came past it (an address literal that another parser read another way).
What is checked is what is dialled, so neither redirects nor rebinding names leave a gap.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Iterator

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.typedefs import LooseHeaders

from prospector import addresses
from prospector.addresses import Address
from prospector.answers import IDEMPOTENT, Unknown, shown
from prospector.sdk import Broken, ConnectorError, Later, NotSent, Refused

Rule = Callable[[Address], bool]

HEADER_LINE_CAP = 16 * 2**10
HEADERS_CAP = 200
KEEPALIVE_SECONDS = 15.0

PRIVATE = "is in a private network. If it is a server of your own, set `private = true` for this account"


class Forbidden(OSError):
    """An address that must not be dialled."""


class GuardedResolver(AbstractResolver):
    """Another resolver whose answers are checked; one bad address spoils the whole name."""

    def __init__(self, lookup: AbstractResolver, rule: Rule) -> None:
        self._lookup = lookup
        self._rule = rule

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answers = await self._lookup.resolve(host, port, family)
        for answer in answers:
            _check(answer["host"], self._rule)
        return answers

    async def close(self) -> None:
        await self._lookup.close()


def _check(text: str, rule: Rule) -> None:
    address = addresses.parse(text)
    if address is None or not rule(address):
        raise Forbidden(PRIVATE)


def session(
    context: ssl.SSLContext, rule: Rule, lookup: AbstractResolver | None, most: int, agent: str
) -> aiohttp.ClientSession:
    """A pool of at most `most` connections that dials nothing but what `rule` lets pass.

    No cookies, no proxy from the environment, no decompression; an answer's head is bounded.
    To be called in the running event loop.
    """

    def make_socket(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = info
        _check(str(where[0]), rule)
        return socket.socket(family, kind, protocol)

    connector = aiohttp.TCPConnector(
        resolver=GuardedResolver(lookup or aiohttp.ThreadedResolver(), rule),
        socket_factory=make_socket,
        ssl=context,
        limit=most,
        keepalive_timeout=KEEPALIVE_SECONDS,
    )
    headers: LooseHeaders = {"user-agent": agent}
    made = aiohttp.ClientSession(
        connector=connector,
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        max_line_size=HEADER_LINE_CAP,
        max_field_size=HEADER_LINE_CAP,
        max_headers=HEADERS_CAP,
    )
    # aiohttp asks again at once when a connection breaks: unpaced, and unseen by the counting of tries.
    made._retry_connection = False
    return made


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen = 0
    while error is not None and seen < 10:
        yield error
        error = error.__cause__ or error.__context__
        seen += 1


def unconnected(error: BaseException) -> bool:
    """Whether it failed before a connection stood, so that surely nothing was said."""
    return any(
        isinstance(e, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError) for e in _causes(error)
    )


def failure(error: BaseException, method: str, url: str, said_nothing: bool) -> ConnectorError:
    """The error that no answer stands for, with a sentence on what to do.

    A forbidden address is `Refused`. Reads become `Broken`, or `Later` where the trouble is
    ours. A write becomes `NotSent` where surely nothing was said, else `Unknown`.
    """
    why, ours = _diagnosis(error)
    sentence = f"{shown(url)} {why}."
    if why == PRIVATE:
        return Refused(sentence)
    if method not in IDEMPOTENT:
        if said_nothing:
            return NotSent(sentence)
        return Unknown(f"{sentence} The request had gone out: nobody knows whether it was done.")
    return Later(sentence) if ours else Broken(sentence)


def _diagnosis(error: BaseException) -> tuple[str, bool]:
    """What went wrong and what to do about it, and whether the trouble is on our side."""
    for cause in _causes(error):
        for applies, why, ours in _DIAGNOSES:
            if applies(cause):
                return why, ours
    return "closed the connection before the answer was complete", False


def _is(*kinds: type[BaseException]) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, kinds)


def _errno(*numbers: int) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, OSError) and error.errno in numbers


_DIAGNOSES: tuple[tuple[Callable[[BaseException], bool], str, bool], ...] = (
    (_is(Forbidden), PRIVATE, False),
    (_errno(socket.EAI_AGAIN), "could not be looked up: check this machine's network and DNS", True),
    (
        _is(socket.gaierror, UnicodeError),
        "has no address: check how the name is spelled, or whether the site is gone",
        False,
    ),
    (
        _is(ssl.CertificateError),
        "has a certificate that does not hold: its owner must renew it, or you must trust its authority",
        False,
    ),
    (_is(ssl.SSLError), "cannot speak TLS with us: check the port, and whether it is https", False),
    (
        _errno(errno.ECONNREFUSED),
        "refused the connection: check the port, or whether the server is up",
        False,
    ),
    (_errno(errno.ENETUNREACH, errno.ENETDOWN), "cannot be reached: check this machine's network", True),
    (_is(TimeoutError), "took too long to answer: it will be tried again later", False),
    (
        _is(aiohttp.ClientResponseError, aiohttp.ClientPayloadError),
        "sent an answer that is not proper HTTP, or broke off in the middle",
        False,
    ),
)
