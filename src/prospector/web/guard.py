"""What every request passes first, and what every answer says to the browser.

What is refused (`refusals`) no other code sees; what nobody foresaw is logged, and the page tells
nothing of it.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError, StatementError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prospector.config import Web
from prospector.store import say
from prospector.telemetry import log, redact
from prospector.web import problems
from prospector.web.problems import Problem
from prospector.web.refusals import Asked, Refusal, Served, has_nul, is_upload, refusal

MOST_BODY = 1_000_000
MOST_UPLOAD = 51 * 2**20
"""A file of people (`importing.sheet.MOST_BYTES`), with what a form puts around it."""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: under that, browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
OF_PARTS = ("X-Content-Type-Options", "Cross-Origin-Resource-Policy")
"""What a stylesheet or a script needs of these: the rest speaks of documents."""
PARTS = (b"text/css", b"text/javascript")


class Guard:
    """ASGI middleware, the outermost of ours: what it refuses no other code sees."""

    def __init__(self, app: ASGIApp, page: Web, public_url: str = "") -> None:
        self._app = app
        self._served = Served.of(page, public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await self._pass(scope, receive, answer)
        except Exception as error:
            if answer.begun:
                raise
            await _failed(Request(scope), error)(scope, receive, answer)

    async def _pass(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        request = Request(scope)
        asked = Asked(
            scope["method"], scope["scheme"], request.url.path, request.url.query, dict(request.headers)
        )
        refused = refusal(asked, self._served)
        if refused is None and is_upload(asked) and not has_nul(asked, b""):
            await self._let_in(scope, receive, answer, request)
            return
        body = None if refused else await _read(receive, request.headers)
        if body is not None and has_nul(asked, body):
            refused = Refusal(400, "There is a NUL character in this, which no text has. Take it out.")
        elif refused is None and body is None:
            refused = Refusal(413, f"This is too much at once; {MOST_BODY // 1000} kB is the most.")
        if refused is not None:
            await _said(request, refused)(scope, receive, answer)
            return
        await self._app(scope, _Body(body or b"", receive), answer)

    async def _let_in(self, scope: Scope, receive: Receive, answer: _Answer, request: Request) -> None:
        """Pass a file on as it comes, and no more of it than a file may have."""
        said = request.headers.get("content-length", "0")
        counted = _Counted(receive, MOST_UPLOAD)
        if said.isdecimal() and int(said) <= MOST_UPLOAD:
            try:
                await self._app(scope, counted, answer)
                return
            except _TooMuchError:
                if answer.begun:
                    raise
        sentence = f"This file is too large; {MOST_UPLOAD // 2**20} MB is the most. Split it."
        await _said(request, Refusal(413, sentence))(scope, receive, answer)


class _TooMuchError(Exception):
    """More has come than may."""


class _Counted:
    """What the server says, until a body is longer than it may be. Raises `_TooMuchError`."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._left = receive, most

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _TooMuchError
        return message


class _Body:
    """A body that was read, given on as the server would; then what the server says."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Answer:
    """Sends an answer with the headers that each of ours has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            given = {name.lower(): value for name, value in message["headers"]}
            # What is shown is about people: no cache keeps it. Files with a hash say otherwise.
            wanted = {**HEADERS, "Cache-Control": "no-store"}
            if given.get(b"content-type", b"").startswith(PARTS):
                wanted = {name: HEADERS[name] for name in OF_PARTS}
            new = [(name.lower().encode(), text.encode()) for name, text in wanted.items()]
            message["headers"] = [*message["headers"], *(pair for pair in new if pair[0] not in given)]
        await self._send(message)


async def _read(receive: Receive, headers: Mapping[str, str]) -> bytes | None:
    """The whole body; None where it is too long, or the browser has gone."""
    said = headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > MOST_BODY:
        return None
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BODY:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)


def _said(request: Request, refused: Refusal) -> ASGIApp:
    if "hx-request" not in request.headers and not request.url.path.startswith("/api/"):
        return PlainTextResponse(refused.sentence, refused.status)
    problem = Problem(refused.sentence)
    problem.status = refused.status
    return problems.answer(request, problem)


def _failed(request: Request, error: Exception) -> ASGIApp:
    """The answer to what nobody foresaw: it is logged, and the page tells nothing of it."""
    log.error("error", text=f"{request.method} {_shape(request.url.path)}", exception=redact(_trace(error)))
    problem = Problem("Something went wrong here. It was written into the log; try again in a moment.")
    problem.status = 500
    if isinstance(error, SQLAlchemyError):
        problem = Problem(redact(say(error)))
        problem.status = 503
    request.state.viewer = None
    return problems.answer(request, problem)


def _trace(error: Exception) -> str:
    """Where it happened, without the values that were at hand: a password may have been one of them."""
    if isinstance(error, StatementError):
        error.hide_parameters = True
    return "".join(traceback.format_exception(error))


def _shape(path: str) -> str:
    """A path without what may be a token."""
    return re.sub(r"[A-Za-z0-9_-]{20,}", "…", path)
