"""The status page in a real browser, while `prospector run` looks at a real network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from tests.live.bluesky_person import BlueskyPerson
from tests.live.processes import answers, free_ports, running
from tests.live.workspace import make

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

NAME = "Alice <img src=x onerror=document.title='taken'>"
POST = "<script>document.title = 'taken'</script><b>A busy day</b>"


@pytest.fixture
def address(tmp_path, bluesky_network, mail_servers) -> Iterator[str]:
    """Where the page of a running prospector is, with one prospect who posts markup."""
    alice = BlueskyPerson(bluesky_network, "alice")
    port = free_ports(1)[0]
    us = BlueskyPerson(bluesky_network, "us")
    workspace = make(tmp_path / "workspace", us, mail_servers, port)
    workspace.run("add", f"https://bsky.app/profile/{alice.handle}", "--name", NAME)
    alice.post(POST)
    with running(
        workspace.command("run"),
        log=tmp_path / "run.log",
        ready=lambda: answers(port),
        environment=workspace.environment,
    ):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
def page(chromium) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


def test_what_a_person_wrote_is_shown_as_text(address, page):
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(f"{message.location['url']}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(address)
    # The page reloads itself every ten seconds: what is seen meanwhile appears without a hand.
    quotation = page.locator("q", has_text="A busy day")
    quotation.wait_for(timeout=60_000)

    assert quotation.text_content() == POST
    assert page.get_by_text(NAME).count() > 0
    assert page.title() == "prospector: status"
    assert page.locator("script, img, main b").count() == 0
    assert {url for url in asked if not url.startswith(address)} == set()
    # Browsers ask for an icon unasked; there is none.
    assert [one for one in complaints if not one.startswith(f"{address}favicon.ico")] == []
