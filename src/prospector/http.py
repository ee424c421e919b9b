"""The only way out over HTTP: paced, guarded, capped, retried. The only import of httpx.

    request
      └ for at most 3 attempts (reads only: a broken connection, 502, 503 or 504 without a long wait)
          pace: reserve the account's next slot; wait if it is near, else `Later`
          └ for at most 5 redirects
              guard: scheme, literal host, no name and password in the URL
              turn: so many requests to one host at a time
              send, read the body within the caps        } 30 seconds for all hops of one attempt
      └ status → error (answers.verdict); transport error → error (dialling.failure)

A `Network` lives as long as the process's event loop; an `Http` is one account's view of it and
costs nothing to make.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from weakref import WeakValueDictionary

import aiohttp
import httpx
import msgspec
import tenacity
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport

from prospector import __version__, addresses, answers, dialling, rate_limits
from prospector.answers import IDEMPOTENT, RETRIED, Answer, shown
from prospector.bodies import ACCEPT_ENCODING, WIRE_CAP, Body
from prospector.rate_limits import RateLimit
from prospector.sdk import Broken, ConnectorError, Later, Refused

Reserve = Callable[[], Awaitable[float]]
Handler = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]

DEADLINE = 30.0
"""Seconds for one attempt, redirects and body included, the waiting for a turn not."""
PATIENCE = 5.0
"""Seconds that a request waits for the account's next slot; beyond, it is `Later`."""
MOST_REDIRECTS = 5
MOST_ATTEMPTS = 3
LONGEST_RETRY = 2.0
"""Seconds of a Retry-After that are waited for at once; what is longer is the core's to wait for."""
MOST_CONNECTIONS = 256
_DEFAULT_HEADERS = {"accept": "*/*", "accept-encoding": ACCEPT_ENCODING}
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What may follow a redirect to another origin: nothing that could prove who we are.
_ANONYMOUS = frozenset({"accept", "accept-encoding", "accept-language", "if-none-match", "if-modified-since"})

log = logging.getLogger(__name__)
# httpx logs whole URLs, and there are secrets in query strings.
logging.getLogger("httpx").setLevel(logging.WARNING)


async def at_once() -> float:
    """A `reserve` for accounts without a pace: the next slot is now."""
    return 0.0


def utc_now() -> datetime:
    return datetime.now(UTC)


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
        self._clients: dict[bool, httpx.AsyncClient] = {}

    def client(self, private: bool) -> httpx.AsyncClient:
        if private not in self._clients:
            self._clients[private] = self._open(private)
        return self._clients[private]

    def turn(self, host: str) -> asyncio.Semaphore:
        """The host's turnstile; it is forgotten when nobody holds or awaits it."""
        turn = self._turns.get(host)
        if turn is None:
            turn = self._turns[host] = asyncio.Semaphore(self._per_host)
        return turn

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def __aenter__(self) -> Network:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def _open(self, private: bool) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.MockTransport(self._handler) if self._handler else self._transport(private),
            timeout=httpx.Timeout(None, connect=10.0),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )

    def _transport(self, private: bool) -> AiohttpTransport:
        context = trusted()
        rule = _anywhere if private else self.rule

        def session() -> aiohttp.ClientSession:
            return dialling.session(context, rule, self._lookup, MOST_CONNECTIONS, self.agent)

        return AiohttpTransport(verify=context, client=session)


def _anywhere(address: addresses.Address) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request on its way, as redirects change it."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    content: bytes | None


