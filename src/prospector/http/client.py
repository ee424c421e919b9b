"""One account's way out: pace, redirects by hand, the deadline, a second and a third try."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import aiohttp
import httpx
import tenacity

from prospector import answers, dialling, rate_limits
from prospector.answers import IDEMPOTENT, RETRIED, Answer, Unknown, shown
from prospector.bodies import ACCEPT_ENCODING, WIRE_CAP, Body
from prospector.http.hops import PERMANENT, REDIRECTS, Hop, guard, prepared, redirected
from prospector.http.network import Network, anywhere
from prospector.rate_limits import RateLimit
from prospector.sdk import Broken, ConnectorError, Later, NotSent, Refused

Reserve = Callable[[], Awaitable[float]]

DEADLINE = 30.0
"""Seconds for one attempt, redirects and body included, the waiting for a turn not."""
PATIENCE = 5.0
"""Seconds that a request waits for the account's next slot; beyond, it is `Later`."""
MOST_REDIRECTS = 5
MOST_ATTEMPTS = 3
LONGEST_RETRY = 2.0
"""Seconds of a Retry-After that are waited for at once; what is longer is the core's to wait for."""
_PATIENT = {"timeout": {"connect": 10.0}}
_DEFAULT_HEADERS = {"accept": "*/*", "accept-encoding": ACCEPT_ENCODING}

log = logging.getLogger(__name__)


async def at_once() -> float:
    """A `reserve` for accounts without a pace: the next slot is now."""
    return 0.0


def utc_now() -> datetime:
    return datetime.now(UTC)


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
        hop = prepared(method, url, params, headers, json, content, bearer)
        try:
            return await self._attempt(hop, accept)
        except _Again as again:
            if hop.method in IDEMPOTENT or idempotent:
                return await self._again(hop, accept, again)
            raise again.error from again.__cause__

    async def _again(self, hop: Hop, accept: frozenset[int], first: _Again) -> Answer:
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
        except (_Again, ConnectorError) as last:
            error = last.error if isinstance(last, _Again) else last
            if isinstance(first.error, Unknown) and isinstance(error, NotSent | Later):
                raise first.error from last  # this try said nothing, but the first one may have
            raise error from last.__cause__

    async def _attempt(self, hop: Hop, accept: frozenset[int]) -> Answer:
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

    async def _follow(self, hop: Hop) -> Answer:
        """Send it, and follow redirects by hand, so that each hop is guarded."""
        budget = _Budget(self.deadline)
        start, permanent = hop.url, True
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._send(hop, budget)
            if answer.status not in REDIRECTS:
                return replace(answer, moved=answer.url) if permanent and hop.url != start else answer
            permanent = permanent and answer.status in PERMANENT
            hop = redirected(hop, answer)
        raise Broken(f"{shown(str(start))} redirects more than {MOST_REDIRECTS} times.")

    async def _send(self, hop: Hop, budget: _Budget) -> Answer:
        guard(hop.url, anywhere if self.private else self.network.rule)
        turn = self.network.turn(hop.url.host)
        await _take(turn, hop.url.host)
        start = time.monotonic()
        try:
            async with asyncio.timeout(budget.left):
                return await self._exchange(hop)
        except Broken as error:
            raise Broken(f"{shown(str(hop.url))} is of no use: {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError) as error:
            said_nothing = _said_nothing(error)
            reason = dialling.failure(error, hop.method, str(hop.url), said_nothing)
            if isinstance(error, TimeoutError) or isinstance(reason, Refused):
                raise reason from error
            raise _Again(reason) from error
        finally:
            budget.left -= time.monotonic() - start
            turn.release()

    async def _exchange(self, hop: Hop) -> Answer:
        headers = {"user-agent": self.network.agent, **_DEFAULT_HEADERS, **hop.headers}
        request = httpx.Request(
            hop.method, hop.url, headers=headers, content=hop.content, extensions=_PATIENT
        )
        # The transport itself: redirects, cookies and credentials, which a client would see to, are
        # ours or not wanted, and a third of the time of a request went there.
        response = await self.network.transport(self.private).handle_async_request(request)
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


def _declared_within_cap(length: str) -> None:
    if length.isdecimal() and (len(length) > 12 or int(length) > WIRE_CAP):
        raise Broken("The answer announces more than 10 MB, which no profile's page should be.")
