"""One person's page and its API: what it shows adds up, its forms work without a script, and what
others wrote is text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import Session
from starlette.testclient import TestClient
from tests.office import Office, office, sqlite_store

from prospector.models import Engagement, Move, Poll, Profile, Prospect, Ruleset, Suppression, User
from prospector.team import sessions
from prospector.web import create_app
from prospector.web.cookies import SESSION

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7 * 7 }}\u202e"
ORIGIN = "http://127.0.0.1:8787"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
VOID |= {"rect", "use", "path", "circle"}


@pytest.fixture
def opened(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    made = office(store, tmp_path)
    made.now = datetime.now(UTC) - timedelta(hours=2)
    made.change(Ruleset, 1, live_from=made.now - timedelta(days=1))
    yield made
    store.close()


def client(opened: Office, role: str = "admin", email: str = "ana@us.example") -> TestClient:
    """A browser of somebody with this role, signed in."""
    now = datetime.now(UTC)

    def work(session: Session) -> str:
        user = User(email=email, name=f"Ana {role}", role=role, created_at=now)
        session.add(user)
        session.flush()
        return sessions.begin(session, "session", user.id, now)

    token = opened.write(work)
    browser = TestClient(
        create_app(opened.installation), base_url=ORIGIN, follow_redirects=False, headers={"Origin": ORIGIN}
    )
    browser.cookies.set(SESSION, token)
    return browser


@pytest.fixture
def browser(opened: Office) -> TestClient:
    return client(opened)


def busy(opened: Office, name: str = "anna", **more: Any) -> int:
    id_ = opened.person(name, **more)
    opened.follow(opened.seen("post", id_, text="We ship on Fridays"))
    opened.later(minutes=5)
    opened.follow(opened.seen("reply", id_, text="How do you measure that?"))
    return id_


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


class Tags(HTMLParser):
    """The tags of a page, and whether each is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []
        self.ids: list[str] = []
        self.filled = 0
        self.headings: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"]] if given.get("id") else []
        self.filled += "pri" in (given.get("class") or "").split()
        self.headings += [tag] if tag in ("h1", "h2", "h3") else []
        bad = [name for name in given if name.startswith(("on", "hx-on")) or name == "style"]
        self.problems += [f"<{tag} {name}>" for name in bad]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> closes <{self.open[-1] if self.open else ''}>")
        if self.open:
            self.open.pop()


def test_the_page_shows_where_somebody_stands(opened: Office, browser: TestClient) -> None:
    id_ = busy(opened, title="Head of Platform", timezone="Asia/Tokyo", value=1_800_000, currency="EUR")
    text = text_of(browser.get(f"/p/{id_}"))
    for said in (
        "Anna Weber",
        "Head of Platform at",
        "there now",
        "18,000 EUR",
        "from them",
        "How do you measure",
    ):
        assert said in text
    assert "Moved from cold to engaged by the rule answered" in text


def test_the_lines_shown_add_up_to_the_score_shown(opened: Office, browser: TestClient) -> None:
    page = browser.get(f"/p/{busy(opened)}").text
    shown = int(re.search(r"Why the score is (-?\d+)", page)[1])  # type: ignore[index]
    lines = re.findall(r'<span class="num r">([+−]?\d+)</span>', page)
    assert sum(int(line.replace("−", "-")) for line in lines) == shown


def test_the_filters_shown_add_up_and_lead_somewhere(opened: Office, browser: TestClient) -> None:
    id_ = busy(opened)
    page = browser.get(f"/p/{id_}").text
    everything, them, us, changes = (
        int(n) for n in re.findall(r'<span class="n">([\d,]+)</span>', page)[-4:]
    )
    assert everything == them + us + changes
    assert "We ship on Fridays" not in browser.get(f"/p/{id_}?show=us").text
    assert "We ship on Fridays" in browser.get(f"/p/{id_}?show=them").text


