"""Whether an account lets us in: it is asked who we are there, which proves access and network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from prospector.runtime import Runtime
from prospector.sdk import ConnectorError

PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Access:
    """What an account answered; `words` are for people, and may hold a provider's. `handle` is what we
    are called there."""

    ok: bool
    words: str
    handle: str | None = None


async def ask(runtime: Runtime, account_id: int) -> Access:
    """Ask one account of config.toml, for at most 20 seconds."""
    try:
        async with asyncio.timeout(PATIENCE):
            identity = await runtime.connector(account_id).whoami(runtime.context(account_id))
    except ConnectorError as error:
        return Access(False, str(error))
    except TimeoutError:
        return Access(False, f"no answer within {PATIENCE:.0f} s")
    return Access(True, f"we are {identity.handle or identity.remote_id}", identity.handle or None)
