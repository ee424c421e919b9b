"""Criteria 8, 17 and 19 to 22 of the review, in a real browser over the sandbox's campaign of 48 people."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import pytest
from benchmarks import campaign_world
from sqlmodel import select
from tests.browser.conftest import Site
from tests.browser.desk import until
from tests.browser.measured import at_most, note

from prospector.campaigns import review
from prospector.campaigns.review import Review, Terms
from prospector.installation import Installation, utc_now
from prospector.models import Campaign, Message
from prospector.outreach import approval
from prospector.sandbox import campaign

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

THOUSAND = 1_000


_AT_CAUSE = "key => document.activeElement.closest('.rv-cause')?.dataset.cause === key"


class Reviewer:
    """Somebody who leads, at the review's page: presses keys and counts them."""

    def __init__(self, site: Site, path: str = "", name: str = campaign.NAME, **options):
        self.site = site
        with site.opened.store.reading() as session:
            self.campaign_id = session.exec(select(Campaign.id).where(Campaign.name == name)).one()
        self.view = site.view(**options)
        self.page = self.view.open(f"/m/{self.campaign_id}/review{path}")
        self.presses = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.presses += 1

    def saved(self, within: float = 10.0) -> None:
        self.page.evaluate("prospector.saved()")
        until(self.page, "!document.querySelector('[data-going]')", within=within)

    def mend(self, cause: str, *further: str) -> None:
        """Mend a cause with the keys alone: its first way, or one of its menu, `further` on."""
        self.press("c")
        while not self.page.evaluate(_AT_CAUSE, cause):
            assert self.presses < 100, f"no cause {cause}"
            self.press("c")
        self.press(*further, "Enter")
        self.saved()

    def read(self) -> Review:
        settings = self.site.opened.settings
        terms = Terms(
            utc_now(),
            ZoneInfo(settings.file.queue.timezone),
            approval.rest_of(settings),
            settings.file.outreach,
        )
        with self.site.opened.store.reading() as session:
            return review.read(session, self.campaign_id, terms)

    @property
    def opened(self) -> str:
        return str(self.page.evaluate("prospector.review.opened"))


def test_six_problems_are_fixed_and_forty_approved_in_few_presses(site):
    desk = Reviewer(site)
    before = desk.read().counts()
    assert (before["all"], before["fix"]) == (48, 6)
    desk.press("f")
    for _ in range(before["fix"]):
        until(desk.page, "document.activeElement.matches('[data-fix]')")
        if not desk.page.evaluate("document.activeElement.value"):
            desk.page.keyboard.type("Clara")
        desk.press("Enter")
    desk.saved()
    fixed = desk.read().counts()
    assert fixed["fix"] == 0, fixed
    desk.press("A")
    desk.saved()
    after = desk.read().counts()
    assert note("8", "approved of the review's 48", after["approved"], ">= 40", after["approved"] >= 40)
    assert at_most("8", "presses for six fixes and all approvals", desk.presses, 15)
    assert desk.view.watch.complaints == []


def _messages(desk: Reviewer) -> list[Message]:
    with desk.site.opened.store.reading() as session:
        return list(session.exec(select(Message).where(Message.campaign_id == desk.campaign_id)))


def _one_ready(desk: Reviewer) -> int:
    """Open somebody who is ready; their number."""
    desk.page.locator("tr[data-status=ready] [data-row]").first.click()
    until(desk.page, "document.querySelector('#rv-item [data-status=ready]') !== null")
    return int(desk.opened)


def _gone_out(desk: Reviewer, recipient_id: int) -> int:
    """How many first mails of a person somebody has said yes to."""
    return sum(
        one.recipient_id == recipient_id
        and one.step == 1
        and one.state != "draft"
        and one.state != "discarded"
        for one in _messages(desk)
    )


