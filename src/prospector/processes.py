"""The processes: `run` (everything in one), `web` and `worker` (many, on PostgreSQL)."""

from __future__ import annotations

import asyncio
import fcntl
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from sqlmodel import Session, col, func, select, update

from prospector import progress, work
from prospector.engines import Engine
from prospector.engines.embedded import Embedded
from prospector.installation import Installation, utc_now
from prospector.models import Account, Engagement, Message, Move, Profile, Prospect, Ruleset
from prospector.outreach import deliver, outbox
from prospector.polling import poll
from prospector.polling.assignment import assign
from prospector.polling.record import Recorded
from prospector.rules import format, live
from prospector.rules.vocabulary import CHANNELS
from prospector.runtime import Runtime
from prospector.team import sessions
from prospector.telemetry import configure, log

# PostgreSQL takes 65,535 values in a statement.
TOGETHER = 5_000


class ProcessError(Exception):
    """The process cannot start; the message says what to do."""


@dataclass(frozen=True)
class Summary:
    """What one round of `run --once` did."""

    polled: int = 0
    new: int = 0
    moves: int = 0
    drafts: int = 0
    sent: int = 0
    errors: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


async def run(installation: Installation, *, once: bool, with_web: bool) -> Summary:
    """Scheduler, workers and web until SIGTERM or SIGINT; or one round of everything due."""
    with exclusive(installation):
        configure(installation.settings.file.log)
        installation.store.start_writer()
        runtime = Runtime(installation)
        stop = None if once else stop_asked()
        try:
            _begin(runtime, forgive=not once)
            if stop is None:
                return await one_round(runtime)
            await serve(runtime, Embedded(runtime), stop, with_web=with_web)
        finally:
            await runtime.aclose()
    return Summary()


async def worker(installation: Installation) -> None:
    """One of many workers; the engine keeps them apart, the tables keep them honest."""
    if installation.store.sqlite:
        raise ProcessError(
            "Workers need PostgreSQL. With SQLite, `prospector run` does all the work in one process; "
            'set database = "postgresql://…" in config.toml to use workers.'
        )
    from prospector.engines.distributed import Distributed

    configure(installation.settings.file.log)
    installation.store.start_writer()
    runtime = Runtime(installation)
    stop = stop_asked()
    try:
        _begin(runtime, forgive=False)
        await serve(runtime, Distributed(runtime), stop, with_web=False)
    finally:
        await runtime.aclose()


async def web(installation: Installation) -> None:
    """The web page alone."""
    with exclusive(installation):
        configure(installation.settings.file.log)
        await _until(stop_asked(), _open_page(installation))


async def serve(runtime: Runtime, engine: Engine, stop: asyncio.Event, *, with_web: bool) -> None:
    """Let the engine ring until a signal comes, then stop cleanly within five seconds."""
    # Before the engine begins: with the port taken there is nothing to run.
    page = _open_page(runtime.installation) if with_web else None
    await engine.start()
    showing = asyncio.get_running_loop().create_task(progress.show(runtime))
    try:
        await _until(stop, page)
    finally:
        showing.cancel()
        log.info("stopping", text="finishing what is under way; nothing gets lost")
        await engine.stop()
        log.info("stopped", text="good-bye")


async def one_round(runtime: Runtime) -> Summary:
    """Everything that is due now, once."""
    store, now = runtime.installation.store, runtime.now()
    before = await store.read_async(_counts)
    found = await store.read_async(
        lambda session: work.due(session, now, lambda _: work.MOST_BATCH, runtime.limits)
    )
    looks = [work.look(runtime, account_id, ids) for account_id, ids in found.profiles.items()]
    looks += [work.inbox(runtime, account_id) for account_id in found.inboxes]
    recorded = [one for batch in await asyncio.gather(*looks) for one in batch]
    await work.timers(runtime)
    await work.keep(runtime)
    await work.resume(runtime)
    await work.notify(runtime)
    due = await store.read_async(lambda session: outbox.due(session, runtime.now(), runtime.limits))
    delivered = [await work.send(runtime, message_id) for message_id in due]
    after = await store.read_async(_counts)
    errors = [one for one in recorded if one.error is not None]
    return Summary(
        polled=len(recorded),
        new=after[0] - before[0],
        moves=after[1] - before[1],
        drafts=after[2] - before[2],
        sent=len([one for one in delivered if one is not None and one.state == "sent"]),
        errors=len(errors),
    )


async def look_now(
    installation: Installation, chosen: Callable[[Session], tuple[list[int], list[int]]]
) -> list[dict[str, Any]]:
    """Look at these profiles and inboxes at once: `(profile ids, account ids)`."""
    configure(installation.settings.file.log)
    runtime = Runtime(installation)
    store = installation.store

    async def look(profiles: Sequence[int], inboxes: Sequence[int]) -> list[Recorded]:
        now = runtime.now()
        await store.write_async(lambda session: _ring(session, profiles, inboxes, now))
        looks = [work.inbox(runtime, account_id) for account_id in inboxes]
        looks += [poll.poll_profiles(runtime, profiles)]
        return [one for batch in await asyncio.gather(*looks) for one in batch]

    try:
        profiles, inboxes = await store.read_async(chosen)
        recorded = await look([], inboxes)
        for at in range(0, len(profiles), TOGETHER):
            recorded += await look(profiles[at : at + TOGETHER], [])
    finally:
        await runtime.aclose()
    return [_look_row(one) for one in recorded]


def _ring(session: Session, profiles: Sequence[int], inboxes: Sequence[int], now: datetime) -> None:
    """Let these be due now; a person who asks has seen to the access."""
    session.exec(update(Profile).where(col(Profile.id).in_(profiles)).values(next_poll_at=now))
    session.exec(
        update(Account).where(col(Account.id).in_(inboxes)).values(next_poll_at=now, paused_why=None)
    )