def test_the_timeline_goes_on_page_by_page(opened: Office, browser: TestClient) -> None:
    id_ = opened.person()
    entries = [opened.seen("post", id_, object=f"at://{n}", text=f"post number {n}.") for n in range(120)]
    opened.follow(*entries)
    path, seen = f"/p/{id_}?show=them", list[str]()
    while path:
        page = browser.get(path.partition("#")[0]).text
        seen += re.findall(r"post number (\d+)\.", page)
        found = re.search(r'href="([^"]+)">Show older entries', page)
        path = found[1].replace("&amp;", "&") if found else ""
    assert sorted(map(int, seen)) == list(range(120))


def test_each_stage_opens_its_proof_or_what_it_would_take(opened: Office, browser: TestClient) -> None:
    id_ = opened.person()
    assert "0 reply, needed 1" in text_of(browser.get(f"/p/{id_}?stage=engaged"))
    opened.later(minutes=1)
    opened.follow(opened.seen("reply", id_, text="yes"))
    text = text_of(browser.get(f"/p/{id_}?stage=engaged"))
    assert "Moved cold -&gt; engaged" in text
    assert "1 reply, needed 1" in text
    assert "a person can move them" in text_of(browser.get(f"/p/{id_}?stage=won"))
    assert browser.get(f"/p/{id_}?stage=<b>").status_code == 200


@pytest.mark.parametrize("path", ["", "?stage=engaged", "/edit", "/erase"])
def test_pages_are_well_formed_and_their_only_names_are_theirs(
    opened: Office, browser: TestClient, path: str
) -> None:
    tags = Tags(browser.get(f"/p/{busy(opened)}{path}").text)
    assert tags.problems == []
    assert tags.open == []
    assert len(tags.ids) == len(set(tags.ids))
    assert tags.filled == 1
    assert tags.headings.count("h1") == 1


def test_what_others_wrote_is_text(opened: Office, browser: TestClient) -> None:
    id_ = opened.person("mallory", title=HOSTILE, company=HOSTILE)
    opened.change(Prospect, id_, name=HOSTILE, tags=[HOSTILE], source=HOSTILE, legal_basis=HOSTILE)
    seen = opened.seen("reply", id_, text=HOSTILE, url="javascript:alert(1)", actor_name=HOSTILE)
    safe = opened.seen("post", id_, text=HOSTILE, url="https://elsewhere.example/?<b>", object="2")
    opened.follow(seen, safe)
    browser.post(f"/p/{id_}/note", data={"text": HOSTILE})
    for path in (f"/p/{id_}", f"/p/{id_}/edit", f"/p/{id_}/erase", "/c", "/c/1", f"/p/{id_}?stage=engaged"):
        answer = browser.get(path)
        assert answer.status_code == 200
        page = answer.text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "javascript:" not in page
        assert "\u202e" not in page.replace(HOSTILE, "") or path.endswith("/edit")
        assert Tags(page).problems == []


def test_a_note_a_call_and_a_meeting_are_logged(opened: Office, browser: TestClient) -> None:
    id_ = opened.person()
    for what in ("note", "call", "meeting"):
        answer = browser.post(f"/p/{id_}/note", data={"text": f"a {what}", "what": what})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/p/{id_}#timeline")
    logged = [(one.kind, one.attributes["what"], one.text) for one in opened.happened()]
    assert logged == [
        ("note", "note", "a note"),
        ("call", "call", "a call"),
        ("note", "meeting", "a meeting"),
    ]
    text = text_of(browser.get(f"/p/{id_}"))
    assert "Ana admin called" in text
    assert "Ana admin met them" in text


def test_an_empty_note_is_said_beside_its_field(opened: Office, browser: TestClient) -> None:
    answer = browser.post(f"/p/{opened.person()}/note", data={"text": "   "})
    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="e-text"' in answer.text
    assert "Write a few words first." in answer.text


def test_a_move_by_hand_and_its_undo(opened: Office, browser: TestClient) -> None:
    id_ = busy(opened)
    answer = browser.post(f"/p/{id_}/stage", data={"to": "won"})
    assert opened.one(Prospect, id=id_).stage == "won"
    move = opened.one(Move, after="won")
    assert answer.headers["location"] == f"/p/{id_}?moved={move.id}"
    assert "Moved from engaged to won." in text_of(browser.get(answer.headers["location"]))
    assert "Rules leave it alone" not in browser.get(f"/p/{id_}?moved=1").text
    assert f'action="/p/{id_}/moves/{move.id}/undo"' in browser.get(f"/p/{id_}").text
    assert browser.post(f"/p/{id_}/moves/{move.id}/undo").status_code == 303
    assert opened.one(Prospect, id=id_).stage == "engaged"
    assert opened.one(Move, after="won").superseded_at is not None
    assert browser.post(f"/p/{id_}/moves/{move.id}/undo").status_code == 409


