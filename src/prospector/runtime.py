"""What lives as long as a process does: connections, session tokens, mail threads, the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from prospector import secrets
from prospector.config import AccountSettings
from prospector.consequences import Consequences
from prospector.http import PATIENCE, Http, Network, at_once
from prospector.installation import Installation, utc_now
from prospector.outreach.ledger import Limits, limits_of
from prospector.polling import pace
from prospector.polling.quiet import QuietLooks
from prospector.sdk import Connector, NotSent, Unauthorised
from prospector.threads import Threads

T = TypeVar("T")
Mark = Callable[[], Awaitable[bool]]
MAIL_THREADS = 8


@dataclass
class Runtime:
    """One process at work on an installation."""

    installation: Installation
    now: Callable[[], datetime] = utc_now
    network: Network = field(init=False)
    consequences: Consequences = field(init=False)
    quiet: QuietLooks = field(init=False)
    limits: dict[int, Limits] = field(init=False)
    memory: dict[int, dict[str, Any]] = field(default_factory=dict)
    turns: dict[int, asyncio.Semaphore] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.network = Network(contact=self.installation.settings.file.contact)
        self.consequences = Consequences(self.installation)
        self.quiet = QuietLooks(self.installation.store)
        self.limits = limits_of(self.installation.settings, self.installation.account_ids)
        self._mail = Threads(MAIL_THREADS, "mail")

    def context(self, account_id: int, mark: Mark | None = None) -> AccountContext:
        """What a connector gets; `mark` commits the second mark of the message it delivers."""
        account = self.installation.account(account_id)
        memory = self.memory.setdefault(account_id, {})
        reserve = self._reserve(account_id) if account.table.every else at_once
        http = Http(self.network, private=account.table.private, reserve=reserve, now=self.now)
        return AccountContext(account, http, memory, self.now, self._mail, mark)

    def connector(self, account_id: int) -> Connector:
        return self.installation.account(account_id).connector

    def turn(self, account_id: int) -> asyncio.Semaphore:
        """How many looks of one account may be under way at a time."""
        if account_id not in self.turns:
            self.turns[account_id] = asyncio.Semaphore(
                self.installation.account(account_id).table.concurrency
            )
        return self.turns[account_id]

    async def aclose(self) -> None:
        await self.network.aclose()

    def _reserve(self, account_id: int) -> Callable[[], Awaitable[float]]:
        async def reserve() -> float:
            now = self.now()
            return await self.installation.store.write_async(
                lambda session: pace.reserve(session, account_id, now, PATIENCE)
            )

        return reserve


@dataclass
class AccountContext:
    """An `sdk.Context` for one account of config.toml."""

    _account: AccountSettings
    http: Http
    memory: MutableMapping[str, Any]
    _clock: Callable[[], datetime]
    _threads: Threads
    _mark: Mark | None = None

    @property
    def account(self) -> str:
        return self._account.name

    @property
    def settings(self) -> Any:
        return self._account.settings

    @property
    def now(self) -> datetime:
        return self._clock()

    def secret(self, reference: str) -> str:
        try:
            return secrets.read(reference)
        except secrets.SecretError as error:
            raise Unauthorised(str(error)) from None

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        self._loop = asyncio.get_running_loop()
        return await self._threads.run(function, *args)

    async def point_of_no_return(self) -> None:
        if self._mark is None or not await self._mark():
            raise NotSent("The message was taken back before it was said.")

    def point_of_no_return_from_thread(self) -> None:
        asyncio.run_coroutine_threadsafe(self.point_of_no_return(), self._loop).result(timeout=60)
