"""The sandbox as a whole: servers on loopback, a workspace made against them, and the product beside.

    sockets ─ town (worlds and their past) ─ workspace ─ `prospector run` as a child process
                    └ servers, people who live on             ▲ `prospector queue`, `approve`, …
                                                              └ the scripted user

The product is run unchanged, as a process of its own, and does not know that this is a sandbox.
"""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette

from prospector.installation import open_installation
from prospector.sandbox import bluesky, feeds, life, mastodon, staff, town, workspace
from prospector.sandbox.mail import MailServers
from prospector.sandbox.rep import CommandError, Rep, Say
from prospector.sandbox.servers import HOST, Sockets, WebServers
from prospector.sandbox.town import Town
from prospector.sandbox.workspace import Addresses, Make, Mark, SandboxError

SEED = 7
WEB = ("bluesky", "mastodon", "feeds")
PATIENCE = 4.0
"""Seconds that the product gets to stop; it promises to need less."""


async def run(folder: Path, *, port: int, keep: bool, rules: str, make: Make, say: Say) -> int:
    """Open the sandbox and keep it open until a signal comes, or the product ends; the exit status.

    Raises `SandboxError`.
    """
    mark = workspace.read_mark(folder) if keep else None
    with ExitStack() as opened:
        sockets = _bind(mark.ports if mark else {})
        now = mark.opened_at if mark else datetime.now(UTC)
        people = town.found(now, SEED, sockets.address("feeds"))
        mail = opened.enter_context(MailServers(people.mail))
        addresses = _addresses(sockets, mail, port)
        if mark is None:
            made = Mark(now, sockets.ports())
            count = workspace.make_anew(folder, people, addresses, made, rules, make)
            say(f"made the workspace {folder}: {len(people.population)} prospects, {count} engagements")
        else:
            workspace.go_on(folder, people, addresses)
            say(f"the workspace of the last time goes on: {folder}")
        # What they did the last time is done: with the same dice they would say it all again.
        alive = life.Life(people, SEED if mark is None else time.time_ns())
        opened.enter_context(WebServers(sockets, _applications(people), alive.run))
        say(f"servers are up: {_listed(sockets, mail)}")
        user = _user(folder, people, addresses.page, say, scripted=mark is None)
        return await _beside(_command(folder), user)


async def _beside(command: Sequence[str], scripted: Coroutine[None, None, None]) -> int:
    """The product and the scripted user, until a signal comes or the product ends."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    product = await asyncio.create_subprocess_exec(*command, "run", stdin=asyncio.subprocess.DEVNULL)
    user = loop.create_task(scripted)
    stopping, ended = loop.create_task(stop.wait()), loop.create_task(product.wait())
    try:
        await asyncio.wait({stopping, ended}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        user.cancel()
        stopping.cancel()
        await _end(product)
        await asyncio.gather(user, stopping, ended, return_exceptions=True)
    if not stop.is_set():
        raise SandboxError(f"`prospector run` ended with {product.returncode}; its log above says why.")
    return 0


async def _user(folder: Path, people: Town, page: int, say: Say, *, scripted: bool) -> None:
    """What the scripted user does, where there is one, and then the word to the real one."""
    started, silent = time.monotonic(), (people.away, people.unreachable)
    say(f"the queue, signed in (this link works once): {_link(folder, page)}")
    expected = frozenset(one.name for one in people.nudged if one not in silent)
    if scripted:
        try:
            await Rep(_command(folder), expected, say).morning()
        except CommandError as error:
            say(f"the scripted user gave up: {error}")
            return
        seconds = round(time.monotonic() - started)
        say(f"that was the whole way, {seconds} seconds after the servers were up; everything goes on")
    say("on the command line, try:")
    for line in hints(sys.argv[0], folder):
        say(f"    {line}")
    say(f"in the browser: {_link(folder, page)} · stop with Ctrl-C")


def _link(folder: Path, page: int) -> str:
    opened = open_installation(folder)
    try:
        return staff.link(opened, page)
    finally:
        opened.close()


def hints(program: str, folder: Path) -> list[str]:
    """What to try by hand, ready to be pasted, for who started `program` like this."""
    begin = program if Path(program).name == "prospector" else f"{sys.executable} -m prospector"
    tries = ("queue", "drafts", "moves", "accounts", f"users link {staff.ADDRESS}")
    return [f"{begin} --workspace {shlex.quote(str(folder))} {each}" for each in tries]


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to stop, and do not ask for ever."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), PATIENCE)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _command(folder: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "prospector", "--workspace", str(folder))


def _bind(wanted: Mapping[str, int]) -> Sockets:
    try:
        return Sockets(WEB, wanted)
    except OSError as error:
        raise SandboxError(
            f"A port of the last time cannot be had ({error.strerror}). Start without --keep."
        ) from None


def _addresses(sockets: Sockets, mail: MailServers, page: int) -> Addresses:
    return Addresses(
        bluesky=sockets.address("bluesky"),
        mastodon=sockets.address("mastodon"),
        smtp=mail.smtp_port,
        imap=mail.imap_port,
        page=page,
    )


def _applications(people: Town) -> dict[str, Starlette]:
    return {
        "bluesky": bluesky.application(people.bluesky),
        "mastodon": mastodon.application(people.mastodon),
        "feeds": feeds.application(people.feeds),
    }


def _listed(sockets: Sockets, mail: MailServers) -> str:
    web = [f"{name} {sockets.address(name)}" for name in WEB]
    return ", ".join([*web, f"SMTP {HOST}:{mail.smtp_port}", f"IMAP {HOST}:{mail.imap_port}"])
