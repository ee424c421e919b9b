"""A small town on loopback: Bluesky and mail servers with people, and a workspace made for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn

from prospector.installation import Installation, open_installation
from prospector.prospects import people
from prospector.prospects.people import NewProspect
from prospector.prospects.urls import canonical
from prospector.rules import live
from prospector.sandbox import bluesky
from prospector.sandbox.bluesky_world import BlueskyWorld
from prospector.sandbox.mail import MailServers, MailWorld

OURS, PASSWORD = "us.example", "app-password"
RULES = Path(__file__).parents[1] / "src" / "prospector" / "rules" / "default.toml"
CONFIG = """
database = "{database}"
[sender]
name = "Ana Sommer"
email = "us@us.example"
company = "Sommer"
[polling]
least = "1s"
inbox_every = "1s"
grace = "0s"
[outreach]
hold = "0s"
gap = "0s"
ramp_weeks = 0
[outreach.window]
always = true
[accounts.bluesky]
handle = "us.example"
password = "env:TOWN_BLUESKY"
service = "http://127.0.0.1:{bluesky}"
private = true
every = "0s"
[accounts.mail]
address = "us@us.example"
user = "us@us.example"
password = "env:TOWN_MAIL"
imap_host = "127.0.0.1"
imap_port = {imap}
imap_tls = "none"
smtp_host = "127.0.0.1"
smtp_port = {smtp}
smtp_tls = "none"
private = true
"""


@dataclass
class Town:
    """The servers, their worlds, and our installation."""

    folder: Path
    bluesky: BlueskyWorld
    mail: MailWorld
    servers: MailServers
    port: int
    database: str
    us: str
    installations: list[Installation] = field(default_factory=list)

    def config(self, extra: str = "") -> str:
        ports: dict[str, Any] = {
            "bluesky": self.port,
            "imap": self.servers.imap_port,
            "smtp": self.servers.smtp_port,
        }
        return CONFIG.format(database=self.database, **ports) + extra

    def open(self) -> Installation:
        """Our installation, with the default rules live since an hour."""
        (self.folder / "config.toml").write_text(self.config(), encoding="utf-8")
        (self.folder / "rules.toml").write_text(RULES.read_text(encoding="utf-8"), encoding="utf-8")
        opened = open_installation(self.folder, migrate=True)
        since = datetime.now(UTC) - timedelta(hours=1)
        text = RULES.read_text(encoding="utf-8")
        opened.store.write(lambda session: live.go_live(session, text, "town", None, since))
        self.installations.append(opened)
        return opened

    def person(self, installation: Installation, name: str, **more: Any) -> tuple[int, str]:
        """A prospect with a Bluesky account and an address: their id and DID."""
        handle = f"{name.lower()}.example"
        did = self.bluesky.account(handle, name=f"{name} Weber")
        ref = canonical(f"https://bsky.app/profile/{handle}")
        assert ref is not None
        new = NewProspect(f"{name} Weber", [ref], email=f"{name.lower()}@{handle}", company="Weber", **more)
        now = datetime.now(UTC)
        serving = {"bluesky": installation.account_ids["bluesky"]}
        prospect_id = installation.store.write(
            lambda session: (
                people.add(session, new, "cold", serving, now, tracked_from=now - timedelta(minutes=30)).id
            )
        )
        return prospect_id, did


@contextmanager
def town(folder: Path, database: str, environment: Callable[[str, str], None]) -> Iterator[Town]:
    """Servers on free ports for as long as the `with` lasts."""
    world, mail = BlueskyWorld(), MailWorld()
    us = world.account(OURS, PASSWORD)
    mail.open("us@us.example", "secret")
    environment("TOWN_BLUESKY", PASSWORD)
    environment("TOWN_MAIL", "secret")
    with serving(bluesky.application(world)) as port, MailServers(mail) as servers:
        made = Town(folder, world, mail, servers, port, database, us)
        try:
            yield made
        finally:
            for installation in made.installations:
                installation.close()


@contextmanager
def serving(app: Any) -> Iterator[int]:
    """An ASGI app on a free loopback port, in a thread."""
    config = uvicorn.Config(app, port=0, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Poll until something is true, with a deadline; gives it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "this never became true"
        threading.Event().wait(0.02)
    return found
