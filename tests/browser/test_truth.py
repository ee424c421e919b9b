"""Criteria 12, 22, 23 and 25: nothing twice, nothing stale, nothing that is not so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select
from tests.browser import world
from tests.browser.desk import Desk, sit_down, until
from tests.browser.measured import at_most, note

from prospector.models import Card, Engagement, Message, Prospect, Suppression, User

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

GONE_OUT = ("approved", "sending", "sent")


def _open_where(desk: Desk, *has: str, lacks: tuple[str, ...] = ()) -> int:
    """Open the first card that has all of this and nothing of that."""
    for card_id in desk.rows:
        desk.go_to(card_id)
        if all(map(desk.has, has)) and not any(map(desk.has, lacks)):
            return card_id
    raise AssertionError(f"no card has {has} and lacks {lacks}")


def _mail(desk: Desk) -> int:
    """A card whose mail can go as it is."""
    return _open_where(desk, "input[name=subject]", lacks=("[data-by-hand]", "[name=despite]", "[data-mend]"))


def _gone_out(desk: Desk, card_id: int) -> int:
    return sum(message.state in GONE_OUT for message in desk.messages(card_id))


def test_a_double_click_approves_once(site):
    desk = sit_down(site)
    card_id = _mail(desk)
    desk.page.locator("#pane [data-act=approve]").dblclick()
    desk.saved()
    count = _gone_out(desk, card_id)
    assert note("22", "messages after a double click", count, "1", count == 1)


def test_a_reload_of_what_was_just_approved_approves_once(site):
    desk = sit_down(site)
    card_id = _mail(desk)
    site.slow.seconds = 0.3
    desk.press("a")
    desk.page.wait_for_timeout(50)
    desk.page.reload()
    site.slow.seconds = 0.0
    until(desk.page, "() => document.readyState === 'complete'")
    count = _gone_out(desk, card_id)
    assert note("22", "messages after approving and reloading", count, "<= 1", count <= 1)


def test_two_tabs_approve_once(site):
    one = sit_down(site)
    card_id = _mail(one)
    other_page = one.view.open(f"/queue/{card_id}")
    other = Desk(site, one.view, other_page)
    one.press("a")
    one.saved()
    other.press("a")
    other.saved()
    count = _gone_out(one, card_id)
    assert note("22", "messages after approving in two tabs", count, "1", count == 1)


def test_posting_the_form_again_approves_once(site):
    """What a browser sends again after going back, or a proxy after a lost answer."""
    desk = sit_down(site)
    card_id = _mail(desk)
    message = desk.messages(card_id)[-1]
    headers = {"Origin": site.address, "Sec-Fetch-Site": "same-origin"}
    answers = [
        desk.view.context.request.post(
            f"/queue/{card_id}/approve", form={"message": str(message.id)}, headers=headers, max_redirects=0
        ).status
        for _ in range(3)
    ]
    count = _gone_out(desk, card_id)
    assert note("22", "messages after the same form three times", f"{count} {answers}", "1", count == 1)
    assert max(answers) < 400


def _wrote(kind: str, by: str, **values):
    """Something that happens after the draft was written."""

    def change(session: Session, card: Card) -> None:
        session.add(
            Engagement(
                key=f"meanwhile-{card.id}-{kind}",
                prospect_id=card.prospect_id,
                channel="email",
                kind=kind,
                by=by,
                at=world.START + timedelta(seconds=30),
                seen_at=world.START + timedelta(seconds=30),
                object=f"<meanwhile.{card.id}@x.example>",
                text="About what you asked.",
                **values,
            )
        )

    return change


def _colleague(session: Session, card: Card) -> None:
    jonas = session.exec(select(User).where(User.email == world.COLLEAGUE)).one()
    _wrote("email", "us", user_id=jonas.id, actor="us")(session, card)


def _deleted(session: Session, card: Card) -> None:
    message = session.exec(select(Message).where(Message.card_id == card.id)).one()
    assert message.engagement_id is not None
    session.get_one(Engagement, message.engagement_id).retracted_at = world.START


def _opted_out(session: Session, card: Card) -> None:
    prospect = session.get_one(Prospect, card.prospect_id)
    session.add(Suppression(key=f"email:{prospect.email}", why="they asked us", at=world.START, by="test"))
    session.add(Suppression(key=f"person:{prospect.id}", why="they asked us", at=world.START, by="test"))


@pytest.mark.parametrize(
    ("what", "change"),
    [("a colleague wrote", _colleague), ("the post was deleted", _deleted), ("they opted out", _opted_out)],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_what_happened_since_blocks_the_approval_and_is_shown(site, what, change):
    desk = sit_down(site)
    card_id = _replying(desk) if change is _deleted else _mail(desk)
    desk.change(lambda session: change(session, session.get_one(Card, card_id)))
    desk.press("a")
    desk.saved()
    count = _gone_out(desk, card_id)
    blocked = note("23", f"messages after {what}", count, "0", count == 0)
    assert blocked
    assert card_id in desk.rows
    desk.go_to(card_id)
    desk.page.locator(f"#item-{card_id} .note").first.wait_for()
    text = desk.messages(card_id)[-1]
    assert text.state == "draft"
    assert text.body
    assert desk.page.locator(f"#pane .note, #row-{card_id} .said, #alerts p").count() > 0


def _replying(desk: Desk) -> int:
    return _open_where(
        desk, "textarea[name=body]", lacks=("input[name=subject]", "[data-by-hand]", "[name=despite]")
    )


def test_what_is_posted_by_hand_is_not_sent_before_somebody_says_so(site):
    desk = sit_down(site)
    card_id = _open_where(desk, "[data-by-hand=yes]", lacks=("[data-mend]", "[name=despite]"))
    with desk.page.expect_popup() as popup:
        desk.press("a")
    popup.value.close()
    desk.page.locator("#pane [data-by-hand=copied]").wait_for()
    desk.saved()
    states = [one.state for one in desk.messages(card_id)]
    said = desk.page.locator(f"#pane, #row-{card_id}").all_inner_texts()
    claims = [text for text in said if "sent " in text.lower() and "not count as sent" not in text.lower()]
    outbox = desk.view.open("/outbox").locator("main").inner_text()
    assert "sent" not in states
    assert note("25", "state once it was copied", states, "not sent", "sent" not in states and not claims)
    assert f"sent {world.START:%H:%M}" not in outbox
    desk.page.bring_to_front()
    desk.press("a")
    desk.saved()
    states = [one.state for one in desk.messages(card_id)]
    assert note("25", "state once somebody said so", states, "['sent']", states == ["sent"])


def test_a_toast_stays_seven_seconds_and_longer_under_the_hand(site):
    desk = sit_down(site)
    region = desk.page.locator("#toasts")
    assert region.get_attribute("aria-live") == "polite"
    assert desk.page.locator("[aria-live=polite]").count() == 1
    desk.page.clock.install()
    desk.press("x")
    toast = region.locator(".toast")
    box = toast.bounding_box()
    assert box is not None
    desk.page.clock.run_for(6_500)
    stays = toast.count() == 1
    desk.page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    desk.page.clock.run_for(60_000)
    waits = toast.count() == 1
    desk.page.mouse.move(1, 1)
    desk.page.clock.run_for(10_000)
    goes = toast.count() == 0
    seen = f"stays {stays}, waits under the hand {waits}, goes {goes}"
    assert note("12", "a toast", seen, ">= 7 s, paused on hover", stays and waits and goes)


def test_a_toast_waits_while_it_has_the_focus(site):
    desk = sit_down(site)
    desk.page.clock.install()
    desk.press("d")
    button = desk.page.locator("#toasts button").first
    button.focus()
    desk.page.clock.run_for(60_000)
    waits = button.count()
    assert note(
        "12", "a toast with the focus after a minute", "there" if waits else "gone", "there", waits == 1
    )
    assert at_most(
        "12", "live regions that interrupt, with nothing wrong", desk.page.locator("#alerts p").count(), 0
    )
