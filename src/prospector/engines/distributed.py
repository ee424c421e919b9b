"""Many workers on PostgreSQL: Procrastinate rings among them, and its clock rings once for all."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from prospector import work
from prospector.runtime import Runtime
from prospector.store import say
from prospector.telemetry import log

# croniter's sixth field is seconds.
TICK, TIMERS, KEEP, DOUBT = "* * * * * */2", "* * * * * */10", "* * * * * */30", "* * * * *"
NOTIFY, RESUME = "* * * * * */15", "* * * * *"
TICK_SECONDS = 2.0
AGAIN_SECONDS = 2.0
CONCURRENCY = 20
PATIENCE = 2.5
SCHEMA_LOCK = 0x70726F73


class Distributed:
    """An `Engine` for `prospector worker`. Jobs carry ids only; what is due is in our tables."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        url = runtime.installation.store.engine.url.set(drivername="postgresql")
        conninfo = url.render_as_string(hide_password=False)
        self._app = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=6))
        self._ringing: set[asyncio.Task[None]] = set()
        self._worker: asyncio.Task[None] | None = None
        self._stopping = False
        self._register()

    async def start(self) -> None:
        await self._app.open_async()
        await self._prepare()
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        """Keep a worker going: it ends by itself when the database is away for a moment."""
        while not self._stopping:
            try:
                await self._app.run_worker_async(
                    concurrency=CONCURRENCY,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=1.0,
                    shutdown_graceful_timeout=PATIENCE,
                    delete_jobs="always",
                )
            except ConnectorException:
                log.error("error", text="PostgreSQL does not answer; it is tried again until it does")
            if not self._stopping:
                await asyncio.sleep(AGAIN_SECONDS)

    async def stop(self) -> None:
        self._stopping = True
        if self._worker is not None:
            self._worker.cancel()
            with suppress(asyncio.CancelledError):
                await self._worker
        await asyncio.gather(*self._ringing, return_exceptions=True)
        await self._app.close_async()

    def submit(self, job: str, *args: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._ring(job, *args))
        self._ringing.add(task)
        task.add_done_callback(self._ringing.discard)

    async def _ring(self, job: str, *args: Any) -> None:
        """One waiting job for a row is enough: a second ring is swallowed by the queueing lock."""
        lock = ":".join([job, *(str(arg) for arg in args[:1])])
        with suppress(AlreadyEnqueued):
            deferrer = self._app.configure_task(job, queueing_lock=lock, allow_unknown=False)
            await deferrer.defer_async(args=list(args))

    def _register(self) -> None:
        for name in work.JOBS:
            self._app.task(name=name)(self._job(name))
        rung = {"timers": TIMERS, "keep": KEEP, "notify": NOTIFY, "resume": RESUME}
        for name, cron in rung.items():
            self._periodic(f"clock-{name}", cron, lambda name=name: self._ring(name))
        self._periodic("clock-tick", TICK, self._tick)
        self._periodic("clock-doubts", DOUBT, self._doubts)

    def _job(self, name: str) -> Any:
        async def job(args: list[Any]) -> None:
            try:
                done = await work.JOBS[name](self._runtime, *args)
            except SQLAlchemyError as error:
                log.error("error", text=say(error), job=name)
            except Exception:
                log.exception("error", text=f"{name} failed; the tables are unchanged, it is tried again")
            else:
                if name == "look" and done and len(args[1]) >= work.LEAST_BATCH:
                    await self._tick()

        return job

    def _periodic(self, name: str, cron: str, ring: Any) -> None:
        async def clock(timestamp: int) -> None:
            await ring()

        task = self._app.task(name=name, queueing_lock=name)(clock)
        self._app.periodic(cron=cron)(task)

    async def _tick(self) -> None:
        found = await self._due()
        for account_id, ids in found.profiles.items():
            await self._ring("look", account_id, ids)
        for account_id in found.inboxes:
            await self._ring("inbox", account_id)
        for message_id in found.messages:
            await self._ring("send", message_id)

    async def _doubts(self) -> None:
        for message_id in (await self._due()).unknown:
            await self._ring("reconcile", message_id)
        await self._tidy()

    async def _due(self) -> work.Due:
        now = self._runtime.now()
        return await self._runtime.installation.store.read_async(
            lambda session: work.due(session, now, self._batch, self._runtime.limits)
        )

    def _batch(self, account_id: int) -> int:
        if account_id not in self._runtime.installation.account_ids.values():
            return 0
        table = self._runtime.installation.account(account_id).table
        return work.batch_size(int(table.every.total_seconds() * 1000), table.concurrency, TICK_SECONDS)

    async def _tidy(self) -> None:
        """Jobs of dead workers stay `doing` for ever; harmless to us, but they hide what is going on."""
        with suppress(ConnectorException):
            for job in await self._app.job_manager.get_stalled_jobs():
                await self._app.job_manager.finish_job(job, Status.FAILED, delete_job=True)

    async def _prepare(self) -> None:
        """Procrastinate's own tables, made once by whichever worker is first."""

        def missing(session: Session) -> bool:
            session.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": SCHEMA_LOCK})
            found = session.execute(text("SELECT to_regclass('procrastinate_jobs')")).scalar()
            return found is None

        with self._runtime.installation.store.transaction() as session:
            try:
                if missing(session):
                    await self._app.schema_manager.apply_schema_async()
            finally:
                session.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": SCHEMA_LOCK})
