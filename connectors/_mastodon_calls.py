"""Calls to our own Mastodon instance: with our token, who we are there, who others are.

Ids of accounts and statuses mean something on one instance only; everything here asks ours.
Links in answers (`Link`, `next`) are never followed: the paths are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from prospector.sdk import Broken, Context, Gone, Refused, Response, Unauthorised

from . import _mastodon_records as records

T = TypeVar("T")


class Limits(msgspec.Struct):
    max_characters: int = 500
    characters_reserved_per_url: int = 23


class Configuration(msgspec.Struct):
    statuses: Limits = msgspec.field(default_factory=Limits)


class Instance(msgspec.Struct):
    """`/api/v2/instance`, and `/api/v1/instance`, which calls the domain `uri`."""

    domain: str = ""
    uri: str = ""
    configuration: Configuration = msgspec.field(default_factory=Configuration)


class Found(msgspec.Struct):
    accounts: list[records.Account] = []
    statuses: list[records.Status] = []


class Complaint(msgspec.Struct):
    error: str = ""


async def at_home(context: Context) -> records.Home:
    """Our instance and ourselves on it, asked once a process."""
    kept: records.Home | None = context.memory.get("home")
    if kept is None:
        try:
            instance = await _instance(context)
            us = await get(context, "/api/v1/accounts/verify_credentials", records.Account)
        except Gone as error:
            # Our own server is not where we look for it, which says nothing of the person asked for.
            raise Broken(f"{context.settings.instance} answers, but has no Mastodon API: {error}") from error
        domain = urlsplit(f"//{(instance.domain or instance.uri).split('://')[-1]}").netloc.lower()
        if not domain:
            raise Broken(f"{context.settings.instance} does not say its domain: is it a Mastodon server?")
        context.memory["limits"] = instance.configuration.statuses
        kept = context.memory["home"] = records.Home(domain, us.id)
    return kept


async def _instance(context: Context) -> Instance:
    """Servers before Mastodon 4.0, and some others still, know only version 1."""
    answer = await ask(context, "/api/v2/instance", accept=frozenset({404}))
    if answer.status == 404:
        answer = await ask(context, "/api/v1/instance")
    return answer.json(Instance)


async def lookup(context: Context, home: records.Home, handle: str) -> records.Account | None:
    params: dict[str, str | int] = {"acct": handle.removesuffix(f"@{home.domain}")}
    answer = await ask(context, "/api/v1/accounts/lookup", params=params, accept=frozenset({404}))
    return answer.json(records.Account) if answer.status == 200 else None


async def search(context: Context, home: records.Home, handle: str) -> records.Account | None:
    """Lets our instance fetch an account that it does not know yet."""
    params: dict[str, str | int] = {"q": f"@{handle}", "resolve": "true", "type": "accounts", "limit": 5}
    answer = await ask(context, "/api/v2/search", params=params, accept=frozenset({403, 404}))
    found = answer.json(Found).accounts if answer.status == 200 else []
    return next((account for account in found if _is(account, handle, home)), None)


def _is(account: records.Account, handle: str, home: records.Home) -> bool:
    user, _, host = handle.partition("@")
    lives = urlsplit(account.url or "").netloc.lower()
    return home.handle(account) == handle or (account.username.lower() == user and lives == host)


def speaks_for(handle: str, canonical: str, account: records.Account) -> bool:
    """Whether the server in `handle` may say that somebody's handle is `canonical`: their page lies
    on it, or it belongs to the domain of that handle. Else any server could make itself anybody."""
    host, domain = handle.partition("@")[2], canonical.partition("@")[2]
    return host.endswith(f".{domain}") or urlsplit(account.url or "").netloc.lower() == host


class Finger(msgspec.Struct):
    """A WebFinger answer (RFC 7033), as far as we need it."""

    subject: str = ""


async def webfinger(context: Context, home: records.Home, handle: str) -> str:
    """The handle by which their own server calls them. Raises `Gone` where it knows nobody."""
    host = handle.partition("@")[2] or home.domain
    if host == home.domain:
        raise Gone(f"There is no {handle}.")
    params: dict[str, str | int] = {"resource": f"acct:{handle}"}
    url = f"https://{host}/.well-known/webfinger"
    answer = await context.http.request("GET", url, params=params, accept=frozenset({401, 403}))
    if answer.status >= 400:
        raise Broken(f"{host} does not say who {handle} is: is this really a server of the fediverse?")
    subject = answer.json(Finger).subject.lower()
    return subject.removeprefix("acct:") if subject.startswith("acct:") else handle


async def get(
    context: Context, path: str, type: type[T], *, params: Mapping[str, str | int] | None = None
) -> T:
    return (await ask(context, path, params=params)).json(type)


async def ask(
    context: Context,
    path: str,
    *,
    params: Mapping[str, str | int] | None = None,
    accept: frozenset[int] = frozenset(),
) -> Response:
    settings = context.settings
    url, token = f"{settings.instance}{path}", context.secret(settings.token)
    return await context.http.request("GET", url, params=params, bearer=token, accept=accept)


async def post(
    context: Context, path: str, *, json: object = None, headers: Mapping[str, str] | None = None
) -> Response:
    """A write. A 403 is about this one act (a block, a policy) unless it speaks of our access."""
    settings = context.settings
    url, token = f"{settings.instance}{path}", context.secret(settings.token)
    answer = await context.http.request(
        "POST", url, json=json, headers=headers, bearer=token, accept=frozenset({403})
    )
    if answer.status != 403:
        return answer
    try:
        said = answer.json(Complaint).error[:200]
    except Broken:
        said = "403"
    if any(word in said.lower() for word in ("scope", "login", "disabled", "suspended")):
        raise Unauthorised(f"{settings.instance} does not let us write ({said}): renew the token's scopes.")
    raise Refused(f"{settings.instance} does not allow it ({said}).")
