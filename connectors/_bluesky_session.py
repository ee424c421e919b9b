"""Signed-in calls to a Bluesky PDS: one session an account, renewed when it runs out.

createSession is limited (30 in 5 minutes, 300 a day), so a session is kept in the account's memory.
A refresh token works once, so renewals go one at a time. A stale token is a 400 `ExpiredToken`
(the reference says 401), a wrong password a 401. Source: docs.bsky.app/docs/api, and real servers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from prospector.sdk import (
    Broken,
    ConnectorError,
    Context,
    Gone,
    Later,
    Refused,
    Response,
    Unauthorised,
)

from ._bluesky_records import DID

T = TypeVar("T")
STALE = frozenset({"ExpiredToken", "InvalidToken"})
_ANSWERED = frozenset({400, 401})
_ABSENT = frozenset(
    {"AccountTakedown", "AccountDeactivated", "RepoTakendown", "RepoDeactivated", "RepoNotFound"}
    | {"NotFound", "RecordNotFound", "HandleNotFound"}
)
_ABSENT_WORDS = (
    "profile not found",
    "actor not found",
    "could not locate record",
    "unable to resolve handle",
)


class Session(msgspec.Struct, frozen=True, rename="camel"):
    """What createSession and refreshSession answer."""

    did: DID
    handle: str
    access_jwt: str
    refresh_jwt: str
    did_doc: Any = None

    def __repr__(self) -> str:
        return f"Session({self.did})"


class Problem(msgspec.Struct):
    """The body of an XRPC error: a name for programs and a sentence for people."""

    error: str = ""
    message: str = ""


async def session(context: Context) -> Session:
    """The account's session, opened if there is none."""
    async with _turn(context):
        kept: Session | None = context.memory.get("session")
        if kept is None:
            kept = context.memory["session"] = await _open(context)
        return kept


async def call(
    context: Context,
    method: str,
    name: str,
    *,
    params: Mapping[str, str | int] | None = None,
    query: str = "",
    json: object = None,
) -> Response:
    """Call `name` (an NSID) at our PDS as ourselves; a stale session is renewed once."""
    current = await session(context)
    for again in (True, False):
        response = await context.http.request(
            method,
            f"{_home(context, current)}/xrpc/{name}{query}",
            params=params,
            json=json,
            bearer=current.access_jwt,
            accept=_ANSWERED,
        )
        if response.status < 400:
            return response
        problem = _problem(response)
        if not (again and problem.error in STALE):
            break
        current = await _renew(context, current)
    raise meaning(method, response.status, problem)


async def read(
    context: Context, name: str, type: type[T], params: Mapping[str, str | int], query: str = ""
) -> T:
    """A public read: at the AppView if one is set, otherwise through our PDS."""
    appview = context.settings.appview
    if appview is None:
        return (await call(context, "GET", name, params=params, query=query)).json(type)
    url = f"{appview}/xrpc/{name}{query}"
    response = await context.http.request("GET", url, params=params, accept=_ANSWERED | {403})
    if response.status in (401, 403):
        raise Broken(f"{appview} does not answer without a token: leave `appview` out of the account.")
    if response.status >= 400:
        raise meaning("GET", response.status, _problem(response))
    return response.json(type)


def meaning(method: str, status: int, problem: Problem) -> ConnectorError:
    """What the core shall do about an XRPC error; the same 400 is a verdict only for a write."""
    said = f"{problem.error or status}: {problem.message}"[:300]
    if problem.error in STALE or status == 401:
        return Unauthorised(f"Bluesky refused our session ({said}). Make a new app password and set it.")
    if problem.error in _ABSENT or problem.message.lower().startswith(_ABSENT_WORDS):
        return Gone(f"Bluesky says that it is not there ({said}).")
    if problem.error in ("BlockedActor", "BlockedByActor"):
        said = f"there is a block between them and us, {said}"
    if method == "POST":
        return Refused(f"Bluesky refused it ({said}).")
    return Broken(f"Bluesky did not answer the question ({said}).")


def _turn(context: Context) -> asyncio.Lock:
    lock: asyncio.Lock = context.memory.setdefault("session_turn", asyncio.Lock())
    return lock


async def _open(context: Context) -> Session:
    settings = context.settings
    who = {"identifier": settings.handle, "password": context.secret(settings.password)}
    response = await _sign_in(context, f"{settings.service}/xrpc/com.atproto.server.createSession", json=who)
    if response.status < 400:
        return response.json(Session)
    problem = _problem(response)
    raise Unauthorised(
        f"Bluesky did not let {settings.handle} in"
        f" ({problem.error or response.status}: {problem.message[:200]})."
        " Make an app password in Bluesky's settings and set it as the account's `password`."
    )


async def _renew(context: Context, stale: Session) -> Session:
    async with _turn(context):
        kept: Session | None = context.memory.get("session")
        if kept is not None and kept.access_jwt != stale.access_jwt:
            return kept
        context.memory.pop("session", None)
        context.memory["session"] = renewed = await _refresh(context, stale) or await _open(context)
        return renewed


async def _refresh(context: Context, stale: Session) -> Session | None:
    url = f"{_home(context, stale)}/xrpc/com.atproto.server.refreshSession"
    response = await _sign_in(context, url, bearer=stale.refresh_jwt)
    return response.json(Session) if response.status < 400 else None


async def _sign_in(context: Context, url: str, **request: Any) -> Response:
    """No answer here means later, never unknown: nothing of an act has been said yet. And no 404 here
    says that a person is gone: it is our own service that is not where we look for it."""
    try:
        return await context.http.request("POST", url, accept=_ANSWERED, **request)
    except (Broken, Gone) as problem:
        raise Later(f"Bluesky's sign-in does not answer as it should: {problem}") from problem


def _home(context: Context, current: Session) -> str:
    """Our account's own PDS, as its DID document says; never from https down to http."""
    service: str = context.settings.service
    document = current.did_doc if isinstance(current.did_doc, dict) else {}
    services = document.get("service")
    for entry in services if isinstance(services, list) else []:
        if isinstance(entry, dict) and str(entry.get("id", "")).endswith("#atproto_pds"):
            place = urlsplit(str(entry.get("serviceEndpoint", "")))
            if place.scheme == "https" and place.hostname and service.startswith("https:"):
                return f"https://{place.netloc}"
    return service


def _problem(response: Response) -> Problem:
    try:
        return response.json(Problem)
    except Broken:
        return Problem(message=response.text[:200])
