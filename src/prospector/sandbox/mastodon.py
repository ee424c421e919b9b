"""A Mastodon-API server for the sandbox and for tests: HTTP over a `MastodonWorld`.

It behaves like Mastodon, or, with `keeps_keys=False`, like GoToSocial, which ignores
`Idempotency-Key`. It refuses what they refuse: no token, pages too large are cut, texts too long,
too many requests. Source: docs.joinmastodon.org/methods, and what a real server answered.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prospector.sandbox import mastodon_views as views
from prospector.sandbox.mastodon_world import Account, Interaction, MastodonWorld, Status

__all__ = ["Interaction", "MastodonWorld", "Server", "application"]

WINDOW = timedelta(minutes=5)
KEYS_LIVE = timedelta(hours=1)


class Fault(Exception):
    """An error as the API tells it: a status and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Server:
    """The service around a world: tokens, idempotency keys, rate limits."""

    world: MastodonWorld
    keeps_keys: bool = True
    most_requests: int = 300
    most_characters: int = 500
    tokens: dict[str, str] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)
    requests: list[datetime] = field(default_factory=list)

    def token(self, account: str) -> str:
        """A new access token of this account."""
        token = secrets.token_urlsafe(24)
        self.tokens[token] = account
        return token

    def signed_in(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token or scheme.lower() != "bearer":
            raise Fault(401, "Unauthorized: token not supplied")
        if token not in self.tokens:
            raise Fault(401, "The access token is invalid")
        return self.tokens[token]

    def count(self) -> dict[str, str]:
        """The rate-limit headers after one more request; the reset is ISO 8601."""
        now = self.world.now()
        self.requests = [at for at in self.requests if at > now - WINDOW] + [now]
        left = self.most_requests - len(self.requests)
        values = (str(self.most_requests), str(max(left, 0)), views.stamp(self.requests[0] + WINDOW))
        names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
        return dict(zip(names, values, strict=True))

    @property
    def exhausted(self) -> bool:
        return len(self.requests) > self.most_requests


@dataclass(frozen=True, slots=True)
class Reply:
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


async def instance_v1(server: Server, request: Request) -> Reply:
    return Reply({"uri": server.world.domain, "title": "Sandbox", "version": "4.7.0 (sandbox)"})


async def instance_v2(server: Server, request: Request) -> Reply:
    limits = {"max_characters": server.most_characters, "characters_reserved_per_url": 23}
    about = {"domain": server.world.domain, "title": "Sandbox", "version": "4.7.0 (sandbox)"}
    return Reply(about | {"configuration": {"statuses": limits}})


async def webfinger(server: Server, request: Request) -> Reply:
    account = server.world.find(request.query_params.get("resource", "").removeprefix("acct:"))
    if account is None or "@" in account.acct:
        raise Fault(404, "Record not found")
    links = [{"rel": "self", "type": "application/activity+json", "href": server.world.url(account)}]
    return Reply({"subject": f"acct:{account.username}@{server.world.domain}", "links": links})


async def verify_credentials(server: Server, request: Request) -> Reply:
    return Reply(views.account_view(server.world, server.world.accounts[server.signed_in(request)]))


async def lookup(server: Server, request: Request) -> Reply:
    server.signed_in(request)
    account = server.world.find(request.query_params.get("acct", ""))
    if account is None:
        raise Fault(404, "Record not found")
    return Reply(views.account_view(server.world, account))


async def search(server: Server, request: Request) -> Reply:
    us, world = server.signed_in(request), server.world
    wanted = request.query_params.get("q", "")
    account = next((a for a in world.accounts.values() if world.url(a) == wanted), None) or world.find(wanted)
    statuses = [s for s in world.statuses.values() if world.uri(s) == wanted and world.visible(s, us)]
    found = {"accounts": [views.account_view(world, account)] if account else [], "hashtags": []}
    return Reply(found | {"statuses": [views.status_view(world, status, us) for status in statuses]})


async def account_statuses(server: Server, request: Request) -> Reply:
    us, world, account = server.signed_in(request), server.world, _named_account(server, request)
    theirs = [s for s in world.statuses.values() if s.account == account.id and world.visible(s, us)]
    if request.query_params.get("exclude_reblogs") in ("true", "1"):
        theirs = [status for status in theirs if status.reblog is None]
    page = _slice(request, theirs, most=40, usual=20)
    return Reply([views.status_view(world, status, us) for status in page], _link(request, page))


async def notifications(server: Server, request: Request) -> Reply:
    us, world = server.signed_in(request), server.world
    types = request.query_params.getlist("types[]")
    told = [n for n in world.notices if n.to == us and (not types or n.type in types)]
    page = _slice(request, told, most=80, usual=40)
    return Reply([views.notification_view(world, notice, us) for notice in page], _link(request, page))


async def relationships(server: Server, request: Request) -> Reply:
    us = server.signed_in(request)
    return Reply(
        [views.relationship_view(server.world, us, id) for id in request.query_params.getlist("id[]")]
    )


async def get_status(server: Server, request: Request) -> Reply:
    us = server.signed_in(request)
    return Reply(views.status_view(server.world, _named_status(server, request, us), us))


async def favourite(server: Server, request: Request) -> Reply:
    us = server.signed_in(request)
    status = _named_status(server, request, us)
    if server.world.like(us, status.id):
        server.world.tell("like", us, status.id, status.id)
    return Reply(views.status_view(server.world, status, us))


async def follow(server: Server, request: Request) -> Reply:
    us, whom = server.signed_in(request), _named_account(server, request)
    if server.world.follow(us, whom.id):
        server.world.tell("follow", us, whom.id, whom.id)
    return Reply(views.relationship_view(server.world, us, whom.id))


async def post_status(server: Server, request: Request) -> Reply:
    us, world, now = server.signed_in(request), server.world, server.world.now()
    given, key = await _body(request), request.headers.get("idempotency-key", "")
    made, at = server.keys.get((us, key), ("", now))
    if key and server.keeps_keys and made in world.statuses and now - at < KEYS_LIVE:
        return Reply(views.status_view(world, world.statuses[made], us))
    text, about = str(given.get("status", "")), given.get("in_reply_to_id")
    if not text.strip() or len(text) > server.most_characters:
        raise Fault(422, f"Validation failed: Text character limit of {server.most_characters} exceeded")
    if about is not None and about not in world.statuses:
        raise Fault(404, "Record not found")
    visibility = str(given.get("visibility", "public"))
    id = world.write(us, text, reply_to=about, visibility=visibility)
    server.keys[us, key] = (id, now)
    kind = "dm" if visibility == "direct" else "reply" if about else "post"
    world.tell(kind, us, id, about or "", text)
    return Reply(views.status_view(world, world.statuses[id], us))


Method = Callable[[Server, Request], Awaitable[Reply]]
ROUTES: Sequence[tuple[str, str, Method]] = (
    ("GET", "/.well-known/webfinger", webfinger),
    ("GET", "/api/v1/instance", instance_v1),
    ("GET", "/api/v2/instance", instance_v2),
    ("GET", "/api/v1/accounts/verify_credentials", verify_credentials),
    ("GET", "/api/v1/accounts/lookup", lookup),
    ("GET", "/api/v1/accounts/relationships", relationships),
    ("GET", "/api/v1/accounts/{id}/statuses", account_statuses),
    ("POST", "/api/v1/accounts/{id}/follow", follow),
    ("GET", "/api/v2/search", search),
    ("GET", "/api/v1/notifications", notifications),
    ("POST", "/api/v1/statuses", post_status),
    ("GET", "/api/v1/statuses/{id}", get_status),
    ("POST", "/api/v1/statuses/{id}/favourite", favourite),
)


def application(server: Server) -> Starlette:
    """The ASGI app of one instance."""
    routes = [Route(path, _endpoint(server, method), methods=[verb]) for verb, path, method in ROUTES]
    return Starlette(routes=routes)


def _endpoint(server: Server, method: Method) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        headers = server.count()
        try:
            if server.exhausted:
                raise Fault(429, "Too many requests")
            reply = await method(server, request)
            return _json(200, reply.body, headers | dict(reply.headers))
        except Fault as fault:
            return _json(fault.status, {"error": str(fault)}, headers)

    return answer


def _json(status: int, body: Any, headers: Mapping[str, str]) -> Response:
    return Response(msgspec.json.encode(body), status, {**headers}, "application/json")


async def _body(request: Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, Any])
    except msgspec.MsgspecError as problem:
        raise Fault(422, f"The body is no JSON object: {problem}") from problem


