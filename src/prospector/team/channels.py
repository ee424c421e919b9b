"""Where our own people are reached: apprise URLs, by the names that config.toml gives them.

A URL holds passwords and tokens: it is read when it is used, and nothing that is said of a failure
repeats any part of it. What a channel does never raises: it is an answer.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prospector import secrets
from prospector.secrets import SecretError
from prospector.team.digest import Notice

TELLING = 4
"""Parts of a URL that are shorter give nothing away."""

# What apprise says goes to who sends, and to nobody else: it may name tokens.
_LOGGER = logging.getLogger("apprise")
_LOGGER.propagate = False


def send(notice: Notice, channels: Mapping[str, str]) -> dict[str, str]:
    """Send a notice to its channels, given as references to their URLs; why it failed, by channel.
    Blocks until every one has answered."""
    failed = {name: _send(channels.get(name), notice) for name in notice.channels}
    return {name: why for name, why in failed.items() if why}


def _send(reference: str | None, notice: Notice) -> str:
    if reference is None:
        return "config.toml has no such channel any more"
    try:
        url = secrets.read(reference)
    except SecretError as error:
        return str(error)
    with _heard() as said:
        done = _told(url, notice, said)
    return "" if done else _without(url, said[-1] if said else "the service did not take it")


def _told(url: str, notice: Notice, said: list[str]) -> bool:
    # It takes half a second to import, and most processes never tell anybody anything.
    import apprise

    channel = apprise.Apprise(asset=apprise.AppriseAsset(secure_logging=True, async_mode=False))
    try:
        if not channel.add(url):
            said.append("apprise cannot read this address")
            return False
        for service in channel:
            if service.secure_protocol == "mailtos":
                headers: dict[str, str] = getattr(service, "headers", {})
                headers.setdefault("Auto-Submitted", "auto-generated")  # RFC 3834, 5
        return bool(channel.notify(notice.body, notice.title, body_format=apprise.NotifyFormat.TEXT))
    except Exception as error:
        said.append(f"{type(error).__name__} while sending")
        return False


def _without(url: str, text: str) -> str:
    """The text without any part of the URL."""
    for part in sorted(re.split(r"[/:@?&=#]+", url), key=len, reverse=True):
        if len(part) >= TELLING:
            text = text.replace(part, "…")
    return " ".join(text.split())


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What apprise complains of in this thread meanwhile."""
    said: list[str] = []
    thread = threading.get_ident()

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread:
                said.append(record.getMessage())

    handler = Listening(logging.WARNING)
    _LOGGER.addHandler(handler)
    try:
        yield said
    finally:
        _LOGGER.removeHandler(handler)
