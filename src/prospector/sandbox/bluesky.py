"""A PDS with an AppView for the sandbox and for tests: XRPC over a `BlueskyWorld`.

It refuses what the real servers refuse: bad passwords, stale and used tokens, pages over 100,
posts over 300 characters, unknown handles, too many requests. Source: docs.bsky.app (HTTP
reference), and what a real network on loopback answered.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prospector.sandbox import bluesky_views as views
from prospector.sandbox.bluesky_world import (
    FOLLOW,
    LIKE,
    POST,
    REPOST,
    Account,
    BlueskyWorld,
    Interaction,
    stamp,
)

__all__ = ["BlueskyWorld", "Interaction", "Server", "application"]

WINDOW = timedelta(minutes=5)
MOST_SIGN_INS = 30
_JOINER = "\u200d"


class Fault(Exception):
    """An XRPC error: status, name, sentence."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error = status, error


@dataclass(slots=True)
class Server:
    """The service around a world: sessions and rate limits. `access` is a session's life."""

    world: BlueskyWorld
    access: timedelta = timedelta(hours=2)
    most_requests: int = 3000
    tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    refreshers: dict[str, str] = field(default_factory=dict)
    requests: list[datetime] = field(default_factory=list)
    sign_ins: dict[str, list[datetime]] = field(default_factory=dict)

    def open(self, account: Account) -> dict[str, Any]:
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.tokens[access] = (account.did, self.world.now() + self.access)
        self.refreshers[refresh] = account.did
        session = {"did": account.did, "handle": account.handle, "active": True}
        return session | {"accessJwt": access, "refreshJwt": refresh}

    def signed_in(self, request: Request) -> str:
        """The DID whose token this is. A stale one is a 400, as on the real servers."""
        token = _bearer(request)
        if not token:
            raise Fault(401, "AuthMissing", "Authentication Required")
        if token not in self.tokens:
            raise Fault(400, "InvalidToken", "Token could not be verified")
        did, until = self.tokens[token]
        if until <= self.world.now():
            raise Fault(400, "ExpiredToken", "Token has expired")
        return did

    def viewer(self, request: Request) -> str | None:
        return self.signed_in(request) if _bearer(request) else None

    def expire(self) -> None:
        """Let every access token run out; the refresh tokens stay good."""
        self.tokens = {token: (did, self.world.now()) for token, (did, _) in self.tokens.items()}

    def count(self) -> dict[str, str]:
        """The rate-limit headers after one more request."""
        now = self.world.now()
        self.requests = [at for at in self.requests if at > now - WINDOW] + [now]
        reset = int((self.requests[0] + WINDOW).timestamp())
        left = self.most_requests - len(self.requests)
        return _limit_headers(self.most_requests, left, reset)


async def create_session(server: Server, request: Request) -> dict[str, Any]:
    given = await _body(request)
    identifier, now = str(given.get("identifier", "")), server.world.now()
    tries = [at for at in server.sign_ins.get(identifier, []) if at > now - WINDOW] + [now]
    server.sign_ins[identifier] = tries
    if len(tries) > MOST_SIGN_INS:
        raise Fault(429, "RateLimitExceeded", "Rate Limit Exceeded")
    account = server.world.find(identifier)
    if account is None or given.get("password") != account.password:
        raise Fault(401, "AuthenticationRequired", "Invalid identifier or password")
    if account.state != "active":
        raise Fault(401, "AccountTakedown", "Account has been taken down")
    return server.open(account)


async def get_session(server: Server, request: Request) -> dict[str, Any]:
    account = server.world.accounts[server.signed_in(request)]
    return {"did": account.did, "handle": account.handle, "active": account.state == "active"}


async def refresh_session(server: Server, request: Request) -> dict[str, Any]:
    did = server.refreshers.pop(_bearer(request), None)
    if did is None:
        raise Fault(400, "ExpiredToken", "Token has been revoked")
    return server.open(server.world.accounts[did])


async def resolve_handle(server: Server, request: Request) -> dict[str, Any]:
    account = server.world.find(request.query_params.get("handle", ""))
    if account is None:
        raise Fault(400, "InvalidRequest", "Unable to resolve handle")
    return {"did": account.did}


async def get_profile(server: Server, request: Request) -> dict[str, Any]:
    account, us = _actor(server, request), server.viewer(request)
    following = server.world.own(us, FOLLOW, account.did) if us else None
    return views.author_view(account) | {"viewer": {"following": following} if following else {}}


async def get_author_feed(server: Server, request: Request) -> dict[str, Any]:
    account, us = _actor(server, request), server.viewer(request)
    records, cursor = _slice(request, server.world.feed(account.did), lambda record: record.place)
    return _with_cursor(
        {"feed": [views.feed_item_view(server.world, record, us) for record in records]}, cursor
    )


async def list_notifications(server: Server, request: Request) -> dict[str, Any]:
    us = server.signed_in(request)
    pairs, cursor = _slice(request, server.world.notifications(us), lambda pair: pair[1].place)
    notes = [views.notification_view(server.world, reason, record) for reason, record in pairs]
    return _with_cursor({"notifications": notes, "seenAt": stamp(server.world.now())}, cursor)


async def get_posts(server: Server, request: Request) -> dict[str, Any]:
    uris, us = request.query_params.getlist("uris"), server.viewer(request)
    if not 1 <= len(uris) <= 25:
        raise Fault(400, "InvalidRequest", "Error: uris must have between 1 and 25 elements")
    found = [record for uri in uris if (record := server.world.records.get(uri))]
    return {"posts": [views.post_view(server.world, record, us) for record in found]}