def test_a_move_that_cannot_be_is_refused(opened: Office, browser: TestClient) -> None:
    id_ = busy(opened)
    assert browser.post(f"/p/{id_}/stage", data={"to": "nowhere"}).status_code == 409
    by_rule = opened.one(Move, rule="answered")
    assert browser.post(f"/p/{id_}/moves/{by_rule.id}/undo").status_code == 409
    assert browser.post(f"/p/{opened.person('bert')}/moves/{by_rule.id}/undo").status_code == 404


def test_fields_are_edited_and_their_history_kept(opened: Office, browser: TestClient) -> None:
    id_ = opened.person(title="Engineer")
    given = {"name": "Anna Maria Weber", "email": "anna@anna.example", "title": "CTO", "country": "pt"}
    given |= {"timezone": "Europe/Lisbon", "value": "18,000.50", "expected_close_on": "2027-03-31"}
    given |= {"tags": "vip, hot, vip", "owner_id": "1", "currency": ""}
    assert browser.post(f"/p/{id_}/edit", data=given).status_code == 303
    person = opened.one(Prospect, id=id_)
    assert (person.name, person.title, person.country) == ("Anna Maria Weber", "CTO", "PT")
    assert (person.value, person.currency, person.tags) == (1_800_050, "EUR", ["vip", "hot"])
    assert (person.owner_id, person.expected_close_on) == (1, "2027-03-31")
    set_ = {
        one.attributes["field"]: one.user_id
        for one in opened.rows(Engagement, kind="field_set")
        if one.user_id
    }
    assert set_ == dict.fromkeys(("title", "country", "timezone", "value", "currency", "tags"), 1)
    assert "Title is now CTO , by Ana admin" in text_of(browser.get(f"/p/{id_}?show=changes"))


def test_what_cannot_be_saved_is_said_beside_each_field(opened: Office, browser: TestClient) -> None:
    id_ = opened.person()
    opened.person("bert")
    given = {"name": " ", "email": "no address", "country": "Portugal", "timezone": "Mars/Base"}
    given |= {"value": "a lot", "currency": "euro", "expected_close_on": "soon", "owner_id": "99"}
    answer = browser.post(f"/p/{id_}/edit", data=given)
    assert answer.status_code == 422
    for name in given:
        assert f'id="e-{name}"' in answer.text
    assert 'value="Mars/Base"' in answer.text
    answer = browser.post(f"/p/{id_}/edit", data={"name": "Anna", "email": "bert@bert.example"})
    assert answer.status_code == 422
    assert "already belongs to" in answer.text
    assert opened.one(Prospect, id=id_).email == "anna@anna.example"


def test_a_profile_is_added_confirmed_and_looked_at(opened: Office, browser: TestClient) -> None:
    id_ = opened.person()
    assert (
        browser.post(f"/p/{id_}/profiles", data={"url": "https://bsky.app/profile/anna.two"}).status_code
        == 303
    )
    mine = opened.rows(Profile, prospect_id=id_)
    assert [one.handle for one in mine] == ["anna", "anna.two"]
    opened.change(Profile, mine[1].id, confidence=0.6)
    assert "60 % sure" in text_of(browser.get(f"/p/{id_}"))
    assert browser.post(f"/p/{id_}/profiles/{mine[1].id}/confirm").status_code == 303
    assert opened.one(Profile, id=mine[1].id).confidence == 1.0
    opened.change(Profile, mine[0].id, next_poll_at=datetime.now(UTC) + timedelta(days=9), gone_at=opened.now)
    assert browser.post(f"/p/{id_}/look", data={"profile": str(mine[0].id)}).status_code == 303
    looked = opened.one(Profile, id=mine[0].id)
    assert looked.next_poll_at <= datetime.now(UTC)
    assert looked.gone_at is None
    for url, sentence in (("not a url", "no profile"), ("https://bsky.app/profile/anna.two", "them already")):
        answer = browser.post(f"/p/{id_}/profiles", data={"url": url})
        assert answer.status_code == 422
        assert sentence in answer.text


