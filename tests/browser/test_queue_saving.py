"""The queue while the network is away, while a colleague works beside, and while new cards arrive."""

from __future__ import annotations

import pytest
from sqlmodel import delete, select
from tests.browser import world
from tests.browser.desk import sit_down, until

from prospector.installation import utc_now
from prospector.models import Card, Login, User
from prospector.web.cookies import SESSION

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def test_what_was_decided_offline_is_kept_in_order_and_saved_later(site):
    desk = sit_down(site)
    rows = desk.rows
    desk.view.context.set_offline(True)
    desk.press("x")
    desk.page.locator("#unsaved").wait_for()
    assert "not saved" in desk.page.locator(f"#row-{rows[0]}").inner_text().lower()
    assert desk.opened == rows[1]
    desk.press("x")
    assert desk.opened == rows[2]
    assert desk.card(rows[0]).state == "open"
    before = len(site.slow.posts)
    desk.view.context.set_offline(False)
    desk.saved()
    assert [desk.card(card_id).state for card_id in rows[:2]] == ["dismissed", "dismissed"]
    decided = [path for path in site.slow.posts[before:] if path.endswith("/dismiss")]
    assert decided == [f"/queue/{card_id}/dismiss" for card_id in rows[:2]]
    assert desk.rows == rows[2:]
    assert desk.page.locator("#unsaved").count() == 0
    assert desk.where in ("list", "card")


def test_a_step_back_of_what_was_never_saved_asks_the_server_nothing(site):
    desk = sit_down(site)
    rows = desk.rows
    desk.view.context.set_offline(True)
    desk.press("x")
    desk.page.locator("#unsaved").wait_for()
    desk.press("z")
    desk.view.context.set_offline(False)
    desk.saved()
    assert desk.rows == rows
    assert desk.opened == rows[0]
    assert desk.card(rows[0]).state == "open"


def test_what_was_decided_by_who_is_signed_out_is_kept_until_they_sign_in(site):
    """A session ends while the page is open: after a night, or as the password changes elsewhere."""
    desk = sit_down(site)
    card_id = desk.opened
    desk.saved()
    desk.change(lambda session: session.exec(delete(Login)))
    desk.press("x")
    desk.page.locator("#unsaved").wait_for()
    assert "signed out" in desk.page.locator("#unsaved").inner_text()
    assert desk.card(card_id).state == "open"
    token = world.sign_in(site.opened, world.REP, utc_now())
    desk.view.context.add_cookies([{"name": SESSION, "value": token, "url": site.address}])
    desk.page.locator("#unsaved button").click()
    desk.saved()
    assert desk.card(card_id).state == "dismissed"
    assert card_id not in desk.rows


def test_what_the_server_refuses_comes_back_with_its_sentence(site):
    desk = sit_down(site)
    card_id = desk.opened

    def jonas_has_it(session):
        card = session.get_one(Card, card_id)
        jonas = session.exec(select(User).where(User.email == world.COLLEAGUE)).one()
        card.held_by, card.held_until = jonas.id, utc_now().replace(year=2030)

    desk.saved()
    desk.change(jonas_has_it)
    desk.press("x")
    desk.saved()
    row = desk.page.locator(f"#row-{card_id}")
    assert "has it open until" in row.inner_text()
    assert desk.card(card_id).state == "open"
    desk.go_to(card_id)
    desk.page.locator("#pane [data-act=take-over]").wait_for()
    desk.press("t")
    until(desk.page, "() => !document.querySelector('#pane [data-act=take-over]')")
    desk.press("x")
    desk.saved()
    assert desk.card(card_id).state == "dismissed"


def test_new_cards_are_told_and_come_when_asked_for(site):
    desk = sit_down(site)
    last = desk.rows[-1]
    desk.page.goto("/queue")
    first = desk.page.evaluate("document.querySelector('#rows').dataset.since")
    desk.change(lambda session: setattr(session.get_one(Card, last), "arrived_at", utc_now()))
    desk.page.evaluate("id => document.querySelector(`#row-${id}`).closest('li').remove()", last)
    desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    button = desk.page.locator("#news")
    button.wait_for()
    assert button.inner_text() == "1 new"
    assert last not in desk.rows
    opened = desk.opened
    button.click()
    desk.page.locator(f"#row-{last}").wait_for()
    assert desk.opened == opened
    assert desk.page.evaluate("document.querySelector('#rows').dataset.since") > first