async def get_record(server: Server, request: Request) -> dict[str, Any]:
    uri = "at://" + "/".join(request.query_params.get(name, "") for name in ("repo", "collection", "rkey"))
    record = server.world.records.get(uri)
    if record is None:
        raise Fault(400, "RecordNotFound", f"Could not locate record: {uri}")
    return {"uri": record.uri, "cid": record.cid, "value": record.value}


async def put_record(server: Server, request: Request) -> dict[str, Any]:
    us, given = server.signed_in(request), await _body(request)
    value, collection = given.get("record"), str(given.get("collection", ""))
    if given.get("repo") not in (us, server.world.accounts[us].handle):
        raise Fault(401, "AuthMissing", "Authentication Required")
    if collection not in (POST, LIKE, REPOST, FOLLOW) or not isinstance(value, dict):
        raise Fault(400, "InvalidRequest", f"Unvalidated collection: {collection}")
    _check_post(value)
    known = f"at://{us}/{collection}/{given.get('rkey')}" in server.world.records
    record = server.world.put(us, collection, value, given.get("rkey"))
    if not known:
        server.world.tell(record)
    return {"uri": record.uri, "cid": record.cid, "validationStatus": "valid"}


async def delete_record(server: Server, request: Request) -> dict[str, Any]:
    us, given = server.signed_in(request), await _body(request)
    server.world.delete(f"at://{us}/{given.get('collection')}/{given.get('rkey')}")
    return {}


Method = Callable[[Server, Request], Awaitable[dict[str, Any]]]
METHODS: Mapping[tuple[str, str], Method] = {
    ("POST", "com.atproto.server.createSession"): create_session,
    ("GET", "com.atproto.server.getSession"): get_session,
    ("POST", "com.atproto.server.refreshSession"): refresh_session,
    ("GET", "com.atproto.identity.resolveHandle"): resolve_handle,
    ("GET", "com.atproto.repo.getRecord"): get_record,
    ("POST", "com.atproto.repo.putRecord"): put_record,
    ("POST", "com.atproto.repo.createRecord"): put_record,
    ("POST", "com.atproto.repo.deleteRecord"): delete_record,
    ("GET", "app.bsky.actor.getProfile"): get_profile,
    ("GET", "app.bsky.feed.getAuthorFeed"): get_author_feed,
    ("GET", "app.bsky.feed.getPosts"): get_posts,
    ("GET", "app.bsky.notification.listNotifications"): list_notifications,
}


def application(server: Server | BlueskyWorld) -> Starlette:
    """The ASGI app; a world alone gets a server with the usual limits."""
    served = server if isinstance(server, Server) else Server(server)

    async def xrpc(request: Request) -> Response:
        return await _answer(served, request)

    return Starlette(routes=[Route("/xrpc/{name}", xrpc, methods=["GET", "POST"])])


async def _answer(server: Server, request: Request) -> Response:
    headers = server.count()
    try:
        if int(headers["ratelimit-remaining"]) < 0:
            raise Fault(429, "RateLimitExceeded", "Rate Limit Exceeded")
        method = METHODS.get((request.method, request.path_params["name"]))
        if method is None:
            raise Fault(501, "MethodNotImplemented", "Method Not Implemented")
        return _json(200, await method(server, request), headers)
    except Fault as fault:
        if fault.status == 429:
            headers = headers | {"retry-after": str(int(WINDOW.total_seconds()))}
        return _json(fault.status, {"error": fault.error, "message": str(fault)}, headers)


def _json(status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(msgspec.json.encode(body), status, {**headers}, "application/json")


def _limit_headers(limit: int, left: int, reset: int) -> dict[str, str]:
    policy = f"{limit};w={int(WINDOW.total_seconds())}"
    names = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy")
    return dict(zip(names, (str(limit), str(left), str(reset), policy), strict=True))


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


async def _body(request: Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, Any])
    except msgspec.MsgspecError as problem:
        raise Fault(400, "InvalidRequest", f"Request body is no JSON object: {problem}") from problem


def _actor(server: Server, request: Request) -> Account:
    account = server.world.find(request.query_params.get("actor", ""))
    if account is None:
        raise Fault(400, "InvalidRequest", "Profile not found")
    if account.state != "active":
        raise Fault(400, "AccountTakedown", "Account has been suspended")
    return account


def _slice(
    request: Request, things: Sequence[Any], place: Callable[[Any], str]
) -> tuple[Sequence[Any], str | None]:
    """One page after the cursor, and the cursor of the next; the last page has none."""
    given = request.query_params.get("limit", "50")
    if not given.isdecimal() or not 1 <= int(given) <= 100:
        raise Fault(400, "InvalidRequest", "Error: limit must be an integer between 1 and 100")
    after = request.query_params.get("cursor")
    rest = [thing for thing in things if after is None or place(thing) < after]
    page = rest[: int(given)]
    return page, place(page[-1]) if len(rest) > len(page) else None


def _with_cursor(answer: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    return answer | ({"cursor": cursor} if cursor else {})


def _check_post(value: Mapping[str, Any]) -> None:
    text = value.get("text", "")
    if isinstance(text, str) and (_length(text) > 300 or len(text.encode()) > 3000):
        raise Fault(
            400, "InvalidRequest", "Record/text must not be longer than 300 graphemes (grapheme too big)"
        )


def _length(text: str) -> int:
    """Characters without marks, joiners, and what hangs on a joiner: near enough to graphemes."""
    bases = [
        character
        for before, character in zip(" " + text, text, strict=False)
        if _JOINER not in (before, character) and unicodedata.category(character)[0] != "M"
    ]
    return len(bases)
