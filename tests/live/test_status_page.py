"""The status page in a real browser, while `prospector run` looks at a real network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from tests.live.bluesky_person import BlueskyPerson
from tests.live.processes import answers, free_ports, running
from tests.live.workspace import make

from prospector.installation import open_installation, utc_now
from prospector.team import sessions, users
from prospector.web.cookies import SESSION

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

NAME = "Alice <img src=x onerror=document.title='taken'>"
POST = "<script>document.title = 'taken'</script><b>A busy day</b>"


@pytest.fixture
def address(tmp_path, bluesky_network, mail_servers) -> Iterator[tuple[str, str]]:
    """Where the page of a running prospector is, with one prospect who posts markup, and the token of
    somebody who is signed in there."""
    alice = BlueskyPerson(bluesky_network, "alice")
    port = free_ports(1)[0]
    us = BlueskyPerson(bluesky_network, "us")
    workspace = make(tmp_path / "workspace", us, mail_servers, port)
    workspace.run("add", f"https://bsky.app/profile/{alice.handle}", "--name", NAME)
    alice.post(POST)
    token = signed_in(tmp_path / "workspace")
    with running(
        workspace.command("run"),
        log=tmp_path / "run.log",
        ready=lambda: answers(port),
        environment=workspace.environment,
    ):
        yield f"http://127.0.0.1:{port}", token


def signed_in(folder) -> str:
    """The token of a session of a new admin."""
    opened = open_installation(folder)

    def work(session) -> str:
        admin = users.add(session, users.checked("ana@us.example", "Ana Sommer", "admin"), utc_now(), None)
        return sessions.begin(session, "session", admin.id, utc_now())

    try:
        return opened.store.write(work)
    finally:
        opened.close()


@pytest.fixture
def page(chromium, address) -> Iterator[Page]:
    context = chromium.new_context()
    context.add_cookies([{"name": SESSION, "value": address[1], "url": address[0]}])
    yield context.new_page()
    context.close()


def test_what_a_person_wrote_is_shown_as_text(address, page):
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(f"{message.location['url']}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(f"{address[0]}/status")
    # The page asks every ten seconds for what changed: what is seen meanwhile appears without a hand.
    quotation = page.locator("q", has_text="A busy day")
    quotation.wait_for(timeout=60_000)

    assert quotation.text_content() == POST
    assert page.get_by_text(NAME).count() > 0
    assert page.title() == "Status · prospector"
    assert page.locator("main script, main img, main q b").count() == 0
    assert {url for url in asked if not url.startswith(address[0])} == set()
    assert complaints == []
