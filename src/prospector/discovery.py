"""Whose profile an address is, also where only a look at the page tells: a blog names its feed there."""

from __future__ import annotations

import asyncio

from prospector.installation import Installation
from prospector.prospects.urls import canonical
from prospector.runtime import Runtime
from prospector.sdk import ConnectorError, ProfileRef


class NoProfileError(Exception):
    """There is no profile at this address; the message says why. `looked` tells that the page was asked."""

    def __init__(self, sentence: str, *, looked: bool = False) -> None:
        super().__init__(sentence)
        self.looked = looked


def profile_at(installation: Installation, url: str) -> ProfileRef:
    """The profile behind a URL; a page of an unknown host is asked for its feed, so that this may
    take seconds. Raises `NoProfileError`."""
    if (ref := canonical(url)) is not None:
        return ref
    feed = installation.serving("feed")
    if feed is None or not url.startswith(("http://", "https://")):
        raise NoProfileError(f'"{url}" is no profile. `prospector url` shows how a URL is read.')
    return asyncio.run(_discovered(installation, feed.name, url))


async def _discovered(installation: Installation, account: str, url: str) -> ProfileRef:
    runtime = Runtime(installation)
    try:
        account_id = installation.account_ids[account]
        ref = ProfileRef("feed", url, url)
        identity = await runtime.connector(account_id).resolve(runtime.context(account_id), ref)
    except ConnectorError as error:
        sentence = f"{url} is no profile, and no feed was found there: {error}"
        raise NoProfileError(sentence, looked=True) from None
    finally:
        await runtime.aclose()
    return ProfileRef("feed", identity.url, identity.handle)
