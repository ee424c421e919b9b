"""One process: APScheduler is the clock, asyncio tasks do the work. Nothing is stored here."""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from prospector import work
from prospector.runtime import Runtime
from prospector.store import say
from prospector.telemetry import log

TICK, TIMERS, KEEP, DOUBT = 1.0, 10.0, 30.0, 60.0
NOTIFY, RESUME = 15.0, 60.0
PATIENCE = 2.5


class Embedded:
    """An `Engine` for `prospector run`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._running: dict[tuple[Any, ...], asyncio.Task[None]] = {}
        self._asking: set[asyncio.Task[Any] | None] = set()
        self._stopping = False
        # A late job must still run: the default grace of one second drops it silently.
        self._clock = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    async def start(self) -> None:
        self._clock.add_job(self.tick, IntervalTrigger(seconds=TICK), next_run_time=self._runtime.now())
        self._clock.add_job(self.ring, IntervalTrigger(seconds=TIMERS), args=["timers"])
        self._clock.add_job(self.ring, IntervalTrigger(seconds=KEEP), args=["keep"])
        self._clock.add_job(self.ring, IntervalTrigger(seconds=NOTIFY), args=["notify"])
        self._clock.add_job(self.ring, IntervalTrigger(seconds=RESUME), args=["resume"])
        self._clock.add_job(self.doubts, IntervalTrigger(seconds=DOUBT))
        self._clock.start()

    async def stop(self) -> None:
        self._stopping = True
        # Not yet shut down: that would cancel a question to the tables half-way, with a traceback.
        self._clock.pause()
        await asyncio.sleep(0)
        running = [*self._running.values(), *filter(None, self._asking)]
        if running:
            _, late = await asyncio.wait(running, timeout=PATIENCE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._clock.shutdown(wait=False)

    def submit(self, job: str, *args: Any) -> None:
        """Begin a job as a task. Of `look`, one batch of an account runs at a time."""
        key = (job, args[0]) if args else (job,)
        if key not in self._running and not self._stopping:
            task = asyncio.get_running_loop().create_task(self._run(job, *args), name=job)
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))

    async def ring(self, job: str) -> None:
        """The same for the clock, which runs what is no coroutine in a thread without our loop."""
        self.submit(job)

    async def tick(self) -> None:
        """Ring for everything that is due."""
        found = await self._due()
        for account_id, ids in found.profiles.items():
            self.submit("look", account_id, ids)
        for account_id in found.inboxes:
            self.submit("inbox", account_id)
        for message_id in found.messages:
            self.submit("send", message_id)

    async def doubts(self) -> None:
        for message_id in (await self._due()).unknown:
            self.submit("reconcile", message_id)

    async def _due(self) -> work.Due:
        if self._stopping:
            return work.Due()
        now, asking = self._runtime.now(), asyncio.current_task()
        self._asking.add(asking)
        try:
            return await self._runtime.installation.store.read_async(
                lambda session: work.due(session, now, self._batch, self._runtime.limits)
            )
        except SQLAlchemyError as error:
            log.error("error", text=say(error))
            return work.Due()
        finally:
            self._asking.discard(asking)

    def _batch(self, account_id: int) -> int:
        if ("look", account_id) in self._running or account_id not in (
            self._runtime.installation.account_ids.values()
        ):
            return 0
        table = self._runtime.installation.account(account_id).table
        return work.batch_size(int(table.every.total_seconds() * 1000), table.concurrency, TICK)

    async def _run(self, job: str, *args: Any) -> None:
        try:
            done = await work.JOBS[job](self._runtime, *args)
        except SQLAlchemyError as error:
            log.error("error", text=say(error), job=job)
        except Exception:
            log.exception("error", text=f"{job} failed; the tables are unchanged, it is tried again")
        else:
            if job == "look" and done and len(args[1]) >= work.LEAST_BATCH:
                asyncio.get_running_loop().call_soon(self._again)

    def _again(self) -> None:
        """A full batch is done: what waits need not wait for the clock."""
        if self._clock.running:
            asyncio.get_running_loop().create_task(self.tick())
