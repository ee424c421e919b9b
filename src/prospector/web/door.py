"""The door: finds the route of a request, who asks, and lets through whom the table of access lets.

It stands before routing, so a route that somebody adds without a row is shut, whatever made it; what no
route answers never gets further than here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp, Receive, Scope, Send

from prospector.installation import Installation, utc_now
from prospector.team import sessions
from prospector.web import cookies, problems
from prospector.web.access import Grant, grant_of, verdict
from prospector.web.viewer import Viewer, viewer

API = "/api/"


@dataclass(frozen=True, slots=True)
class Route:
    """One way into the application: its methods, its path as it was written, and what matches it."""

    methods: frozenset[str]
    path: str
    pattern: re.Pattern[str]


class Door:
    """ASGI middleware; the viewer it finds is `request.state.viewer`."""

    def __init__(self, app: ASGIApp, installation: Installation) -> None:
        self._app = app
        self._installation = installation
        self._routes: tuple[Route, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # There is no such route; one that somebody adds has no row in the table.
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        request.state.viewer = None
        answer = await self._answer(request)
        await (self._app if answer is None else answer)(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        """The answer to who may not go on; None: they may."""
        self._routes = self._routes or tuple(routes_of(request.app))
        path, method = request.url.path, request.method
        route = found(self._routes, method, path)
        if route is None:
            return _not_there(request, found(self._routes, None, path) is not None)
        grant = grant_of(method, route.path)
        if grant is not None and grant.roles is not None:
            request.state.viewer = await run_in_threadpool(self._viewer, request, grant, utc_now())
        looking: Viewer | None = request.state.viewer
        match verdict(grant, looking.role if looking is not None else None):
            case "go":
                return None
            case "sign in":
                return to_sign_in(request)
            case "no":
                return problems.answer(request, _refusal(looking, grant))

    def _viewer(self, request: Request, grant: Grant, now: datetime) -> Viewer | None:
        store = self._installation.store
        held = _token(request, self._installation)
        if held is None:
            return None
        with store.reading() as session:
            signed = sessions.signed(session, held[0], held[1], now)
            known = viewer(session, signed, now) if signed is not None else None
        if signed is not None and signed.stale and not grant.by_itself:
            store.write(lambda session: sessions.note_use(session, signed.token_hash, now))
        return known


def routes_of(app: FastAPI) -> Iterator[Route]:
    """Every route of an application, in the order in which they are tried; also those of its routers."""
    for context in iter_route_contexts(app.routes):
        path: Any = context.path_format or context.path
        if isinstance(path, str) and context.path_regex is not None:
            yield Route(frozenset(context.methods or ()), path, context.path_regex)


def found(routes: tuple[Route, ...], method: str | None, path: str) -> Route | None:
    """The first route that answers this path, with this method or with any."""
    return next(
        (one for one in routes if (method is None or method in one.methods) and one.pattern.match(path)), None
    )


def to_sign_in(request: Request) -> Response:
    """What somebody gets who must sign in first: a page leads there, a program is told."""
    reading = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if request.url.path.startswith(API) and not reading:
        problem = problems.Problem("Sign in, or send `Authorization: Bearer TOKEN`.")
        problem.status = 401
        answer = problems.answer(request, problem)
        answer.headers["WWW-Authenticate"] = 'Bearer realm="prospector"'
        return answer
    if "hx-request" in request.headers:
        # The fragment's own address is no page: they go on at the one that they had open.
        opened = urlsplit(request.headers.get("hx-current-url", ""))
        return Response(headers={"HX-Redirect": _login(local_path(f"{opened.path}?{opened.query}"))})
    asked = f"{request.url.path}?{request.url.query}" if request.method == "GET" else ""
    return RedirectResponse(_login(local_path(asked)), 303)


def local_path(text: str, otherwise: str = "/queue") -> str:
    """Where to go on: a path of ours, whatever somebody wrote into the form or the link."""
    ours = re.fullmatch(r"/(?!/)[!-\[\]-~]*", text)
    return text.rstrip("?") if ours and not text.startswith(("/login", "/logout")) else otherwise


def _login(path: str) -> str:
    return f"/login?next={quote(path, safe='/')}"


def _token(request: Request, installation: Installation) -> tuple[str, str] | None:
    """The token that a request shows, and its kind: a bearer's goes before the cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if request.url.path.startswith(API) and scheme:
        return (token.strip(), "api") if scheme.lower() == "bearer" else None
    cookie = cookies.held(request, installation.settings.file.web, cookies.SESSION)
    return (cookie, "session") if cookie else None


def _not_there(request: Request, other_method: bool) -> Response:
    problem = problems.Problem("There is nothing here. The address may be mistyped, or old.")
    problem.status = 404
    if other_method:
        problem = problems.Problem("This address does not take that method.")
        problem.status = 405
    return problems.answer(request, problem)


def _refusal(looking: Viewer | None, grant: Grant | None) -> problems.Problem:
    if grant is None or looking is None:
        return problems.NotAllowedError("This is open to nobody.")
    return problems.NotAllowedError(f"A {looking.role} may not do this. Ask an admin for it.")
