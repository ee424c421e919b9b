"""Chromium, and a signed-in user's view of the sandbox at a Tuesday morning."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.browser import measured, world
from tests.browser.serving import Slow, serving
from tests.browser.watching import Watch
from tests.live import availability
from tests.live.conftest import CHROMIUM, QUIET

from prospector.installation import Installation, open_installation
from prospector.web import create_app
from prospector.web.cookies import SESSION

WIDE, NARROW = (1400, 900), (390, 844)
HERE = Path(__file__).parent
MISSING = pytest.StashKey[str]()
LEFT_OUT = pytest.StashKey[str]()


@dataclass
class Site:
    """The running app, with what is behind it. `slow.seconds` delays each answer."""

    opened: Installation
    slow: Slow
    address: str
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    def view(
        self,
        size: tuple[int, int] = WIDE,
        scheme: Any = "light",
        user: str | None = world.REP,
        **options: Any,
    ) -> View:
        """A new browser session of this user, or of somebody who is not signed in."""
        width, height = size
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            base_url=self.address,
            locale="en-GB",
            timezone_id="UTC",
            **options,
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        if user is not None:
            token = world.sign_in(self.opened, user, datetime.now(UTC))
            context.add_cookies([{"name": SESSION, "value": token, "url": self.address}])
        watch = Watch(self.address).over(context)
        return View(self, context, watch)


@dataclass
class View:
    """One browser session."""

    site: Site
    context: BrowserContext
    watch: Watch

    def open(self, path: str) -> Page:
        page = self.context.new_page()
        page.goto(path)
        return page


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window, for all tests of this folder.

    Playwright's loop occupies the thread while it runs: no `asyncio.run` in the tests here.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace that every test gets a copy of."""
    folder = tmp_path_factory.mktemp("sandbox") / "workspace"
    with time_machine.travel(world.START, tick=True):
        world.make_world(folder)
    return folder


@pytest.fixture
def open_site(
    sandbox: Path, tmp_path: Path, chromium: Browser
) -> Iterator[Callable[[Callable[[Installation], None]], Site]]:
    """Opens the app over a copy of the workspace, after a test has changed it."""
    folder = tmp_path / "workspace"
    shutil.copytree(sandbox, folder)
    with time_machine.travel(world.START, tick=True):
        opened = open_installation(folder)
        opened.store.start_writer()
        slow = Slow(create_app(opened, dev=True))
        with serving(slow) as address:
            site = Site(opened, slow, address, chromium)

            def start(change: Callable[[Installation], None]) -> Site:
                change(opened)
                return site

            yield start
            for context in site.contexts:
                context.close()
        opened.close()


@pytest.fixture
def site(open_site: Callable[[Callable[[Installation], None]], Site]) -> Site:
    """The app as the sandbox leaves it."""
    return open_site(lambda opened: None)


# Last, when `-m` has done its work; those of tests/live have a hook of their own for theirs.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without Chromium, leave out what needs it and say so; in CI let it fail."""
    needing = [item for item in items if item.path.is_relative_to(HERE) and "chromium" in item.fixturenames]
    in_ci = os.environ.get("CI", "").lower() in ("1", "true")
    found = availability.obstacle(["chromium"], availability.read(), in_ci)
    if found is None or not needing:
        return
    if found[0] == "left out":
        config.stash[LEFT_OUT] = f"did not run: {len(needing)} browser tests ({found[1]})"
        items[:] = [item for item in items if item not in needing]
        config.hook.pytest_deselected(items=needing)
        return
    for item in needing:
        item.stash[MISSING] = found[1]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """In CI a browser that should be here and is not is a failure."""
    if why := item.stash.get(MISSING, None):
        pytest.fail(f"not installed: {why}", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of the criteria, each number beside the wanted one; and what did not run."""
    if said := config.stash.get(LEFT_OUT, None):
        terminalreporter.write_line(said, yellow=True)
    if measured.NOTED:
        terminalreporter.section("criteria of the interface: measured (wanted)")
        for line in measured.table():
            terminalreporter.write_line(line, red="MISSED" in line)
