"""One request as it goes out, and as redirects change it: what may be fetched, and what may follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import msgspec

from prospector import addresses, dialling
from prospector.answers import IDEMPOTENT, Answer, shown
from prospector.sdk import Broken, Refused

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
# What may follow a redirect to another origin: nothing that could prove who we are.
_ANONYMOUS = frozenset({"accept", "accept-encoding", "accept-language", "if-none-match", "if-modified-since"})


@dataclass(frozen=True, slots=True, repr=False)
class Hop:
    """One request on its way, as redirects change it. It has no repr, for it holds credentials."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    content: bytes | None


def prepared(
    method: str,
    url: str,
    params: Mapping[str, str | int] | None,
    headers: Mapping[str, str] | None,
    json: object,
    content: bytes | None,
    bearer: str | None,
) -> Hop:
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
    return Hop(method.upper(), target, merged, content)


def guard(url: httpx.URL, rule: dialling.Rule) -> None:
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


def redirected(hop: Hop, answer: Answer) -> Hop:
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
    return Hop("GET" if to_get else hop.method, target, headers, None if to_get else hop.content)
