"""The named moments of a delivery at which a process can be made to die: around each commit and each word
of SMTP. Each is exact: of one delivery of the process, counted from its first."""

from __future__ import annotations

import itertools
import os
import signal
import smtplib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from prospector.outreach import outbox
from prospector.store import Store

COMMITS = {"claim": "claim", "mark": "mark_data", "settle": "settle_sent"}
VERBS = ("ehlo", "login", "mail", "rcpt", "docmd", "send", "getreply", "quit")
# `docmd` says AUTH before it says DATA; `send` and `getreply` serve EHLO, AUTH, MAIL, RCPT and DATA first.
NTH = {"docmd": 2, "send": 6, "getreply": 7}
SIDES = ("before", "after")

NAMES = tuple(
    f"{side} {what}"
    for what in (*(f"commit of {one}" for one in COMMITS), *VERBS, "connecting")
    for side in SIDES
)


def kill() -> None:
    """The end, as `kill -9` makes it."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, delivery: int) -> None:
    """Let this process die at that moment of its nth delivery."""
    side, _, what = name.partition(" ")
    if what.startswith("commit of "):
        _at_commit(COMMITS[what.removeprefix("commit of ")], delivery, after=side == "after")
    elif what == "connecting":
        _wrap(smtplib.SMTP, "connect", lambda _: next(_connections) == delivery, after=side == "after")
    else:
        _at_verb(what, delivery, after=side == "after")


_connections: Iterator[int] = itertools.count(1)


def _wrap(owner: Any, name: str, strikes: Callable[[Any], bool], *, after: bool) -> None:
    whole = getattr(owner, name)

    def called(*given: Any, **named: Any) -> Any:
        last = strikes(given[0])
        if last and not after:
            kill()
        answer = whole(*given, **named)
        if last:
            kill()
        return answer

    setattr(owner, name, called)


def _at_verb(verb: str, delivery: int, *, after: bool) -> None:
    """Each delivery has a connection of its own: the nth call on the nth connection."""
    numbers: Iterator[int] = itertools.count(1)
    calls: Counter[str] = Counter()

    def strikes(client: Any) -> bool:
        if not hasattr(client, "number"):
            client.number = next(numbers)
        calls[f"{client.number}"] += 1
        return bool(client.number == delivery) and calls[f"{client.number}"] == NTH.get(verb, 1)

    _wrap(smtplib.SMTP, verb, strikes, after=after)


def _at_commit(function: str, delivery: int, *, after: bool) -> None:
    """In the transaction, once its work is done; or as soon as the commit is."""
    count, whole, write = itertools.count(1), getattr(outbox, function), Store.write_async
    struck: list[bool] = []

    def called(*given: Any, **named: Any) -> Any:
        answer = whole(*given, **named)
        if answer and next(count) == delivery:
            if not after:
                kill()
            struck.append(True)
        return answer

    async def written(*given: Any, **named: Any) -> Any:
        answer = await write(*given, **named)
        if struck:
            kill()
        return answer

    setattr(outbox, function, called)
    Store.write_async = written  # type: ignore[method-assign]
