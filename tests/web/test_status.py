"""The status page and what monitors ask: what others wrote is text, nothing comes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.office import START
from tests.signed import HOME, application
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed

from prospector import __version__
from prospector.models import Account, Message, Prospect
from prospector.web.status import readable


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def test_every_answer_forbids_scripts_of_others_frames_and_guessing(desk: Desk) -> None:
    for path in ("/status", "/outbox", "/replies", "/sources", "/live", "/healthz", "/nothing-here"):
        headers = desk.ana.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy or "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] in ("no-referrer", "same-origin")


def test_what_others_wrote_is_text(desk: Desk) -> None:
    person = desk.place.person("anna")
    desk.place.change(Prospect, person, name=HOSTILE)
    desk.place.change(Account, desk.place.one(Account, name="bluesky").id, paused_why=HOSTILE)
    seen = desk.place.seen("post", person, text=HOSTILE, actor_name=HOSTILE, actor_url="javascript:1")
    desk.place.follow(seen)
    page = desk.ana.get("/status").text
    unharmed(page)
    assert "javascript:1" not in page


def test_nothing_is_loaded_from_another_host(desk: Desk) -> None:
    for path in ("/status", "/outbox", "/replies", "/sources"):
        page = desk.ana.get(path).text
        loaded = re.findall(r'<(?:script|link|img|use)[^>]*(?:src|href)="([^"]*)"', page)
        assert loaded
        assert all(one.startswith("/static/") for one in loaded)
        assert 'style="' not in page


def test_there_is_one_row_one_state_and_one_time_each(desk: Desk) -> None:
    place = desk.place
    for one in place.rows(Account):
        place.change(Account, one.id, polled_at=START)
    place.change(Message, place.approved(place.person("anna")), state="unknown", claimed_at=START)
    page = desk.ana.get("/status").text
    rows = re.findall(r'<li class="stat">.*?</li>', page, re.S)
    by_name = {re.search(r'class="name[^"]*"[^>]*>([^<]*)<', row)[1]: row for row in rows}  # type: ignore[index]
    assert {"Worker", "bluesky", "mail", "In doubt", "Database", "rules.toml"} <= set(by_name)
    assert all(row.count('class="dot ') <= 1 and row.count("<time") <= 1 for row in rows)
    assert "working" in by_name["Worker"]
    assert 'class="dot warn"' in by_name["In doubt"]
    assert "SQLite" in by_name["Database"]


def test_a_stopped_worker_is_said_with_the_time(desk: Desk) -> None:
    for one in desk.place.rows(Account):
        desk.place.change(Account, one.id, next_poll_at=START.replace(hour=8, minute=2))
    page = desk.ana.get("/status").text
    assert "not started: what is due is left undone. Start it: prospector run" in page


def test_a_rep_sees_nothing_of_others_people(desk: Desk) -> None:
    person = desk.place.person("anna")
    desk.place.follow(desk.place.seen("post", person, text="a secret plan"))
    assert "a secret plan" in desk.ana.get("/status").text
    assert "a secret plan" not in desk.rep.get("/status").text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8787"])
def test_another_name_for_this_machine_is_refused(desk: Desk, host: str) -> None:
    assert desk.ana.get("/status", headers={"host": host}).status_code in (400, 403)
    assert desk.ana.get("/healthz", headers={"host": host}).status_code in (400, 403)


def test_this_machines_own_names_are_served(desk: Desk) -> None:
    for host in ("localhost:8787", "127.0.0.1:8787", "[::1]:8787"):
        assert desk.ana.get("/healthz", headers={"host": host}).status_code == 200


def test_health_answers_without_a_sign_in_and_says_little(desk: Desk) -> None:
    desk.place.follow(desk.place.seen("post", desk.place.person("anna"), text="a secret plan"))
    nobody = TestClient(application(desk.place.installation), base_url=HOME)
    assert nobody.get("/healthz").json() == {"ok": True, "version": __version__, "last_look": None}
    assert nobody.get("/status", follow_redirects=False).status_code in (303, 401)


def test_health_says_when_the_database_does_not_answer(desk: Desk, tmp_path: Path) -> None:
    nobody = TestClient(application(desk.place.installation), base_url=HOME)
    desk.place.store.engine.dispose()
    for file in tmp_path.glob("office.db*"):
        file.write_bytes(b"not a database " * 500)
    answer = nobody.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["ok"] is False


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (4_726_784, "4.7 MB"), (10**18, "1000000.0 TB")],
)
def test_sizes_are_readable(size: int, said: str) -> None:
    assert readable(size) == said
