"""X5: whatever is written into a post, a name, a mail or an error, no page runs it or fetches for it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import pytest
from playwright.sync_api import Page
from tests.browser import audit, hostile, places
from tests.browser.measured import none_of
from tests.browser.watching import Watch, planted_code_ran

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

AT_ONCE = 40
PEOPLE = 8
"""Pages of so many people, cards and companies are visited for each set of payloads."""
BATCHES = [hostile.PAYLOADS[start : start + AT_ONCE] for start in range(0, len(hostile.PAYLOADS), AT_ONCE)]


def _happened(page: Page, path: str, watch: Watch) -> list[str]:
    """What a payload did on this page."""
    # That an address is refused is what it should be.
    said = [one for one in watch.complaints if "Failed to load resource: the server responded" not in one]
    found = [*watch.dialogs, *said, *(f"asked for {url}" for url in watch.outside)]
    found += audit.live_attributes(page)
    found += ["a payload ran"] if planted_code_ran(page) else []
    watch.clear()
    return [f"{path}: {one}" for one in found]


def test_there_are_enough_payloads():
    assert len(set(hostile.PAYLOADS)) >= 150


@pytest.mark.parametrize("payloads", BATCHES, ids=range(len(BATCHES)))
def test_no_page_runs_what_others_wrote(open_site, payloads: Sequence[str]):
    site = open_site(lambda opened: hostile.plant(opened, payloads))
    view = site.view()
    page = view.context.new_page()
    found: list[str] = []
    for path in places.pages(site.slow.app, site.opened, most=PEOPLE):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status < 500, f"{path} answers {answer.status}"
        found += _happened(page, path, view.watch)
    print("\n".join(found))
    assert none_of("X5", f"what {len(payloads)} payloads did on the pages", found)


def test_no_page_runs_what_stands_in_its_own_address(site):
    view = site.view()
    page = view.context.new_page()
    found: list[str] = []
    for path in ("/queue", "/p", "/c", "/replies", "/outbox", "/strangers"):
        if path not in places.templates(site.slow.app):
            continue
        for text in hostile.PAYLOADS[::4]:
            page.goto(f"{path}?q={quote(text)}&view={quote(text)}&filter={quote(text)}&before={quote(text)}")
            found += _happened(page, path, view.watch)
    for text in hostile.PAYLOADS[::8]:
        page.goto(f"/{quote(text, safe='')}")
        page.goto(f"/login?next={quote(text)}")
        found += _happened(page, "an address of nothing", view.watch)
    assert none_of("X5", "what payloads in addresses did", found)