@contextmanager
def exclusive(installation: Installation) -> Iterator[None]:
    """On SQLite, one process at a time: a lock on a file, which the system lets go with us."""
    if not installation.store.sqlite:
        yield
        return
    with locked(installation.workspace.lock):
        yield


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file. Raises `ProcessError` while somebody else does."""
    with ExitStack() as held:
        try:
            file = held.enter_context(path.open("a"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ProcessError(
                f"Another prospector is at work in {path.parent}. Stop it first, or use it: every other "
                "command works beside it."
            ) from None
        except OSError as error:
            raise ProcessError(f"{path} cannot be locked: {error.strerror}.") from None
        yield


def _begin(runtime: Runtime, *, forgive: bool) -> None:
    """Settle what a dead process left, take new rules over, and let a person's new access count."""
    installation, now = runtime.installation, runtime.now()
    store = installation.store
    # On SQLite we are alone: whatever is `sending` belongs to a process that is dead.
    patience = timedelta() if store.sqlite else installation.settings.file.outreach.stuck_after
    unsaid, unknown = store.write(
        lambda session: deliver.recover(session, runtime.consequences, now - patience, now)
    )
    if unsaid or unknown:
        log.warning("recovered", text=f"{unsaid} messages go out again, {unknown} are in doubt")
    if forgive:
        store.write(_forgive)
    accounts = list(installation.account_ids.values())
    given = store.write(lambda session: assign(session, installation.looking, accounts, now))
    if given:
        log.info("assigned", text=f"{given} profiles that no account looked at have one now")
    _adopt_rules(runtime)
    with store.reading() as session:
        people = session.exec(select(func.count()).select_from(Prospect)).one()
    names = ", ".join(installation.account_ids) or "none yet"
    log.info("started", text=f"{people} prospects, accounts: {names}")


def _forgive(session: Session) -> None:
    """Starting `run` is a person's way to say that the access was renewed. A round begun by a clock
    or one worker of many must not try a wrong password again and again: there it is `poll`."""
    session.exec(
        update(Account).where(col(Account.paused_until).is_(None)).values(paused_why=None, failures=0)
    )


def _adopt_rules(runtime: Runtime) -> None:
    """rules.toml becomes live when there are no live rules; else the two are compared and it is said."""
    path = runtime.installation.workspace.rules
    with runtime.installation.store.reading() as session:
        current = session.exec(select(Ruleset).where(Ruleset.state == "live")).first()
    if not path.is_file():
        return
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ProcessError(f"{path} is not UTF-8; save it as UTF-8 and try again.") from None
    if current is not None and current.source != text:
        log.warning("rules", text=f"{path.name} differs from the live rules, which stay in force")
    if current is None:
        format.parse(text, CHANNELS | runtime.installation.served)
        now = runtime.now()
        runtime.installation.store.write(
            lambda session: live.go_live(session, text, "from rules.toml", None, now)
        )


@dataclass(frozen=True)
class Page:
    """The web page's server, and the port that it has already."""

    server: uvicorn.Server
    port: socket.socket


def _open_page(installation: Installation) -> Page:
    """Raises `ProcessError` where the port is taken or the host is not ours."""
    from prospector.web import create_app

    page = installation.settings.file.web
    family = socket.AF_INET6 if ":" in page.host else socket.AF_INET
    try:
        port = socket.create_server((page.host, page.port), family=family, backlog=2048)
    except OSError as error:
        why = str(error.strerror).partition(" (")[0]  # it goes on with the address, which we name
        raise ProcessError(
            f"{page.host}:{page.port} cannot be opened ({why}). Set another host or port under [web] in "
            "config.toml; port 0 is any that is free."
        ) from None
    _say_how_to_begin(installation, port.getsockname()[1])
    app = create_app(installation, dev=installation.workspace.sandbox)
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    return Page(uvicorn.Server(config), port)


def _say_how_to_begin(installation: Installation, port: int) -> None:
    """While there is no user, who reads this log makes the first."""
    token = installation.store.write(lambda session: sessions.setup_token(session, utc_now()))
    if token is not None:
        home = sessions.home(installation.settings.file.web, port)
        log.info("setup", text=f"make the first user at {sessions.setup_link(home, token)} (works for a day)")


def stop_asked() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set, from now on."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _until(stop: asyncio.Event, page: Page | None) -> None:
    """Wait for the event, with the web page open meanwhile."""
    loop = asyncio.get_running_loop()
    serving = loop.create_task(_serve(page)) if page is not None else None
    waiting = loop.create_task(stop.wait())
    await asyncio.wait([task for task in (waiting, serving) if task], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if page is None or serving is None:
        return
    page.server.should_exit = True
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(serving, timeout=1.5)


async def _serve(page: Page) -> None:
    """Serve pages, leaving signals to us."""
    host, port = page.port.getsockname()[:2]
    log.info("web", text=f"http://{f'[{host}]' if ':' in host else host}:{port}/")
    with page.port, suppress(asyncio.CancelledError):
        await page.server._serve([page.port])


def _counts(session: Session) -> tuple[int, int, int]:
    engagements = session.exec(select(func.count()).select_from(Engagement)).one()
    moves = session.exec(select(func.count()).select_from(Move)).one()
    drafts = session.exec(select(func.count()).select_from(Message)).one()
    return engagements, moves, drafts


def _look_row(recorded: Recorded) -> dict[str, Any]:
    return {
        "profile": recorded.profile_id,
        "who": recorded.label,
        "outcome": recorded.outcome,
        "new": recorded.found,
        "error": recorded.error,
    }
