"""E8, E9: one click unsubscribes, from anywhere, without a cookie; a GET does nothing (RFC 8058)."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import time_machine
import uvicorn
from starlette.testclient import TestClient
from tests.office import START, Office, office, sqlite_store
from tests.signed import application

from prospector.config import Web
from prospector.models import Engagement, Message, Suppression
from prospector.outreach import deliver
from prospector.web.refusals import Asked, Served, refusal
from prospector.web.unsubscribe import language_of

PUBLIC = "https://mail.us.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
GMAIL = {"User-Agent": "Google-Unsubscribe", "Origin": "null", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    with time_machine.travel(START, tick=False):
        yield reachable(office(store, tmp_path))
    store.close()


def reachable(inside: Office) -> Office:
    """The same office, with an address that everybody can reach."""
    given = inside.installation.settings
    outreach = given.file.outreach.model_copy(update={"public_url": PUBLIC})
    settings = replace(given, file=given.file.model_copy(update={"outreach": outreach}))
    return Office(replace(inside.installation, settings=settings), inside.bluesky, inside.mail)


def provider(place: Office, host: str = "mail.us.example") -> TestClient:
    """A mail provider's server: it has no cookie, follows nothing, and comes from elsewhere."""
    app = application(place.installation)
    return TestClient(app, base_url=f"https://{host}", headers=GMAIL, follow_redirects=False)


def sent(place: Office, name: str = "anna") -> Message:
    message_id = place.approved(place.person(name))
    place.later(minutes=3)
    done = place.run(lambda: deliver.deliver(place.runtime, message_id))
    assert done is not None
    assert done.state == "sent"
    return place.message(message_id)


def test_a_scanner_that_follows_the_link_does_nothing(place: Office) -> None:
    message = sent(place)
    client = provider(place)
    for _ in range(2):
        page = client.get(f"/u/{message.token}")
        assert (page.status_code, page.text.count("<button")) == (200, 1)
        assert "no-store" in page.headers["cache-control"]
        assert "noindex" in page.headers["x-robots-tag"]
    assert place.rows(Suppression) == []


@pytest.mark.parametrize("how", ["form", "multipart", "empty"])
def test_one_click_stops_everything_and_twice_is_as_once(place: Office, how: str) -> None:
    message = sent(place)
    waiting = place.approved(message.prospect_id, "hand:2")
    bodies = {"form": {"data": ONE_CLICK}, "multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}}}
    client = provider(place)
    for _ in range(2):
        answer = client.post(f"/u/{message.token}", **bodies.get(how, {}))
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
        assert "You are unsubscribed" in answer.text
    keys = {row.key for row in place.rows(Suppression)}
    assert keys == {f"person:{message.prospect_id}", "email:anna@anna.example"}
    assert place.message(waiting).state == "discarded"
    (theirs,) = place.rows(Engagement, kind="unsubscribe")
    assert (theirs.prospect_id, theirs.by, theirs.channel) == (message.prospect_id, "them", "email")


def test_whatever_the_token_the_answer_is_the_same(place: Office) -> None:
    message = sent(place)
    client = provider(place)
    unknown = "x" * len(message.token or "")
    for path in (unknown, "nobody", "a" * 300):
        for method in ("GET", "POST"):
            mine = client.request(method, f"/u/{message.token}")
            theirs = client.request(method, f"/u/{path}")
            assert (theirs.status_code, theirs.text) == (mine.status_code, mine.text)
    assert len(place.rows(Engagement, kind="unsubscribe")) == 1


def test_under_the_public_name_there_is_nothing_else(place: Office) -> None:
    public = provider(place)
    for path in ("/", "/login", "/setup", "/queue", "/api/prospects", "/healthz", "/u", "/us/x"):
        answer = public.get(path)
        assert (answer.status_code, "nothing here" in answer.text) == (404, True), path
    assert public.post("/login", data={"email": "a@b.example"}).status_code == 404
    inside = provider(place, "127.0.0.1:8787")
    assert inside.get("/login").headers["location"] == "/setup"
    assert inside.get("/u/whatever").status_code == 200


def test_the_public_name_is_no_way_in_whatever_the_server_listens_on() -> None:
    asked = {"host": "mail.us.example", "origin": "https://mail.us.example", "content-type": "-"}
    for page in (Web(), Web(host="0.0.0.0"), Web(url="https://app.us.example")):
        served = Served.of(page, PUBLIC)
        assert refusal(Asked("POST", "https", "/u/x", "", asked), served) is None
        refused = refusal(Asked("GET", "https", "/queue", "", asked), served)
        assert refused is not None
        assert refused.status == 404
    both = Served.of(Web(url=PUBLIC), PUBLIC)
    assert refusal(Asked("GET", "https", "/queue", "", asked), both) is None
    other = {**asked, "host": "evil.example"}
    refused = refusal(Asked("POST", "https", "/u/x", "", other), Served.of(Web(), PUBLIC))
    assert refused is not None


@pytest.mark.parametrize(
    ("said", "language"),
    [("de-DE,de;q=0.9,en;q=0.8", "de"), ("pl,fr;q=0.5", "fr"), ("", "en"), ("x" * 5000, "en"), ("*", "en")],
)
def test_the_page_speaks_their_language(said: str, language: str) -> None:
    assert language_of(said) == language


@contextmanager
def served(place: Office) -> Iterator[int]:
    """The application on a port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))  # it listens at once, so nobody need wait for it
    app = application(place.installation)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def test_a_provider_posts_over_http_what_the_headers_say(
    place: Office, capfd: pytest.CaptureFixture[str]
) -> None:
    """The mail's own header is read as Gmail reads it, and posted to over a real connection, behind a
    proxy that gives the name on. No token stands in what the server writes."""
    message = sent(place)
    header = str(place.mail.done[-1].attributes["list_unsubscribe"])
    link = header.split(",", maxsplit=1)[0].strip("<>")
    assert link == f"{PUBLIC}/u/{message.token}"
    with served(place) as port:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        head = {"Host": "mail.us.example", "Content-Type": "application/x-www-form-urlencoded"}
        line.request("POST", link.removeprefix(PUBLIC), "List-Unsubscribe=One-Click", head)
        answer = line.getresponse()
        assert (answer.status, answer.getheader("location"), answer.getheader("set-cookie")) == (
            200,
            None,
            None,
        )
        line.close()
    assert place.one(Engagement, kind="unsubscribe").prospect_id == message.prospect_id
    assert (message.token or "-") not in "".join(capfd.readouterr())
