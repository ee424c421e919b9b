"""Criterion 15: with JavaScript off everything is readable, and decisions work by forms."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from sqlmodel import select
from tests.browser import places, world
from tests.browser.conftest import Site
from tests.browser.measured import none_of, note

from prospector.models import Card, Engagement, Message, Prospect

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


@pytest.fixture
def page(site: Site) -> Page:
    return site.view(java_script_enabled=False).context.new_page()


def _card(site: Site, card_id: int) -> Card:
    with site.opened.store.reading() as session:
        return session.get_one(Card, card_id)


def _first(page: Page, selector: str) -> int:
    """Open cards from the top until one has this; its id."""
    page.goto("/queue")
    paths = [row.get_attribute("href") for row in page.locator("#rows [data-row]").all()]
    for path in paths:
        page.goto(str(path))
        if page.locator(f"#pane {selector}").count():
            return int(str(path).rpartition("/")[2].partition("?")[0])
    raise AssertionError(f"no card has {selector}")


def test_every_page_can_be_read(site, page):
    empty: list[str] = []
    for path in places.pages(site.slow.app, site.opened):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status < 400, path
        if len(page.locator("main").inner_text().split()) < 3:
            empty.append(path)
    assert none_of("15", "pages that say nothing without script", empty)


def test_the_queue_shows_cards_and_the_open_one_in_full(site, page):
    page.goto("/queue")
    assert page.locator("#rows [data-row]").count() == world.CARDS
    card_id = _first(page, "textarea[name=body]")
    assert page.locator("#pane textarea[name=body]").input_value()
    assert page.locator("#pane .post .txt").count() > 0
    with site.opened.store.reading() as session:
        prospect = session.get_one(Prospect, _card(site, card_id).prospect_id)
    assert prospect.name in page.locator("#pane").inner_text()


@pytest.mark.parametrize(
    ("act", "state"), [("approve", "done"), ("done", "done"), ("dismiss", "dismissed"), ("snooze", "snoozed")]
)
def test_a_card_is_decided_by_a_form(site, page, act, state):
    card_id = _first(page, "input[name=subject]")
    if act == "snooze":
        page.locator("#pane [data-act=snooze]").click()
        page.locator("#snooze [role=menuitem]").nth(1).click()
    else:
        page.locator(f"#pane [data-act={act}]").click()
    found = _card(site, card_id).state
    assert note("15", f"{act} without script", found, state, found == state)
    assert page.url.startswith(f"{site.address}/queue")


def test_a_decision_is_taken_back_by_a_form(site, page):
    card_id = _first(page, "input[name=subject]")
    page.locator("#pane [data-act=done]").click()
    page.locator("[data-act=undo]").click()
    state = _card(site, card_id).state
    assert note("15", "undo without script", state, "open", state == "open")


def test_a_note_is_kept_by_a_form(site, page):
    card_id = _first(page, ".jot textarea")
    page.locator("#pane .jot textarea").fill("Met at the fair.")
    page.locator("#pane .jot button").first.click()
    with site.opened.store.reading() as session:
        notes = session.exec(select(Engagement.text).where(Engagement.kind == "note")).all()
    assert note("15", "note without script", notes, "kept", "Met at the fair." in notes)
    assert _card(site, card_id).state == "open"


def test_somebody_is_moved_by_a_form(site, page):
    card_id = _first(page, "input[name=subject]")
    page.locator("[popovertarget=stages]:visible").first.click()
    page.locator("#stages [role=menuitem]", has_text="meeting").click()
    with site.opened.store.reading() as session:
        stage = session.get_one(Prospect, _card(site, card_id).prospect_id).stage
    assert note("15", "move without script", stage, "meeting", stage == "meeting")


def test_an_edited_text_is_approved_as_it_was_typed(site, page):
    card_id = _first(page, "input[name=subject]")
    page.locator("#pane textarea[name=body]").fill("Hello, a text of my own. Is Tuesday all right?")
    page.locator("#pane [data-act=approve]").click()
    with site.opened.store.reading() as session:
        message = session.exec(select(Message).where(Message.card_id == card_id)).one()
    assert message.body == "Hello, a text of my own. Is Tuesday all right?"
    assert note(
        "15", "edit and approve without script", message.state, "approved", message.state == "approved"
    )
