"""Real servers for the live tests, started once a session, and the naming of what cannot run."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.live import availability
from tests.live.bluesky_network import BlueskyNetwork
from tests.live.bluesky_network import bluesky_network as start_bluesky
from tests.live.mail_servers import MailServers
from tests.live.mail_servers import mail_servers as start_mail

LEFT_OUT = pytest.StashKey[list[str]]()
CHROMIUM = "/usr/bin/chromium"
# Root needs `--no-sandbox`; the rest keeps the browser from talking to its makers.
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
MUST_FAIL = pytest.StashKey[str]()


# Last, when `-m` has done its work: what nobody asked for need not be named.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, by name, the tests whose servers may not be installed here."""
    available = availability.read()
    in_ci = os.environ.get("CI", "").lower() in ("1", "true")
    left_out: dict[pytest.Item, str] = {}
    for item in items:
        found = availability.obstacle(getattr(item, "fixturenames", ()), available, in_ci)
        if found and found[0] == "left out":
            left_out[item] = found[1]
        elif found:
            item.stash[MUST_FAIL] = found[1]
    config.stash[LEFT_OUT] = [f"{item.nodeid} ({why})" for item, why in left_out.items()]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=list(left_out))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """In CI a server that should be here and is not is a failure."""
    if why := item.stash.get(MUST_FAIL, None):
        pytest.fail(f"not installed: {why}", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which tests did not run, and why: a missing server never passes for a success."""
    for line in config.stash.get(LEFT_OUT, []):
        terminalreporter.write_line(f"did not run: {line}", yellow=True)


@contextlib.contextmanager
def _open_folder(prefix: str) -> Iterator[Path]:
    """A new folder that the servers' own users may enter, which pytest's `tmp_path` is not."""
    folder = Path(tempfile.mkdtemp(prefix=f"prospector-{prefix}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def bluesky_network() -> Iterator[BlueskyNetwork]:
    """A Bluesky network without anybody in it; see bluesky_person.py."""
    with _open_folder("bluesky") as folder, start_bluesky(folder) as network:
        yield network


@pytest.fixture(scope="session")
def mail_servers() -> Iterator[MailServers]:
    """Dovecot and Postfix; see mail_person.py."""
    with _open_folder("mail") as folder, start_mail(folder) as servers:
        yield servers


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window.

    Playwright's loop occupies the thread while it runs: no `asyncio.run` in the same module.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()