def _named_account(server: Server, request: Request) -> Account:
    account = server.world.accounts.get(request.path_params["id"])
    if account is None:
        raise Fault(404, "Record not found")
    if account.suspended:
        raise Fault(410, "This account has been suspended")
    return account


def _named_status(server: Server, request: Request, us: str) -> Status:
    status = server.world.statuses.get(request.path_params["id"])
    if status is None or not server.world.visible(status, us):
        raise Fault(404, "Record not found")
    return status


def _slice(request: Request, things: Sequence[Any], most: int, usual: int) -> list[Any]:
    """One page, newest first. `min_id` gives the page right after it, `since_id` the newest one."""
    given = request.query_params
    limit = min(int(given["limit"]), most) if given.get("limit", "").isdecimal() else usual
    low, high = given.get("min_id") or given.get("since_id") or "", given.get("max_id")
    fitting = sorted(
        (thing for thing in things if thing.id > low and (high is None or thing.id < high)),
        key=lambda thing: str(thing.id),
    )
    chosen = fitting[:limit] if given.get("min_id") else fitting[-limit:]
    return chosen[::-1]


def _link(request: Request, page: Sequence[Any]) -> dict[str, str]:
    if not page:
        return {}
    kept = [
        (n, v) for n, v in request.query_params.multi_items() if n not in ("min_id", "max_id", "since_id")
    ]
    here = request.url.replace(query="")
    older, newer = (urlencode([*kept, pair]) for pair in (("max_id", page[-1].id), ("min_id", page[0].id)))
    return {"link": f'<{here}?{older}>; rel="next", <{here}?{newer}>; rel="prev"'}