def test_each_profile_says_how_it_fares(opened: Office, browser: TestClient) -> None:
    id_ = opened.person()
    profile, now = opened.one(Profile).id, datetime.now(UTC)
    opened.change(Profile, profile, polled_at=now - timedelta(minutes=10))
    opened.write(lambda s: s.add(Poll(profile_id=profile, started_at=now, outcome="nothing")))
    assert "looked 10 min ago , nothing new" in text_of(browser.get(f"/p/{id_}"))
    opened.change(Profile, profile, failing_since=now - timedelta(days=2), error="<timed out>")
    assert re.search(
        r"could not look since \w{3} \d\d:\d\d: &lt;timed out", text_of(browser.get(f"/p/{id_}"))
    )
    opened.change(Profile, profile, gone_at=now, error="deleted")
    assert "gone: deleted, since" in text_of(browser.get(f"/p/{id_}"))


@pytest.mark.parametrize(
    "path",
    ["/p/1/profiles/99999999999999999999/disown", "/p/1/look", "/p/1/moves/99999999999999999999/undo"],
)
def test_numbers_beyond_the_database_are_not_there(opened: Office, browser: TestClient, path: str) -> None:
    opened.person()
    assert browser.post(path, data={"profile": "99999999999999999999"}).status_code == 404


def test_places_beyond_the_calendar_begin_at_the_top(opened: Office, browser: TestClient) -> None:
    opened.person()
    for before in ("0001-01-01T00:00:00%2B14:00~e1", "9999-12-31T23:59:59-14:00~e1", "x"):
        assert browser.get(f"/p/1?before={before}").status_code == 200


def test_do_not_contact_and_back(opened: Office, browser: TestClient) -> None:
    id_ = opened.person()
    message = opened.approved(id_)
    assert browser.post(f"/p/{id_}/suppress", data={"why": "asked on the phone"}).status_code == 303
    assert opened.message(message).state == "discarded"
    assert {row.key for row in opened.rows(Suppression)} == {f"person:{id_}", "email:anna@anna.example"}
    assert "Do not contact: asked on the phone" in text_of(browser.get(f"/p/{id_}"))
    assert browser.post(f"/p/{id_}/allow").status_code == 303
    assert opened.rows(Suppression) == []


def test_their_own_word_is_not_taken_back(opened: Office, browser: TestClient) -> None:
    id_ = opened.person()
    opened.follow(opened.seen("unsubscribe", id_))
    assert browser.post(f"/p/{id_}/allow").status_code == 409
    assert "Allow writing again" not in browser.get(f"/p/{id_}").text
    assert len(opened.rows(Suppression)) == 2


def test_the_export_is_a_download_of_everything(opened: Office, browser: TestClient) -> None:
    id_ = busy(opened)
    answer = browser.get(f"/p/{id_}/export")
    assert answer.headers["content-disposition"] == f'attachment; filename="Anna-Weber-{id_}.json"'
    content = json.loads(answer.content)
    assert content["prospect"]["email"] == "anna@anna.example"
    assert {"post", "reply"} <= {one["kind"] for one in content["engagements"]}
    assert [one["handle"] for one in content["profiles"]] == ["anna"]
    assert content["moves"][0]["rule"] == "answered"


def test_a_person_is_erased_only_once_their_name_is_typed(opened: Office, browser: TestClient) -> None:
    id_ = busy(opened)
    answer = browser.post(f"/p/{id_}/erase", data={"name": "Somebody"})
    assert answer.status_code == 422
    assert opened.one(Prospect, id=id_).name == "Anna Weber"
    assert "Erased (" in text_of(browser.post(f"/p/{id_}/erase", data={"name": "anna  weber"}))
    assert opened.rows(Prospect) == []
    assert browser.get(f"/p/{id_}").status_code == 404


