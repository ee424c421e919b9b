"""The status page: what others wrote is text, nothing comes from elsewhere, nobody else may read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient
from tests.shell import ADA, Shell

from prospector.engagements import Entry, log
from prospector.installation import Installation, open_installation
from prospector.sdk import Seen
from prospector.web import create_app

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOSTILE = '<script src="//evil.example/x.js"></script><img src=x onerror=alert(1)>{{ 7 * 7 }}'


@pytest.fixture
def opened(shell: Shell) -> Iterator[Installation]:
    opened = open_installation(shell.folder)
    yield opened
    opened.close()


@pytest.fixture
def page(opened: Installation) -> Iterator[TestClient]:
    with TestClient(create_app(opened), base_url="http://127.0.0.1:8787") as client:
        yield client


def test_an_empty_workspace_says_what_to_do(page: TestClient) -> None:
    answer = page.get("/")
    assert answer.status_code == 200
    for said in (
        "Nobody yet.",
        "prospector add https://",
        "Nothing has been seen yet.",
        "Nobody has moved yet.",
    ):
        assert said in answer.text


def test_every_answer_forbids_scripts_frames_and_guessing(page: TestClient) -> None:
    for path in ("/", "/status.css", "/healthz", "/nothing-here"):
        headers = page.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_what_others_wrote_is_text(shell: Shell, opened: Installation, page: TestClient) -> None:
    assert shell("add", ADA, "--name", HOSTILE[:80]).code == 0
    seen = Seen("post", "did:x", "at://x", NOW, actor_name=HOSTILE, actor_url="javascript:1", text=HOSTILE)
    opened.store.write(lambda session: log(session, [Entry("bluesky", seen, NOW, None)]))
    text = page.get("/").text
    assert "&lt;script src=" in text
    assert "<script" not in text
    assert "<img" not in text
    assert "{{ 7 * 7 }}" in text


def test_nothing_is_loaded_from_another_host(page: TestClient) -> None:
    text = page.get("/").text
    assert re.findall(r'(?:src|href)="([^"]*)"', text) == ["/status.css"]
    assert "url(" not in page.get("/status.css").text


def test_figures_are_counted_from_the_tables(shell: Shell, page: TestClient) -> None:
    assert shell("add", ADA).code == 0
    text = page.get("/").text
    assert "<strong>1</strong> profiles watched" in text
    assert "<span>cold</span> <strong>1</strong>" in text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8787"])
def test_another_name_for_this_machine_is_refused(page: TestClient, host: str) -> None:
    assert page.get("/", headers={"host": host}).status_code == 403
    assert page.get("/healthz", headers={"host": host}).status_code == 403


def test_this_machines_own_names_are_served(page: TestClient) -> None:
    for host in ("localhost:8787", "127.0.0.1:8787", "[::1]:8787"):
        assert page.get("/healthz", headers={"host": host}).status_code == 200


def test_health_says_when_the_database_does_not_answer(shell: Shell, page: TestClient) -> None:
    assert page.get("/healthz").json() == {"ok": True, "version": "0.1.0", "last_look": None}
    for file in shell.folder.glob("prospector.db*"):
        file.write_bytes(b"not a database " * 500)
    answer = page.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["ok"] is False