class _Again(Exception):
    """A failure that may be gone in a moment; `error` is what to raise when it is not."""

    def __init__(self, error: ConnectorError, seconds: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.seconds = seconds


@dataclass(slots=True)
class _Budget:
    """The seconds that are left for one attempt; waiting for a turn costs none."""

    left: float


@dataclass(slots=True)
class Http:
    """An account's way out: a `sdk.HttpClient`.

    `reserve` books the account's next slot and gives the seconds until it is there; where that is
    more than `PATIENCE` it should book nothing, because the request is not made then. `notice`
    hears of every rate limit that an answer tells. `private` lets this account reach private
    networks. `now` is the wall clock, for Retry-After dates.
    """

    network: Network
    private: bool = False
    reserve: Reserve = at_once
    notice: Callable[[RateLimit], None] | None = None
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    deadline: float = DEADLINE

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        content: bytes | None = None,
        bearer: str | None = None,
        accept: frozenset[int] = frozenset(),
        idempotent: bool = False,
    ) -> Answer:
        """See `sdk.HttpClient.request`. Raises also `answers.Unknown` (a `Broken`) for a write of
        which nobody knows whether it was done, and never `NotSent` once a byte may have gone out.

        `idempotent` says that this write may be repeated without harm, so that it may be retried.
        """
        hop = _prepare(method, url, params, headers, json, content, bearer)
        try:
            return await self._attempt(hop, accept)
        except _Again as again:
            if hop.method in IDEMPOTENT or idempotent:
                return await self._again(hop, accept, again)
            raise again.error from again.__cause__

    async def _again(self, hop: _Hop, accept: frozenset[int], first: _Again) -> Answer:
        """The second and third attempt. The first is not made by tenacity, because nearly all
        requests need no other, and it costs a tenth of one."""
        attempts = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(MOST_ATTEMPTS - 1),
            wait=lambda state: _short_wait(state.attempt_number + 1, _raised(state)),
            retry=tenacity.retry_if_exception_type(_Again),
            sleep=self.sleep,
            reraise=True,
        )
        await self.sleep(_short_wait(1, first))
        try:
            return await attempts(self._attempt, hop, accept)
        except _Again as last:
            raise last.error from last.__cause__

    async def _attempt(self, hop: _Hop, accept: frozenset[int]) -> Answer:
        await self._slot()
        answer = await self._follow(hop)
        status, now = answer.status, self.now()
        if self.notice and any("limit" in name for name in answer.headers):
            self.notice(rate_limits.read(answer.headers, now))
        error = answers.verdict(hop.method, answer.url, status, answer.headers, answer.content, now)
        if error is None or status in accept:
            return answer
        asked = rate_limits.read(answer.headers, now).retry_after
        if status in RETRIED and (asked is None or asked <= LONGEST_RETRY):
            raise _Again(error, asked)
        raise error

    async def _slot(self) -> None:
        seconds = await self.reserve()
        if seconds > PATIENCE:
            raise Later(f"This account's pace leaves room in {round(seconds)} seconds.", seconds)
        if seconds > 0:
            await self.sleep(seconds)

    async def _follow(self, hop: _Hop) -> Answer:
        """Send it, and follow redirects by hand, so that each hop is guarded."""
        budget = _Budget(self.deadline)
        start, permanent = hop.url, True
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._send(hop, budget)
            if answer.status not in _REDIRECTS:
                return replace(answer, moved=answer.url) if permanent and hop.url != start else answer
            permanent = permanent and answer.status in _PERMANENT
            hop = _redirected(hop, answer)
        raise Broken(f"{shown(str(start))} redirects more than {MOST_REDIRECTS} times.")

    async def _send(self, hop: _Hop, budget: _Budget) -> Answer:
        _guard(hop.url, _anywhere if self.private else self.network.rule)
        turn = self.network.turn(hop.url.host)
        await _take(turn, hop.url.host)
        start = time.monotonic()
        try:
            async with asyncio.timeout(budget.left):
                return await self._exchange(hop)
        except Broken as error:
            raise Broken(f"{shown(str(hop.url))} is of no use: {error}") from error
        except httpx.RemoteProtocolError as error:
            # httpx looks at Location even where it is not to follow it.
            raise Broken(f"{shown(str(hop.url))} redirects to nowhere.") from error
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError) as error:
            said_nothing = _said_nothing(error)
            reason = dialling.failure(error, hop.method, str(hop.url), said_nothing)
            if isinstance(error, TimeoutError) or isinstance(reason, Refused):
                raise reason from error
            raise _Again(reason) from error
        finally:
            budget.left -= time.monotonic() - start
            turn.release()

    async def _exchange(self, hop: _Hop) -> Answer:
        client = self.network.client(self.private)
        headers = {"user-agent": self.network.agent, **_DEFAULT_HEADERS, **hop.headers}
        request = httpx.Request(hop.method, hop.url, headers=headers, content=hop.content)
        response = await client.send(request, stream=True, follow_redirects=False)
        try:
            body = Body(response.headers.get("content-encoding", ""))
            if hop.method != "HEAD":
                _declared_within_cap(response.headers.get("content-length", ""))
                # The stream itself, because httpx would decode without a limit.
                async for chunk in response.stream:  # type: ignore[union-attr]
                    body.feed(chunk)
            log.debug("%s %s: %s", hop.method, _Shown(hop.url), response.status_code)
            return Answer(response.status_code, str(hop.url), response.headers, body.whole())
        finally:
            await response.aclose()