def test_a_rep_sees_and_touches_only_their_own(opened: Office) -> None:
    rep = client(opened, "rep", "rep@us.example")
    mine, other = opened.person("mine", owner_id=1), opened.person("other")
    assert rep.get(f"/p/{mine}").status_code == 200
    for answer in (
        rep.get(f"/p/{other}"),
        rep.post(f"/p/{other}/note", data={"text": "x"}),
        rep.post(f"/p/{other}/stage", data={"to": "won"}),
        rep.get(f"/p/{other}/export"),
        rep.get(f"/api/prospects/{other}"),
        rep.patch(f"/api/prospects/{other}", json={"title": "x"}),
    ):
        assert answer.status_code == 404
    assert rep.post(f"/p/{mine}/erase", data={"name": "Mine Weber"}).status_code == 403
    assert opened.happened() == []


@pytest.mark.parametrize("path", ["/p/999", f"/p/{2**40}", "/p/-1", "/api/prospects/0", "/c/999"])
def test_who_is_not_there_is_not_there(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 404


# --- The API ------------------------------------------------------------------------------------------


def test_the_api_tells_and_changes_a_person(opened: Office, browser: TestClient) -> None:
    id_ = busy(opened)
    person = browser.get(f"/api/prospects/{id_}").json()
    assert person["score"] == person["fit"] + person["engagement"]
    assert person["stage"] == "engaged"
    changed = browser.patch(f"/api/prospects/{id_}", json={"title": "CTO", "value": 12.5, "tags": ["a", "b"]})
    assert changed.status_code == 200
    assert (changed.json()["title"], changed.json()["value"], changed.json()["tags"]) == (
        "CTO",
        12.5,
        ["a", "b"],
    )
    assert browser.patch(f"/api/prospects/{id_}", json={"title": None}).json()["title"] is None
    wrong = browser.patch(f"/api/prospects/{id_}", json={"country": "Portugal"})
    assert (wrong.status_code, list(wrong.json()["fields"])) == (422, ["country"])
    assert browser.patch(f"/api/prospects/{id_}", json={"stage": "won"}).status_code == 422


def test_the_api_logs_moves_and_suppresses(opened: Office, browser: TestClient) -> None:
    id_ = opened.person()
    assert browser.post(f"/api/prospects/{id_}/note", json={"text": "Met at a fair"}).status_code == 201
    assert browser.post(f"/api/prospects/{id_}/note", json={"text": " "}).status_code == 422
    assert browser.post(f"/api/prospects/{id_}/stage", json={"to": "won"}).json()["stage"] == "won"
    assert browser.post(f"/api/prospects/{id_}/stage", json={"to": "moon"}).status_code == 409
    assert browser.post(f"/api/prospects/{id_}/suppress", json={"why": "rude"}).json()["suppressed"] == "rude"
    assert [one["after"] for one in browser.get(f"/api/prospects/{id_}/moves").json()] == ["won"]


def test_the_api_gives_engagements_page_by_page(opened: Office, browser: TestClient) -> None:
    id_ = opened.person()
    opened.follow(*[opened.seen("post", id_, object=f"at://{n}") for n in range(7)])
    seen, before = list[int](), ""
    for _ in range(9):
        page = browser.get(f"/api/prospects/{id_}/engagements", params={"limit": 3, "before": before}).json()
        seen += [one["id"] for one in page["engagements"]]
        if (before := page["older"] or "") == "":
            break
    assert len(seen) == len(set(seen)) == 7
    wrong = browser.get(f"/api/prospects/{id_}/engagements", params={"before": "x"})
    assert wrong.status_code == 422


def test_the_api_says_why_and_why_not(opened: Office, browser: TestClient) -> None:
    id_ = opened.person()
    why = browser.get(f"/api/prospects/{id_}/why", params={"rule": "answered"}).json()
    assert why["why_not"]["would_fire"] is False
    assert sum(line["points"] for line in why["score"]["lines"]) == why["score"]["score"]
    assert browser.get(f"/api/prospects/{id_}/why", params={"rule": "x"}).status_code == 422
    opened.later(minutes=1)
    opened.follow(opened.seen("reply", id_))
    assert browser.get(f"/api/prospects/{id_}/why").json()["proof"][0]["rule"] == "answered"