def test_a_double_press_a_double_click_a_reload_and_two_tabs_approve_once(site):
    desk = Reviewer(site)
    first = _one_ready(desk)
    other = desk.view.open(f"/m/{desk.campaign_id}/review?open={first}")
    desk.page.bring_to_front()
    desk.page.locator("#rv-item [data-act=approve]").dblclick()
    desk.page.reload()
    other.bring_to_front()
    if other.locator("#rv-item [data-act=approve]").count():
        other.keyboard.press("a")
        other.keyboard.press("a")
        other.evaluate("prospector.saved()")
    count = _gone_out(desk, first)
    assert note("22", "first mails of one person in the review", count, "1", count == 1)


def test_who_cannot_be_written_to_is_approved_by_no_key(site):
    desk = Reviewer(site)
    desk.page.locator("tr[data-status=fix] [data-row]").first.click()
    until(desk.page, "document.querySelector('#rv-item [data-status=fix]') !== null")
    desk.press("a")
    desk.press("A")
    desk.saved()
    found = desk.read()
    wrong = [one.name for one in found.people if one.status == "approved" and one.troubles]
    assert note("19", "approved in the review although something is wrong", len(wrong), "0", not wrong)
    assert found.counts()["fix"] == 6
    said = desk.page.locator("#toasts").inner_text()
    assert "36 approved, 11 left" in said or "36 approved, 12 left" in said


def test_each_approved_row_has_one_reason_and_a_time(site):
    desk = Reviewer(site)
    desk.press("A")
    desk.saved()
    page = desk.view.open(f"/m/{desk.campaign_id}/review?show=approved")
    rows = page.locator(".rv-table tbody tr")
    lacking = [
        row.inner_text()
        for row in rows.all()
        if not row.locator("time").count() or not row.locator("td .sm").first.inner_text()
    ]
    assert rows.count() == 36
    assert note(
        "21", "approved rows of the review without a reason or a time", len(lacking), "0", not lacking
    )


def test_all_is_taken_back_with_one_key(site):
    desk = Reviewer(site)
    desk.press("A")
    desk.saved()
    assert desk.read().counts()["approved"] == 36
    desk.press("z")
    desk.saved()
    assert desk.read().counts()["approved"] == 0


def test_a_thousand_are_reviewed_and_approved_in_few_presses(open_site):
    site = open_site(_to_a_thousand)
    desk = Reviewer(site, name=campaign_world.NAME)
    trouble = campaign_world.planted(THOUSAND)
    before = desk.read().counts()
    named = trouble["readable"] + trouble["unreadable"]
    assert (before["all"], before["fix"]) == (THOUSAND, named + trouble["unknown"])
    began = time.monotonic()
    desk.mend("missing:prospect.first_name")  # by what each address spells
    desk.mend("missing:prospect.first_name", "Enter", *["Tab"] * 5)  # the rest are left out, by its menu
    desk.press("f")
    for number in range(trouble["unknown"]):
        until(desk.page, "document.activeElement.matches('[data-fix]')")
        desk.page.keyboard.type(f"the outage in room {number}")
        desk.press("Enter")
    desk.saved()
    desk.mend("role-address")  # read, and written to all the same
    desk.press("A")
    desk.saved(within=120)
    seconds = time.monotonic() - began
    after = desk.read().counts()
    left = {"warning": trouble["written to"], "blocked": trouble["opted out"]}
    skipped = trouble["unreadable"]
    assert {name: after[name] for name in ("fix", "ready", *left)} == {"fix": 0, "ready": 0, **left}
    assert after["approved"] == THOUSAND - skipped - sum(left.values())
    shown = f"approved of {THOUSAND:,}, six fixes of causes and rows, {seconds:.0f} s"
    assert note("8", shown, after["approved"], ">= 950", after["approved"] >= 950)
    assert note("8", "presses to review and approve 1,000", desk.presses, "< 30", desk.presses < 30)
    assert desk.view.watch.complaints == []


def _to_a_thousand(opened: Installation) -> None:
    campaign_world.make(opened, THOUSAND, 0, utc_now())