def _short_wait(attempt: int, error: _Again | None) -> float:
    """Seconds before another try: what the server asks for, else 0.3 and 1, give or take a third."""
    if error is not None and error.seconds is not None:
        return error.seconds
    return (0.3 if attempt == 1 else 1.0) * random.uniform(0.7, 1.3)


def _raised(state: tenacity.RetryCallState) -> _Again | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, _Again) else None


class _Shown:
    """A URL that is redacted only when the log line is really written."""

    def __init__(self, url: httpx.URL) -> None:
        self._url = url

    def __str__(self) -> str:
        return shown(str(self._url))


async def _take(turn: asyncio.Semaphore, host: str) -> None:
    if not turn.locked():
        await turn.acquire()
        return
    try:
        async with asyncio.timeout(DEADLINE):
            await turn.acquire()
    except TimeoutError:
        raise Later(f"{host} is still busy with other requests of ours.", DEADLINE) from None


def _said_nothing(error: BaseException) -> bool:
    """Whether surely no byte of the request went out."""
    if dialling.unconnected(error) or isinstance(
        error, httpx.InvalidURL | httpx.UnsupportedProtocol | UnicodeError
    ):
        return True
    # httpx_aiohttp gives ConnectTimeout also for connections that broke later: only its cause tells.
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) and error.__cause__ is None


def _prepare(
    method: str,
    url: str,
    params: Mapping[str, str | int] | None,
    headers: Mapping[str, str] | None,
    json: object,
    content: bytes | None,
    bearer: str | None,
) -> _Hop:
    """The request as it goes out. Raises `Refused` where it cannot be one."""
    merged = {name.lower(): value for name, value in (headers or {}).items()}
    if bearer is not None:
        merged["authorization"] = f"Bearer {bearer}"
    if json is not None:
        content = msgspec.json.encode(json)
        merged.setdefault("content-type", "application/json")
    if any(not value.isascii() or not value.isprintable() for value in merged.values()):
        raise Refused("A header of this request holds a line break or a character beyond ASCII.")
    try:
        target = httpx.URL(url)
        target = target.copy_merge_params(params) if params else target
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused(f"{shown(url)} is not a valid URL.") from error
    return _Hop(method.upper(), target, merged, content)


def _guard(url: httpx.URL, rule: dialling.Rule) -> None:
    """Raises `Refused` for a URL that must not be fetched. Names are checked when they resolve."""
    why: str | None
    if url.scheme not in ("http", "https") or not url.host:
        why = "is not a web address: it must begin with https:// or http://"
    elif url.port is not None and not 0 < url.port < 65536:
        why = "has a port that does not exist"
    elif url.userinfo:
        why = "has a name or password in it: put them into the account's settings"
    else:
        why = _literal_refused(url.host, rule)
    if why:
        raise Refused(f"{shown(str(url))} {why}.")


def _literal_refused(host: str, rule: dialling.Rule) -> str | None:
    try:
        address = addresses.literal(host)
    except ValueError as error:
        return f"is refused: {error}"
    return dialling.PRIVATE if address is not None and not rule(address) else None


def _redirected(hop: _Hop, answer: Answer) -> _Hop:
    """The next hop. Raises `Broken`, or `Refused` for a write that would go elsewhere."""
    told = shown(answer.url)
    try:
        target = hop.url.join(answer.headers["location"]).copy_with(fragment=None)
    except (KeyError, httpx.InvalidURL, ValueError) as error:
        raise Broken(f"{told} redirects to nowhere.") from error
    if hop.url.scheme == "https" and target.scheme == "http":
        raise Broken(f"{told} redirects from https to http, where others could read and change it.")
    same = (hop.url.scheme, hop.url.host, hop.url.port) == (target.scheme, target.host, target.port)
    if hop.method not in IDEMPOTENT and answer.status != 303 and (answer.status < 307 or not same):
        raise Refused(f"{told} redirects to {shown(str(target))}: correct the address in the settings.")
    to_get = answer.status == 303 and hop.method != "HEAD"
    headers = {n: v for n, v in hop.headers.items() if same or n in _ANONYMOUS}
    if to_get:
        headers.pop("content-type", None)
    return _Hop("GET" if to_get else hop.method, target, headers, None if to_get else hop.content)


def _declared_within_cap(length: str) -> None:
    if length.isdecimal() and (len(length) > 12 or int(length) > WIRE_CAP):
        raise Broken("The answer announces more than 10 MB, which no profile's page should be.")
