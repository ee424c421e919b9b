"""A real Bluesky network on loopback: PLC, PDS, sync service and AppView, with their databases."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.live.processes import answers, free_ports, running

HERE = Path(__file__).parent / "atproto"
POSTGRES_VERSIONS = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class BlueskyNetwork:
    """The addresses of a network; handles on it end in `.test`."""

    pds: str
    appview: str
    plc: str


def _postgres_program(name: str) -> Path:
    """The newest PostgreSQL's program: Debian keeps them out of the PATH."""
    versions = sorted(POSTGRES_VERSIONS.glob("*/bin"), key=lambda folder: float(folder.parent.name))
    return versions[-1] / name


def _postgres_user() -> str | None:
    # PostgreSQL refuses to run as root.
    return "postgres" if os.geteuid() == 0 else None


def _init_database(data: Path) -> None:
    data.mkdir()
    user = _postgres_user()
    if user:
        shutil.chown(data, user)
    subprocess.run(
        [_postgres_program("initdb"), "-D", data, "-U", "live", "--auth=trust", "--no-sync"],
        check=True,
        capture_output=True,
        user=user,
        extra_groups=[] if user else None,
        cwd="/",
    )


@contextlib.contextmanager
def postgres(folder: Path, port: int) -> Iterator[str]:
    """A private PostgreSQL that forgets on power loss; yields the URL of its database."""
    data = folder / "postgres"
    _init_database(data)
    careless = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]
    settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", *careless]
    command: list[str | Path] = [_postgres_program("postgres"), "-D", data, "-p", str(port)]
    for setting in settings:
        command += ["-c", setting]
    ready = _postgres_program("pg_isready")

    def accepts() -> bool:
        asked = subprocess.run([ready, "-q", "-h", "127.0.0.1", "-p", str(port)], check=False)
        return asked.returncode == 0

    # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
    with running(
        command, log=folder / "postgres.log", ready=accepts, stop=signal.SIGINT, user=_postgres_user()
    ):
        yield f"postgresql://live@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def redis(folder: Path, port: int) -> Iterator[str]:
    """A private Redis that keeps nothing; yields its address."""
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with running(command, log=folder / "redis.log", ready=lambda: answers(port)):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def bluesky_network(folder: Path) -> Iterator[BlueskyNetwork]:
    """Start everything in `folder`, which must be new and whose parents others may enter."""
    ports = free_ports(6)
    ready = folder / "network.json"
    with postgres(folder, ports[4]) as database, redis(folder, ports[5]) as cache:
        environment = {
            "NODE_ENV": "development",
            "LOG_ENABLED": "false",
            "TMPDIR": str(folder),
            "READY_FILE": str(ready),
            "DATABASE_URL": database,
            "REDIS_ADDRESS": cache,
            **dict(zip(["PLC_PORT", "PDS_PORT", "APPVIEW_PORT", "SYNC_PORT"], map(str, ports), strict=False)),
        }
        with running(
            ["node", "network.mjs"],
            log=folder / "network.log",
            ready=ready.exists,
            environment=environment,
            directory=HERE,
        ):
            yield BlueskyNetwork(**json.loads(ready.read_text()))
