"""The two cookies: who is signed in, and that somebody signed in here before."""

from __future__ import annotations

from fastapi import Request, Response

from prospector.config import Web
from prospector.team.sessions import LASTS
from prospector.team.sign_in import Browser, Entry

SESSION, DEVICE = "prospector", "prospector-device"


def secure(request: Request, page: Web) -> bool:
    """Whether the browser came by https, to us or to the proxy in front."""
    named = page.url.startswith("https://") and request.url.netloc == page.url.partition("://")[2]
    return named or request.url.scheme == "https"


def name_of(cookie: str, safe: bool) -> str:
    """With `__Host-` no other host of the domain can plant one (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{cookie}" if safe else cookie


def held(request: Request, page: Web, cookie: str) -> str | None:
    """The token in a cookie."""
    return request.cookies.get(name_of(cookie, secure(request, page)))


def browser_of(request: Request, page: Web) -> Browser:
    """Where a request comes from, and what the browser holds."""
    address = request.client.host if request.client is not None else ""
    return Browser(address, held(request, page, SESSION), held(request, page, DEVICE))


def keep(request: Request, response: Response, page: Web, entry: Entry) -> None:
    """Give the browser the tokens of a sign-in."""
    put(request, response, page, SESSION, entry.session)
    put(request, response, page, DEVICE, entry.device)


def put(request: Request, response: Response, page: Web, cookie: str, token: str) -> None:
    """Set one cookie, which no script can read and no other site can send with a form."""
    safe = secure(request, page)
    response.set_cookie(
        name_of(cookie, safe),
        token,
        max_age=int(LASTS["session" if cookie == SESSION else "device"].total_seconds()),
        path="/",
        secure=safe,
        httponly=True,
        samesite="lax",
    )


def forget(request: Request, response: Response, page: Web) -> None:
    """Take the session's cookie away; the device stays known."""
    safe = secure(request, page)
    response.delete_cookie(name_of(SESSION, safe), path="/", secure=safe, httponly=True, samesite="lax")
